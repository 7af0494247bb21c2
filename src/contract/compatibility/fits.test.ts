/** Whether every value of one shape fits another: what is said to fit does, and what was changed is named. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import * as z from "zod";
import { describeSchema } from "../json-schema.ts";
import { misfits } from "./fits.ts";

const all = { reportsDropped: true, reportsGone: true };
const few = { reportsDropped: false, reportsGone: false };

async function between(written: z.ZodType, read: z.ZodType, rules = few): Promise<string[]> {
  const [from, to] = [await describeSchema(written, "output"), await describeSchema(read, "input")];
  return misfits(from.json, to.json, rules).map(({ path, rule }) => `${path} ${rule}`);
}

/** A small grammar of schemas, each with values that fit it. */
interface Sample {
  readonly schema: z.ZodType;
  readonly values: fc.Arbitrary<unknown>;
}

const leaves: readonly Sample[] = [
  { schema: z.string(), values: fc.string() },
  { schema: z.string().max(5), values: fc.string({ maxLength: 5 }) },
  { schema: z.string().min(2).max(4), values: fc.string({ minLength: 2, maxLength: 4 }) },
  { schema: z.number(), values: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { schema: z.int(), values: fc.integer() },
  { schema: z.int().min(0).max(9), values: fc.integer({ min: 0, max: 9 }) },
  { schema: z.boolean(), values: fc.boolean() },
  { schema: z.null(), values: fc.constant(null) },
  { schema: z.literal("a"), values: fc.constant("a") },
  { schema: z.enum(["a", "b", "ccc"]), values: fc.constantFrom("a", "b", "ccc") },
  { schema: z.date(), values: fc.date({ noInvalidDate: true }) },
  { schema: z.bigint(), values: fc.bigInt() },
  { schema: z.unknown(), values: fc.jsonValue() },
];

const samples = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(...leaves),
    tie("sample").map(({ schema, values }) => ({
      schema: z.array(schema),
      values: fc.array(values, { maxLength: 3 }),
    })),
    tie("sample").map(({ schema, values }) => ({
      schema: z.array(schema).max(2),
      values: fc.array(values, { maxLength: 2 }),
    })),
    fc.tuple(tie("sample"), tie("sample")).map(([a, b]) => ({
      schema: z.union([a.schema, b.schema]),
      values: fc.oneof(a.values, b.values),
    })),
    tie("sample").map(({ schema, values }) => ({
      schema: z.record(z.string(), schema),
      values: fc.dictionary(fc.constantFrom("x", "y"), values),
    })),
    fc.tuple(tie("sample"), tie("sample"), fc.boolean()).map(([a, b, isOptional]) => ({
      schema: z.object({ x: a.schema, y: isOptional ? b.schema.optional() : b.schema }),
      values: fc.record({ x: a.values, y: b.values }, { requiredKeys: isOptional ? ["x"] : ["x", "y"] }),
    })),
  ),
})).sample;

describe("every value of one shape fits another", () => {
  test("a shape fits itself, whatever the rules", async () => {
    await fc.assert(
      fc.asyncProperty(samples, async ({ schema }) => {
        const { json } = await describeSchema(schema, "output");
        assert.deepEqual(misfits(json, json, all), []);
      }),
      { numRuns: 300 },
    );
  });

  test("where nothing is found, the reader's own schema takes what the writer's gives", async () => {
    let fitting = 0;
    await fc.assert(
      fc.asyncProperty(samples, samples, async (written, read) => {
        if ((await between(written.schema, read.schema)).length > 0) return;
        fitting++;
        for (const value of fc.sample(written.values, 8))
          if (written.schema.safeParse(value).success) assert.ok(read.schema.safeParse(value).success);
      }),
      { numRuns: 2_000 },
    );
    assert.ok(fitting > 50, `only ${fitting} pairs fitted: the property said next to nothing`);
  });

  test("a schema that contains itself is compared to its end", async () => {
    interface Tree {
      readonly name: string;
      readonly below: readonly Tree[];
    }
    const tree = (name: z.ZodType<string>): z.ZodType<Tree> => {
      const one: z.ZodType<Tree> = z.object({
        name,
        get below() {
          return z.array(one);
        },
      });
      return one;
    };
    assert.deepEqual(await between(tree(z.string().max(3)), tree(z.string())), []);
    assert.deepEqual(await between(tree(z.string()), tree(z.string().max(3))), [
      "$.name maxLength",
      "$.below[].name maxLength",
    ]);
  });

  const cases: readonly [string, z.ZodType, z.ZodType, readonly string[]][] = [
    [
      "a field that is required now",
      z.object({ a: z.string().optional() }),
      z.object({ a: z.string() }),
      ["$.a required"],
    ],
    ["a new required field", z.object({}), z.object({ a: z.string() }), ["$.a absent"]],
    [
      "a field inside a list",
      z.object({ l: z.array(z.object({ a: z.string() })) }),
      z.object({ l: z.array(z.object({ a: z.int() })) }),
      ["$.l[].a type"],
    ],
    ["a shorter list", z.array(z.int()).max(9), z.array(z.int()).max(3), ["$ maxItems"]],
    ["a limit where there was none", z.string(), z.string().regex(/^a/), ["$ pattern"]],
    ["fewer choices", z.enum(["a", "b"]), z.enum(["a"]), ["$ enum"]],
    ["null no longer", z.string().nullable(), z.string(), ["$ type"]],
    ["a union without one of its forms", z.union([z.string(), z.object({ a: z.int() })]), z.string(), ["$ type"]],
    ["an instant is no text", z.date(), z.string(), ["$ type"]],
    ["anything becomes something", z.unknown(), z.string(), ["$ type"]],
    ["a tuple's place", z.tuple([z.string(), z.int()]), z.tuple([z.string(), z.string()]), ["$[1] type"]],
    ["a map's values", z.record(z.string(), z.string()), z.record(z.string(), z.int()), ["$.* type"]],
    ["a whole number where any may come", z.number(), z.int(), ["$ type"]],
  ];
  for (const [what, written, read, expected] of cases)
    test(what, async () => assert.deepEqual(await between(written, read), expected));

  test("fields that only one side has are named where asked for", async () => {
    const [more, fewer] = [z.object({ a: z.int(), b: z.int().optional() }), z.object({ a: z.int() })];
    assert.deepEqual(await between(more, fewer), []);
    assert.deepEqual(await between(more, fewer, all), ["$.b unknown"]);
    assert.deepEqual(await between(fewer, more, all), ["$.b absent"]);
  });
});
