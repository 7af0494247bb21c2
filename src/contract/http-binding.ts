/**
 * Owns what a contract refuses about HTTP: routes, statuses, and what maps to headers and cookies. It must never look at a
 * request.
 */
import { isBytes } from "./bytes.ts";
import { isChannel } from "./channel.ts";
import { contractInvalid } from "./invalid.ts";
import { type HttpBinding, isStream, type Method } from "./method.ts";
import { checkCookieNames, checkReply, checkStatus, type HttpReply } from "./reply-binding.ts";
import { nothing } from "./schema.ts";

const routes = /^(GET|POST|PUT|PATCH|DELETE) (\/\S*)$/;
const parameters = /^[A-Za-z][A-Za-z0-9]*$/;

/** Throws `SKEIN_CONTRACT_INVALID`. `where` is the endpoint: `orders.get`. */
export function checkHttp(where: string, method: Method, http: HttpBinding): void {
  const match = routes.exec(http.route);
  if (match === null) {
    throw contractInvalid(`${where} has the route "${http.route}": write it as "GET /path/:name"`);
  }
  const [, verb, path = ""] = match;
  const streams = isStream(method.output) || isBytes(method.output);
  if (verb === "GET" && !(method.kind === "query" || (method.kind === "action" && streams))) {
    throw contractInvalid(`${where} is a ${method.kind} with a GET route: GET is for queries and stream actions`);
  }
  if (method.body !== undefined && (verb === "GET" || verb === "DELETE")) {
    throw contractInvalid(`${where} has a body and a ${verb} route: send bytes by PUT, POST or PATCH`);
  }
  if (isChannel(method.output)) checkChannel(where, verb, path);
  const seen = new Set<string>();
  for (const segment of path.slice(1).split("/")) {
    if (/[*?#%]/.test(segment))
      throw contractInvalid(`${where}: "${segment}" in its route: only plain text and :names`);
    if (!segment.startsWith(":")) continue;
    const parameter = segment.slice(1);
    if (!parameters.test(parameter) || seen.has(parameter)) {
      throw contractInvalid(`${where}: ":${parameter}" in its route is not a name used once`);
    }
    seen.add(parameter);
  }
  checkFields(where, verb as string, method, seen);
  checkStatus(where, http.status ?? 200, http.reply);
  checkCookieNames(where, http.cookies ?? {});
  if (http.reply !== undefined) checkReplyOf(where, method, http.reply);
}

function checkChannel(where: string, verb: string | undefined, path: string): void {
  if (verb !== "GET") throw contractInvalid(`${where} is a channel with a ${verb} route: a WebSocket begins with GET`);
  if (path.split("/").includes(":resume")) {
    throw contractInvalid(`${where}: ":resume" is what a client of a channel says where it goes on after`);
  }
}

function checkReplyOf(where: string, method: Method, reply: HttpReply): void {
  if (isStream(method.output)) throw contractInvalid(`${where} is a stream: its items cannot become a reply's headers`);
  if (isBytes(method.output)) throw contractInvalid(`${where} answers bytes: they have no field for http.reply`);
  if (method.output === nothing) throw contractInvalid(`${where} answers nothing: there is no field for http.reply`);
  checkReply(where, reply);
  for (const status of Object.values(reply.status?.is ?? {})) checkStatus(where, status, reply);
}

/** Fields that `http` names beside those of the path: each comes from one place. */
function checkFields(where: string, verb: string, { http, body }: Method, pathNames: ReadonlySet<string>): void {
  const { query = [], bodyField, headers, cookies } = http as HttpBinding;
  if ((verb === "GET" || verb === "DELETE") && (query.length > 0 || bodyField !== undefined))
    throw contractInvalid(`${where}: a ${verb} takes everything from the query, so it has neither query nor bodyField`);
  if (body !== undefined && (query.length > 0 || bodyField !== undefined))
    throw contractInvalid(`${where} has a body of bytes, and everything else comes from the query already`);
  const seen = new Set([...pathNames, ...Object.values(headers ?? {}), ...Object.values(cookies ?? {})]);
  for (const field of [...query, ...(bodyField === undefined ? [] : [bodyField])]) {
    if (seen.has(field)) throw contractInvalid(`${where}: the field "${field}" would come from two places`);
    seen.add(field);
  }
}
