/**
 * Owns which endpoint a verb and a path lead to: the routes of a system's contracts on rou3. It must never see an
 * undecoded path, and never a route of an internal method.
 */
import { addRoute, createRouter as createTree, findRoute } from "rou3";
import {
  type HttpBinding,
  type HttpVerb,
  isBytes,
  isChannel,
  isStream,
  type Method,
  nothing,
} from "../contract/index.ts";
import { skeinError } from "../errors/index.ts";
import { type Access, type MethodPolicy, methodsOf, type RateLimitPolicy, type System } from "../system/index.ts";
import { ReplyMap } from "./reply-map.ts";
import { decodeSegment, encodeSegment } from "./target.ts";
import { InputShape } from "./values.ts";

/** One endpoint as HTTP sees it. Made once, when the gateway starts. */
export interface Route {
  /** `orders.place` */
  readonly id: string;
  readonly service: string;
  readonly name: string;
  readonly method: Method;
  readonly verb: HttpVerb;
  /** As the contract writes it: `/orders/:id`. */
  readonly path: string;
  /** Fields of the input that the path gives, in its order. */
  readonly pathNames: readonly string[];
  /** Header (lower case) and the field it gives. */
  readonly headers: ReadonlyArray<readonly [header: string, field: string]>;
  /** Cookie and the field it gives. */
  readonly cookies: ReadonlyArray<readonly [cookie: string, field: string]>;
  /** Fields that come from the query beside a body. */
  readonly query: readonly string[];
  /** The field that the whole body is. */
  readonly bodyField: string | undefined;
  readonly status: number;
  /** For the document; the call layer decides. */
  readonly access: Access | undefined;
  /** Where fields of the output go that do not stay in the body. */
  readonly reply: ReplyMap | undefined;
  readonly isStream: boolean;
  /** Answers bytes. */
  readonly isDownload: boolean;
  readonly channel: ChannelRoute | undefined;
  readonly hasInput: boolean;
  readonly input: InputShape;
  /** The rest of the input comes from the query, not from a body. */
  readonly readsQuery: boolean;
  /** What shared caches may keep, if they ask first. */
  readonly isPublicQuery: boolean;
  readonly rate: RateLimitPolicy | undefined;
  /** Its input is the JSON body as it comes, and its reply is the body of the answer: the way most requests go. */
  readonly isPlain: boolean;
}

/** What a channel's socket has to know of its contract. */
export interface ChannelRoute {
  readonly receive: InputShape;
  readonly id: string | undefined;
}

export interface Match {
  readonly route: Route;
  /** Decoded, in the order of `route.pathNames`. */
  readonly values: readonly string[];
}

export interface Router {
  readonly routes: readonly Route[];
  /** `path` is canonical, as `readTarget` gives it. */
  find(verb: string, path: string): Match | undefined;
  /** The verbs that a path answers, HEAD and OPTIONS among them; empty for an unknown path. */
  verbsOf(path: string): string[];
}

const verbs: readonly HttpVerb[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** Throws `SKEIN_SYSTEM_INVALID` when two methods have one route, or a route is one of the gateway's own (`reserved`). */
export function createRouter(system: System, reserved: ReadonlySet<string>): Router {
  const routes = routesOf(system);
  // rou3 speaks a pattern language; what reaches it is percent-encoded text and parameters named p0, p1, ..., so that
  // nothing a contract writes can be taken for syntax.
  const tree = createTree<Route>();
  const seen = new Map<string, Route>();
  for (const route of routes) {
    const shape = `${route.verb} ${route.path.replace(/:[^/]+/g, ":")}`;
    const other = seen.get(shape);
    if (other !== undefined) {
      throw skeinError(
        "SKEIN_SYSTEM_INVALID",
        `${other.id} and ${route.id} have the same route ${route.verb} ${route.path}`,
      );
    }
    if (reserved.has(route.path)) {
      throw skeinError(
        "SKEIN_SYSTEM_INVALID",
        `${route.id} has the route ${route.path}, which the gateway answers itself`,
      );
    }
    seen.set(shape, route);
    addRoute(tree, route.verb, toPattern(route.path), route);
  }
  return {
    routes,
    find(verb, path) {
      const found = findRoute(tree, verb, path);
      if (found === undefined) return undefined;
      const values = found.data.pathNames.map((_, i) => decodeSegment(found.params?.[`p${i}`] ?? ""));
      return { route: found.data, values };
    },
    verbsOf(path) {
      const known: string[] = verbs.filter((verb) => findRoute(tree, verb, path, { params: false }) !== undefined);
      if (known.includes("GET")) known.splice(1, 0, "HEAD");
      return known.length === 0 ? known : [...known, "OPTIONS"];
    },
  };
}

/** The routes of a system in the order of its services, without those of internal methods. */
export function routesOf(system: System): Route[] {
  const routes: Route[] = [];
  for (const { declaration } of system.services) {
    for (const [name, method] of methodsOf(declaration.contract)) {
      const policy = declaration.policy[name];
      if (method.http === undefined || policy?.access === "internal") continue;
      routes.push(toRoute(declaration.name, name, method, policy));
    }
  }
  return routes;
}

function toRoute(service: string, name: string, method: Method, policy: MethodPolicy | undefined): Route {
  const http = method.http as NonNullable<Method["http"]>;
  const space = http.route.indexOf(" ");
  // The contract has checked that the route is a verb, one space and a path.
  const verb = http.route.slice(0, space) as HttpVerb;
  const path = http.route.slice(space + 1);
  const isStreaming = isStream(method.output);
  const isEmpty = !isStreaming && method.output === nothing;
  const route = {
    id: `${service}.${name}`,
    service,
    name,
    method,
    verb,
    path,
    pathNames: path
      .split("/")
      .filter((segment) => segment.startsWith(":"))
      .map((segment) => segment.slice(1)),
    headers: Object.entries(http.headers ?? {}).map(([header, field]) => [header.toLowerCase(), field] as const),
    cookies: Object.entries(http.cookies ?? {}),
    query: http.query ?? [],
    bodyField: http.bodyField,
    status: isEmpty && (http.status ?? 200) === 200 ? 204 : (http.status ?? 200),
    access: policy?.access,
    reply: http.reply && new ReplyMap(`${service}.${name}`, http.status ?? 200, http.reply),
    isStream: isStreaming,
    isDownload: isBytes(method.output),
    channel: isChannel(method.output)
      ? { receive: new InputShape(method.output.receive), id: method.output.id }
      : undefined,
    hasInput: method.input !== nothing,
    input: new InputShape(method.input),
    readsQuery: verb === "GET" || verb === "DELETE" || method.body !== undefined,
    isPublicQuery: policy?.access === "public" && method.kind === "query" && !usesCookies(http),
    rate: policy?.rateLimit,
  };
  return { ...route, isPlain: isPlain(route) };
}

function isPlain(route: Omit<Route, "isPlain">): boolean {
  const { method, hasInput, readsQuery, isStream: isStreaming, reply, bodyField } = route;
  if (!hasInput || readsQuery || isStreaming || isBytes(method.output) || method.body !== undefined) return false;
  const named = [route.pathNames, route.headers, route.cookies, route.query];
  return reply === undefined && bodyField === undefined && named.every((names) => names.length === 0);
}

/** What a cookie gives or sets is one client's: no cache may keep it, whoever may ask. */
function usesCookies(http: HttpBinding): boolean {
  return Object.keys(http.cookies ?? {}).length + Object.keys(http.reply?.cookies ?? {}).length > 0;
}

/** A contract's path as rou3 is given it. */
export function toPattern(path: string): string {
  let index = 0;
  return path
    .split("/")
    .map((segment) => (segment.startsWith(":") ? `:p${index++}` : encodeSegment(segment)))
    .join("/");
}
