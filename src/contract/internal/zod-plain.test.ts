/** Owns the proof that what is known without Zod is what Zod says. It must never depend on a schema that the call path has. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import * as z from "zod";
import * as mini from "zod/mini";
import { copyValue } from "../../core/index.ts";
import type { Schema } from "../schema.ts";
import { unsure } from "./plain.ts";
import { PlainParser } from "./zod-plain.ts";

/** A schema, values that it takes, and whether Zod is never needed for them. */
interface Kind {
  readonly schema: z.ZodType;
  readonly values: fc.Arbitrary<unknown>;
  readonly isPlain: boolean;
}

const kind = (schema: z.ZodType, values: fc.Arbitrary<unknown>, isPlain = true): Kind => ({ schema, values, isPlain });
/** What may not be known: in it, or in the schema around it, something is Zod's own. */
const odd = (schema: z.ZodType, values: fc.Arbitrary<unknown>): Kind => kind(schema, values, false);

const text = fc.oneof(fc.string(), fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }));
const ascii = (least: number, most: number) =>
  fc.string({ minLength: least * 2, maxLength: Math.max(most, least * 2) });
const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), fc.constantFrom(0, -0));
const email = fc.constantFrom("ada@example.com", "a.b+c@example.org");

const plainLeaf = fc.constantFrom(
  kind(z.string(), text),
  kind(z.string().min(1).max(200), ascii(1, 200)),
  kind(z.string().min(2).min(3).max(9), ascii(3, 9)),
  kind(z.string().length(4), fc.string({ minLength: 4, maxLength: 4 })),
  kind(z.email().max(100), email),
  kind(z.uuid(), fc.uuid({ version: [4, 7] })),
  kind(z.iso.date(), fc.constant("2026-02-28")),
  kind(z.string().regex(/^a+$/g), fc.constantFrom("a", "aa")),
  kind(z.string().startsWith("a").endsWith("b"), fc.constant("a-b")),
  kind(z.number(), number),
  kind(z.number().min(-3).max(1e9), fc.integer({ min: -3, max: 1e9 })),
  kind(z.number().gt(0).lt(2), fc.constantFrom(1, 0.5, Number.MIN_VALUE)),
  kind(z.number().multipleOf(0.1), fc.constantFrom(0.3, 1, 2.5)),
  kind(z.int().min(1).max(99), fc.integer({ min: 1, max: 99 })),
  kind(z.int().positive().multipleOf(3), fc.constantFrom(3, 6)),
  kind(z.int32(), fc.integer()),
  kind(z.float32(), fc.constantFrom(0.5, -1)),
  kind(z.boolean(), fc.boolean()),
  kind(z.bigint(), fc.bigInt()),
  kind(z.bigint().min(3n), fc.bigInt({ min: 3n, max: 99n })),
  kind(z.date(), fc.date({ noInvalidDate: true })),
  kind(z.null(), fc.constant(null)),
  kind(z.enum(["new", "paid"]), fc.constantFrom("new", "paid")),
  kind(z.enum({ A: 1, B: "b" }), fc.constantFrom(1, "b")),
  kind(z.literal(["x", "y"]), fc.constantFrom("x", "y")),
  kind(z.literal([1, true, null]), fc.constantFrom(1, true, null)),
  kind(z.union([z.string(), z.number()]), fc.oneof(text, number)),
  kind(z.string().brand("Id"), text),
  kind(z.unknown(), fc.oneof(text, number)),
  kind(mini.string().check(mini.minLength(1)) as never, ascii(1, 9)),
);

const oddLeaf = fc.constantFrom(
  odd(z.string().trim().toLowerCase(), text),
  odd(z.url(), fc.constantFrom(" https://example.com/ ", "https://example.com/\na")),
  odd(
    z.string().refine((given) => given.length > 2),
    text,
  ),
  odd(
    z.string().transform((given) => given.length),
    text,
  ),
  odd(z.string().pipe(z.string().min(2)), text),
  odd(z.coerce.number(), fc.oneof(text, number)),
  odd(z.coerce.string().min(2), number),
  odd(
    z.stringFormat("even", (given) => given.length % 2 === 0),
    text,
  ),
  odd(z.string().default("none"), text),
  odd(z.number().catch(7), fc.oneof(number, text)),
  odd(z.array(z.number()).readonly(), fc.array(number)),
  odd(z.number().overwrite(Math.round), number),
  odd(z.preprocess(String, z.string()), number),
  odd(z.instanceof(Uint8Array), fc.uint8Array()),
  odd(z.tuple([z.string(), z.number()]), fc.tuple(text, number)),
  odd(z.intersection(z.object({ a: z.string() }), z.object({ b: z.number() })), fc.record({ a: text, b: number })),
  odd(
    z.lazy(() => z.object({ a: z.string() })),
    fc.record({ a: text }),
  ),
  odd(z.string().optional().nullable(), fc.option(text, { nil: undefined })),
  odd(z.undefined(), fc.constant(undefined)),
  odd(
    z.object({ a: z.string() }).refine(({ a }) => a !== "no"),
    fc.record({ a: fc.constantFrom("no", "yes") }),
  ),
);

const any = fc.letrec<{ any: Kind }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    { arbitrary: plainLeaf, weight: 6 },
    { arbitrary: oddLeaf, weight: 1 },
    tie("any").map((of) => ({ ...of, schema: z.array(of.schema), values: fc.array(of.values, { maxLength: 4 }) })),
    tie("any").map((of) => ({
      ...of,
      schema: z.array(of.schema).min(1).max(3),
      values: fc.array(of.values, { minLength: 1, maxLength: 3 }),
    })),
    tie("any").map((of) => ({ ...of, schema: z.nullable(of.schema), values: fc.option(of.values) })),
    tie("any").map((of) => ({
      ...of,
      schema: z.record(z.string(), of.schema),
      values: fc.dictionary(fc.string({ maxLength: 5 }), of.values, { maxKeys: 4, noNullPrototype: true }),
    })),
    fc.tuple(tie("any"), tie("any")).map(([a, b]) => ({
      schema: z.discriminatedUnion("is", [
        z.object({ is: z.literal("a"), of: a.schema }),
        z.strictObject({ of: b.schema, is: z.literal(["b", "c"]) }),
      ]),
      values: fc.oneof(
        fc.record({ is: fc.constant("a"), of: a.values }),
        fc.record({ is: fc.constantFrom("b", "c"), of: b.values }),
      ),
      isPlain: a.isPlain && b.isPlain,
    })),
    fc
      .tuple(fc.array(fc.tuple(tie("any"), fc.boolean()), { maxLength: 5 }), fc.constantFrom(0, 1, 2, 3))
      .map(([fields, mode]) => objectOf(fields, mode)),
  ),
})).any;

function objectOf(fields: readonly (readonly [Kind, boolean])[], mode: number): Kind {
  const shape = Object.fromEntries(
    fields.map(([{ schema }, isOptional], i) => [`f${i}`, isOptional ? z.optional(schema) : schema]),
  );
  const made = { 0: z.object(shape), 1: z.strictObject(shape), 2: z.looseObject(shape), 3: z.object(shape) }[mode];
  return {
    schema: made as z.ZodType,
    values: fc.record(Object.fromEntries(fields.map(([{ values }], i) => [`f${i}`, values])), {
      requiredKeys: fields.flatMap(([, isOptional], i) => (isOptional ? [] : [`f${i}`])),
      noNullPrototype: true,
    }),
    isPlain: mode !== 2 && fields.every(([{ isPlain }]) => isPlain),
  };
}

const anything = fc.oneof(
  fc.anything({ maxDepth: 2, withBigInt: true, withDate: true, withSparseArray: true, withNullPrototype: true }),
  fc.constantFrom(
    undefined,
    null,
    NaN,
    Infinity,
    -0,
    "",
    "😀",
    "\ud800",
    [],
    {},
    new Date(NaN),
    Object.create({ f0: "x" }),
  ),
);

/** A part of `value` replaced, taken away, or with something beside it. */
function changed(value: unknown, way: readonly number[], by: unknown): unknown {
  const [step = 0, ...rest] = way;
  if (rest.length === 0 || typeof value !== "object" || value === null || value instanceof Date) return by;
  if (Array.isArray(value)) {
    const list = [...(value as unknown[])];
    const at = step % (list.length + 1);
    list[at] = changed(list[at], rest, by);
    return list;
  }
  const fields: Record<string, unknown> = { ...value };
  const keys = [...Object.keys(fields), "more"];
  const key = keys[step % keys.length] as string;
  if (step % 5 === 0) delete fields[key];
  else fields[key] = changed(fields[key], rest, by);
  return fields;
}

function isInValueSet(value: unknown): boolean {
  try {
    copyValue(value);
    return true;
  } catch {
    return false;
  }
}

/** Whether Zod makes of it what it is already; only said where that is so. */
function isKept(schema: Schema, copy: unknown): boolean {
  const before = inspect(copy, { depth: null });
  const taken = new PlainParser(schema).take(copy);
  assert.equal(inspect(copy, { depth: null }), before);
  if (taken === unsure) return false;
  const said = schema["~standard"].validate(copy);
  assert.ok(!(said instanceof Promise) && said.issues === undefined, `zod refuses ${before}`);
  assert.deepStrictEqual(taken, said.value);
  assert.equal(inspect(taken, { depth: null }), inspect(said.value, { depth: null }));
  return taken === copy;
}

/** Whether it was known; if so it is what Zod says, to the order of the keys. */
function isKnown(schema: Schema, value: unknown): boolean {
  if (isInValueSet(value)) isKept(schema, copyValue(value));
  const known = new PlainParser(schema).make(value);
  if (known === unsure) return false;
  const said = schema["~standard"].validate(value);
  assert.ok(!(said instanceof Promise) && said.issues === undefined, `zod refuses ${inspect(value)}`);
  assert.deepStrictEqual(known, said.value);
  assert.equal(inspect(known, { depth: null }), inspect(said.value, { depth: null }));
  return true;
}

const seen = any.chain((one) => fc.tuple(fc.constant(one), one.values));

test("property: what is known of a value is what Zod makes of it", () => {
  let known = 0;
  fc.assert(
    fc.property(seen, anything, fc.array(fc.nat(), { maxLength: 4 }), ([{ schema }, value], other, way) => {
      for (const given of [value, other, changed(value, way, other)]) if (isKnown(schema, given)) known++;
    }),
    { numRuns: 4_000 },
  );
  assert.ok(known > 1_000, `${known} were known`);
});

test("property: of plain schemas nothing that fits is left to Zod", () => {
  fc.assert(
    fc.property(
      seen.filter(([{ isPlain }]) => isPlain),
      // Zod is asked for parts; for the whole it is asked by whoever is unsure.
      ([{ schema: of }, value]) => assert.ok(isKnown(z.object({ of }), { of: value }), inspect(value, { depth: null })),
    ),
    { numRuns: 2_000 },
  );
});

test("what runs its user's code is Zod's alone, and runs once", async () => {
  let runs = 0;
  const counted = z.object({
    a: z.string(),
    b: z.string().refine(() => {
      runs++;
      return true;
    }),
  });
  assert.equal(new PlainParser(counted).make({ a: "x", b: "y" }), unsure);
  const slow = z.object({ a: z.string().refine(async () => runs++ >= 0) });
  assert.equal(new PlainParser(slow).make({ a: "x" }), unsure);
  assert.equal(runs, 0);
});

test("schemas of others, and those that contain themselves, are not read", () => {
  const Node: z.ZodType = z.object({
    name: z.string(),
    get next() {
      return Node.optional();
    },
  });
  assert.equal(new PlainParser(Node).make({ name: "a" }), unsure);
  const standard = { version: 1, vendor: "other", validate: (value: unknown) => ({ value }) } as const;
  assert.equal(new PlainParser({ "~standard": standard }).make("x"), unsure);
  const Own = z.core.$constructor("MyString", (inst: z.core.$ZodString, def: z.core.$ZodStringDef) => {
    z.core.$ZodString.init(inst, def);
    inst._zod.parse = (payload) => ({ ...payload, value: "mine" });
  });
  const own = new Own({ type: "string" });
  assert.equal(new PlainParser(own as unknown as Schema).make("x"), unsure);
  assert.equal(new PlainParser(z.object({ own }) as unknown as Schema).make({ own: "x" }), unsure);
});

test("an accessor is read once, and the result is an object of its own", () => {
  let reads = 0;
  const given = {
    get a() {
      return ++reads;
    },
    list: ["x"],
  };
  const made = new PlainParser(z.object({ a: z.number(), list: z.array(z.string()) })).make(given) as typeof given;
  assert.deepEqual([made.a, made.a, reads], [1, 1, 1]);
  assert.notEqual(made.list, given.list);
});

test("what is as the schema has it is taken as it is, and a copy made of what is not", () => {
  const parser = new PlainParser(
    z.object({
      a: z.string(),
      b: z.number().optional(),
      c: z.array(z.object({ d: z.email(), e: z.null().optional() })),
    }),
  );
  const c = [{ d: "a@example.com", e: null }, { d: "b@example.com" }];
  for (const value of [
    { a: "x", b: 1, c },
    { a: "x", c },
  ])
    assert.equal(parser.take(value), value);
  for (const value of [
    { a: "x", c, b: 1 },
    { a: "x", c, more: 1 },
    { more: 1, a: "x", c },
    { a: "x", c: [{ e: null, d: "a@example.com" }] },
  ]) {
    const taken = parser.take(value);
    assert.notEqual(taken, value);
    assert.deepEqual(taken, parser.make(value));
  }
  for (const value of [{ a: "x" }, { c }, { a: 1, c }, { a: "x", b: undefined, c }, {}, []])
    assert.equal(parser.take(value), unsure);
});
