/**
 * Owns putting a method's input together from path, query, headers, cookies and body. It must never validate: the callee's schema
 * does, so that the answer is the same however the call arrived.
 */
import { skeinError } from "../errors/index.ts";
import { cookieValues } from "./cookie.ts";
import { readJson } from "./body.ts";
import type { Exchange } from "./exchange.ts";
import type { Match, Route } from "./router.ts";
import { badRequest, readQuery } from "./target.ts";
import type { Strings } from "./values.ts";

/**
 * The input of a matched route. Path names win over mapped headers and cookies, and those over query and body. Throws
 * `SKEIN_HTTP_BAD_REQUEST`, `SKEIN_HTTP_BODY_INVALID`, `SKEIN_HTTP_BODY_TOO_LARGE`.
 */
export function readInput(exchange: Exchange, { route, values }: Match, query: string): unknown {
  const given = named(exchange, route, values);
  if (route.readsQuery) {
    const parameters = readQuery(query);
    if (!route.hasInput) return undefined;
    for (const [name, all] of parameters) if (!given.has(name)) given.set(name, all);
    return route.input.fromStrings(given);
  }
  if (route.query.length > 0) {
    const parameters = readQuery(query);
    for (const name of route.query) {
      const all = parameters.get(name);
      if (all !== undefined && !given.has(name)) given.set(name, all);
    }
  }
  if (!exchange.hasBody) return withoutBody(route, given);
  return withBody(exchange, route, given);
}

function named(exchange: Exchange, route: Route, values: readonly string[]): Strings {
  const given: Strings = new Map();
  if (!takesNames(route)) return given;
  for (const [i, name] of route.pathNames.entries()) given.set(name, [values[i] ?? ""]);
  for (const [header, field] of route.headers) {
    const value = exchange.header(header);
    if (value !== undefined && !given.has(field)) given.set(field, [value]);
  }
  for (const [cookie, field] of route.cookies) {
    const found = cookieValues(exchange.header("cookie"), cookie);
    // Whoever may write one cookie of a name could shadow the other.
    if (found.length > 1) throw badRequest(`the cookie ${cookie} is there twice`);
    if (found.length === 1 && !given.has(field)) given.set(field, found);
  }
  return given;
}

function withoutBody(route: Route, given: Strings): unknown {
  if (!route.hasInput) return undefined;
  return given.size === 0 && !takesNames(route) ? undefined : route.input.fromStrings(given);
}

function withBody(exchange: Exchange, route: Route, given: Strings): Promise<unknown> {
  return readJson(exchange).then((json) => fromBody(json, route, given));
}

function fromBody(json: unknown, route: Route, given: Strings): unknown {
  // A body of `{}` or `null` for a method without input is what many clients send for nothing.
  if (!route.hasInput) return json === null || isEmptyObject(json) ? undefined : json;
  if (route.bodyField !== undefined) return merged(route, { [route.bodyField]: json }, given);
  if (!takesNames(route)) return route.input.fromJson(json);
  if (json !== undefined && (typeof json !== "object" || json === null || Array.isArray(json))) {
    throw skeinError(
      "SKEIN_HTTP_BODY_INVALID",
      "the body must be a JSON object: other fields come from the path, headers or cookies",
    );
  }
  return merged(route, json ?? {}, given);
}

function merged(route: Route, json: object, given: Strings): Promise<object> {
  return Promise.all([route.input.fromJson(json), route.input.fromStrings(given)]).then(([body, rest]) => ({
    ...(body as object),
    ...(rest as object),
  }));
}

function takesNames(route: Route): boolean {
  const { pathNames, headers, cookies, query } = route;
  return pathNames.length > 0 || headers.length > 0 || cookies.length > 0 || query.length > 0;
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
