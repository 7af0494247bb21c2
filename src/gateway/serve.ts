/**
 * Owns one request to an endpoint, from its match to its answer: input, call, reply. It must never decide access: the call
 * path does.
 */
import { toJson } from "../contract/shapes.ts";
import type { Host } from "../host/index.ts";
import { badRequest } from "./target.ts";
import { checkBodyHead } from "./body.ts";
import { Departure, type Exchange } from "./exchange.ts";
import { readInput } from "./input.ts";
import { keyOf } from "./key.ts";
import type { Settings } from "./options.ts";
import type { MappedReply, ReplyMap } from "./reply-map.ts";
import type { Match, Route } from "./router.ts";
import { resumeFrom, sendStream, streamType } from "./stream.ts";

/** Calls the endpoint and answers with its reply. Rejects with what must be answered as an error. */
export async function serve(
  host: Host,
  settings: Settings,
  exchange: Exchange,
  match: Match,
  query: string,
): Promise<void> {
  const { route } = match;
  const { principal } = exchange;
  const key = keyOf(exchange, route.method.kind, principal === undefined);
  if (exchange.hasBody) {
    if (route.readsQuery) throw badRequest(`a ${route.verb} has no body`);
    checkBodyHead(exchange);
    exchange.proceed();
  }
  const input: unknown = await readInput(exchange, match, query);
  if (route.isStream && exchange.verb === "HEAD")
    return exchange.send(route.status, { "content-type": streamType(exchange) });
  const departure = (exchange.departure = new Departure());
  if (exchange.isOver) departure.left();
  const answer = host.call(route.service, route.name, input, {
    key,
    signal: departure,
    traceId: exchange.traceId,
    keep: exchange.keep,
    fromOutside: true,
    principal,
    ...(route.isStream && { resumeFrom: resumeFrom(exchange) }),
  });
  // A stream that could not even be found is a rejected promise.
  if (route.isStream && !(answer instanceof Promise)) {
    return sendStream(exchange, route, answer as AsyncIterable<unknown>, settings);
  }
  sendReply(exchange, route, await answer, settings);
}

function sendReply(exchange: Exchange, route: Route, reply: unknown, settings: Settings): void {
  const cache = route.isPublicQuery && exchange.principal === undefined ? "no-cache" : "no-store";
  if (route.reply !== undefined) return sendMapped(exchange, route.reply, reply, cache, settings);
  if (reply === undefined || route.status === 204) return exchange.send(204, { "cache-control": cache });
  const body = JSON.stringify(toJson(reply));
  exchange.send(route.status, { "content-type": "application/json", "cache-control": cache }, body);
}

function sendMapped(exchange: Exchange, map: ReplyMap, reply: unknown, cache: string, settings: Settings): void {
  let mapped: MappedReply;
  try {
    mapped = map.apply(reply, settings.isDevelopment);
  } catch (error) {
    // The call has succeeded, so that nobody but the gateway knows of this; the message does not show the value.
    settings.log.error("a reply cannot be sent as its contract maps it", { traceId: exchange.traceId, error });
    throw error;
  }
  const { status, headers, body } = mapped;
  if (body === undefined || status === 204 || status === 205) {
    return exchange.send(status, { "cache-control": cache, ...headers }, status === 204 ? undefined : "");
  }
  const text = JSON.stringify(toJson(body));
  exchange.send(status, { "content-type": "application/json", "cache-control": cache, ...headers }, text);
}
