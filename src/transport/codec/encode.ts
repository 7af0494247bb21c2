/**
 * Owns writing a value by its layout, without names or tags. A value that does not fit exactly is unfit as a whole: it is
 * then sent self-describing, so that the reader's validator says what it would have said near. It must never drop or
 * change a part of a value.
 */
import { ValueSetError } from "../../core/index.ts";
import type { Layout } from "./layout.ts";
import { writeAny, writeBigint } from "./self-describing.ts";
import { unfit, type Writer } from "./writer.ts";

export type Encode = (to: Writer, value: unknown) => void;

/** The writer of a layout inside this many containers, put together once. */
export function encoderOf(layout: Layout, level = 0): Encode {
  switch (layout.is) {
    case "nothing":
      return (_, value) => (value === undefined ? undefined : unfit());
    case "boolean":
      return (to, value) => to.u8(value === true ? 1 : value === false ? 0 : unfit());
    case "integer":
      return (to, value) => (Number.isInteger(value) && !Object.is(value, -0) ? to.integer(value as number) : unfit());
    case "number":
      return (to, value) => (Number.isFinite(value) ? to.f64(value as number) : unfit());
    case "string":
      return (to, value) => (typeof value === "string" ? to.string(value) : unfit());
    case "bigint":
      return (to, value) => (typeof value === "bigint" ? writeBigint(to, value) : unfit());
    case "instant":
      return writeInstant;
    case "bytes":
      return (to, value) => (value instanceof Uint8Array ? to.raw(value) : unfit());
    case "any":
      // Inside a layout there is a field to fill, which `undefined` cannot.
      return (to, value) => (value === undefined ? unfit() : writeAny(to, value, level));
    case "enum":
      return enumEncoder(layout.of);
    case "nullable":
      return nullableEncoder(encoderOf(layout.of, level));
    case "list":
      return listEncoder(encoderOf(layout.of, level + 1));
    case "map":
      return mapEncoder(encoderOf(layout.of, level + 1));
    case "record":
      return recordEncoder(layout, level + 1);
  }
}

function writeInstant(to: Writer, value: unknown): void {
  if (!(value instanceof Date)) return unfit();
  const ms = value.getTime();
  if (Number.isNaN(ms)) throw new ValueSetError("$", "invalid Date");
  to.f64(ms);
}

function enumEncoder(texts: readonly string[]): Encode {
  const indexes = new Map(texts.map((text, index) => [text, index] as const));
  return (to, value) => to.varint(indexes.get(value as string) ?? unfit());
}

function nullableEncoder(inner: Encode): Encode {
  return (to, value) => {
    if (value === null) return to.u8(0);
    to.u8(1);
    inner(to, value);
  };
}

function listEncoder(item: Encode): Encode {
  return (to, value) => {
    if (!Array.isArray(value)) return unfit();
    const { length } = value;
    to.varint(length);
    for (let i = 0; i < length; i++) item(to, value[i]);
  };
}

function mapEncoder(item: Encode): Encode {
  return (to, value) => {
    const fields = plain(value);
    const keys = Object.keys(fields).filter((key) => fields[key] !== undefined);
    to.varint(keys.length);
    for (const key of keys) {
      // Which key may not be is for the self-describing form to say.
      if (key === "__proto__" || key === "constructor" || key === "prototype") return unfit();
      to.string(key);
      item(to, fields[key]);
    }
  };
}

function recordEncoder({ fields, required }: Extract<Layout, { is: "record" }>, level: number): Encode {
  const names = fields.map(({ name }) => name);
  const items = fields.map(({ of }) => encoderOf(of, level));
  const optional = names.length - required;
  const maskBytes = Math.ceil(optional / 8);
  return (to, value) => {
    const record = plain(value);
    let written = required;
    for (let i = 0; i < required; i++) (items[i] as Encode)(to, record[names[i] as string]);
    if (optional > 0) {
      to.need(maskBytes);
      const mask = to.at;
      to.at += maskBytes;
      for (let i = 0; i < maskBytes; i++) to.bytes[mask + i] = 0;
      for (let i = 0; i < optional; i++) {
        const field = record[names[required + i] as string];
        if (field === undefined) continue;
        const at = mask + (i >> 3);
        (items[required + i] as Encode)(to, field);
        to.bytes[at] = (to.bytes[at] as number) | (1 << (i & 7));
        written++;
      }
    }
    let present = 0;
    for (const _ in record) present++;
    if (present !== written && definedOf(record) !== written) unfit();
  };
}

/** Fields that are there; an `undefined` one is none. */
function definedOf(record: Record<string, unknown>): number {
  let defined = 0;
  for (const name in record) if (record[name] !== undefined) defined++;
  return defined;
}

function plain(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) return unfit();
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? (value as Record<string, unknown>) : unfit();
}
