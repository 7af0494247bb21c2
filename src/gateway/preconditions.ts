/**
 * Owns conditional requests (RFC 9110, 13) and byte ranges (14) as a client writes them. It must never read the content:
 * what is known of it decides.
 */
import type { ByteRange } from "../contract/index.ts";
import type { Exchange } from "./exchange.ts";

/** What can be compared of a representation. */
export interface Validators {
  readonly etag?: string | undefined;
  readonly modified?: Date | undefined;
}

/** The status that a client's conditions ask for, or `undefined` to go on; in the order of RFC 9110, 13.2.2. */
export function conditionStatus(exchange: Exchange, { etag, modified }: Validators): 304 | 412 | undefined {
  const ifMatch = exchange.header("if-match");
  const unmodified = exchange.header("if-unmodified-since");
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, etag, true)) return 412;
  } else if (unmodified !== undefined && isLater(modified, unmodified)) return 412;
  const noneMatch = exchange.header("if-none-match");
  if (noneMatch !== undefined) return matches(noneMatch, etag, false) ? 304 : undefined;
  const since = exchange.header("if-modified-since");
  if (since === undefined || modified === undefined || Number.isNaN(Date.parse(since))) return undefined;
  return isLater(modified, since) ? undefined : 304;
}

/** An HTTP date has whole seconds. */
function isLater(modified: Date | undefined, than: string): boolean {
  const limit = Date.parse(than);
  return modified !== undefined && !Number.isNaN(limit) && Math.floor(modified.getTime() / 1_000) * 1_000 > limit;
}

/** Whether a list of entity tags names this one. A strong comparison takes no weak tag. */
export function matches(list: string, etag: string | undefined, isStrong: boolean): boolean {
  // Any representation: what is being answered is one.
  if (list.trim() === "*") return true;
  if (etag === undefined || (isStrong && etag.startsWith("W/"))) return false;
  const opaque = etag.replace(/^W\//, "");
  // A comma may stand inside a tag, so that the list cannot be split at commas.
  for (const [tag] of list.matchAll(/(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g)) {
    if (isStrong ? tag === etag : tag.replace(/^W\//, "") === opaque) return true;
  }
  return false;
}

const single = /^bytes=[ \t]*(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))[ \t]*$/i;

/**
 * The one range that a request asks for. `undefined` is the whole: without a range, with several (RFC 9110 leaves that to
 * the server, and parts of parts are how servers were made to send far more than they have), and with one that is none.
 */
export function rangeOf(exchange: Exchange): ByteRange | undefined {
  const header = exchange.header("range");
  if (header === undefined || exchange.verb !== "GET") return undefined;
  const match = single.exec(header);
  if (match === null) return undefined;
  const ifRange = exchange.header("if-range");
  const condition = ifRange === undefined ? {} : { ifRange };
  if (match[3] !== undefined) return { suffix: Number(match[3]), ...condition };
  const start = Number(match[1]);
  if (match[2] === "") return { start, ...condition };
  // The last byte of a range belongs to it. An end before its start makes the header invalid, and so ignored.
  const end = Number(match[2]) + 1;
  return end > start ? { start, end, ...condition } : undefined;
}
