/**
 * Owns bringing a mounted application to life and ending it: load, recognise, make ready, read its routes. It must never
 * look into a request.
 */
import { type Clock, sleep } from "../../core/index.ts";
import { isSkeinError, skeinError } from "../../errors/index.ts";
import type { Mount } from "../../system/index.ts";
import { type Listener, type Recognised, recognise } from "./recognise.ts";
import { type MountedRoute, routesOfExpress, routesOfFastify, routesOfHono } from "./routes.ts";
import { type Dialect, RouteTree } from "./route-tree.ts";

/** A mounted application that answers requests. */
export interface LiveMount {
  readonly mount: Mount;
  /** `express`, `nest (fastify)`, `fetch`, ...: for people. */
  readonly kind: string;
  /** One of the two is there. */
  readonly listener: Listener | undefined;
  readonly fetch: ((request: Request) => Response | Promise<Response>) | undefined;
  /** Whether the listener calls `next` where it has no answer. */
  readonly needsNext: boolean;
  readonly routes: readonly MountedRoute[];
  /** `GET /users/:id` for a request's verb and path (without the prefix unless it is kept); `*` for an unknown one. */
  labelOf(verb: string, path: string): string;
  /** Ends what can be ended: Fastify and Nest applications. */
  close(): Promise<void>;
}

/** How long an application may take to load and become ready: a Nest one waits half a minute for its database by itself. */
const openMs = 60_000;
const closeMs = 10_000;
/** A module, its default export, a function in it that gives the application, and one more for CommonJS. */
const wrappersMax = 6;

/** Rejects with `SKEIN_SYSTEM_LOAD` or `SKEIN_MOUNT_UNKNOWN`. */
export async function openMount(mount: Mount, clock: Clock): Promise<LiveMount> {
  const found = await unwrap(mount);
  try {
    return await within(clock, openMs, toLive(mount, found, clock), "it was not ready");
  } catch (error) {
    if (isSkeinError(error)) throw error;
    throw skeinError("SKEIN_MOUNT_UNKNOWN", `${mount.name} did not start: ${messageOf(error)}`, { cause: error });
  }

  async function unwrap({ name, app }: Mount): Promise<Recognised> {
    let value: unknown = app;
    try {
      for (let step = 0; step < wrappersMax; step++) {
        const known = recognise(value);
        if (known !== undefined) return known;
        if (typeof value === "function" && value.length === 0) {
          value = await within(clock, openMs, Promise.resolve((value as () => unknown)()), "it was not loaded");
        } else if (typeof value === "object" && value !== null && "default" in value) value = value.default;
        else break;
      }
    } catch (error) {
      throw skeinError("SKEIN_SYSTEM_LOAD", `the code of ${name} could not be loaded: ${messageOf(error)}`, {
        cause: error,
      });
    }
    throw skeinError("SKEIN_MOUNT_UNKNOWN", `${name} is ${shapeOf(value)}`);
  }
}

async function toLive(mount: Mount, found: Recognised, clock: Clock): Promise<LiveMount> {
  if (found.kind === "fetch") {
    const { app } = found;
    const parts = { listener: undefined, fetch: (request: Request) => app.fetch(request), needsNext: false };
    return live(mount, "fetch", parts, "hono", routesOfHono(app));
  }
  if (found.kind === "fastify") {
    const { app } = found;
    await app.ready();
    const parts = {
      listener: ((request, response) => app.routing(request, response)) as Listener,
      close: closing(clock, () => app.close?.()),
    };
    return live(mount, "fastify", parts, "fastify", routesOfFastify(app));
  }
  if (found.kind === "nest") {
    const { app } = found;
    await app.init();
    const below = recognise(app.getHttpAdapter().getInstance());
    if (below === undefined || below.kind === "nest")
      throw skeinError("SKEIN_MOUNT_UNKNOWN", `${mount.name} is a Nest application on an adapter that is not known`);
    const inner = await toLive(mount, below, clock);
    // Nest ends its adapter itself.
    return { ...inner, kind: `nest (${inner.kind})`, close: closing(clock, () => app.close?.()) };
  }
  const { kind, app } = found;
  const routes = kind === "listener" ? [] : routesOfExpress(app);
  return live(mount, kind, { listener: app, needsNext: kind === "router" }, "express", routes);
}

function live(
  mount: Mount,
  kind: string,
  parts: Partial<Pick<LiveMount, "listener" | "fetch" | "needsNext" | "close">>,
  dialect: Dialect,
  routes: readonly MountedRoute[],
): LiveMount {
  const tree = new RouteTree(dialect, routes);
  return {
    mount,
    kind,
    listener: parts.listener,
    fetch: parts.fetch,
    needsNext: parts.needsNext ?? false,
    routes,
    labelOf: (verb, path) => tree.find(verb, path) ?? "*",
    close: parts.close ?? (() => Promise.resolve()),
  };
}

function closing(clock: Clock, end: () => PromiseLike<unknown> | undefined): () => Promise<void> {
  let over: Promise<void> | undefined;
  return () => (over ??= within(clock, closeMs, Promise.resolve(end()), "it did not close").then(() => undefined));
}

async function within<T>(clock: Clock, ms: number, work: Promise<T>, what: string): Promise<T> {
  const waiting = new AbortController();
  const late = sleep(clock, ms, waiting.signal).then(() => {
    throw new Error(`${what} within ${ms / 1_000} s`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    late.catch(() => undefined);
    waiting.abort();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function shapeOf(value: unknown): string {
  if (value === undefined) return "nothing: its module has no default export, or its function gave none";
  if (typeof value === "function")
    return `a function of ${value.length} parameters: a listener has two, a middleware three`;
  if (typeof value !== "object" || value === null) return `a ${value === null ? "null" : typeof value}`;
  return `an object with ${Object.keys(value).slice(0, 8).join(", ") || "nothing in it"}`;
}
