/**
 * Owns the look at a JSON body's bytes before the parser sees them: depth, number of keys, refused keys. It must never
 * accept what the parser would refuse as well; it only bounds what parsing can cost.
 */
import { skeinError, type SkeinError } from "../errors/index.ts";

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const comma = 0x2c;
const refused = new Set(["__proto__", "constructor", "prototype"]);

/** What a JSON text may have at most, all of it together. */
export interface JsonLimits {
  /** Levels of nesting, at most 64: what is scanned is walked by functions that call themselves. */
  readonly depthMax: number;
  readonly keysMax: number;
  readonly itemsMax: number;
}

/**
 * The value of a JSON text, which is in the value set and shares nothing with anybody: nothing need copy it. Throws
 * `SKEIN_HTTP_BODY_INVALID`.
 */
export function parseJson(bytes: Uint8Array, limits: JsonLimits): unknown {
  const text = decode(bytes);
  const mayOverflow = scan(bytes, limits);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid("the body is not JSON");
  }
  if (mayOverflow && !isFinite(value)) throw invalid("the body has a number that is too large");
  return value;
}

/** As quick as Node's own check and conversion, measured, and there in every runtime. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw invalid("the body is not UTF-8");
  }
}

/** A number of fewer characters and without an exponent is finite: the largest double has 309 digits. */
const finiteCharsMax = 300;

/** Whether the parser would make `Infinity` of some number; at most 64 levels deep, which the scan has seen to. */
function isFinite(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every(isFinite);
}

/** Whether a number may be too large for a double. Throws what the limits refuse. */
function scan(bytes: Uint8Array, { depthMax, keysMax, itemsMax }: JsonLimits): boolean {
  let mayOverflow = false;
  /** Where what is no string, and so may be a number, began. */
  let bareFrom = 0;
  let depth = 0;
  let keys = 0;
  let commas = 0;
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte === quote) {
      const start = at + 1;
      const end = endOfString(bytes, start);
      at = end + 1;
      bareFrom = at;
      if (!isKey(bytes, at)) continue;
      if (++keys > keysMax) throw invalid(`the body has more than ${keysMax} keys`);
      checkKey(bytes, start, end);
      continue;
    }
    // e or E where no `true` or `false` has it: behind a digit.
    if ((byte | 0x20) === 0x65 && isDigit(bytes[at - 1])) mayOverflow = true;
    // { is 0x7b and [ is 0x5b; } is 0x7d and ] is 0x5d.
    if (byte === 0x7b || byte === 0x5b) {
      if (++depth > depthMax) throw invalid(`the body has more than ${depthMax} levels`);
    } else if (byte === 0x7d || byte === 0x5d) depth--;
    else if (byte === comma) {
      if (++commas > itemsMax) throw invalid(`the body has more than ${itemsMax} items`);
      if (at - bareFrom > finiteCharsMax) mayOverflow = true;
      bareFrom = at;
    }
    at++;
  }
  return mayOverflow || bytes.length - bareFrom > finiteCharsMax;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function endOfString(bytes: Uint8Array, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === quote) return at;
    if (byte === backslash) at++;
  }
  throw invalid("the body is not JSON");
}

/** A string is a key when a colon follows it. */
function isKey(bytes: Uint8Array, after: number): boolean {
  let at = after;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return bytes[at] === colon;
}

/** The longest of the refused keys, every character of it written as an escape. */
const refusedBytesMax = "constructor".length * 6;

function checkKey(bytes: Uint8Array, start: number, end: number): void {
  const length = end - start;
  if (length < 9 || length > refusedBytesMax) return;
  const first = bytes[start];
  // _ c p or an escape: nothing else can begin one of the three.
  if (first !== 0x5f && first !== 0x63 && first !== 0x70 && first !== backslash) return;
  let key = String.fromCharCode(...bytes.subarray(start, end));
  if (key.includes("\\")) {
    try {
      key = String(JSON.parse(`"${key}"`));
    } catch {
      throw invalid("the body is not JSON");
    }
  }
  if (refused.has(key)) throw invalid(`the body has the key ${key}`);
}

function invalid(detail: string): SkeinError {
  return skeinError("SKEIN_HTTP_BODY_INVALID", detail);
}
