/** Owns `system()`: a closed set of services as data, and replacing some by fakes. It must never load or run one. */
import { skeinError } from "../errors/index.ts";
import { type Declaration, type Implementation, isDeclaration, type ServiceEntry } from "./service.ts";
import { checkCors, type SystemHttp } from "./cors.ts";
import type { Duration } from "../core/index.ts";
import type { Identity } from "./identity.ts";
import { isMount, type Mount } from "./mount.ts";

/** What a route must achieve; the planner and `skein check` read it. @since 0.1.0 */
export interface RouteRequirement {
  /** Offered load, as `"200/s"`. */
  readonly load?: `${number}/s`;
  readonly p50?: Duration;
  readonly p99?: Duration;
}

/** By route (`"GET /home"`), and `availability` in percent for the whole. @since 0.1.0 */
export type Requirements = { readonly availability?: number } & {
  readonly [route: string]: RouteRequirement | number | undefined;
};

export interface SystemSpec {
  /** Declarations with `.from(...)`, small services as `.implement(...)` itself, and `mount(...)`. */
  readonly services: ReadonlyArray<ServiceEntry | Implementation | Mount>;
  readonly requirements?: Requirements;
  /** Who calls from outside; `define({ principal, authenticate })` gives a `system` that fills it in. */
  readonly identity?: Identity;
  /** What holds for HTTP as a whole. */
  readonly http?: SystemHttp;
}

const brand: unique symbol = Symbol.for("skein.system") as never;

/** A closed set of services. @since 0.1.0 */
export interface System {
  readonly [brand]: true;
  readonly name: string;
  /** In the order given; two entries of one contract stay two, for the check to name them. */
  readonly services: readonly ServiceEntry[];
  /** Applications of other frameworks, in the order given. */
  readonly mounts: readonly Mount[];
  readonly requirements: Requirements;
  /** Who calls from outside, and how that is proven; without it everybody is anonymous. `define` makes it. */
  readonly identity?: Identity;
  readonly http: SystemHttp;
  /** The same system with some services replaced, by service name: `shop.with({ payments: fake })`. */
  with(fakes: Readonly<Record<string, Implementation>>): System;
}

/**
 * Puts services together. Throws `SKEIN_SERVICE_INVALID` for an entry that is no service, `SKEIN_SYSTEM_INVALID` for CORS
 * that would allow more than it says; everything that depends on how
 * services fit together is found by `skein check`, which explains it all at once.
 * @since 0.1.0
 */
export function system(name: string, spec: SystemSpec): System {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name)) {
    throw skeinError("SKEIN_SERVICE_INVALID", `"${name}" cannot name a system: use lower-case letters, digits and "-"`);
  }
  const entries: ServiceEntry[] = [];
  const mounts: Mount[] = [];
  for (const [index, entry] of spec.services.entries()) {
    if (isMount(entry)) mounts.push(entry);
    else entries.push(toEntry(name, entry, index));
  }
  const http = Object.freeze({ ...spec.http });
  if (http.cors !== undefined) checkCors(name, http.cors);
  return build(name, entries, Object.freeze(mounts), Object.freeze({ ...spec.requirements }), spec.identity, http);
}

export function isSystem(value: unknown): value is System {
  return typeof value === "object" && value !== null && brand in value;
}

function build(
  name: string,
  services: readonly ServiceEntry[],
  mounts: readonly Mount[],
  requirements: Requirements,
  identity: Identity | undefined,
  http: SystemHttp,
): System {
  return Object.freeze({
    [brand]: true as const,
    name,
    services: Object.freeze(services),
    mounts,
    requirements,
    ...(identity !== undefined && { identity }),
    http,
    with(fakes: Readonly<Record<string, Implementation>>) {
      const replaced = services.map((entry) => {
        const fake = fakes[entry.declaration.name];
        return fake === undefined ? entry : fakeEntry(entry.declaration, fake);
      });
      for (const key of Object.keys(fakes)) {
        if (!services.some((entry) => entry.declaration.name === key)) {
          throw skeinError("SKEIN_SERVICE_INVALID", `${name}.with: the system has no service "${key}"`);
        }
      }
      return build(name, replaced, mounts, requirements, identity, http);
    },
  });
}

/** A fake keeps its own declaration (it uses and has what it says itself) but must be of the same contract. */
function fakeEntry(original: Declaration, fake: Implementation): ServiceEntry {
  if (fake.declaration.name !== original.name) {
    throw skeinError(
      "SKEIN_SERVICE_INVALID",
      `a fake of "${fake.declaration.name}" cannot stand for "${original.name}"`,
    );
  }
  return { declaration: fake.declaration, load: () => Promise.resolve(fake) };
}

function toEntry(name: string, entry: ServiceEntry | Implementation, index: number): ServiceEntry {
  const candidate: Partial<ServiceEntry & Implementation> | undefined = entry;
  if (!isDeclaration(candidate?.declaration)) {
    const hint = isDeclaration(entry) ? `; add .from(() => import("./${(entry as Declaration).name}.ts"))` : "";
    throw skeinError("SKEIN_SERVICE_INVALID", `${name}: entry ${index} of services has no code${hint}`);
  }
  if (typeof candidate.load === "function") return entry as ServiceEntry;
  return { declaration: candidate.declaration, load: () => Promise.resolve(entry as Implementation) };
}
