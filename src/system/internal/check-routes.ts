/** Owns what the check says about HTTP routes: clashes, and names that are no fields of the input or output. */
import { isBytes, isChannel, isStream, type Method } from "../../contract/index.ts";
import { fieldNames, repliedFields } from "../../contract/shapes.ts";
import { nearest } from "../../core/index.ts";
import { didYouMean, type Finding, finding } from "../finding.ts";
import { type Declaration, methodsOf } from "../service.ts";
import type { Shapes } from "./shapes-cache.ts";

/** What the gateway answers itself: these paths and everything below them. */
export const reserved = ["/openapi.json", "/docs", "/health", "/_runs"] as const;

interface Endpoint {
  readonly id: string;
  readonly method: Method;
  readonly isInternal: boolean;
  /** Its routes are somebody else's: never answered here, and called as they are written. */
  readonly isExternal: boolean;
}

export async function checkRoutes(services: readonly Declaration[], shapes: Shapes): Promise<Finding[]> {
  const endpoints = endpointsOf(services);
  const perMethod = await Promise.all(
    endpoints.map(async (endpoint) => [
      ...(await names(endpoint, shapes)),
      ...(await replied(endpoint, shapes)),
      ...(await streamId(endpoint, shapes)),
      ...(await resumeField(endpoint, shapes)),
    ]),
  );
  return [...clashes(endpoints), ...perMethod.flat()];
}

/** The first service of a contract counts; a second one is told as such, and not once more for every route it shares. */
function endpointsOf(services: readonly Declaration[]): Endpoint[] {
  const endpoints = new Map<string, Endpoint>();
  for (const service of services) {
    for (const [name, method] of methodsOf(service.contract)) {
      const id = `${service.name}.${name}`;
      if (!endpoints.has(id))
        endpoints.set(id, {
          id,
          method,
          isInternal: service.policy[name]?.access === "internal",
          isExternal: service.external !== undefined,
        });
    }
  }
  return [...endpoints.values()];
}

function clashes(endpoints: readonly Endpoint[]): Finding[] {
  const seen = new Map<string, { readonly id: string; readonly route: string }>();
  const found: Finding[] = [];
  for (const { id, method, isInternal } of endpoints) {
    // An internal method answers no route; that it has one is found elsewhere.
    if (method.http === undefined || isInternal) continue;
    const { route } = method.http;
    const path = route.slice(route.indexOf(" ") + 1);
    const own = reserved.find((prefix) => path === prefix || path.startsWith(`${prefix}/`));
    if (own !== undefined) {
      const which =
        path === own ? "one that the gateway answers itself" : `below ${own}, which the gateway answers itself`;
      found.push(finding("error", "SKEIN_CHECK_ROUTE_RESERVED", id, `its route ${route} is ${which}`));
    }
    const key = routeKey(route);
    const other = seen.get(key);
    if (other === undefined) seen.set(key, { id, route });
    else
      found.push(
        finding(
          "error",
          "SKEIN_CHECK_ROUTE_CLASH",
          id,
          `its route ${route} is the same as ${other.route} of ${other.id}`,
        ),
      );
  }
  return found;
}

/** The same for routes that no request can tell apart. */
export function routeKey(route: string): string {
  return route.replace(/:[^/]+/g, ":").replace(/\/+$/, "");
}

async function names({ id, method, isInternal, isExternal }: Endpoint, shapes: Shapes): Promise<Finding[]> {
  const { http } = method;
  if (http === undefined || (isInternal && !isExternal)) return [];
  const parameters = [...http.route.matchAll(/:([^/]+)/g)].map((match) => match[1] as string);
  const given = [
    ...Object.entries(http.headers ?? {}).map(([name, field]) => [`header ${name}`, field] as const),
    ...Object.entries(http.cookies ?? {}).map(([name, field]) => [`cookie ${name}`, field] as const),
  ];
  const others = [...(http.query ?? []), ...(http.bodyField === undefined ? [] : [http.bodyField])];
  if (parameters.length + others.length + given.length === 0) return [];
  const fields = fieldNames(await shapes(method.input, "input"));
  if (fields === undefined) return [];
  const found = parameters
    .filter((name) => !fields.has(name))
    .map((name) => {
      const message = `its route ${http.route} has the parameter :${name}, and its input has no field of that name`;
      return finding("error", "SKEIN_CHECK_ROUTE_PARAMETER", id, message + didYouMean(nearest(name, fields)));
    });
  for (const field of others.filter((name) => !fields.has(name))) {
    const message = `its http names the field "${field}", and its input has no field of that name`;
    found.push(finding("error", "SKEIN_CHECK_ROUTE_PARAMETER", id, message + didYouMean(nearest(field, fields))));
  }
  for (const [source, field] of given) {
    if (fields.has(field)) continue;
    const message = `its ${source} gives the field "${field}", and its input has no field of that name`;
    found.push(finding("error", "SKEIN_CHECK_HEADER_FIELD", id, message + didYouMean(nearest(field, fields))));
  }
  return found;
}

async function replied({ id, method, isInternal }: Endpoint, shapes: Shapes): Promise<Finding[]> {
  const reply = method.http?.reply;
  if (reply === undefined || isInternal || isStream(method.output) || isBytes(method.output)) return [];
  const fields = fieldNames(await shapes(method.output, "output"));
  if (fields === undefined) return [];
  return repliedFields(reply)
    .filter((field) => !fields.has(field))
    .map((field) => {
      const message = `its reply takes the field "${field}", and its output has no field of that name`;
      return finding("error", "SKEIN_CHECK_REPLY_FIELD", id, message + didYouMean(nearest(field, fields)));
    });
}

/** A client of a channel says in the query where it goes on after: a field of that name could not be given. */
async function resumeField({ id, method, isInternal }: Endpoint, shapes: Shapes): Promise<Finding[]> {
  if (method.http === undefined || isInternal || !isChannel(method.output)) return [];
  const fields = fieldNames(await shapes(method.input, "input"));
  if (fields?.has("resume") !== true) return [];
  return [
    finding(
      "error",
      "SKEIN_CHECK_CHANNEL_RESUME",
      id,
      'its input has the field "resume", which the query of a channel keeps',
    ),
  ];
}

async function streamId({ id, method }: Endpoint, shapes: Shapes): Promise<Finding[]> {
  if (!isStream(method.output) || method.output.id === undefined) return [];
  const fields = fieldNames(await shapes(method.output.item, "output"));
  if (fields === undefined || fields.has(method.output.id)) return [];
  const message = `its stream is resumed by "${method.output.id}", and the items have no field of that name`;
  return [finding("error", "SKEIN_CHECK_STREAM_ID", id, message + didYouMean(nearest(method.output.id, fields)))];
}
