/** Proves that the copy is equal, shares nothing, and refuses all that is outside the value set. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { copyValue, ValueSetError } from "./structural-copy.ts";

const refusedKeys = new Set(["__proto__", "constructor", "prototype"]);
const keys = fc.string().filter((key) => !refusedKeys.has(key));
const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string({ unit: "binary" }),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 20 }),
);
const { value: valueSet } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.array(tie("value"), { maxLength: 6 }),
    fc.dictionary(keys, tie("value"), { maxKeys: 6, noNullPrototype: true }),
  ),
}));

class Point {
  x = 1;
}

/** Each with what the error must call it. */
const outside: [unknown, string][] = [
  [() => 1, "function"],
  [Symbol("s"), "symbol"],
  [Number.NaN, "NaN"],
  [10n ** 4096n, "a bigint of more than 4096 digits"],
  [Infinity, "Infinity"],
  [-Infinity, "-Infinity"],
  [new Map(), "Map"],
  [new Set(), "Set"],
  [/x/, "RegExp"],
  [new Error("e"), "Error"],
  [Promise.resolve(), "Promise"],
  [new Point(), "Point"],
  [Object.create({}), "an object with a prototype of its own"],
  [Object(1), "Number"],
  [new Uint16Array(1), "Uint16Array"],
  [new ArrayBuffer(1), "ArrayBuffer"],
  [new (class Bytes extends Uint8Array {})(1), "Bytes"],
  [new (class List extends Array {})(), "List"],
  [new Date(Number.NaN), "invalid Date"],
  [Object.create(Date.prototype), "an object with Date's prototype"],
  [Object.create(Uint8Array.prototype), "an object with Uint8Array's prototype"],
];

function collect(value: unknown, into: Set<object>): Set<object> {
  if (typeof value !== "object" || value === null) return into;
  into.add(value);
  if (value instanceof Uint8Array) return into.add(value.buffer);
  for (const inner of Object.values(value)) collect(inner, into);
  return into;
}

function refusal(value: unknown): ValueSetError {
  try {
    copyValue(value);
  } catch (error) {
    assert.ok(error instanceof ValueSetError, `threw ${String(error)}`);
    return error;
  }
  assert.fail("was not refused");
}

test("a copy is equal and shares no reference", () => {
  fc.assert(
    fc.property(valueSet, (value) => {
      const copied = copyValue(value);
      assert.deepStrictEqual(copied, value);
      const source = collect(value, new Set());
      for (const reached of collect(copied, new Set())) assert.ok(!source.has(reached));
    }),
    { numRuns: 1_000 },
  );
});

test("anything else is refused wherever it stands, with its path and its name", () => {
  const path = fc.array(fc.oneof(fc.nat(3), fc.stringMatching(/^[a-z]{1,5}$/)), { maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(...outside), path, ([bad, name], steps) => {
      let value = bad;
      for (const step of steps.toReversed()) {
        value =
          typeof step === "number"
            ? [...Array.from({ length: step }, () => 0), value, 7]
            : { before: 1, [step]: value };
      }
      const error = refusal(value);
      assert.equal(error.found, name);
      assert.equal(
        error.path,
        `$${steps.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("")}`,
      );
    }),
  );
});

test("the path quotes keys that are not names", () => {
  assert.equal(refusal({ items: [0, 0, { "unit price": Number.NaN }] }).path, '$.items[2]["unit price"]');
});

test("undefined: kept at the top, dropped from objects, refused in arrays", () => {
  assert.equal(copyValue(undefined), undefined);
  assert.deepStrictEqual(copyValue({ a: undefined, b: 1 }), { b: 1 });
  assert.equal(refusal([1, undefined]).found, "undefined");
  // eslint-disable-next-line no-sparse-arrays
  assert.equal(refusal([1, , 2]).found, "a hole");
});

test("an object without a prototype becomes a plain one; a Buffer becomes a Uint8Array of its own memory", () => {
  const bare = Object.assign(Object.create(null) as object, { a: [1] });
  assert.deepStrictEqual(copyValue(bare), { a: [1] });
  const buffer = Buffer.from("abc");
  const bytes: Uint8Array = copyValue(buffer);
  assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype);
  assert.deepStrictEqual([...bytes], [97, 98, 99]);
  assert.equal(bytes.buffer.byteLength, 3);
});

test("keys that reach prototypes are refused, and no prototype changes", () => {
  for (const key of refusedKeys) {
    const error = refusal({ a: JSON.parse(`{"${key}": {"polluted": true}}`) as unknown });
    assert.equal(error.found, `the key ${key}`);
    assert.equal(error.path, `$.a.${key}`);
  }
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test("an accessor is read once and becomes a value", () => {
  let ran = 0;
  const source = {
    get a() {
      return ++ran;
    },
    set b(_: number) {
      ran += 100;
    },
  };
  const copied = copyValue(source);
  assert.deepEqual(Object.getOwnPropertyDescriptor(copied, "a"), {
    value: 1,
    writable: true,
    enumerable: true,
    configurable: true,
  });
  assert.deepEqual([Object.keys(copied), ran], [["a"], 1]);
});

test("a symbol key and a hidden property are dropped; an inherited one is not a field", () => {
  const value = Object.defineProperty({ a: 1, [Symbol("s")]: 2 }, "hidden", { value: 3 });
  assert.deepStrictEqual(Reflect.ownKeys(copyValue(value)), ["a"]);
});

test("64 levels pass, 65 are refused", () => {
  const nest = (levels: number): unknown => Array.from({ length: levels }).reduce<unknown>((inner) => [inner], []);
  assert.deepStrictEqual(copyValue(nest(64)), nest(64));
  assert.equal(refusal(nest(65)).found, "more than 64 levels");
});

test("a cycle is refused by name, where it comes round, not by a stack overflow", () => {
  const order: Record<string, unknown> = { id: 1, items: [{ sku: "a" }] };
  (order["items"] as Record<string, unknown>[])[0]!["order"] = order;
  const error = refusal({ order });
  assert.equal(error.found, "a cycle");
  assert.equal(error.path, "$.order.items[0].order");
  const own: unknown[] = [];
  own.push(own);
  assert.equal(refusal(own).path, "$[0]");
});

test("shared references that would unfold without end are refused", () => {
  let value: unknown = [];
  for (let level = 0; level < 40; level++) value = [value, value];
  assert.match(refusal(value).found, /more than 1000000 containers/);
});

test("an enumerable property that somebody put on Object.prototype is no field of a copy", () => {
  const prototype = Object.prototype as unknown as Record<string, unknown>;
  prototype["planted"] = { shared: true };
  try {
    const copy = copyValue({ a: { b: 1 } });
    assert.deepEqual([Object.keys(copy), Object.keys(copy.a)], [["a"], ["b"]]);
  } finally {
    delete prototype["planted"];
  }
});
