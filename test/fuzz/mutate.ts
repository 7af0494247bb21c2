/**
 * Owns what the frame fuzzer does to a frame: changes of bytes that know nothing, and changes that know where numbers,
 * counts, keys and layouts are. Must give the same for the same randomness.
 */
import type { Random } from "../../src/core/index.ts";
import { Reader } from "../../src/transport/codec/reader.ts";
import { Writer } from "../../src/transport/codec/writer.ts";
import { frame } from "../../src/transport/frames.ts";
import { loose } from "../../src/transport/session.ts";

/** Length, type, call. */
const headBytes = 9;
const bytesMax = 70_000;

/** A frame changed; `others` are there to be spliced in. Never longer than 70,000 bytes. */
export type Mutator = (frame: Buffer, random: Random, others: () => Buffer) => Buffer;

function withBody(given: Buffer, body: Buffer): Buffer {
  const bytes = Buffer.concat([given.subarray(0, headBytes), body.subarray(0, bytesMax)]);
  bytes.writeUInt32LE(bytes.length - 4, 0);
  return bytes;
}

/** Puts `put` where `cut` bytes were. */
function spliced(given: Buffer, at: number, cut: number, put: Buffer): Buffer {
  const body = given.subarray(headBytes);
  return withBody(given, Buffer.concat([body.subarray(0, at), put, body.subarray(at + cut)]));
}

function somewhere(given: Buffer, random: Random): number {
  return random.int(given.length - headBytes + 1);
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.int(from.length)] as T;
}

/** LEB128, well-formed or not. */
const varints = [
  [0],
  [0x7f],
  [0x80, 0x01],
  [0x80, 0x00],
  [0xff, 0xff, 0x03],
  [0xff, 0xff, 0xff, 0xff, 0x07],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x80, 0x80, 0x80, 0x80, 0x10],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
].map((bytes) => Buffer.from(bytes));

const words = [
  0, 1, 4, 5, 8, 9, 0x7f, 0xff, 0xffff, 0x40_0000, 0x41_0000, 0x41_0001, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
];
const refusedKeys = ["__proto__", "constructor", "prototype"];
/** A list of one list of one list...; an object of one object. */
const nests = [Buffer.from([9, 1]), Buffer.from([10, 1, 0])];

const bytesOnly: Readonly<Record<string, Mutator>> = {
  flip(given, random) {
    const bytes = Buffer.from(given);
    for (let left = 1 + random.int(8); left > 0; left--) {
      const bit = random.int((bytes.length - 4) * 8) + 32;
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
    }
    return bytes;
  },
  /** Behind the first numbers, where texts and values are. */
  byte(given, random) {
    const bytes = Buffer.from(given);
    const from = Math.min(headBytes + 8, bytes.length - 1);
    const at = from + random.int(bytes.length - from);
    bytes[at] = random.int(2) === 0 ? random.int(256) : (bytes[at] as number) ^ (1 << random.int(8));
    return bytes;
  },
  set(given, random) {
    const bytes = Buffer.from(given);
    for (let left = 1 + random.int(4); left > 0; left--) bytes[4 + random.int(bytes.length - 4)] = random.int(256);
    return bytes;
  },
  cut(given, random) {
    return withBody(given, given.subarray(headBytes, headBytes + somewhere(given, random)));
  },
  remove(given, random) {
    return spliced(given, somewhere(given, random), 1 + random.int(16), Buffer.alloc(0));
  },
  insert(given, random) {
    return spliced(given, somewhere(given, random), 0, Buffer.from(random.bytes(1 + random.int(16))));
  },
  double(given, random) {
    const at = somewhere(given, random);
    return spliced(given, at, 0, given.subarray(headBytes + at, headBytes + at + 1 + random.int(64)));
  },
  splice(given, random, others) {
    const other = others().subarray(headBytes);
    const from = random.int(other.length + 1);
    return spliced(given, somewhere(given, random), random.int(64), other.subarray(from, from + random.int(128)));
  },
  swapBodies(given, _, others) {
    return withBody(given, others().subarray(headBytes));
  },
};

const aware: Readonly<Record<string, Mutator>> = {
  type(given, random) {
    const bytes = Buffer.from(given);
    bytes[4] = random.int(4) === 0 ? random.int(256) : 1 + random.int(17);
    return bytes;
  },
  call(given, random) {
    const bytes = Buffer.from(given);
    bytes.writeUInt32LE(random.int(2) === 0 ? random.int(6) : pick(random, words), 5);
    return bytes;
  },
  /** The frame's own length, which then leads elsewhere. */
  length(given, random) {
    const bytes = Buffer.from(given);
    bytes.writeUInt32LE((random.int(2) === 0 ? given.length - 4 + random.int(17) - 8 : pick(random, words)) >>> 0, 0);
    return bytes;
  },
  /** A length or number of four bytes inside, as that of a value is. */
  word(given, random) {
    if (given.length < headBytes + 4) return bytesOnly["insert"]!(given, random, () => given);
    const bytes = Buffer.from(given);
    // Those of a value stand near its beginning.
    const room = Math.min(bytes.length - headBytes - 3, random.int(2) === 0 ? 8 : 1_000);
    bytes.writeUInt32LE(pick(random, words), headBytes + random.int(room));
    return bytes;
  },
  varint(given, random) {
    return spliced(given, somewhere(given, random), random.int(3), pick(random, varints));
  },
  nest(given, random) {
    const one = pick(random, nests);
    const levels = pick(random, [3, 40, 62, 63, 64, 65, 66, 500, 5_000]);
    return spliced(given, somewhere(given, random), random.int(3), Buffer.alloc(levels * one.length, one));
  },
  count(given, random) {
    const tagged = Buffer.concat([Buffer.from([pick(random, [9, 10, 5, 8, 6])]), pick(random, varints)]);
    return spliced(given, somewhere(given, random), random.int(3), tagged);
  },
  /** Letters become a key that must never be one. */
  key(given, random) {
    const text = given.toString("latin1", headBytes);
    const runs = [...text.matchAll(/[a-z_0-9.]{9,}/gi)];
    if (runs.length === 0) return bytesOnly["set"]!(given, random, () => given);
    const bytes = Buffer.from(given);
    const run = pick(random, runs);
    const fits = refusedKeys.filter(({ length }) => length <= run[0].length);
    bytes.write(pick(random, fits), headBytes + run.index, "latin1");
    return bytes;
  },
  /** Long digits where a bigint or a text is. */
  digits(given, random) {
    const length = pick(random, [1, 400, 4_095, 4_096, 4_097, 4_098, 9_000]);
    const text = (random.int(2) === 0 ? "" : "-") + "9".repeat(length);
    const to = new Writer();
    loose.write(to, random.int(2) === 0 ? { a: text } : text);
    const bytes = Buffer.from(to.bytes.subarray(0, to.at));
    // As a text it is right; its tag is then made a bigint's.
    const at = bytes.indexOf(5, 5);
    if (at > 0 && random.int(4) > 0) bytes[at] = 6;
    return given[4] === frame.call || random.int(2) === 0
      ? spliced(given, somewhere(given, random), given.length, bytes)
      : withBody(given, bytes);
  },
  tree,
};

const spoken: ReadonlySet<number> = new Set([frame.hello, frame.method, frame.shape, frame.value, frame.error]);

/** A self-describing value changed as a value: keys, layouts and kinds instead of bytes. */
function tree(given: Buffer, random: Random, others: () => Buffer): Buffer {
  if (!spoken.has(given[4] as number)) return bytesOnly["splice"]!(given, random, others);
  const reader = new Reader();
  reader.over(given, headBytes, given.length);
  const value = changed(loose.read(reader), random, 0);
  const to = new Writer();
  loose.write(to, value);
  return withBody(given, Buffer.from(to.bytes.subarray(0, to.at)));
}

function changed(value: unknown, random: Random, level: number): unknown {
  const keys = typeof value === "object" && value !== null && !(value instanceof Date) ? Object.keys(value) : [];
  if (keys.length === 0 || random.int(3) === 0) return odd(random);
  const key = pick(random, keys);
  if (Array.isArray(value)) {
    const list = [...(value as unknown[])];
    const how = random.int(4);
    if (how === 0) list.splice(Number(key), 1);
    else if (how === 1) list.splice(Number(key), 0, list[random.int(list.length)]);
    else list[Number(key)] = changed(list[Number(key)], random, level + 1);
    return list;
  }
  const fields = { ...(value as Record<string, unknown>) };
  const how = random.int(6);
  if (how === 0) delete fields[key];
  else if (how === 1) fields[pick(random, ["is", "of", "fields", "required", "data", "code", "x"])] = odd(random);
  else fields[key] = level > 20 ? odd(random) : changed(fields[key], random, level + 1);
  return fields;
}

const oddities: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  0.5,
  2 ** 53 - 1,
  -(2 ** 52),
  2 ** 32,
  1e300,
  409,
  500,
  600,
  "",
  "a",
  "x".repeat(129),
  "é\ud800",
  "\0",
  "any",
  "list",
  "nothing",
  "record",
  "not_started",
  "OUT_OF_STOCK",
  10n ** 4_095n,
  -1n,
  new Date(8.64e15),
  new Uint8Array(3),
  [],
  {},
  [[]],
  { __proto_: 1 },
  "SKEIN_CALL_FAILED",
  "toString",
  "hasOwnProperty",
  "internal",
  "shop",
  Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? i : null)),
  ...[58, 61, 62, 63].map((levels) => nested(levels, [])),
  nested(30, { is: "any" }),
  nested(33, { is: "integer" }),
];

function odd(random: Random): unknown {
  return random.int(3) === 0 ? layout(random, { left: 1 + random.int(40) }) : pick(random, oddities);
}

const plain = ["nothing", "boolean", "integer", "number", "string", "bigint", "instant", "bytes", "any"];
const texts: readonly unknown[] = [["a", "b"], ["a", "a"], [], [1], "a"];

/** A layout, or nearly one, of no more parts than are left. */
function layout(random: Random, parts: { left: number }): unknown {
  const how = --parts.left < 0 ? 7 : random.int(8);
  switch (how) {
    case 0:
      return { is: "list", of: layout(random, parts) };
    case 1:
      return { is: "map", of: layout(random, parts) };
    case 2:
      return { is: "nullable", of: layout(random, parts) };
    case 3:
      return { is: "enum", of: pick(random, texts) };
    case 4:
    case 5: {
      const fields = Array.from({ length: random.int(10) }, (_, i) => ({
        name: random.int(8) === 0 ? pick<unknown>(random, ["f0", "toString", "", 7]) : `f${i}`,
        of: layout(random, parts),
      }));
      return { is: "record", fields, required: random.int(8) === 0 ? -1 : random.int(fields.length + 1) };
    }
    default:
      return { is: pick(random, plain) };
  }
}

function nested(levels: number, inside: unknown): unknown {
  let value = inside;
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { is: "list", of: value };
  return value;
}

export const mutators: readonly (readonly [string, Mutator])[] = Object.entries({ ...bytesOnly, ...aware });
