/**
 * From bytes to lines, in flat memory: opens a file, unpacks gzip, cuts into numbered lines.
 * Must never hold more than one chunk and one line, however long the file or the line is.
 */
import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { ImportError } from "./errors.ts";

/** Bytes of one line, without its line end. */
const lineBytesMax = 64 * 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Consecutive lines; `undefined` stands for one longer than {@link lineBytesMax}, whose content was not kept. */
export interface LineBlock {
  /** Number of the first line; the file's first is 1. */
  readonly first: number;
  readonly lines: readonly (string | undefined)[];
}

export interface SourceFile {
  /** Size on disk, packed if the file is. */
  readonly bytesTotal: number;
  /** Bytes taken from the disk so far. */
  bytesRead(): number;
  /** The content, unpacked when it is gzip. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Opens a plain or gzip file. Throws {@link ImportError} `unreadable-file`, `empty-file` or, while read, `broken-gzip`. */
export async function openSource(path: string): Promise<SourceFile> {
  const info = await stat(path).catch((cause: unknown) => unreadable(path, cause));
  if (!info.isFile()) throw new ImportError("unreadable-file", `${path} is not a file`);
  if (info.size === 0) throw new ImportError("empty-file", `${path} is empty`);
  const stream = createReadStream(path);
  return {
    bytesTotal: info.size,
    bytesRead: () => stream.bytesRead,
    chunks: unpacked(readable(path, stream)),
  };
}

async function* readable(path: string, stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (cause) {
    unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): never {
  const code = (cause as NodeJS.ErrnoException).code;
  const why =
    code === "ENOENT" ? "there is no such file" : code === "EACCES" ? "permission denied" : (code ?? "failed");
  throw new ImportError("unreadable-file", `cannot read ${path}: ${why}`, { cause });
}

/** The same bytes, unpacked when the first two say gzip, whatever the file is called. */
export async function* unpacked(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const rest = source[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < 2) {
    const { value, done } = await rest.next();
    if (done === true) break;
    head = head.length === 0 ? value : Buffer.concat([head, value]);
  }
  const whole = (async function* () {
    try {
      yield head;
      yield* { [Symbol.asyncIterator]: () => rest };
    } finally {
      await rest.return?.();
    }
  })();
  if (head[0] === 0x1f && head[1] === 0x8b) yield* gunzipped(whole);
  else yield* whole;
}

async function* gunzipped(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: 64 * 1024 });
  // The loop below sees the failure too, because `pipeline` destroys `gunzip` with it.
  const pumped = pipeline(Readable.from(source, { objectMode: false }), gunzip).catch(() => undefined);
  try {
    yield* gunzip as AsyncIterable<Uint8Array>;
  } catch (cause) {
    if (cause instanceof ImportError) throw cause;
    const cut = (cause as NodeJS.ErrnoException).code === "Z_BUF_ERROR";
    const why = cut ? "the gzip file is cut short" : "the gzip file is damaged";
    throw new ImportError("broken-gzip", `${why}; fetch it again and import it again`, { cause });
  } finally {
    gunzip.destroy();
    await pumped;
  }
}

/** Cuts at LF or CRLF; a byte order mark is dropped. Bytes that are not UTF-8 are read as Latin-1, line by line. */
export async function* readLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<LineBlock> {
  let next = 1;
  let carry: Uint8Array = new Uint8Array(0);
  /** The current line is over the limit: its bytes are passed by until it ends. */
  let tooLong = false;
  for await (const chunk of source) {
    const lines: (string | undefined)[] = [];
    let from = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, from)) {
      const tail = chunk.subarray(from, end);
      if (tooLong || carry.length + tail.length > lineBytesMax) lines.push(undefined);
      else lines.push(toText(carry.length === 0 ? tail : Buffer.concat([carry, tail]), next + lines.length === 1));
      carry = new Uint8Array(0);
      tooLong = false;
      from = end + 1;
    }
    const tail = chunk.subarray(from);
    tooLong ||= carry.length + tail.length > lineBytesMax;
    if (tooLong) carry = new Uint8Array(0);
    else if (tail.length > 0) carry = Buffer.concat([carry, tail]);
    if (lines.length > 0) yield { first: next, lines };
    next += lines.length;
  }
  if (tooLong || carry.length > 0) {
    yield { first: next, lines: [tooLong ? undefined : toText(carry, next === 1)] };
  }
}

function toText(bytes: Uint8Array, isFirst: boolean): string {
  const end = bytes.at(-1) === carriageReturn ? bytes.length - 1 : bytes.length;
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, end);
  const text = line.toString(isUtf8(line) ? "utf8" : "latin1");
  return isFirst && text.startsWith("\u{feff}") ? text.slice(1) : text;
}
