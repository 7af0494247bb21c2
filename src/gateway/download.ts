/**
 * Owns answering with a download: its head as headers, conditions, ranges, then bytes at the client's pace. It must never
 * read ahead of the client, nor send a byte more or less than it has announced.
 */
import type { DownloadHead } from "../contract/index.ts";
import type { Exchange, Headers } from "./exchange.ts";
import { skeinError } from "../errors/index.ts";
import { conditionStatus } from "./preconditions.ts";
import { toError } from "./problem.ts";
import type { Route } from "./router.ts";

/** Sends a download to its end. Rejects with the handler's error only while nothing has been sent. */
export async function sendDownload(
  exchange: Exchange,
  route: Route,
  items: AsyncIterable<unknown>,
  cacheControl: string,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    const first = await iterator.next();
    const head = first.value as DownloadHead;
    const condition = conditionStatus(exchange, head);
    if (condition === 412) throw skeinError("SKEIN_HTTP_PRECONDITION");
    const headers = { ...validatorsOf(head), "cache-control": cacheControl };
    if (condition === 304) return exchange.send(304, headers);
    const all = { ...headers, ...contentOf(head) };
    const status = head.range === undefined ? route.status : 206;
    if (exchange.verb === "HEAD") return exchange.send(status, all);
    exchange.open(status, all);
    await sendBytes(exchange, iterator);
  } catch (thrown) {
    if (!exchange.isAnswered) throw thrown;
    exchange.code = toError(thrown).code;
    // Nothing is said: the client expects bytes, and sees by their number, or the missing last chunk, that some are lacking.
    exchange.breakOff();
  } finally {
    // Not awaited: a source that hangs in its own wait would hang this too; its signal has told it.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

async function sendBytes(exchange: Exchange, iterator: AsyncIterator<unknown>): Promise<void> {
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    const full = exchange.write(next.value as Uint8Array);
    if (full !== undefined) await full;
    if (exchange.isOver) return;
  }
  exchange.end();
}

function validatorsOf({ etag, modified }: DownloadHead): Headers {
  return {
    ...(etag !== undefined && { etag }),
    ...(modified !== undefined && { "last-modified": modified.toUTCString() }),
  };
}

function contentOf({ size, type, name, range }: DownloadHead): Headers {
  const headers: Record<string, string | number> = { "content-type": type };
  // Without a size a range is never met; the client need not try.
  headers["accept-ranges"] = size === undefined ? "none" : "bytes";
  if (range !== undefined) {
    headers["content-length"] = range.end - range.start;
    headers["content-range"] = `bytes ${range.start}-${range.end - 1}/${size}`;
  } else if (size !== undefined) headers["content-length"] = size;
  if (name !== undefined) headers["content-disposition"] = attachment(name);
  return headers;
}

/**
 * RFC 6266: the name twice, as old readers take it and as it is (RFC 8187). What could end the header, the quotes or a
 * folder's name never gets into either.
 */
export function attachment(name: string): string {
  // A file's name, whatever path somebody made it of; and no half of a surrogate pair, which cannot be encoded.
  const safe = name.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f/\\]/g, "_");
  const plain = safe.replace(/[^\x20-\x7e]/g, "_").replace(/["%]/g, "_");
  const value = `attachment; filename="${plain}"`;
  if (plain === safe) return value;
  const encoded = encodeURIComponent(safe).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${value}; filename*=UTF-8''${encoded}`;
}
