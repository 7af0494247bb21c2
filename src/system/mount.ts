/**
 * Owns `mount()`: an application of another framework as an opaque service of a system, as data, and where its paths meet
 * those of contracts. It must never load, recognise or run one: hosts do.
 */
import { type ByteSize, type Duration, toBytes, toMs } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";
import type { RoleAccess } from "./principal.ts";
import { type Declaration, methodsOf } from "./service.ts";

/** Who reaches the application: anyone (it does its own login), or principals with a role, before it sees a request. @since 0.1.0 */
export type MountAccess = "public" | RoleAccess;

/** How an application is mounted. @since 0.1.0 */
export interface MountOptions {
  /** Deny by default: without it nothing is mounted. */
  readonly access: MountAccess;
  /** Its name as a service; the prefix without its slashes unless given (`"/old/shop"` is `old-shop`). */
  readonly name?: string;
  /**
   * `"strip"` (unless given): the application sees paths without the prefix, as below Express's own `app.use(prefix, app)`,
   * with `baseUrl` and `originalUrl` set. `"keep"`: as they came, for one whose routes begin with the prefix.
   */
  readonly prefix?: "strip" | "keep";
  /**
   * 10 s unless given. An application that has sent nothing by then is answered for with 504; one that goes so long
   * without a further byte for a client that waits is cut off (five minutes in a `text/event-stream`).
   */
  readonly timeout?: Duration;
  readonly limits?: {
    /** Bytes of a request's body; 1 MiB unless given. More is answered 413. */
    readonly body?: ByteSize;
  };
  /**
   * Routes that contracts of the system have taken over (`"GET /users/:id"`): the contract answers, the application no
   * longer does. Any other route of a contract below the prefix is refused.
   */
  readonly moved?: readonly string[];
}

const brand: unique symbol = Symbol.for("skein.mount") as never;

/** A mounted application as data. @since 0.1.0 */
export interface Mount {
  readonly [brand]: true;
  readonly name: string;
  /** Begins with a slash and ends without one; empty for `"/"`. */
  readonly prefix: string;
  readonly keepsPrefix: boolean;
  readonly access: MountAccess;
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
  readonly moved: readonly string[];
  /** Whether `app` is a function that gives the application, called by the host that runs it and by no other. */
  readonly isLazy: boolean;
  readonly app: unknown;
}

const timeoutMsDefault = 10_000;
const bodyBytesDefault = 1_048_576;

/**
 * Mounts an existing Express, Connect, Fastify, Nest or Hono application, any `{ fetch(request) }` or `(req, res)`
 * listener below a path. `app` is the application, or a function without parameters that gives it or the module that has
 * it as its default export: `() => import("./legacy/app.js")`. Throws `SKEIN_SERVICE_INVALID` for what cannot work.
 * @since 0.1.0
 */
export function mount(prefix: string, app: unknown, options: MountOptions): Mount {
  const path = prefix === "/" ? "" : prefix;
  if (prefix !== "/" && !/^(?:\/[A-Za-z0-9\-_~]+)+$/.test(prefix))
    throw invalid(
      `${JSON.stringify(prefix)} is no prefix: it is "/" or segments of letters, digits, "-", "_", "~" ("/legacy")`,
    );
  const what = `mount(${JSON.stringify(prefix)})`;
  const given: Partial<MountOptions> | undefined = options;
  if (!isMountAccess(given?.access))
    throw invalid(`${what} needs an access: "public", or role("...") to let only such principals through`);
  const name = options.name ?? path.slice(1).replaceAll("/", "-").toLowerCase();
  if (!/^[a-z][a-zA-Z0-9_-]{0,62}$/.test(name))
    throw invalid(`${what} needs a name of letters, digits, "-" and "_": { name: "legacy" }`);
  assertApp(what, app);
  return Object.freeze({
    [brand]: true as const,
    name,
    prefix: path,
    keepsPrefix: options.prefix === "keep",
    access: options.access,
    timeoutMs: limitOf(what, "timeout", () => toMs(options.timeout ?? timeoutMsDefault)),
    bodyBytesMax: limitOf(what, "limits.body", () => toBytes(options.limits?.body ?? bodyBytesDefault)),
    moved: Object.freeze([...(options.moved ?? [])]),
    isLazy: typeof app === "function" && app.length === 0,
    app,
  });
}

export function isMount(value: unknown): value is Mount {
  return typeof value === "object" && value !== null && brand in value;
}

/** A route of a contract below a mount's prefix, or a `moved` that no contract has. */
export interface MountOverlap {
  readonly mount: Mount;
  /** `orders.get`; `undefined` for a `moved` that names no route. */
  readonly endpoint: string | undefined;
  readonly route: string;
}

/**
 * Where routes of contracts and mounts meet without `moved` saying so, and the other way round. A parameter of a route
 * meets any segment: `/:page` and `/legacy` do.
 */
export function findOverlaps(mounts: readonly Mount[], services: readonly Declaration[]): MountOverlap[] {
  const routes = services.flatMap(({ name, contract, policy }) =>
    methodsOf(contract).flatMap(([method, { http }]) =>
      http === undefined || policy[method]?.access === "internal"
        ? []
        : [{ endpoint: `${name}.${method}`, route: http.route }],
    ),
  );
  return mounts.flatMap((mount) => {
    const below = routes.filter(({ route }) => isBelow(route.slice(route.indexOf(" ") + 1), mount.prefix));
    return [
      ...below.filter(({ route }) => !mount.moved.includes(route)).map((met) => ({ mount, ...met })),
      ...mount.moved
        .filter((moved) => !below.some(({ route }) => route === moved))
        .map((route) => ({ mount, endpoint: undefined, route })),
    ];
  });
}

function isBelow(path: string, prefix: string): boolean {
  const segments = path.split("/").slice(1);
  const wanted = prefix.split("/").slice(1);
  return wanted.every((segment, index) => {
    const met = segments[index];
    return met !== undefined && (met === segment || met.startsWith(":"));
  });
}

function isMountAccess(access: unknown): access is MountAccess {
  if (access === "public") return true;
  return typeof access === "object" && access !== null && typeof (access as { role?: unknown }).role === "string";
}

function assertApp(what: string, app: unknown): void {
  if ((typeof app !== "object" && typeof app !== "function") || app === null)
    throw invalid(`${what}: ${app === null ? "null" : typeof app} is no application`);
  if (app instanceof Promise)
    throw invalid(`${what} was given a promise: give the function that makes it, () => import("./app.js")`);
}

function limitOf(what: string, name: string, read: () => number): number {
  let value: number;
  try {
    value = read();
  } catch (error) {
    throw invalid(`${what}: ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (value <= 0) throw invalid(`${what}: ${name} is above 0`);
  return value;
}

function invalid(detail: string) {
  return skeinError("SKEIN_SERVICE_INVALID", detail);
}
