/**
 * Owns how a contract says that a method takes or gives bytes: bodies with their limits, downloads, and what travels with
 * them. Plain data. It must never hold the bytes themselves, nor anything that cannot run in a browser.
 */
import { contractInvalid } from "./invalid.ts";

/** Bytes: a whole number, or `"256KiB"`, `"10MB"`, `"2GiB"` (KB is 1,000 bytes, KiB 1,024). @since 0.1.0 */
export type Size = number | `${number}${"B" | "KB" | "MB" | "GB" | "TB" | "KiB" | "MiB" | "GiB" | "TiB"}`;

/** A body that a caller sends. @since 0.1.0 */
export interface BodySpec {
  /** Most bytes that are taken; more ends the call with `SKEIN_HTTP_BODY_TOO_LARGE`. */
  readonly max: number;
  /** Content types that are taken, in lower case, as `image/png` or `image/*`; any where it is `undefined`. */
  readonly types: readonly string[] | undefined;
  /** Whether all of it is there before the handler starts; else it arrives while the handler runs. */
  readonly isRaw: boolean;
}

/** A body that streams into the handler. @since 0.1.0 */
export interface BytesBody extends BodySpec {
  readonly isRaw: false;
}

/** A body whose exact bytes are there when the handler starts. @since 0.1.0 */
export interface RawBody extends BodySpec {
  readonly isRaw: true;
}

/** The output of a method that answers with bytes: a download. @since 0.1.0 */
export interface BytesOutput {
  readonly bytes: true;
  /** The content type where the handler gives none. */
  readonly type: string | undefined;
}

/** Limits of a body. @since 0.1.0 */
export interface BodyOptions {
  /** Most bytes that are taken. */
  readonly max: Size;
  /** Content types that are taken: `["image/*", "application/pdf"]`; any unless given. */
  readonly types?: readonly string[];
}

/** What is known of a sent body before its bytes. @since 0.1.0 */
export interface BodyHead {
  /** As the caller says; nobody has looked at the bytes. */
  readonly type?: string | undefined;
  /** Bytes, where the caller says so beforehand. */
  readonly length?: number | undefined;
}

/** A body as a handler reads it, once. @since 0.1.0 */
export interface Body extends AsyncIterable<Uint8Array> {
  /** The content type that the caller gave, in lower case but for its parameters' values; nobody has looked at the bytes. */
  readonly type: string | undefined;
  /** Bytes, where they are known beforehand. */
  readonly length: number | undefined;
  /**
   * Calls `take` with one piece after the other, and resolves with the number of bytes. A piece is lent: once `take` is
   * done its memory is used again, so that gigabytes take no more of it than kilobytes. A piece that was kept is empty.
   */
  each(take: (piece: Uint8Array) => void | Promise<void>): Promise<number>;
  /** All of it, at most the contract's `max`. A raw body can be asked more than once. */
  bytes(): Promise<Uint8Array>;
  /** All of it as UTF-8 text; bytes that are none become U+FFFD. */
  text(): Promise<string>;
}

/** What a `ReadableStream` has that is needed of it, here where no platform's types are. */
export interface ReadableBytes {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
    cancel(reason?: unknown): Promise<void>;
  };
}

/** What a caller may send as a body: bytes, or a stream of them that is read as fast as the handler reads. @since 0.1.0 */
export type BodySource = Uint8Array | AsyncIterable<Uint8Array> | ReadableBytes;

/** Part of a download: from `start` up to and without `end`, or the last `suffix` bytes. @since 0.1.0 */
export type ByteRange = (
  | { readonly start: number; readonly end?: number | undefined; readonly suffix?: undefined }
  | { readonly suffix: number; readonly start?: undefined; readonly end?: undefined }
) & {
  /** An entity tag or an HTTP date: the range counts only while the content is this one, else the whole is given. */
  readonly ifRange?: string | undefined;
};

/** What is known of a download before its bytes. @since 0.1.0 */
export interface DownloadHead {
  /** Bytes of the whole, where they are known. */
  readonly size?: number | undefined;
  readonly type: string;
  /** A whole entity tag with its quotes, as HTTP writes it. */
  readonly etag?: string | undefined;
  readonly modified?: Date | undefined;
  /** The file's name for whoever saves it. */
  readonly name?: string | undefined;
  /** What follows, where it is a part: from `start` up to and without `end`. */
  readonly range?: { readonly start: number; readonly end: number } | undefined;
}

/** A download as its caller reads it: pieces as they come, at the reader's pace, once. @since 0.1.0 */
export interface Download extends AsyncIterable<Uint8Array> {
  /** What is known of it. Asking starts the call; leave it by reading to the end, or by `return()` of its iterator. */
  readonly head: Promise<DownloadHead>;
}

/** A download as a handler gives it; made by `download()`. @since 0.1.0 */
export interface DownloadSource {
  readonly size?: number | undefined;
  readonly type?: string | undefined;
  readonly etag?: string | undefined;
  readonly modified?: Date | undefined;
  readonly name?: string | undefined;
  /**
   * Opens the bytes from `start` up to and without `end` (`undefined`: to the end, where `size` is not known). Called at
   * most once, and only if bytes are wanted. Each piece is copied before the next is asked for.
   */
  readonly read: (part: {
    readonly start: number;
    readonly end: number | undefined;
  }) => BodySource | Promise<BodySource>;
}

/** Larger bodies are streams: a raw one is in memory, once for each call in flight. */
const rawBytesMax = 16 * 1024 * 1024;
const units: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const sizes = /^(\d{1,15}(?:\.\d{1,6})?)(B|[KMGT]i?B)$/;
const token = /^[a-z0-9!#$&^_.+-]{1,127}\/(?:\*|[a-z0-9!#$&^_.+-]{1,127})$/;

/**
 * As a `body` (it needs `max`): bytes that stream into the handler, never held as a whole. For actions. As an `output`:
 * a download, with byte ranges. For queries and actions. Throws `SKEIN_CONTRACT_INVALID` for a size or type that is none.
 * @since 0.1.0
 */
export function bytes(spec: BodyOptions): BytesBody;
/** @since 0.1.0 */
export function bytes(spec?: { readonly type?: string }): BytesOutput;
export function bytes(spec: Partial<BodyOptions> & { readonly type?: string } = {}): BytesBody | BytesOutput {
  if (spec.max !== undefined) return bodyOf("bytes", spec as BodyOptions, false) as BytesBody;
  if (spec.types !== undefined) throw contractInvalid('bytes: a body needs a limit, such as max: "2GiB"');
  if (spec.type !== undefined && (!token.test(spec.type) || spec.type.endsWith("*"))) {
    throw contractInvalid(`bytes: "${spec.type}" is not a content type, such as "image/png"`);
  }
  return Object.freeze({ bytes: true, type: spec.type });
}

/**
 * A body whose exact bytes are there when the handler starts, as a webhook's signature needs them. For commands, whose
 * idempotency key then stands for the bytes too, and for actions. `max` is at most 16 MiB. Throws `SKEIN_CONTRACT_INVALID`.
 * @since 0.1.0
 */
export function raw(spec: BodyOptions): RawBody {
  return bodyOf("raw", spec, true) as RawBody;
}

/** Whether an output is a download. */
export function isBytes(output: object): output is BytesOutput {
  return "bytes" in output && output.bytes === true;
}

/** The bytes of a size. Throws `SKEIN_CONTRACT_INVALID`; `what` says where it stands. */
export function toByteCount(size: Size, what: string): number {
  const match = typeof size === "string" ? sizes.exec(size) : null;
  const count = match === null ? size : Number(match[1]) * (units[match[2] ?? ""] ?? Number.NaN);
  if (typeof count !== "number" || !Number.isSafeInteger(count) || count < 1) {
    throw contractInvalid(`${what}: ${JSON.stringify(size)} is no size: write a number of bytes or "256KiB", "2GiB"`);
  }
  return count;
}

/** Whether a content type, with or without parameters, is among those that a body takes. */
export function takesType(spec: BodySpec, type: string | undefined): boolean {
  if (spec.types === undefined) return true;
  const name = (type ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return spec.types.some((one) => one === name || (one.endsWith("/*") && name.startsWith(one.slice(0, -1))));
}

function bodyOf(which: string, spec: BodyOptions, isRaw: boolean): BodySpec {
  if (typeof spec !== "object" || spec === null || spec.max === undefined) {
    throw contractInvalid(`${which}: a body needs a limit, such as max: "256KiB"`);
  }
  const max = toByteCount(spec.max, `${which}.max`);
  if (isRaw && max > rawBytesMax) throw contractInvalid(`raw: at most 16 MiB are kept in memory; use bytes for more`);
  const types = spec.types?.map((type) => type.toLowerCase());
  if (types !== undefined && types.length === 0) throw contractInvalid(`${which}: types names no content type`);
  for (const type of types ?? []) {
    if (!token.test(type)) throw contractInvalid(`${which}: "${type}" is not a content type, such as "image/*"`);
  }
  return Object.freeze({ max, types: types && Object.freeze(types), isRaw });
}
