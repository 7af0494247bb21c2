/**
 * Owns the form of a value that needs no layout: a tag before each part. It must never let in what is outside the value
 * set, whoever sent it.
 */
import { ValueSetError } from "../../core/index.ts";
import { bigintDigitsMax, levelsMax } from "../limits.ts";
import type { Reader } from "./reader.ts";
import { WireError } from "./wire-error.ts";
import type { Writer } from "./writer.ts";

const tag = {
  null: 0,
  false: 1,
  true: 2,
  integer: 3,
  number: 4,
  string: 5,
  bigint: 6,
  instant: 7,
  bytes: 8,
  list: 9,
  object: 10,
  undefined: 11,
} as const;

const refusedKeys = new Set(["__proto__", "constructor", "prototype"]);
/** What a Date can hold: ECMA-262, 21.4.1.1. */
const instantMax = 8.64e15;

/** `level`: how many containers it is in already. Throws `ValueSetError` for what is outside the value set. */
export function writeAny(to: Writer, value: unknown, level = 0): void {
  switch (typeof value) {
    case "string":
      to.u8(tag.string);
      return to.string(value);
    case "number":
      return writeNumber(to, value);
    case "boolean":
      return to.u8(value ? tag.true : tag.false);
    case "bigint":
      to.u8(tag.bigint);
      return writeBigint(to, value);
    case "undefined":
      if (level > 0) throw new ValueSetError("$", "undefined");
      return to.u8(tag.undefined);
    case "object":
      if (value === null) return to.u8(tag.null);
      return writeObject(to, value, level);
    default:
      throw new ValueSetError("$", typeof value);
  }
}

export function readAny(from: Reader, level = 0): unknown {
  switch (from.u8()) {
    case tag.null:
      return null;
    case tag.false:
      return false;
    case tag.true:
      return true;
    case tag.integer:
      return from.integer();
    case tag.number:
      return readFinite(from);
    case tag.string:
      return from.string();
    case tag.bigint:
      return readBigint(from);
    case tag.instant:
      return readInstant(from);
    case tag.bytes:
      return from.raw();
    case tag.list:
      return readList(from, level);
    case tag.object:
      return readObject(from, level);
    case tag.undefined:
      if (level === 0) return undefined;
  }
  throw new WireError("an unknown tag");
}

export function writeBigint(to: Writer, value: bigint): void {
  const text = value.toString();
  if (text.length - (value < 0n ? 1 : 0) > bigintDigitsMax)
    throw new ValueSetError("$", `a bigint of more than ${bigintDigitsMax} digits`);
  to.string(text);
}

export function readBigint(from: Reader): bigint {
  const text = from.string();
  const digits = text.length - (text.startsWith("-") ? 1 : 0);
  if (digits > bigintDigitsMax || !/^-?\d+$/.test(text)) throw new WireError("a bigint that is none");
  return BigInt(text);
}

export function readInstant(from: Reader): Date {
  const ms = from.f64();
  if (!Number.isInteger(ms) || Math.abs(ms) > instantMax) throw new WireError("an instant that no date can hold");
  return new Date(ms);
}

export function readFinite(from: Reader): number {
  const value = from.f64();
  if (value - value !== 0) throw new WireError("a number that is not finite");
  return value;
}

/** Keys that have reached Object.prototype in other people's merges never become fields. */
export function readKey(from: Reader): string {
  const key = from.string();
  if (refusedKeys.has(key)) throw new WireError("a refused key");
  return key;
}

export function checkKey(key: string): void {
  if (refusedKeys.has(key)) throw new ValueSetError("$", `the key ${key}`);
}

function writeNumber(to: Writer, value: number): void {
  if (Number.isInteger(value) && Math.abs(value) < 0x3fffffff && !Object.is(value, -0)) {
    to.u8(tag.integer);
    return to.integer(value);
  }
  if (!Number.isFinite(value)) throw new ValueSetError("$", String(value));
  to.u8(tag.number);
  to.f64(value);
}

function writeObject(to: Writer, value: object, level: number): void {
  if (level > levelsMax) throw new ValueSetError("$", `more than ${levelsMax} levels`);
  if (Array.isArray(value)) {
    to.u8(tag.list);
    to.varint(value.length);
    for (const item of value as unknown[]) writeAny(to, item, level + 1);
    return;
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new ValueSetError("$", "invalid Date");
    to.u8(tag.instant);
    return to.f64(value.getTime());
  }
  if (value instanceof Uint8Array) {
    to.u8(tag.bytes);
    return to.raw(value);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new ValueSetError("$", value.constructor?.name ?? "object");
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  to.u8(tag.object);
  to.varint(fields.length);
  for (const [key, field] of fields) {
    checkKey(key);
    to.string(key);
    writeAny(to, field, level + 1);
  }
}

function readList(from: Reader, level: number): unknown[] {
  if (level > levelsMax) throw new WireError(`more than ${levelsMax} levels`);
  from.container();
  const count = from.count();
  const list: unknown[] = [];
  for (let i = 0; i < count; i++) list.push(readAny(from, level + 1));
  return list;
}

function readObject(from: Reader, level: number): Record<string, unknown> {
  if (level > levelsMax) throw new WireError(`more than ${levelsMax} levels`);
  from.container();
  const count = from.count();
  const fields: Record<string, unknown> = {};
  for (let i = 0; i < count; i++) {
    const key = readKey(from);
    fields[key] = readAny(from, level + 1);
  }
  return fields;
}
