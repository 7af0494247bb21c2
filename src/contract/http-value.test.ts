/** Strings and JSON to values and back, example by example and by property. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type } from "arktype";
import * as fc from "fast-check";
import * as v from "valibot";
import * as z from "zod";
import { copyValue, ValueSetError } from "../core/index.ts";
import type { Schema } from "./index.ts";
import { describeSchema, fieldNames, fieldShape, fromJson, fromStrings, toJson, toJsonText } from "./shapes.ts";

const input = (schema: Schema) => describeSchema(schema, "input");

const Query = {
  zod: z.object({
    limit: z.int().max(100).default(20),
    ratio: z.number().nullable(),
    on: z.boolean(),
    tags: z.array(z.int()),
    at: z.date(),
    n: z.bigint(),
    q: z.string(),
    mixed: z.union([z.number(), z.string()]),
    sort: z.enum(["asc", "desc"]),
    level: z.literal([1, 2]),
    raw: z.instanceof(Uint8Array),
  }),
  arktype: type({
    limit: "number.integer",
    ratio: "number | null",
    on: "boolean",
    tags: "number.integer[]",
    at: "Date",
    n: "bigint",
    q: "string",
    mixed: "number | string",
    sort: "'asc' | 'desc'",
    level: "1 | 2",
    raw: type.instanceOf(Uint8Array),
  }),
  valibot: v.object({
    limit: v.pipe(v.number(), v.integer()),
    ratio: v.nullable(v.number()),
    on: v.boolean(),
    tags: v.array(v.number()),
    at: v.date(),
    n: v.bigint(),
    q: v.string(),
    mixed: v.union([v.number(), v.string()]),
    sort: v.picklist(["asc", "desc"]),
    level: v.picklist([1, 2]),
    raw: v.instance(Uint8Array),
  }),
};

const coerced: ReadonlyArray<readonly [field: string, given: string | string[], value: unknown]> = [
  ["limit", "20", 20],
  ["limit", "-0", -0],
  ["limit", "1.5", 1.5],
  ["limit", "20a", "20a"],
  ["limit", "", ""],
  ["limit", "0x10", "0x10"],
  ["limit", " 1", " 1"],
  ["limit", "9007199254740993", "9007199254740993"],
  ["limit", "1e400", "1e400"],
  ["limit", "Infinity", "Infinity"],
  ["limit", ["1", "2"], ["1", "2"]],
  ["limit", ["7"], 7],
  ["ratio", "0.5", 0.5],
  ["ratio", "null", "null"],
  ["on", "true", true],
  ["on", "false", false],
  ["on", "1", "1"],
  ["on", "TRUE", "TRUE"],
  ["tags", "1", [1]],
  ["tags", ["1", "2"], [1, 2]],
  ["tags", ["1", "x"], [1, "x"]],
  ["at", "2021-10-01T14:30:00Z", new Date("2021-10-01T14:30:00Z")],
  ["at", "2021-10-01", "2021-10-01"],
  ["at", "2021-02-30T00:00:00Z", "2021-02-30T00:00:00Z"],
  ["at", "2021-10-01T14:30:00+02:00", new Date("2021-10-01T12:30:00Z")],
  ["n", "123456789012345678901", 123456789012345678901n],
  ["n", "-5", -5n],
  ["n", "5n", "5n"],
  ["n", "1".repeat(5000), "1".repeat(5000)],
  ["q", "12", "12"],
  ["q", "true", "true"],
  ["mixed", "12", "12"],
  ["sort", "asc", "asc"],
  ["sort", "1", "1"],
  ["level", "2", 2],
  ["level", "3", "3"],
  ["raw", "AAEC", new Uint8Array([0, 1, 2])],
  ["raw", "_-8=", new Uint8Array([255, 239])],
  ["raw", "*", "*"],
];

for (const [library, schema] of Object.entries(Query)) {
  test(`${library}: strings become what the field's JSON Schema type says, or stay`, async () => {
    const shape = await input(schema);
    for (const [field, given, value] of coerced) {
      const at = fieldShape(shape, field);
      assert.ok(at, field);
      assert.deepEqual(fromStrings(at, given), value, `${field} from ${JSON.stringify(given).slice(0, 40)}`);
    }
    assert.equal(fieldShape(shape, "nothere"), undefined);
    assert.equal(fieldShape(shape, "constructor"), undefined);
    assert.deepEqual([...(fieldNames(shape) ?? [])].toSorted(), Object.keys(Query.valibot.entries).toSorted());
  });
}

test("the names of an input that takes any key are not known", async () => {
  assert.equal(fieldNames(await input(z.looseObject({ a: z.string() }))), undefined);
  assert.equal(fieldNames(await input(z.unknown())), undefined);
  assert.deepEqual(fieldNames(await input(z.void())), new Set());
  assert.deepEqual(
    fieldNames(await input(z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]))),
    new Set(["a", "b"]),
  );
});

test("a part of a schema that refers to itself still resolves", async () => {
  const Tree = z.object({
    at: z.date(),
    get child() {
      return Tree.optional();
    },
  });
  const child = fieldShape(await input(z.object({ tree: Tree })), "tree");
  assert.ok(child);
  const text = "2020-01-01T00:00:00.000Z";
  assert.deepEqual(fromJson(child, { at: text, child: { at: text, child: { at: text } } }), {
    at: new Date(text),
    child: { at: new Date(text), child: { at: new Date(text) } },
  });
});

const text = "2020-01-01T00:00:00.000Z";
const bodies = {
  zod: z.object({
    at: z.date(),
    list: z.array(z.object({ n: z.bigint(), at: z.string() })),
    byDay: z.record(z.string(), z.date()),
    pair: z.tuple([z.string(), z.date()]),
    maybe: z.date().nullable(),
    either: z.discriminatedUnion("k", [
      z.object({ k: z.literal("a"), v: z.date() }),
      z.object({ k: z.literal("b"), v: z.string() }),
    ]),
  }),
  arktype: type({
    at: "Date",
    list: type({ n: "bigint", at: "string" }).array(),
    byDay: { "[string]": "Date" },
    pair: ["string", "Date"],
    maybe: "Date | null",
    either: type({ k: "'a'", v: "Date" }).or({ k: "'b'", v: "string" }),
  }),
  valibot: v.object({
    at: v.date(),
    list: v.array(v.object({ n: v.bigint(), at: v.string() })),
    byDay: v.record(v.string(), v.date()),
    pair: v.tuple([v.string(), v.date()]),
    maybe: v.nullable(v.date()),
    either: v.variant("k", [
      v.object({ k: v.literal("a"), v: v.date() }),
      v.object({ k: v.literal("b"), v: v.string() }),
    ]),
  }),
};

for (const [library, schema] of Object.entries(bodies)) {
  test(`${library}: instants and bigints of a JSON body are revived where the schema has them, and nowhere else`, async () => {
    const shape = await input(schema);
    for (const [k, other] of [
      ["a", new Date(text)],
      ["b", text],
    ] as const) {
      const body = {
        at: text,
        list: [{ n: "5", at: text }],
        byDay: { monday: text },
        pair: [text, text],
        maybe: null,
        either: { k, v: text },
      };
      const value = fromJson(shape, body);
      assert.equal(value, body, "in place");
      const date = new Date(text);
      assert.deepEqual(value, {
        at: date,
        list: [{ n: 5n, at: text }],
        byDay: { monday: date },
        pair: [text, date],
        maybe: null,
        either: { k, v: other },
      });
      const checked = await schema["~standard"].validate(value);
      assert.equal(checked.issues, undefined);
    }
  });
}

test("what does not fit is left for the validator, with its prototype untouched", async () => {
  const shape = await input(z.object({ at: z.date(), list: z.array(z.date()) }));
  for (const body of [
    '{"at":"soon","list":"2020"}',
    '{"at":5,"list":{"0":"x"}}',
    "[]",
    '"x"',
    "null",
    '{"__proto__":{"at":"2020-01-01T00:00:00Z"},"constructor":"2020-01-01T00:00:00Z"}',
  ]) {
    const value: unknown = fromJson(shape, JSON.parse(body));
    assert.equal(JSON.stringify(value), JSON.stringify(JSON.parse(body)));
  }
  assert.equal(({} as { at?: unknown }).at, undefined);
});

test("a body deeper than the limit is not walked to its end", async () => {
  const Tree = z.object({
    get child() {
      return Tree.optional();
    },
    at: z.date().optional(),
  });
  const shape = await input(Tree);
  const deep: unknown = JSON.parse('{"child":'.repeat(10_000) + `{"at":"${text}"}` + "}".repeat(10_000));
  assert.doesNotThrow(() => fromJson(shape, deep));
});

test("toJson changes nothing that JSON can say, and never its argument", () => {
  const same = { a: [1, "x", null, true], b: { c: undefined } };
  assert.equal(toJson(same), same);
  const value = {
    at: new Date(text),
    n: [1n],
    raw: new Uint8Array([0, 1, 2]),
    deep: { at: new Date(text) },
    keep: same,
  };
  const json = toJson(value);
  assert.deepEqual(json, { at: text, n: ["1"], raw: "AAEC", deep: { at: text }, keep: same });
  assert.ok(value.at instanceof Date && value.n[0] === 1n && value.deep.at instanceof Date);
  assert.equal(toJson(undefined), undefined);
  for (const [bad, path] of [
    [{ a: new Map() }, "$.a"],
    [[Number.NaN], "$[0]"],
    [{ a: [() => 1] }, "$.a[0]"],
    [new Date(Number.NaN), "$"],
    [[undefined], "$[0]"],
  ] as const) {
    assert.throws(
      () => toJson(bad),
      (error: unknown) => error instanceof ValueSetError && error.path === path,
    );
  }
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  assert.throws(() => toJson(cycle), ValueSetError);
});

test("a large file is encoded without exhausting the stack", () => {
  const bytes = new Uint8Array(1_000_000).fill(7);
  assert.equal(toJson(bytes), Buffer.from(bytes).toString("base64"));
});

/** A schema together with values of it. */
const leaf = fc.constantFrom<readonly [Schema, fc.Arbitrary<unknown>]>(
  [z.date(), fc.date({ noInvalidDate: true })],
  [z.bigint(), fc.bigInt()],
  [z.instanceof(Uint8Array), fc.uint8Array()],
  [z.string(), fc.string()],
  [z.number(), fc.double({ noNaN: true, noDefaultInfinity: true })],
  [z.boolean(), fc.boolean()],
  [z.null(), fc.constant(null)],
);
const pair: fc.Arbitrary<readonly [Schema, fc.Arbitrary<unknown>]> = fc.letrec<{
  any: readonly [Schema, fc.Arbitrary<unknown>];
}>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    leaf,
    tie("any").map(([schema, values]) => [z.array(schema as z.ZodType), fc.array(values, { maxLength: 4 })] as const),
    fc
      .array(tie("any"), { minLength: 1, maxLength: 4 })
      .map(
        (fields) =>
          [
            z.object(Object.fromEntries(fields.map(([schema], i) => [`f${i}`, schema as z.ZodType]))),
            fc.record(Object.fromEntries(fields.map(([, values], i) => [`f${i}`, values]))),
          ] as const,
      ),
    tie("any").map(
      ([schema, values]) =>
        [
          z.record(z.string(), schema as z.ZodType),
          fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), values, { maxKeys: 3, noNullPrototype: true }),
        ] as const,
    ),
  ),
})).any;

test("property: a value sent as JSON and revived by its schema is the value", async () => {
  await fc.assert(
    fc.asyncProperty(
      pair.chain(([schema, values]) => fc.tuple(fc.constant(schema), values)),
      async ([schema, value]) => {
        const shape = await describeSchema(schema, "output");
        const wire: unknown = JSON.parse(JSON.stringify(toJson(value)));
        // JSON has no negative zero.
        assert.deepEqual(withoutMinusZero(fromJson(shape, wire)), withoutMinusZero(value));
      },
    ),
    { numRuns: 500 },
  );
});

test("property: coercing any text never throws, and gives the text or a value of the field's type", async () => {
  const shapes = await Promise.all(
    [z.int(), z.boolean(), z.date(), z.bigint(), z.array(z.number()), z.instanceof(Uint8Array)].map(input),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...shapes),
      fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String), fc.date().map(String)),
      (shape, given) => {
        const value = fromStrings(shape, given);
        assert.ok(value === given || typeof value !== "string");
        if (typeof value === "number") assert.ok(Number.isFinite(value));
      },
    ),
  );
});

/** What a handler might return, in the value set or not. */
const returned = fc.oneof(
  fc.anything({ withDate: true, withBigInt: true, withTypedArray: true, withMap: true, withNullPrototype: true }),
  fc.dictionary(
    fc.constantFrom("a", "__proto__", "constructor", "prototype", "toJSON", "b"),
    fc.oneof(fc.json(), fc.constant(undefined), fc.constant(Number.NaN), fc.func(fc.integer()), fc.date()),
  ),
  fc.constantFrom<unknown>(
    Object.assign([1, 2], { toJSON: () => "other" }),
    Object.assign([1], { named: 1 }),
    Array(2),
    [undefined],
    Object.defineProperty({ a: 1 }, "toJSON", { value: () => "other", enumerable: false }),
    Object.create({ inherited: 1 }),
    new (class Custom {
      a = 1;
    })(),
    Symbol("s"),
    10n ** 5_000n,
  ),
);

test("property: the text of a reply is that of its copy, and refused where the copy is", () => {
  const outcomeOf = (run: () => string | undefined): unknown => {
    try {
      return run();
    } catch (error) {
      assert.ok(error instanceof ValueSetError, String(error));
      return `refused: ${error.path} ${error.found}`;
    }
  };
  fc.assert(
    fc.property(returned, (value) => {
      const byCopy = outcomeOf(() => JSON.stringify(toJson(copyValue(value))));
      assert.equal(
        outcomeOf(() => toJsonText(value)),
        byCopy,
      );
    }),
    { numRuns: 2_000 },
  );
});

test("a reply of shared references that unfold without end is refused, not walked", () => {
  let value: unknown = {};
  for (let i = 0; i < 60; i++) value = [value, value];
  assert.throws(() => toJsonText(value), ValueSetError);
});

function withoutMinusZero(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(withoutMinusZero);
  if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, withoutMinusZero(field)]));
}
