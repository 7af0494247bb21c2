/**
 * Owns reading a request's body: its type, its size, its bytes. It must never keep more than the limit in memory, and
 * never decompress.
 */
import type { IncomingMessage } from "node:http";
import { skeinError } from "../errors/index.ts";
import { parseJson } from "./json-scan.ts";
import { bodyBytesMax, bodyPiecesMax } from "./limits.ts";

/** Whether a request says that a body follows. */
export function hasBody(request: IncomingMessage): boolean {
  const { headers } = request;
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

/** Refuses by the head alone what no reading could make acceptable. Throws `SKEIN_HTTP_BODY_TOO_LARGE` or `SKEIN_HTTP_MEDIA_TYPE`. */
export function checkBodyHead(request: IncomingMessage): void {
  const { headers } = request;
  if (Number(headers["content-length"] ?? 0) > bodyBytesMax) throw skeinError("SKEIN_HTTP_BODY_TOO_LARGE");
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    throw skeinError("SKEIN_HTTP_MEDIA_TYPE", "the body is compressed; no content encoding is taken");
  }
  if (!isJsonType(headers["content-type"] ?? "")) {
    throw skeinError("SKEIN_HTTP_MEDIA_TYPE", "the body must be Content-Type: application/json, in UTF-8");
  }
}

/** The JSON value of a body, or `undefined` when it is empty. Throws `SKEIN_HTTP_BODY_TOO_LARGE`, `SKEIN_HTTP_BODY_INVALID`. */
export function readJson(request: IncomingMessage): Promise<unknown> {
  return readBytes(request).then((bytes) => (bytes.length === 0 ? undefined : parseJson(bytes)));
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

function readBytes(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > bodyBytesMax || chunks.length >= bodyPiecesMax) {
        // What still comes is read and dropped by whoever answers the error.
        request.removeAllListeners("data");
        reject(skeinError("SKEIN_HTTP_BODY_TOO_LARGE"));
        return;
      }
      chunks.push(chunk);
    });
    request.on("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.on("error", () => reject(skeinError("SKEIN_CALL_CANCELED", undefined, { outcome: "not_started" })));
    request.on("close", () => {
      if (!request.complete) reject(skeinError("SKEIN_CALL_CANCELED", undefined, { outcome: "not_started" }));
    });
  });
}
