/**
 * Owns one request to an endpoint, from its match to its answer: input, call, reply. It must never decide access: the call
 * path does.
 */
import { toJson, toJsonText } from "../contract/shapes.ts";
import type { Host } from "../host/index.ts";
import { badRequest } from "./target.ts";
import { checkBodyHead, parseBody } from "./body.ts";
import { sendDownload } from "./download.ts";
import { Departure, type Exchange, type Headers, shareHeaders } from "./exchange.ts";
import { sendText } from "./encoding.ts";
import { readInput } from "./input.ts";
import { bodyBytesMax } from "./limits.ts";
import { keyOf } from "./key.ts";
import type { Settings } from "./options.ts";
import { rangeOf } from "./preconditions.ts";
import type { Readers } from "./readers.ts";
import type { MappedReply, ReplyMap } from "./reply-map.ts";
import type { Match, Route } from "./router.ts";
import { resumeFrom, sendStream, streamType } from "./stream.ts";
import { bodyFor } from "./upload.ts";

/** What the requests of one gateway are served with. */
export interface Desk {
  readonly host: Host;
  readonly settings: Settings;
  readonly readers: Readers;
  readonly fail: (exchange: Exchange, error: unknown) => void;
}

/**
 * Calls the endpoint and answers with its reply. Throws, rejects with, or hands to `fail` what must be answered as an error.
 */
export function serve(desk: Desk, exchange: Exchange, match: Match, query: string): Promise<void> | void {
  const { route } = match;
  const { principal } = exchange;
  const key = keyOf(exchange, route.method.kind, principal === undefined);
  if (route.method.body === undefined && exchange.hasBody) {
    if (route.readsQuery) throw badRequest(`a ${route.verb} has no body`);
    checkBodyHead(exchange);
    exchange.proceed();
  }
  // A compressed body takes the longer way: it is inflated as it comes.
  if (route.isPlain && exchange.hasBody && exchange.header("content-encoding") === undefined)
    return servePlain(desk, exchange, route, key);
  return serveInTurns(desk, exchange, match, query, key);
}

/**
 * The way most requests go: a JSON body in, a JSON body out. It waits for the body and for the call, and for no promise
 * of its own; the input is fresh from the parser and the reply goes into text at once, so neither is copied.
 */
function servePlain({ host, fail }: Desk, exchange: Exchange, route: Route, key: string | undefined): void {
  const failed = (error: unknown): void => fail(exchange, error);
  const read = (bytes: Uint8Array): void => {
    try {
      const input = route.input.fromJson(parseBody(bytes));
      // At the first request of a route only, which has its schema described.
      if (input instanceof Promise) void input.then(called, failed);
      else called(input);
    } catch (error) {
      failed(error);
    }
  };
  const called = (input: unknown): void => {
    const departure = (exchange.departure = new Departure());
    if (exchange.isOver) departure.left();
    const { traceId, principal, keep } = exchange;
    const options = { ...plainCall, key, signal: departure, traceId, principal, keep };
    host.deliver(route.service, route.name, input, options, { resolve: answered, reject: failed });
  };
  const answered = (text: unknown): void => {
    try {
      sendJson(exchange, route, text as string | undefined)?.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
  exchange.readBody(bodyBytesMax, read, failed);
}

const plainCall = { fromOutside: true, isFresh: true, take: toJsonText } as const;

async function serveInTurns(
  { host, settings, readers }: Desk,
  exchange: Exchange,
  match: Match,
  query: string,
  key: string | undefined,
): Promise<void> {
  const { route } = match;
  const { principal } = exchange;
  const sent = route.method.body === undefined ? undefined : bodyFor(exchange, route, route.method.body);
  const input: unknown = await readInput(exchange, match, query);
  if (route.isStream && exchange.verb === "HEAD")
    return exchange.send(route.status, { "content-type": streamType(exchange) });
  const departure = (exchange.departure = new Departure());
  if (exchange.isOver) departure.left();
  const called = host.call(route.service, route.name, input, {
    key,
    signal: departure,
    traceId: exchange.traceId,
    keep: exchange.keep,
    fromOutside: true,
    principal,
    ...(route.isStream && { resumeFrom: resumeFrom(exchange) }),
    ...(route.isDownload && { range: rangeOf(exchange) }),
    ...sent,
  });
  // A stream that could not even be found is a rejected promise.
  if (route.isStream && !(called instanceof Promise)) {
    return sendStream(exchange, route, called as AsyncIterable<unknown>, settings, readers);
  }
  if (route.isDownload && !(called instanceof Promise)) {
    return sendDownload(exchange, route, called as AsyncIterable<unknown>, cacheOf(exchange, route));
  }
  return sendReply(exchange, route, await called, settings);
}

function sendReply(exchange: Exchange, route: Route, reply: unknown, settings: Settings): Promise<void> | void {
  if (route.reply !== undefined) return sendMapped(exchange, route, reply, settings);
  const text = reply === undefined ? undefined : JSON.stringify(toJson(reply));
  if (route.method.body === undefined) return sendJson(exchange, route, text);
  const cache = cacheOf(exchange, route);
  if (text === undefined || route.status === 204) return put(exchange, 204, { "cache-control": cache }, "", settings);
  put(exchange, route.status, { "content-type": "application/json", "cache-control": cache }, text, settings);
}

const sharedJson = {
  "no-cache": shareHeaders({ "content-type": "application/json", "cache-control": "no-cache" }),
  "no-store": shareHeaders({ "content-type": "application/json", "cache-control": "no-store" }),
} as const;

function sendJson(exchange: Exchange, route: Route, text: string | undefined): Promise<void> | void {
  const cache = cacheOf(exchange, route);
  if (text === undefined || route.status === 204) return exchange.send(204, { "cache-control": cache });
  return sendText(exchange, route.status, sharedJson[cache], text, isConditional(route, route.status));
}

/** Whether a client may ask for the answer only if it has changed: a read that went well. */
function isConditional(route: Route, status: number): boolean {
  return status === 200 && route.verb === "GET" && route.method.kind === "query";
}

function cacheOf(exchange: Exchange, route: Route): "no-cache" | "no-store" {
  return route.isPublicQuery && exchange.principal === undefined ? "no-cache" : "no-store";
}

function sendMapped(exchange: Exchange, route: Route, reply: unknown, settings: Settings): Promise<void> | void {
  let mapped: MappedReply;
  try {
    mapped = (route.reply as ReplyMap).apply(reply, !settings.isDevelopment || exchange.isEncrypted);
  } catch (error) {
    // The call has succeeded, so that nobody but the gateway knows of this; the message does not show the value.
    settings.log.error("a reply cannot be sent as its contract maps it", { traceId: exchange.traceId, error });
    throw error;
  }
  const { status, headers, body } = mapped;
  const cache = cacheOf(exchange, route);
  if (body === undefined || status === 204 || status === 205) {
    return put(exchange, status, { "cache-control": cache, ...headers }, "", settings);
  }
  const all = { "content-type": "application/json", "cache-control": cache, ...headers };
  const text = JSON.stringify(toJson(body));
  if (route.method.body !== undefined) return put(exchange, status, all, text, settings);
  return sendText(exchange, status, all, text, isConditional(route, status));
}

/** Sends an answer; where its handler had enough of a body before the end, the rest may be gigabytes that nobody wants. */
function put(exchange: Exchange, status: number, headers: Headers, body: string, { clock }: Settings): void {
  if (exchange.hasBody && !exchange.isComplete) exchange.refuse(status, headers, body, clock);
  else exchange.send(status, headers, status === 204 ? undefined : body);
}
