/**
 * Owns what may be a parameter of a statement and how it is written, alike for both engines.
 * It must never let a value become NULL, or lose part of itself, in silence.
 */
import { skeinError, type SkeinError } from "../../errors/index.ts";

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;
/** Levels of a JSON value, as everywhere in Skein. */
const jsonDepthMax = 64;

/** What reaches a driver. SQLite takes no booleans and would bind every number as a float. */
export type Bindable = null | string | number | bigint | boolean | Uint8Array | readonly unknown[];

/** How an engine wants a value that both spell differently. */
export interface Spelling {
  boolean(value: boolean): Bindable;
  number(value: number): Bindable;
  /** Arrays are JSON in portable code; the `postgres` dialect keeps PostgreSQL's own arrays. */
  array(value: readonly unknown[]): Bindable;
}

export const sqliteSpelling: Spelling = {
  boolean: (value) => (value ? 1n : 0n),
  // A whole number must be bound as an integer, or a text column would store "5.0".
  number: (value) => (Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value),
  array: (value) => jsonText(value),
};

export const portablePostgresSpelling: Spelling = {
  boolean: (value) => value,
  number: (value) => value,
  array: (value) => jsonText(value),
};

export const postgresSpelling: Spelling = { ...portablePostgresSpelling, array: (value) => value };

/** Parameters as a driver takes them; `SKEIN_DATA_VALUE` names the first that cannot be stored. */
export function toBindables(parameters: readonly unknown[], spelling: Spelling): Bindable[] {
  return parameters.map((value, index) => toBindable(value, spelling, index));
}

function toBindable(value: unknown, spelling: Spelling, index: number): Bindable {
  switch (typeof value) {
    case "string":
      return text(value, index);
    case "number":
      if (!Number.isFinite(value)) throw refused(index, String(value));
      return spelling.number(value);
    case "boolean":
      return spelling.boolean(value);
    case "bigint":
      if (value < int64Min || value > int64Max) throw refused(index, "a bigint of more than 64 bits");
      return value;
    case "object":
      return value === null ? null : objectValue(value, spelling, index);
    default:
      throw refused(index, typeof value);
  }
}

function objectValue(value: object, spelling: Spelling, index: number): Bindable {
  if (value instanceof Date) return dateText(value, index);
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return spelling.array(value);
  if (isPlain(value)) return jsonText(value);
  throw refused(index, Object.prototype.toString.call(value));
}

/** PostgreSQL has neither U+0000 nor halves of surrogate pairs; a driver would replace them without a word. */
function text(value: string, index: number): string {
  if (value.includes("\0")) throw refused(index, "text with the character U+0000");
  if (!value.isWellFormed()) throw refused(index, "text with half of a surrogate pair");
  return value;
}

/** ISO 8601 in UTC with milliseconds: sorts as text as it does in time. */
export function dateText(value: Date, index = 0): string {
  const year = value.getUTCFullYear();
  // Also false for an invalid Date.
  if (!(year >= 1 && year <= 9_999)) throw refused(index, "a Date that is invalid or outside the years 1 to 9999");
  return value.toISOString();
}

/** JSON of plain data only: what JSON.stringify would drop or change is refused, with its path. */
export function jsonText(value: unknown): string {
  checkJson(value, "$", 0);
  return JSON.stringify(value);
}

function checkJson(value: unknown, path: string, depth: number): void {
  if (depth > jsonDepthMax) throw refusedJson(path, `more than ${jsonDepthMax} levels`);
  if (value === null || typeof value === "boolean") return;
  if (typeof value === "number") {
    if (!Number.isFinite(value) || Object.is(value, -0))
      throw refusedJson(path, Object.is(value, -0) ? "-0" : String(value));
  } else if (typeof value === "string") {
    if (value.includes("\0") || !value.isWellFormed()) throw refusedJson(path, "text that no JSON column holds");
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkJson(item, `${path}[${index}]`, depth + 1);
  } else if (typeof value === "object" && isPlain(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (key.includes("\0") || !key.isWellFormed()) throw refusedJson(path, "a key that no JSON column holds");
      if (item !== undefined) checkJson(item, `${path}.${key}`, depth + 1);
    }
  } else throw refusedJson(path, typeof value === "object" ? Object.prototype.toString.call(value) : typeof value);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === Object.prototype || prototype === null;
}

/** A whole number of 64 bits as read: a number when that is exact, else a bigint. */
export function toInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** UTC when the text carries no zone, which is how both engines store a timestamp without one. */
export function toDate(value: string): Date {
  const iso = value.includes("T") ? value : value.replace(" ", "T");
  const zoned = /(?:Z|[+-]\d\d(?::?\d\d)?)$/.test(iso) && iso.includes("T") ? iso : `${iso}Z`;
  // PostgreSQL writes +00 for +00:00.
  const date = new Date(zoned.replace(/([+-]\d\d)$/, "$1:00"));
  if (Number.isNaN(date.getTime())) throw unreadable("a timestamp column holds what is not a timestamp");
  return date;
}

export function parseJson(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch (cause) {
    throw unreadable("a json column holds text that is not JSON", cause);
  }
}

function unreadable(detail: string, cause?: unknown): SkeinError {
  return skeinError("SKEIN_DATA_VALUE", detail, { cause });
}

function refused(index: number, found: string): SkeinError {
  return skeinError("SKEIN_DATA_VALUE", `parameter ${index + 1} of the statement is ${found}, which no column holds`);
}

function refusedJson(path: string, found: string): SkeinError {
  return skeinError("SKEIN_DATA_VALUE", `${path} of a JSON parameter is ${found}, which JSON does not hold`);
}
