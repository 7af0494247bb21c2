/**
 * Owns which mounted application a request belongs to, who may reach it, and how that is measured. It must never touch an
 * engine's request: the exchange hands it over.
 */
import { skeinError } from "../errors/index.ts";
import type { Host } from "../host/index.ts";
import { findOverlaps, type Mount } from "../system/index.ts";
import type { Exchange, Mounted } from "./exchange.ts";
import { OtherSpellings } from "./mount-paths.ts";
import type { Settings } from "./options.ts";

export class Mounts {
  readonly #host: Host;
  readonly #settings: Settings;
  /** The longest prefix first: it is the one that counts. */
  readonly #mounts: readonly Mount[];
  readonly #spellings: OtherSpellings;

  /** Throws `SKEIN_SYSTEM_INVALID` where a mount meets a route, another mount, or what the gateway answers itself. */
  constructor(host: Host, settings: Settings, reserved: ReadonlySet<string>) {
    this.#host = host;
    this.#settings = settings;
    const { system } = host;
    this.#mounts = system.mounts.toSorted((a, b) => b.prefix.length - a.prefix.length);
    this.#spellings = new OtherSpellings(this.#mounts);
    const seen = new Set<string>();
    for (const { name, prefix } of this.#mounts) {
      if (seen.has(prefix)) throw invalid(`two applications are mounted at ${prefix || "/"}`);
      seen.add(prefix);
      const own = [...reserved].find((path) => `${path}/`.startsWith(`${prefix}/`) || prefix.startsWith(`${path}/`));
      if (own !== undefined && prefix !== "")
        throw invalid(`${name} is mounted at ${prefix}, and the gateway answers ${own} itself`);
    }
    const [overlap] = findOverlaps(
      system.mounts,
      system.services.map(({ declaration }) => declaration),
    );
    if (overlap !== undefined) {
      const { mount, endpoint, route } = overlap;
      throw invalid(
        endpoint === undefined
          ? `${mount.name} says that ${route} has moved, and no contract has that route below ${mount.prefix || "/"}`
          : `${endpoint} has the route ${route}, which is below ${mount.prefix || "/"} of ${mount.name}`,
      );
    }
  }

  /**
   * `target` is what a client wrote: a prefix in percent-encoding is no prefix. `path` is the same in canonical form. Throws
   * `SKEIN_HTTP_NOT_FOUND` for another spelling of a path that the mount may not answer, because its application may
   * take one for the other.
   */
  find(verb: string, target: string, path: string): Mount | undefined {
    const mark = target.indexOf("?");
    const written = mark < 0 ? target : target.slice(0, mark);
    const found = this.#mounts.find(({ prefix }) => written === prefix || written.startsWith(`${prefix}/`));
    if (found !== undefined && this.#spellings.meetStricter(found, verb, path))
      throw skeinError("SKEIN_HTTP_NOT_FOUND", "the path is another's in another spelling");
    return found;
  }

  /** Throws what must be answered as an error. */
  serve(exchange: Exchange, mount: Mount, target: string, fail: (thrown: unknown) => void): void {
    const live = this.#host.mounts.find((one) => one.mount === mount);
    if (live === undefined)
      throw skeinError("SKEIN_CALL_NO_ROUTE", `no host that runs ${mount.name} can be reached from here`);
    const seen = mount.keepsPrefix ? target : stripped(target, mount.prefix);
    const label = live.labelOf(exchange.verb, seen.split("?", 1)[0] ?? "");
    exchange.endpoint = `${mount.name}.${label}`;
    const mounted: Mounted = {
      live,
      settings: this.#settings,
      original: target,
      target: seen,
      fail,
      wasCut: () => false,
    };
    exchange.onOver(() => this.#record(exchange, mounted, label));
    if (this.#host.isDraining) throw skeinError("SKEIN_HOST_DRAINING");
    checkAccess(mount, exchange.principal);
    exchange.handOver(mounted);
  }

  #record(exchange: Exchange, { live, wasCut }: Mounted, label: string): void {
    const { recorder } = this.#host;
    const endMs = this.#settings.clock.monotonic();
    recorder.record({
      traceId: exchange.traceId,
      id: recorder.nextId(),
      parentId: 0,
      service: live.mount.name,
      method: label,
      caller: undefined,
      startMs: exchange.startMs,
      durationMs: endMs - exchange.startMs,
      code: exchange.code ?? (wasCut() || !exchange.isAnswered ? "SKEIN_CALL_CANCELED" : classOf(exchange.status)),
      cached: false,
      sent: false,
      attempts: 1,
    });
  }
}

/** As Express does below `app.use(prefix, app)`: what is left always begins with a slash. */
function stripped(target: string, prefix: string): string {
  const rest = target.slice(prefix.length);
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function checkAccess({ name, access }: Mount, principal: unknown): void {
  if (access === "public") return;
  if (principal === undefined) throw skeinError("SKEIN_ACCESS_UNAUTHENTICATED", `${name} needs a principal`);
  const { roles } = principal as { readonly roles?: readonly string[] };
  if (!Array.isArray(roles) || !roles.includes(access.role))
    throw skeinError("SKEIN_ACCESS_DENIED", `${name} needs the role "${access.role}"`);
}

function classOf(status: number): string {
  return status < 400 ? "ok" : status < 500 ? "4xx" : "5xx";
}

function invalid(detail: string) {
  return skeinError("SKEIN_SYSTEM_INVALID", detail);
}
