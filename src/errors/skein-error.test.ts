/** Proves what an error carries, how it is recognised, and that its wire form leaks nothing and survives hostile peers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { catalogue, type CatalogueRow, type Outcome, type SkeinCode } from "./catalogue.ts";
import { canonicalCodes, canonicalStatus, isCanonicalCode } from "./codes.ts";
import { DeclaredError, declaredError, isDeclaredError, isSkeinError, SkeinError, skeinError } from "./skein-error.ts";
import { fromWireError, toWireError, type WireError } from "./wire.ts";

const codes = Object.keys(catalogue) as SkeinCode[];
const outcomes: Outcome[] = ["not_started", "unknown", "failed"];
const data = fc.option(
  fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.oneof(fc.string(), fc.integer(), fc.boolean()), {
    noNullPrototype: true,
  }),
  { nil: undefined },
);
const fields = fc.record({ data, outcome: fc.constantFrom(...outcomes), retry: fc.boolean() });
const names = fc.stringMatching(/^[A-Z][A-Z_]{0,30}$/).filter((name) => !name.startsWith("SKEIN_"));

test("there are the sixteen canonical codes, each with an error's status", () => {
  assert.equal(canonicalCodes.length, 16);
  for (const code of canonicalCodes) assert.ok(canonicalStatus[code] >= 400 && canonicalStatus[code] <= 504);
  assert.equal(isCanonicalCode("toString"), false);
});

test("an error of the catalogue carries its row", () => {
  for (const code of codes) {
    const row: CatalogueRow = catalogue[code];
    const error = skeinError(code);
    assert.equal(error.message, row.what);
    assert.equal(error.status, row.status ?? canonicalStatus[row.canonical]);
    const { canonical, retry, outcome, who, fix } = error;
    assert.deepEqual(
      { canonical, retry, outcome, who, fix },
      { canonical: row.canonical, retry: row.retry, outcome: row.outcome, who: row.who, fix: row.fix },
    );
    assert.equal("data" in error || "cause" in error, false);
  }
});

test("detail, cause, data, outcome and retry override the row", () => {
  const cause = new Error("why");
  const error = skeinError("SKEIN_DATA_BUSY", "the queue is full", {
    cause,
    data: { queue: 3 },
    outcome: "unknown",
    retry: false,
  });
  assert.equal(error.message, "the queue is full");
  assert.equal(error.cause, cause);
  assert.deepEqual([error.data, error.outcome, error.retry], [{ queue: 3 }, "unknown", false]);
  assert.match(String(error.stack), /skein-error\.test/);
});

test("errors are recognised by brand, from another copy of the package too", () => {
  const foreign = Object.assign(new Error("x"), { [Symbol.for("skein.error")]: true });
  assert.equal(isSkeinError(skeinError("SKEIN_CALL_FAILED")), true);
  assert.equal(isSkeinError(foreign), true);
  for (const other of [null, undefined, "SKEIN_CALL_FAILED", new Error("SKEIN_CALL_FAILED"), {}])
    assert.equal(isSkeinError(other), false);
});

test("a declared error is typed, defaults to 422, and cannot take the catalogue's names", () => {
  const error: DeclaredError<"OUT_OF_STOCK", { sku: string }> = declaredError("OUT_OF_STOCK", { sku: "a" });
  assert.ok(error instanceof SkeinError && error instanceof DeclaredError && error instanceof Error);
  assert.deepEqual(
    [error.code, error.data.sku, error.status, error.canonical, error.outcome],
    ["OUT_OF_STOCK", "a", 422, "failed_precondition", "failed"],
  );
  assert.equal(declaredError("GONE", null, { status: 410, canonical: "not_found", message: "m" }).status, 410);
  assert.equal(isDeclaredError(error), true);
  assert.equal(isDeclaredError(skeinError("SKEIN_DATA_BUSY")), false);
  assert.throws(() => declaredError("SKEIN_DATA_BUSY", {}), { name: "AssertionFailed" });
});

test("an error survives the wire", () => {
  const same = (error: SkeinError): void => {
    const wire = JSON.parse(JSON.stringify(toWireError(error))) as unknown;
    const back = fromWireError(wire);
    assert.deepEqual(Object.entries(back), Object.entries(error));
    assert.equal(back.message, error.message);
    assert.equal(back.name, error.name);
    assert.deepStrictEqual(toWireError(back), toWireError(error));
  };
  fc.assert(
    fc.property(fc.constantFrom(...codes), fc.string(), fields, (code, detail, options) => {
      same(skeinError(code, code === "SKEIN_CALL_FAILED" ? undefined : detail, options));
    }),
  );
  fc.assert(
    fc.property(
      names,
      data,
      fc.string(),
      fc.integer({ min: 400, max: 599 }),
      fc.constantFrom(...canonicalCodes),
      (name, value, message, status, canonical) => {
        same(declaredError(name, value, { message, status, canonical }));
      },
    ),
  );
});

test("nothing foreign leaves: no stack, no cause, no raw message", () => {
  const canary = "password=hunter2";
  const thrown: unknown[] = [
    new Error(canary),
    canary,
    { message: canary },
    null,
    skeinError("SKEIN_CALL_FAILED", canary, { cause: new Error(canary) }),
    skeinError("SKEIN_DATA_UNAVAILABLE", undefined, { cause: new Error(canary) }),
    declaredError("GONE", { fn: () => canary }),
    Object.assign(new Error(canary), { [Symbol.for("skein.error")]: true, code: "SKEIN_NO_SUCH_CODE" }),
    Object.assign(
      Object.create({
        get code(): string {
          throw new Error(canary);
        },
      }) as object,
      { [Symbol.for("skein.error")]: true },
    ),
  ];
  for (const error of thrown) {
    const wire = toWireError(error);
    assert.ok(!JSON.stringify(wire).includes("hunter2"));
    assert.equal("stack" in wire || "cause" in wire, false);
  }
  assert.deepEqual(toWireError(new Error(canary)), toWireError(skeinError("SKEIN_CALL_FAILED")));
});

test("whatever a peer sends, an error comes back", () => {
  fc.assert(
    fc.property(fc.anything({ withMap: true, withSparseArray: true, withNullPrototype: true }), (wire) => {
      assert.equal(fromWireError(wire).code, "SKEIN_CALL_FAILED");
    }),
  );
  const good: WireError = toWireError(skeinError("SKEIN_DATA_BUSY"));
  assert.equal(fromWireError(good).code, "SKEIN_DATA_BUSY");
  const bad: Record<string, unknown>[] = [
    { code: "SKEIN_NO_SUCH_CODE" },
    { code: 7 },
    { code: "toString" },
    { code: "OUT_OF_STOCK" },
    { code: "SKEIN_DATA_BUSY", declared: true },
    { canonical: "bad" },
    { canonical: "constructor" },
    { message: 1 },
    { outcome: "maybe" },
    { retry: "yes" },
    { status: 200 },
    { status: 500.5 },
    { status: "503" },
    { data: () => 1 },
    { declared: false },
    { code: "X".repeat(81), declared: true },
  ];
  for (const change of bad) {
    const error = fromWireError({ ...good, ...change });
    assert.deepEqual([error.code, error.outcome], ["SKEIN_CALL_FAILED", "unknown"], JSON.stringify(change));
  }
  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error("no");
      },
    },
  );
  assert.equal(fromWireError(hostile).code, "SKEIN_CALL_FAILED");
});

test("a message is cut to its limit, and a known code's status is this side's own", () => {
  assert.equal(toWireError(skeinError("SKEIN_DATA_BUSY", "x".repeat(9_000))).message.length, 2_000);
  const wire = {
    ...toWireError(skeinError("SKEIN_DATA_BUSY")),
    status: 418,
    canonical: "internal",
    message: "y".repeat(9_000),
  };
  const error = fromWireError(wire);
  assert.deepEqual([error.status, error.canonical, error.message.length], [503, "unavailable", 2_000]);
});
