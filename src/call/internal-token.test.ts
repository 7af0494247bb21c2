/** Principals between hosts: each arrives as it was, and nothing but an unchanged token of the same system is believed. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { Secret } from "../core/index.ts";
import { createInternalTokens } from "./internal-token.ts";

const secret = new Secret<Uint8Array>(randomBytes(32));
const tokens = createInternalTokens("shop", secret);
const refused = { code: "SKEIN_ACCESS_UNAUTHENTICATED" };
const fields = {
  subject: fc.string({ unit: "grapheme", maxLength: 50 }),
  roles: fc.array(fc.string({ maxLength: 20 }), { maxLength: 5 }),
  since: fc.date({ noInvalidDate: true }),
  level: fc.bigInt(),
};
const principal = fc.record(fields, { noNullPrototype: true });

test("a principal arrives as it was, until its deadline and not at it", () => {
  fc.assert(
    fc.property(fc.option(principal, { nil: undefined }), fc.integer({ min: 1, max: 2 ** 45 }), (who, deadlineMs) => {
      const token = tokens.sign(who, deadlineMs);
      assert.deepEqual(tokens.verify(token, deadlineMs - 1), who);
      assert.throws(() => tokens.verify(token, deadlineMs), refused);
      assert.throws(() => tokens.verify(token, Number.NaN), refused);
    }),
  );
});

test("any change, another secret and another system are refused", () => {
  fc.assert(
    fc.property(principal, fc.nat(), fc.string({ maxLength: 2 }), (who, place, put) => {
      const token = tokens.sign(who, 1_000);
      const at = place % token.length;
      const changed = token.slice(0, at) + put + token.slice(at + 1);
      if (changed !== token) assert.throws(() => tokens.verify(changed, 1), refused);
      assert.throws(
        () => createInternalTokens("shop", new Secret<Uint8Array>(randomBytes(32))).verify(token, 1),
        refused,
      );
      assert.throws(() => createInternalTokens("office", secret).verify(token, 1), refused);
    }),
  );
});

test("anything else is refused; what is too large does not travel; a short secret is none", () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => assert.throws(() => tokens.verify(text, 1), refused)));
  for (const text of ["", ".", "..", "v1..", "v2.AAAA.AAAA", "x".repeat(1_000_000)])
    assert.throws(() => tokens.verify(text, 1), refused);
  assert.throws(() => tokens.sign({ subject: "x".repeat(20_000), roles: [] }, 1_000), { code: "SKEIN_VALUE_SET" });
  assert.throws(() => createInternalTokens("shop", new Secret<Uint8Array>(randomBytes(31))), {
    code: "SKEIN_ACCESS_SETUP",
  });
});
