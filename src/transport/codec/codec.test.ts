/** Owns the proof that what is written is what is read. It must never depend on what a schema library checks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as z from "zod";
import { describeSchema, PlainParser, unsure } from "../../contract/shapes.ts";
import type { Schema } from "../../contract/index.ts";
import { copyValue, ValueSetError } from "../../core/index.ts";
import { anything, fitting } from "./fixtures/values.ts";
import { Codec } from "./codec.ts";
import type { Layout } from "./layout.ts";
import { Reader } from "./reader.ts";
import { WireError } from "./wire-error.ts";
import { Writer } from "./writer.ts";

const codecOf = async (schema: Schema) => Codec.of(await describeSchema(schema, "output"));

function written(codec: Codec, value: unknown): Buffer {
  const writer = new Writer(16);
  codec.write(writer, value);
  return Buffer.from(writer.bytes.subarray(0, writer.at));
}

function read(codec: Codec, bytes: Buffer): unknown {
  const reader = new Reader();
  reader.over(bytes, 0, bytes.length);
  return codec.read(reader);
}

test("property: what a schema takes comes back as the structural copy of it, by position", async () => {
  await fc.assert(
    fc.asyncProperty(
      fitting.chain(([schema, values]) => fc.tuple(fc.constant(schema), values)),
      async ([schema, value]) => {
        const codec = await codecOf(schema);
        assert.deepEqual(read(codec, written(codec, value)), copyValue(value));
      },
    ),
    { numRuns: 400 },
  );
});

test("property: any value of the value set crosses any layout unchanged, fitting or not", async () => {
  await fc.assert(
    fc.asyncProperty(fitting, anything, async ([schema], value) => {
      const codec = await codecOf(schema);
      assert.deepEqual(read(codec, written(codec, value)), copyValue(value));
    }),
    { numRuns: 400 },
  );
});

test("what is outside the value set is refused as the copy refuses it", async () => {
  const codec = await codecOf(z.object({ a: z.unknown() }));
  for (const value of [{ a: NaN }, { a: new Map() }, { a: () => 1 }, { a: Symbol("x") }, { a: new Date(NaN) }, NaN]) {
    assert.throws(() => written(codec, value), ValueSetError);
    assert.throws(() => copyValue(value), ValueSetError);
  }
  const own: unknown = JSON.parse('{"a":{"__proto__":1}}');
  assert.throws(() => written(codec, own), ValueSetError);
});

test("a key that its layout does not know, a missing one and a wrong type arrive as they were sent", async () => {
  const codec = await codecOf(z.object({ a: z.int(), b: z.string().optional() }));
  for (const value of [{ a: 1, c: 2 }, { b: "x" }, { a: "1" }, { a: 1.5 }, [], "text", null, undefined, { a: 2 ** 53 }])
    assert.deepEqual(read(codec, written(codec, value)), value);
});

test("a lone surrogate, a NUL and a long text cross unchanged", async () => {
  const codec = await codecOf(z.array(z.string()));
  const long = "é".repeat(5_000);
  for (const value of [["\ud800", "ok"], ["\0"], [long, "x", long], ["\udfff".repeat(300)], [...long]])
    assert.deepEqual(read(codec, written(codec, value)), value);
});

test("a reader drops what a newer writer added and does without what an older one lacks", async () => {
  const one = await codecOf(z.object({ id: z.int(), name: z.string(), tags: z.array(z.object({ t: z.string() })) }));
  const two = await codecOf(
    z.object({
      id: z.int(),
      note: z.string().nullable(),
      tags: z.array(z.object({ t: z.string(), w: z.number().optional() })),
      extra: z.boolean().optional(),
    }),
  );
  assert.notEqual(one.hash, two.hash);
  const bytes = written(two, { id: 7, note: null, tags: [{ t: "a", w: 2.5 }, { t: "b" }], extra: true });
  const reader = new Reader();
  reader.over(bytes, 0, bytes.length);
  assert.deepEqual(one.readForeign(reader, two.hash, two.layout), { id: 7, tags: [{ t: "a" }, { t: "b" }] });
});

test("property: bytes that were changed or cut give a value of the value set or a WireError, and nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(
      fitting.chain(([schema, values]) => fc.tuple(fc.constant(schema), values)),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
      fc.nat(),
      async ([schema, value], changes, cut) => {
        const codec = await codecOf(schema);
        const bytes = written(codec, value);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        const given = cut % 3 === 0 ? bytes.subarray(0, cut % (bytes.length + 1)) : bytes;
        let result: unknown;
        try {
          result = read(codec, given);
        } catch (error) {
          assert.ok(error instanceof WireError, String(error));
          return;
        }
        assert.deepEqual(copyValue(result), result);
        // Whatever an enemy writes, what is taken without the validator is what the validator would take.
        const known = new PlainParser(schema).take(result);
        if (known !== unsure) assert.deepEqual({ value: known }, schema["~standard"].validate(result));
      },
    ),
    { numRuns: 1_500 },
  );
});

test("a few bytes cannot stand for millions of items", async () => {
  const codec = await codecOf(z.array(z.object({})));
  const writer = new Writer();
  writer.u8(0);
  writer.u32(5);
  writer.varint(2 ** 34);
  const bytes = Buffer.from(writer.bytes.subarray(0, writer.at));
  assert.throws(() => read(codec, bytes), WireError);
});

test("as many levels as the structural copy takes, wherever they are", () => {
  let layout: Layout = { is: "any" };
  for (let depth = 0; depth <= 10; depth++, layout = { is: "list", of: layout }) {
    const codec = new Codec(layout);
    for (const levels of [64, 65, 66]) {
      let value: unknown = 1;
      for (let i = 0; i < levels; i++) value = [value];
      if (levels <= 65) assert.deepEqual(read(codec, written(codec, value)), copyValue(value));
      else assert.throws(() => written(codec, value), ValueSetError);
    }
  }
});

test("a bigint has as many digits as the structural copy takes", () => {
  const codec = new Codec({ is: "bigint" });
  for (const value of [10n ** 4_095n, -(10n ** 4_095n)]) assert.equal(read(codec, written(codec, value)), value);
  for (const value of [10n ** 4_096n, -(10n ** 4_096n)]) {
    assert.throws(() => copyValue(value), ValueSetError);
    assert.throws(() => written(codec, value), ValueSetError);
    const writer = new Writer();
    new Codec({ is: "string" }).write(writer, String(value));
    assert.throws(() => read(codec, Buffer.from(writer.bytes.subarray(0, writer.at))), WireError);
  }
});

test("what a reader would have more levels of than a value may have is refused", () => {
  // A writer that counts from its slot, and not from the value.
  const slot = new Writer();
  let deep: unknown = 1;
  for (let i = 0; i < 60; i++) deep = [deep];
  new Codec({ is: "any" }).write(slot, deep);
  const body = slot.bytes.subarray(5, slot.at);
  let layout: Layout = { is: "any" };
  for (let i = 0; i < 10; i++) layout = { is: "list", of: layout };
  const writer = new Writer();
  writer.u8(0);
  writer.u32(10 + body.length);
  for (let i = 0; i < 10; i++) writer.varint(1);
  for (const byte of body) writer.u8(byte);
  assert.throws(() => read(new Codec(layout), Buffer.from(writer.bytes.subarray(0, writer.at))), WireError);
});

test("property: a text in its place comes back, short or long, ASCII or not, at the end of a buffer or inside", () => {
  const length = fc.integer({ min: 0, max: 200 });
  const texts = fc.array(
    fc.oneof(
      fc.string(),
      fc.string({ unit: "grapheme" }),
      length.map((n) => "x".repeat(n)),
    ),
  );
  fc.assert(
    fc.property(texts, (given) => {
      const writer = new Writer(16);
      for (const text of given) writer.inline(text);
      const reader = new Reader();
      reader.over(writer.bytes, 0, writer.at);
      assert.deepEqual(
        given.map(() => reader.inline()),
        given.map((text) => text.toWellFormed()),
      );
      assert.ok(reader.isSpent());
    }),
  );
});
