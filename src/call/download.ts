/**
 * Owns a download on both sides of a call: at the callee a head and then bytes, of the part that was asked for; at the
 * caller the two told apart again. It must never open the bytes before somebody wants them.
 */
import type { ByteRange, BytesOutput, Download, DownloadHead, DownloadSource } from "../contract/index.ts";
import { skeinError } from "../errors/index.ts";
import { openBytes } from "./byte-source.ts";

type Part = { readonly start: number; readonly end: number };

const over: IteratorResult<never> = Object.freeze({ done: true, value: undefined });
const typeOfBytes = "application/octet-stream";
const entityTag = /^(?:W\/)?"[\x21\x23-\x7e]*"$/;
const opaqueTag = /^[\x21\x23-\x7e]{1,512}$/;

/** The items of a download: its head, then its bytes. `id` is the endpoint's. */
export function openDownload(
  id: string,
  output: BytesOutput,
  answered: unknown,
  range: ByteRange | undefined,
): AsyncIterator<unknown> {
  const source = toSource(id, answered);
  const head = headOf(id, output, source);
  const part = range === undefined ? undefined : resolveRange(head, range);
  return new DownloadItems(id, source, part === undefined ? head : { ...head, range: part });
}

class DownloadItems implements AsyncIterator<unknown> {
  readonly #id: string;
  readonly #source: DownloadSource;
  readonly #head: DownloadHead;
  #isHeadGiven = false;
  #bytes: Promise<AsyncIterator<Uint8Array>> | undefined;
  #isStopped = false;
  /** Bytes that must still come; infinite where the size is not known. */
  #left: number;

  constructor(id: string, source: DownloadSource, head: DownloadHead) {
    const { range, size } = head;
    this.#id = id;
    this.#source = source;
    this.#head = head;
    this.#left = range === undefined ? (size ?? Number.POSITIVE_INFINITY) : range.end - range.start;
  }

  async next(): Promise<IteratorResult<unknown>> {
    if (!this.#isHeadGiven) {
      this.#isHeadGiven = true;
      return { done: false, value: this.#head };
    }
    if (this.#isStopped) return over;
    // Nothing to read: a source of no bytes need not be opened.
    if (this.#left === 0 && this.#bytes === undefined) return over;
    const bytes = await (this.#bytes ??= this.#open());
    for (;;) {
      const next = await bytes.next();
      if (next.done === true) return this.#ended();
      const piece: unknown = next.value;
      if (!(piece instanceof Uint8Array)) throw broken(this.#id, "has a piece that is not a Uint8Array");
      this.#left -= piece.length;
      if (this.#left < 0) throw broken(this.#id, "has more bytes than it said");
      if (piece.length > 0) return { done: false, value: piece };
    }
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#isStopped = true;
    // By way of the opening, which may end after its reader has left.
    await this.#bytes?.then((bytes) => bytes.return?.());
    return over;
  }

  #ended(): IteratorResult<unknown> {
    if (this.#left > 0 && this.#left !== Number.POSITIVE_INFINITY) throw broken(this.#id, "ended before its size");
    return over;
  }

  async #open(): Promise<AsyncIterator<Uint8Array>> {
    const { range, size } = this.#head;
    return openBytes(await this.#source.read({ start: range?.start ?? 0, end: range?.end ?? size }));
  }
}

function toSource(id: string, answered: unknown): DownloadSource {
  if (answered instanceof Uint8Array) {
    return { size: answered.length, read: ({ start, end }) => answered.subarray(start, end) };
  }
  if (typeof (answered as Partial<DownloadSource> | null | undefined)?.read !== "function") {
    throw broken(id, "is neither a Uint8Array nor download({ read })");
  }
  return answered as DownloadSource;
}

function headOf(id: string, output: BytesOutput, source: DownloadSource): DownloadHead {
  const { size, etag, modified, name } = source;
  if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) throw broken(id, "has a size that is none");
  if (modified !== undefined && !(modified instanceof Date && !Number.isNaN(modified.getTime()))) {
    throw broken(id, "has a time of modification that is no Date");
  }
  const type: unknown = source.type ?? output.type ?? typeOfBytes;
  // Visible ASCII: it becomes a header.
  if (typeof type !== "string" || !/^[\x20-\x7e]{3,255}$/.test(type))
    throw broken(id, "has a content type that is none");
  if (name !== undefined && (typeof name !== "string" || name === "" || name.length > 255)) {
    throw broken(id, "has a name that is not 1 to 255 characters");
  }
  return {
    type,
    ...(size !== undefined && { size }),
    ...(etag !== undefined && { etag: toEntityTag(id, etag) }),
    ...(modified !== undefined && { modified: new Date(modified) }),
    ...(name !== undefined && { name }),
  };
}

function toEntityTag(id: string, etag: string): string {
  if (entityTag.test(etag)) return etag;
  if (!opaqueTag.test(etag)) throw broken(id, "has an etag that is not 1 to 512 visible characters");
  return `"${etag}"`;
}

/**
 * The part that is meant, or `undefined` for the whole: without a size, or where the content has changed since. Throws
 * `SKEIN_CALL_RANGE` for a part that is not there.
 */
function resolveRange(head: DownloadHead, range: ByteRange): Part | undefined {
  const { size } = head;
  if (!isRange(range)) throw skeinError("SKEIN_CALL_RANGE", "a range has whole numbers: { start, end } or { suffix }");
  if (size === undefined || (range.ifRange !== undefined && !isUnchanged(head, range.ifRange))) return undefined;
  const part =
    range.suffix === undefined
      ? { start: range.start, end: Math.min(range.end ?? size, size) }
      : { start: Math.max(0, size - range.suffix), end: size };
  if (part.start < part.end) return part;
  throw skeinError("SKEIN_CALL_RANGE", `the range is outside of the ${size} bytes`, { data: { size } });
}

/** What arrives is whatever a caller sent. */
function isRange(range: ByteRange): boolean {
  const { start, end, suffix } = range as {
    readonly start?: unknown;
    readonly end?: unknown;
    readonly suffix?: unknown;
  };
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  if (suffix !== undefined) return isCount(suffix) && start === undefined && end === undefined;
  return isCount(start) && (end === undefined || isCount(end));
}

/** RFC 9110, 13.1.5: only a strong tag, or the very date. */
function isUnchanged({ etag, modified }: DownloadHead, ifRange: string): boolean {
  if (ifRange.startsWith('"')) return ifRange === etag;
  return modified !== undefined && Date.parse(ifRange) === Math.floor(modified.getTime() / 1_000) * 1_000;
}

function broken(id: string, what: string) {
  return skeinError("SKEIN_OUTPUT_INVALID", `the download of ${id} ${what}`);
}

/** A download as its caller reads it; `items` are its head and its bytes. */
export class IncomingDownload implements Download, AsyncIterableIterator<Uint8Array> {
  readonly #items: AsyncIterator<unknown>;
  #head: Promise<DownloadHead> | undefined;

  constructor(items: AsyncIterable<unknown>) {
    this.#items = items[Symbol.asyncIterator]();
  }

  get head(): Promise<DownloadHead> {
    if (this.#head === undefined) {
      this.#head = this.#items.next().then(({ value }) => value as DownloadHead);
      // Who reads only the bytes meets the failure there.
      this.#head.catch(() => undefined);
    }
    return this.#head;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    await this.head;
    return (await this.#items.next()) as IteratorResult<Uint8Array>;
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#items.return?.();
    return over;
  }
}
