/**
 * Owns making bodies smaller and larger with zlib, off the event loop. It must never queue: when enough is being compressed,
 * an answer goes out as it is; and never hold more of a body than its limit, however much it would become.
 */
import type { IncomingMessage } from "node:http";
import type { Transform } from "node:stream";
import { promisify } from "node:util";
import { brotliCompress, constants, createBrotliDecompress, createGunzip, createInflate, gzip } from "node:zlib";
import { skeinError } from "../../errors/index.ts";
import type { BodyEncoding, Encoding } from "../exchange.ts";
import { bodyPiecesMax, compressingMax, inflateRatioFromBytes, inflateRatioMax } from "../limits.ts";

const toGzip = promisify(gzip);
const toBrotli = promisify(brotliCompress);

/** Of one gateway: it counts what is under way. */
export class Compressor {
  #underWay = 0;

  /** `undefined` when as many are under way as there may be. */
  compress(encoding: Encoding, text: string): Promise<Uint8Array> | undefined {
    if (this.#underWay >= compressingMax) return undefined;
    this.#underWay++;
    const bytes = Buffer.from(text, "utf8");
    return squeeze(encoding, bytes).finally(() => this.#underWay--);
  }
}

function squeeze(encoding: Encoding, bytes: Buffer): Promise<Uint8Array> {
  if (encoding === "gzip") return toGzip(bytes, { level: 5 });
  // The libraries' own defaults are for files that are compressed once: they take 20 times as long.
  const params = { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return toBrotli(bytes, { params });
}

/**
 * A body as it was before it was compressed. Rejects with `SKEIN_HTTP_BODY_TOO_LARGE` as soon as it is larger than `bytesMax`,
 * or than a hundred times what was sent; with `SKEIN_HTTP_BODY_INVALID` where it cannot be decompressed; with
 * `SKEIN_CALL_CANCELED` when the client leaves.
 */
export function readInflated(request: IncomingMessage, encoding: BodyEncoding, bytesMax: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const inflater = inflaterOf(encoding);
    const parts: Buffer[] = [];
    let [sent, pieces, size] = [0, 0, 0];
    const fail = (error: Error): void => {
      inflater.destroy();
      // What still comes is read and dropped by whoever answers the error.
      request.removeAllListeners("data");
      reject(error);
    };
    inflater.on("data", (part: Buffer) => {
      size += part.length;
      const isBomb = size > inflateRatioFromBytes && size > sent * inflateRatioMax;
      if (size > bytesMax || isBomb) fail(skeinError("SKEIN_HTTP_BODY_TOO_LARGE"));
      else parts.push(part);
    });
    inflater.on("end", () => resolve(Buffer.concat(parts)));
    inflater.on("error", () => fail(skeinError("SKEIN_HTTP_BODY_INVALID", `the body is no ${encoding}`)));
    request.on("data", (chunk: Buffer) => {
      sent += chunk.length;
      pieces++;
      if (sent > bytesMax || pieces > bodyPiecesMax) fail(skeinError("SKEIN_HTTP_BODY_TOO_LARGE"));
      // The next piece waits for this one to be inflated.
      else if (!inflater.write(chunk)) {
        request.pause();
        inflater.once("drain", () => request.resume());
      }
    });
    request.on("end", () => inflater.end());
    const left = (): void => fail(skeinError("SKEIN_CALL_CANCELED", undefined, { outcome: "not_started" }));
    request.on("error", left);
    request.on("close", () => {
      if (!request.complete) left();
    });
  });
}

function inflaterOf(encoding: BodyEncoding): Transform {
  if (encoding === "gzip") return createGunzip();
  return encoding === "br" ? createBrotliDecompress() : createInflate();
}
