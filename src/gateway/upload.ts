/**
 * Owns how a request's body becomes a method's: checked by its head, then handed on piece by piece. It must never hold a
 * body: the call path counts it, and keeps a raw one.
 */
import { checkBodyHead, type RootOptions } from "../call/index.ts";
import type { BodySpec } from "../contract/index.ts";
import { skeinError } from "../errors/index.ts";
import type { Exchange } from "./exchange.ts";
import type { Route } from "./router.ts";

/**
 * The body of a request for a method that takes bytes. Throws `SKEIN_HTTP_MEDIA_TYPE` and `SKEIN_HTTP_BODY_TOO_LARGE` by
 * the head alone; the client is asked for the bytes when the handler first reads, and by nothing before.
 */
export function bodyFor(exchange: Exchange, route: Route, spec: BodySpec): Pick<RootOptions, "body" | "incoming"> {
  const encoding = exchange.header("content-encoding");
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    throw skeinError("SKEIN_HTTP_MEDIA_TYPE", "the body is compressed; no content encoding is taken");
  }
  const type = exchange.header("content-type");
  const given = exchange.header("content-length");
  // A chunked body says nothing, and no body at all is one of no bytes.
  const length = given === undefined ? (exchange.hasBody ? undefined : 0) : Number(given);
  const body = { ...(type !== undefined && { type }), ...(length !== undefined && { length }) };
  checkBodyHead(route.id, spec, body);
  return { body, ...(exchange.hasBody && { incoming: exchange.pieces() }) };
}
