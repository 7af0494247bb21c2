/**
 * Owns what a request's body may be: its type, its size, its JSON. It must never keep more than the limit in memory,
 * compressed or not.
 */
import { skeinError } from "../errors/index.ts";
import type { Exchange } from "./exchange.ts";
import { isBodyEncoding } from "./encoding.ts";
import { type JsonLimits, parseJson } from "../contract/shapes.ts";
import { bodyBytesMax, jsonDepthMax, jsonItemsMax, jsonKeysMax } from "./limits.ts";

/** What a JSON text from outside may have. */
export const jsonLimits: JsonLimits = { depthMax: jsonDepthMax, keysMax: jsonKeysMax, itemsMax: jsonItemsMax };

/** Refuses by the head alone what no reading could make acceptable. Throws `SKEIN_HTTP_BODY_TOO_LARGE` or `SKEIN_HTTP_MEDIA_TYPE`. */
export function checkBodyHead(exchange: Exchange): void {
  if (Number(exchange.header("content-length") ?? 0) > bodyBytesMax) throw skeinError("SKEIN_HTTP_BODY_TOO_LARGE");
  const encoding = exchange.header("content-encoding");
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    const isTaken = exchange.inflates && isBodyEncoding(encoding.toLowerCase());
    // RFC 7694: what would be taken. Never a list: two encodings make a bomb of bombs.
    if (exchange.inflates) exchange.setHeader("accept-encoding", "gzip, deflate, br");
    if (!isTaken) throw skeinError("SKEIN_HTTP_MEDIA_TYPE", "the body's content encoding is none of those taken");
  }
  if (!isJsonType(exchange.header("content-type") ?? "")) {
    throw skeinError("SKEIN_HTTP_MEDIA_TYPE", "the body must be Content-Type: application/json, in UTF-8");
  }
}

/** The JSON value of a body, or `undefined` when it is empty. Throws `SKEIN_HTTP_BODY_TOO_LARGE`, `SKEIN_HTTP_BODY_INVALID`. */
export function readJson(exchange: Exchange): Promise<unknown> {
  const encoding = exchange.header("content-encoding")?.toLowerCase();
  const read =
    encoding !== undefined && isBodyEncoding(encoding)
      ? exchange.readInflated(encoding, bodyBytesMax)
      : exchange.readBytes(bodyBytesMax);
  return read.then(parseBody);
}

/** The same of bytes that have been read. */
export function parseBody(bytes: Uint8Array): unknown {
  return bytes.length === 0 ? undefined : parseJson(bytes, jsonLimits);
}

function isJsonType(type: string): boolean {
  if (type === "application/json") return true;
  const [name = "", ...parameters] = type
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  if (name !== "application/json") return false;
  return parameters.every((parameter) => parameter === "" || /^charset="?utf-8"?$/.test(parameter));
}
