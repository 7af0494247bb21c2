/** Tests of the text form of the value set. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { copyValue, ValueSetError } from "../core/index.ts";
import { canonicalValue, decodeValue, encodeValue } from "./value-codec.ts";

const refused = ["__proto__", "constructor", "prototype"];
const key = fc
  .oneof(fc.constantFrom("$", "v", "a"), fc.string({ maxLength: 8 }))
  .filter((name) => !refused.includes(name));
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string({ unit: "binary" }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(key, tie("value"), { maxKeys: 5, noNullPrototype: true }),
  ),
}));

/** The same value with its keys in the other order. */
function reversed(one: unknown): unknown {
  if (Array.isArray(one)) return one.map(reversed);
  if (typeof one !== "object" || one === null || one instanceof Date || one instanceof Uint8Array) return one;
  return Object.fromEntries(
    Object.entries(one)
      .toReversed()
      .map(([name, field]) => [name, reversed(field)]),
  );
}

function nested(levels: number, make: (inner: unknown) => unknown, innermost: unknown): unknown {
  let one = innermost;
  for (let i = 0; i < levels; i++) one = make(one);
  return one;
}

describe("value codec", () => {
  it("gives back what it was given", () => {
    fc.assert(
      fc.property(value, (one) => assert.deepStrictEqual(decodeValue(encodeValue(one)), one)),
      { numRuns: 500 },
    );
    assert.equal(decodeValue(encodeValue(undefined)), undefined);
    assert.deepEqual(decodeValue(encodeValue({ a: undefined })), {});
  });

  it("takes whatever the structural copy takes, and gives the same", () => {
    fc.assert(
      fc.property(fc.anything({ withDate: true, withBigInt: true, withTypedArray: true }), (one) => {
        let copied: unknown;
        try {
          copied = copyValue(one);
        } catch {
          return;
        }
        assert.deepEqual(decodeValue(encodeValue(copied)), copied);
      }),
      { numRuns: 500 },
    );
  });

  it("goes as deep as the structural copy, and no deeper, whatever stands at the bottom", () => {
    for (const make of [(one: unknown) => [one], (one: unknown) => ({ a: one }), (one: unknown) => ({ $: one })]) {
      for (const innermost of [1, 2n, "x", null]) {
        const deepest = nested(65, make, innermost);
        copyValue(deepest);
        assert.deepEqual(decodeValue(encodeValue(deepest)), deepest);
        const tooDeep = nested(66, make, innermost);
        assert.throws(() => copyValue(tooDeep), ValueSetError);
        assert.throws(() => encodeValue(tooDeep), ValueSetError);
      }
    }
    assert.throws(() => decodeValue("[".repeat(200) + "]".repeat(200)), ValueSetError);
    assert.throws(() => decodeValue('{"a":'.repeat(200) + "1" + "}".repeat(200)), ValueSetError);
  });

  it("has one canonical text for equal values", () => {
    fc.assert(
      fc.property(value, value, (one, other) => {
        assert.equal(canonicalValue(one), canonicalValue(reversed(one)));
        const same = encodeValue(one) === encodeValue(other) || canonicalValue(one) === canonicalValue(other);
        if (same) assert.deepEqual(reversed(one), reversed(other));
      }),
    );
    assert.notEqual(canonicalValue({ a: 1 }), canonicalValue({ a: "1" }));
    assert.notEqual(canonicalValue(1n), canonicalValue({ $: "bigint", v: "1" }));
    assert.notEqual(canonicalValue(0), canonicalValue(-0));
    assert.equal(canonicalValue({ a: 1, b: undefined }), canonicalValue({ a: 1 }));
  });

  it("refuses text that it did not write", () => {
    const hostile = [
      "{",
      "nul",
      '{"__proto__":{"polluted":1}}',
      '{"a":{"constructor":1}}',
      '[{"prototype":1}]',
      '{"$":"object","v":{"__proto__":1}}',
      '{"$":"object","v":[1]}',
      '{"$":"object","v":null}',
      '{"$":"object"}',
      '{"$":"function","v":"x"}',
      '{"$":1}',
      '{"$":null}',
      '{"$":{}}',
      '{"$":"bigint","v":"1e9"}',
      '{"$":"bigint","v":1}',
      '{"$":"bigint","v":""}',
      `{"$":"bigint","v":"${"9".repeat(5000)}"}`,
      '{"$":"instant","v":"tomorrow"}',
      '{"$":"instant","v":5}',
      '{"$":"bytes","v":"%%%"}',
      '{"$":"bytes","v":"A"}',
      '{"$":"bytes"}',
    ];
    for (const text of hostile) assert.throws(() => decodeValue(text), ValueSetError, text);
    assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  });

  it("never throws anything but a ValueSetError, nor revives anything outside the value set", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((text) => text.replaceAll('"a', '"$')),
        ),
        (text) => {
          let one: unknown;
          try {
            one = decodeValue(text);
          } catch (error) {
            assert.ok(error instanceof ValueSetError);
            return;
          }
          copyValue(one);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("refuses values outside the value set, saying where", () => {
    const cases: Array<[unknown, string]> = [
      [{ a: [() => 1] }, "$.a[0]"],
      [{ a: Symbol("x") }, "$.a"],
      [{ a: new Map() }, "$.a"],
      [[Number.POSITIVE_INFINITY], "$[0]"],
      [{ a: new Date(Number.NaN) }, "$.a"],
      [[1, undefined], "$[1]"],
      // oxlint-disable-next-line no-sparse-arrays -- a hole is the case
      [[1, , 2], "$[1]"],
      [{ a: 10n ** 5000n }, "$.a"],
      [JSON.parse('{"__proto__":1}'), "$.__proto__"],
    ];
    for (const [one, path] of cases) {
      assert.throws(
        () => encodeValue(one),
        (error) => error instanceof ValueSetError && error.path === path,
      );
    }
  });
});
