/** Describes schemas of three libraries, and one without the optional converter. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { type } from "arktype";
import * as v from "valibot";
import * as z from "zod";
import { contract, nothing, query, type Schema } from "./index.ts";
import { describeSchema } from "./shapes.ts";

const instant = { type: "string", format: "date-time", "x-skein": "instant" };
const bigint = { type: "string", pattern: "^-?\\d+$", "x-skein": "bigint" };
const bytes = { type: "string", contentEncoding: "base64", "x-skein": "bytes" };
const unknown = { "x-skein": "self-describing" };

const same: Record<string, Schema> = {
  zod: z.object({
    at: z.date(),
    n: z.bigint(),
    raw: z.instanceof(Uint8Array),
    title: z.string(),
    any: z.unknown(),
    list: z.array(z.date()),
  }),
  arktype: type({
    at: "Date",
    n: "bigint",
    raw: type.instanceOf(Uint8Array),
    title: "string",
    any: "unknown",
    list: "Date[]",
  }),
  valibot: v.object({
    at: v.date(),
    n: v.bigint(),
    raw: v.instance(Uint8Array),
    title: v.string(),
    any: v.unknown(),
    list: v.array(v.date()),
  }),
};

for (const [library, schema] of Object.entries(same)) {
  for (const side of ["input", "output"] as const) {
    test(`${library}: the ${side} of dates, bigints, bytes and unknowns has slots`, async () => {
      const shape = await describeSchema(schema, side);
      assert.deepEqual(
        { ...shape.json.properties },
        {
          at: instant,
          n: bigint,
          raw: bytes,
          title: { type: "string" },
          any: unknown,
          list: { type: "array", items: instant },
        },
      );
      assert.deepEqual([...(shape.json.required ?? [])].toSorted(), ["any", "at", "list", "n", "raw", "title"]);
      assert.deepEqual(shape.outside, []);
      assert.equal(shape.opaque, false);
      assert.equal(shape.note, undefined);
    });
  }
}

const outside: Record<string, Schema> = {
  zod: z.object({
    items: z.array(z.object({ tags: z.set(z.string()) })),
    m: z.map(z.string(), z.string()),
    f: z.function(),
    s: z.symbol(),
    nan: z.nan(),
    holes: z.array(z.string().optional()),
    up: z.file(),
    u: z.instanceof(URL),
  }),
  arktype: type({
    items: type({ tags: "Set" }).array(),
    m: "Map",
    f: "Function",
    s: "symbol",
    nan: "number.NaN",
    holes: "(string | undefined)[]",
    up: "File",
    u: "URL",
  }),
  valibot: v.object({
    items: v.array(v.object({ tags: v.set(v.string()) })),
    m: v.map(v.string(), v.string()),
    f: v.function(),
    s: v.symbol(),
    nan: v.nan(),
    holes: v.array(v.optional(v.string())),
    up: v.file(),
    u: v.instance(URL),
  }),
};

for (const [library, schema] of Object.entries(outside)) {
  test(`${library}: what leaves the value set is listed with its path`, async () => {
    const shape = await describeSchema(schema, "output");
    const found = shape.outside.map((one) => `${one.path} ${one.found}`).toSorted();
    assert.deepEqual(
      found,
      [
        "$.f " + (library === "arktype" ? "Function" : "function"),
        "$.holes[] undefined in an array",
        "$.items[].tags Set",
        "$.m Map",
        "$.nan NaN",
        "$.s symbol",
        "$.u URL",
        "$.up File",
      ].toSorted(),
    );
    assert.deepEqual(shape.json.properties?.m, unknown);
  });
}

const optional: Record<string, Schema> = {
  zod: z.object({ a: z.string().optional(), b: z.union([z.undefined(), z.date()]).optional() }),
  arktype: type({ "a?": "string", "b?": "Date | undefined" }),
  valibot: v.object({ a: v.optional(v.string()), b: v.optional(v.union([v.undefined(), v.date()])) }),
};

for (const [library, schema] of Object.entries(optional)) {
  test(`${library}: an optional property is no hole and leaves no mark`, async () => {
    const shape = await describeSchema(schema, "input");
    assert.deepEqual(shape.outside, []);
    assert.deepEqual({ ...shape.json.properties }, { a: { type: "string" }, b: instant });
    assert.deepEqual(shape.json.required ?? [], []);
  });
}

const transforms: Record<string, Schema> = {
  zod: z.object({ a: z.string().transform((text) => new Map([[text, 1]])) }),
  arktype: type({ a: type("string").pipe((text) => new Map([[text, 1]])) }),
  valibot: v.object({
    a: v.pipe(
      v.string(),
      v.transform((text) => new Map([[text, 1]])),
    ),
  }),
};

for (const [library, schema] of Object.entries(transforms)) {
  test(`${library}: a transform is known as it goes in and self-describing as it comes out`, async () => {
    assert.deepEqual((await describeSchema(schema, "input")).json.properties?.a, { type: "string" });
    const out = await describeSchema(schema, "output");
    assert.deepEqual(out.json.properties?.a, unknown);
    assert.equal(out.opaque, false);
    assert.deepEqual(out.outside, []);
  });
}

test("valibot: known conversions have known outputs", async () => {
  const schema = v.object({
    at: v.pipe(v.string(), v.toDate()),
    n: v.pipe(v.string(), v.toNumber()),
    t: v.pipe(v.string(), v.trim(), v.minLength(2)),
  });
  const { json } = await describeSchema(schema, "output");
  assert.deepEqual(json.properties, { at: instant, n: { type: "number" }, t: { type: "string", minLength: 2 } });
});

test("a schema that refers to itself keeps its references, also below the root", async () => {
  const Tree = z.object({
    at: z.date(),
    get children() {
      return z.array(Tree);
    },
  });
  const { json } = await describeSchema(Tree, "output");
  assert.deepEqual(json.properties?.children, { type: "array", items: { $ref: "#/$defs/__root" } });
  assert.deepEqual(json.$defs?.__root?.properties?.at, instant);
  const ark = type.module({ tree: { at: "Date", children: "tree[]" } }).tree;
  const shape = await describeSchema(ark, "output");
  assert.match(String(shape.json.$ref), /^#\/\$defs\//);
  assert.deepEqual(shape.outside, []);
});

test("fixed bigints are the text they travel as, and defaults are JSON", async () => {
  const schema = z.object({
    one: z.literal(1n),
    some: z.literal([2n, "x"]),
    at: z.date().default(new Date(0)),
    n: z.bigint().catch(7n),
    big: z.bigint().default(5n),
  });
  const { json, outside: found } = await describeSchema(schema, "input");
  assert.deepEqual(json.properties?.one, { ...bigint, enum: ["1"] });
  assert.deepEqual(json.properties?.some, { anyOf: [{ ...bigint, enum: ["2"] }, { enum: ["x"] }] });
  assert.deepEqual(found, []);
  assert.doesNotThrow(() => JSON.stringify(json));
});

test("nothing is no body, and so is a void schema", async () => {
  for (const schema of [
    nothing,
    contract("x", { m: query() }).members.m.input,
    z.void(),
    z.undefined(),
    v.void(),
    type("undefined"),
  ]) {
    assert.deepEqual((await describeSchema(schema, "input")).json, { type: "null", "x-skein": "nothing" });
  }
});

test("unknown and custom schemas are opaque as a whole", async () => {
  for (const schema of [z.unknown(), z.any(), z.custom(), type("unknown"), v.any()]) {
    const shape = await describeSchema(schema, "input");
    assert.equal(shape.opaque, true);
    assert.deepEqual(shape.json, unknown);
  }
});

test("a library that cannot describe its schemas says which one it is", async () => {
  const schema: Schema = { "~standard": { version: 1, vendor: "homemade", validate: (value) => ({ value }) } };
  const shape = await describeSchema(schema, "input");
  assert.equal(shape.opaque, true);
  assert.equal(shape.note, "homemade does not offer Standard JSON Schema in this version");
  const broken = {
    "~standard": {
      ...schema["~standard"],
      jsonSchema: {
        input: () => {
          throw new Error("no\nsecond line");
        },
      },
    },
  };
  assert.equal((await describeSchema(broken as Schema, "input")).note, "homemade could not describe it: no");
});

test("without its converter a Valibot schema is opaque and the note says what to install", () => {
  const program = `
    import { registerHooks } from "node:module";
    registerHooks({ resolve(specifier, context, next) {
      if (specifier === "@valibot/to-json-schema") throw Object.assign(new Error("gone"), { code: "ERR_MODULE_NOT_FOUND" });
      return next(specifier, context);
    } });
    const v = await import("valibot");
    const { describeSchema } = await import(${JSON.stringify(join(import.meta.dirname, "shapes.ts"))});
    console.log(JSON.stringify(await describeSchema(v.string(), "input")));`;
  const printed = execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
    encoding: "utf8",
    cwd: import.meta.dirname,
  });
  assert.deepEqual(JSON.parse(printed), {
    json: unknown,
    outside: [],
    opaque: true,
    note: "install @valibot/to-json-schema to have Valibot schemas described",
  });
});

test("an item may be left out at a tuple's end, or have a default; an optional item elsewhere is a hole", async () => {
  const fine = [
    z.tuple([z.string(), z.date().optional()]),
    z.array(z.string().default("x")),
    v.array(v.optional(v.string(), "x")),
    type(["string", "Date?"]),
  ];
  for (const schema of fine) assert.deepEqual((await describeSchema(schema, "output")).outside, []);
  const hole = await describeSchema(z.tuple([z.string().or(z.undefined()), z.date()]), "output");
  assert.deepEqual(hole.outside, [{ path: "$[0]", found: "undefined in an array" }]);
});
