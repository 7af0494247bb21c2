/**
 * Owns reading a value by the layout its writer had, as the reader's own layout wants it: what a newer writer added is
 * dropped, what an older one lacks stays away, as in Avro's schema resolution (Apache Avro 1.12, "Schema Resolution"). It
 * must never fail at a difference: the validator behind it judges.
 */
import type { Field, Layout } from "./layout.ts";
import type { Reader } from "./reader.ts";
import { readAny, readBigint, readFinite, readInstant, readKey } from "./self-describing.ts";
import { WireError } from "./wire-error.ts";

export type Decode = (from: Reader) => unknown;

/** The reader of what `written` describes inside this many containers. Without `wanted`, or where it says nothing else, everything is kept. */
export function decoderOf(written: Layout, wanted?: Layout, level = 0): Decode {
  switch (written.is) {
    case "nothing":
      return () => undefined;
    case "boolean":
      return readBoolean;
    case "integer":
      return (from) => from.integer();
    case "number":
      return readFinite;
    case "string":
      return (from) => from.string();
    case "bigint":
      return readBigint;
    case "instant":
      return readInstant;
    case "bytes":
      return (from) => from.raw();
    case "any":
      return (from) => readAny(from, level);
    case "enum":
      return enumDecoder(written.of);
    case "nullable":
      return nullableDecoder(decoderOf(written.of, within(wanted, "nullable"), level));
    case "list":
      return listDecoder(decoderOf(written.of, within(wanted, "list"), level + 1));
    case "map":
      return mapDecoder(decoderOf(written.of, within(wanted, "map"), level + 1));
    case "record":
      return recordDecoder(written, wanted?.is === "nullable" ? wanted.of : wanted, level + 1);
  }
}

/** What the reader wants inside; a nullable on one side only is looked through. */
function within(wanted: Layout | undefined, is: "nullable" | "list" | "map"): Layout | undefined {
  if (wanted === undefined) return undefined;
  if (wanted.is === is) return wanted.of;
  if (is === "nullable") return wanted;
  return wanted.is === "nullable" && wanted.of.is === is ? wanted.of.of : undefined;
}

function readBoolean(from: Reader): boolean {
  const byte = from.u8();
  if (byte > 1) throw new WireError("a boolean that is none");
  return byte === 1;
}

function enumDecoder(texts: readonly string[]): Decode {
  return (from) => {
    const text = texts[from.varint()];
    if (text === undefined) throw new WireError("a choice that is none");
    return text;
  };
}

function nullableDecoder(inner: Decode): Decode {
  return (from) => (readBoolean(from) ? inner(from) : null);
}

function listDecoder(item: Decode): Decode {
  return (from) => {
    from.container();
    const count = from.items();
    const list: unknown[] = [];
    for (let i = 0; i < count; i++) list.push(item(from));
    return list;
  };
}

function mapDecoder(item: Decode): Decode {
  return (from) => {
    from.container();
    const count = from.items();
    const map: Record<string, unknown> = {};
    for (let i = 0; i < count; i++) {
      const key = readKey(from);
      map[key] = item(from);
    }
    return map;
  };
}

function recordDecoder(
  { fields, required }: Extract<Layout, { is: "record" }>,
  wanted: Layout | undefined,
  level: number,
): Decode {
  const known =
    wanted?.is === "record" ? new Map(wanted.fields.map((field) => [field.name, field] as const)) : undefined;
  const items = fields.map((field) => fieldDecoder(field, known, level));
  const names = fields.map(({ name }) => (known === undefined || known.has(name) ? name : undefined));
  const optional = fields.length - required;
  const maskBytes = Math.ceil(optional / 8);
  return (from) => {
    from.container();
    const record: Record<string, unknown> = {};
    for (let i = 0; i < required; i++) {
      const name = names[i];
      const value = (items[i] as Decode)(from);
      if (name !== undefined) record[name] = value;
    }
    if (optional === 0) return record;
    const mask = from.skip(maskBytes);
    for (let i = 0; i < optional; i++) {
      if (((from.bytes[mask + (i >> 3)] as number) & (1 << (i & 7))) === 0) continue;
      const name = names[required + i];
      const value = (items[required + i] as Decode)(from);
      if (name !== undefined) record[name] = value;
    }
    return record;
  };
}

function fieldDecoder(field: Field, known: ReadonlyMap<string, Field> | undefined, level: number): Decode {
  return decoderOf(field.of, known?.get(field.name)?.of, level);
}
