/**
 * Owns reading the routes of a made application from what it keeps of them: Express's and Connect's stacks, Fastify's
 * printed tree, Hono's list. It must never change an application, and never fail: what it cannot read it leaves out.
 */
import type { FastifyLike, FetchLike, Listener } from "./recognise.ts";

/** One route as its application writes it. */
export interface MountedRoute {
  /** `GET`, or `ALL`. */
  readonly verb: string;
  /** `/users/:id`; a regular expression is shown as it is written. */
  readonly path: string;
}

/** More than any application has; a stack that goes round would have no end. */
const routesMax = 10_000;
const depthMax = 32;

interface Layer {
  readonly route?: unknown;
  readonly name?: string;
  readonly handle?: { readonly stack?: unknown; readonly name?: string };
  /** Express 5: the path as it was given. */
  readonly rawPath?: unknown;
  /** Express 4: what the path became. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean; readonly fast_star?: boolean };
  readonly keys?: ReadonlyArray<{ readonly name?: unknown }>;
  /** Express 5: it was given "/". */
  readonly slash?: boolean;
}

/** Of Express 4 and 5, their routers, and Connect. Sub-applications (`app.use("/x", express())`) show as `ALL /x/*`. */
export function routesOfExpress(app: Listener): MountedRoute[] {
  const routes: MountedRoute[] = [];
  collect(stackOf(app), "", 0, routes);
  return unique(routes);
}

function stackOf(app: object): unknown {
  const known = app as { readonly _router?: { stack?: unknown }; readonly stack?: unknown; readonly router?: unknown };
  if (known._router !== undefined) return known._router.stack;
  if (Array.isArray(known.stack)) return known.stack;
  try {
    // In Express 4 this getter throws; a version 4 without a router has no route.
    return (known.router as { stack?: unknown } | undefined)?.stack;
  } catch {
    return undefined;
  }
}

function collect(stack: unknown, base: string, depth: number, routes: MountedRoute[]): void {
  if (!Array.isArray(stack) || depth > depthMax) return;
  for (const layer of stack as readonly Layer[]) {
    if (routes.length >= routesMax) return;
    const { route, handle } = layer;
    if (typeof route === "object" && route !== null) {
      const { path, methods } = route as {
        readonly path?: unknown;
        readonly methods?: Readonly<Record<string, unknown>>;
      };
      for (const verb of Object.keys(methods ?? {})) {
        for (const one of texts(path))
          routes.push({ verb: verb === "_all" ? "ALL" : verb.toUpperCase(), path: join(base, one) });
      }
      continue;
    }
    // Connect says with a text where a layer is mounted.
    const below = typeof route === "string" ? texts(route) : mountPaths(layer);
    for (const path of below) {
      if (layer.name === "mounted_app") routes.push({ verb: "ALL", path: join(base, `${path}/*`) });
      else collect(handle?.stack, path === "" ? base : join(base, path), depth + 1, routes);
    }
  }
}

/** Where a router is mounted. */
function mountPaths({ rawPath, regexp, keys, slash }: Layer): string[] {
  if (rawPath !== undefined) return texts(rawPath);
  if (slash === true || regexp?.fast_slash === true) return [""];
  if (regexp === undefined || regexp.fast_star === true) return ["/*"];
  let index = 0;
  const text = regexp.source
    .replace(/^\^/, "")
    .replace(/\\\/\?\(\?=\\\/\|\$\)$/, "")
    .replace(
      /\(\?:(?:\\\/)?\(\[\^\\?\/\]\+\?\)\)/g,
      (group) => `${group.includes("(?:\\/") ? "/" : ""}:${String(keys?.[index++]?.name)}`,
    )
    .replace(/\\([-/.])/g, "$1");
  return /[()[\]{}?*+|^$\\]/.test(text) ? ["/*"] : [text];
}

/** A path is a text, a regular expression or a list of them. A slash at the end of a text is nothing. */
function texts(path: unknown): string[] {
  if (Array.isArray(path)) return path.flatMap(texts);
  if (path instanceof RegExp) return [String(path)];
  return typeof path === "string" ? [path.replace(/\/$/, "")] : [];
}

function join(base: string, path: string): string {
  return `${base}${path === "" || path.startsWith("/") ? path : `/${path}`}` || "/";
}

/**
 * Of Fastify, from the tree that `printRoutes` draws: the one public account of a made application's routes. The HEAD
 * that Fastify adds to each GET is left out.
 */
export function routesOfFastify(app: FastifyLike): MountedRoute[] {
  let tree: string;
  try {
    tree = app.printRoutes?.() ?? "";
  } catch {
    return [];
  }
  const routes: MountedRoute[] = [];
  const parents: string[] = [];
  for (const line of tree.split("\n").slice(0, routesMax)) {
    const drawn = /^((?:│ {3}| {4})*)([├└]── )?(.*)$/.exec(line);
    if (drawn === null || drawn[3] === "") continue;
    const [, indent = "", branch, text = ""] = drawn;
    const said = /^(.*?)(?: \(([A-Z-]+(?:, [A-Z-]+)*)\)(?: \{.*\})?)?$/.exec(text);
    const depth = indent.length / 4 - (branch === undefined ? 1 : 0);
    const part = said?.[1] === "(empty root node)" ? "" : (said?.[1] ?? text);
    if (branch !== undefined) {
      parents.length = depth;
      parents.push(part);
    }
    const path = parents.slice(0, depth + 1).join("");
    const verbs = said?.[2]?.split(", ") ?? [];
    for (const verb of verbs)
      if (verb !== "HEAD" || !verbs.includes("GET")) routes.push({ verb, path: path === "" ? "/" : path });
  }
  return unique(routes);
}

/** Of Hono. What takes `next` is a middleware and no route. */
export function routesOfHono(app: FetchLike): MountedRoute[] {
  if (!Array.isArray(app.routes)) return [];
  const routes: MountedRoute[] = [];
  for (const route of app.routes.slice(0, routesMax) as ReadonlyArray<{
    path?: unknown;
    method?: unknown;
    handler?: unknown;
  }>) {
    const { path, method, handler } = route;
    if (typeof path !== "string" || typeof method !== "string" || typeof handler !== "function") continue;
    // A route of an application below another is wrapped; what it wraps is kept under this name.
    const inner = (handler as unknown as Readonly<Record<string, unknown>>)["__COMPOSED_HANDLER"];
    if ((typeof inner === "function" ? inner : handler).length < 2) routes.push({ verb: method, path });
  }
  return unique(routes);
}

function unique(routes: readonly MountedRoute[]): MountedRoute[] {
  return [...new Map(routes.map((route) => [`${route.verb} ${route.path}`, route])).values()];
}
