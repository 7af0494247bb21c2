/**
 * Owns what a mounted application sees of a request's headers: without those that are one connection's, and without those
 * that only a proxy or a gateway may say.
 */
import { createSpanId } from "../../core/index.ts";
import { addressOf } from "../admission.ts";
import type { Mounted } from "../exchange.ts";
import type { NodeExchange } from "./exchange.ts";

/** RFC 9110, 7.6.1. `transfer-encoding` stays: it is how body parsers know that there is a body. */
const perConnection = new Set(["connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "upgrade"]);

/** What a client may not say of itself; parsers and routers behind other proxies believe these. */
const claimed =
  /^(?:x-(?:skein|user|authenticated|auth-request|remote|forwarded)(?:-.*|$)|remote-user|forwarded|x-real-ip|x-original-url|x-rewrite-url|traceparent|x-request-id)$/;

/** What `Connection` may not take away. */
const framing = new Set(["content-length", "transfer-encoding", "host", "cookie", "authorization", "content-type"]);

/** Changes the request's headers in place: `headers`, `rawHeaders`, and what Node derives from them. */
export function rewriteHeaders(exchange: NodeExchange, { live, settings }: Mounted): void {
  const { request, traceId } = exchange;
  const { headers, rawHeaders } = request;
  const named = (headers.connection ?? "").toLowerCase().split(",");
  const dropped = new Set(named.map((name) => name.trim()).filter((name) => !framing.has(name)));
  const isTrusted = settings.proxies?.includes(exchange.peer) === true;
  const client = isTrusted ? addressOf(exchange, settings) : undefined;
  const flags = /-([0-9a-f]{2})$/.exec(headers.traceparent?.toString().slice(0, 55) ?? "")?.[1] ?? "01";
  const kept: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    const isOfProxy = isTrusted && (name === "x-forwarded-proto" || name === "x-forwarded-host");
    if (perConnection.has(name) || dropped.has(name) || (claimed.test(name) && !isOfProxy)) {
      delete headers[name];
      continue;
    }
    kept.push(rawHeaders[i] as string, rawHeaders[i + 1] as string);
  }
  const set = (name: string, value: string) => {
    headers[name] = value;
    kept.push(name, value);
  };
  set("x-request-id", traceId);
  set("traceparent", `00-${traceId}-${createSpanId(settings.random)}-${flags}`);
  if (client !== undefined) set("x-forwarded-for", client);
  if (!live.mount.keepsPrefix && live.mount.prefix !== "") set("x-forwarded-prefix", live.mount.prefix);
  request.rawHeaders = kept;
}
