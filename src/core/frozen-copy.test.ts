/** Owns what may be shared between calls, and what may not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { frozenCopy } from "./frozen-copy.ts";
import { ValueSetError } from "./structural-copy.ts";

test("a copy is frozen all through, made once, and no part of what was given", () => {
  const given = { subject: "ann", roles: ["a"], of: { tenant: "acme" } };
  const copy = frozenCopy(given) as typeof given;
  given.roles.push("b");
  assert.deepEqual(copy, { subject: "ann", roles: ["a"], of: { tenant: "acme" } });
  assert.throws(() => copy.roles.push("c"), TypeError);
  assert.throws(() => (copy.of.tenant = "other"), TypeError);
  assert.equal(frozenCopy(copy), copy);
  assert.notEqual(frozenCopy(given), copy);
});

test("what somebody else has frozen is copied: it may be frozen on the outside only", () => {
  const given = Object.freeze({ roles: ["a"] });
  const copy = frozenCopy(given) as typeof given;
  given.roles.push("b");
  assert.deepEqual(copy, { roles: ["a"] });
});

test("with a date or bytes in it, each has one of its own", () => {
  for (const part of [new Date(1), new Uint8Array([1])]) {
    const copy = frozenCopy({ deep: [part] }) as { deep: [Date | Uint8Array] };
    const again = frozenCopy(copy) as typeof copy;
    assert.notEqual(again, copy);
    assert.notEqual(again.deep[0], copy.deep[0]);
    assert.deepEqual(again, copy);
  }
});

test("what is no object is what it is; what is outside the value set is refused", () => {
  for (const value of [undefined, null, "a", 1, true]) assert.equal(frozenCopy(value), value);
  assert.throws(() => frozenCopy({ a: () => 1 }), ValueSetError);
});
