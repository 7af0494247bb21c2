/** What Skein does by itself where a runtime has no Node modules, compared with Node's own. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { fromBase64, fromBase64Url, toBase64Url } from "./base64.ts";
import { absolutePath, builtin, processEnv } from "./platform.ts";
import { portableSha256, sha256 } from "./sha256.ts";

test("SHA-256 gives what Node gives, for every length around its blocks and for any text", () => {
  for (let length = 0; length <= 200; length++) {
    const bytes = new Uint8Array(length).fill(length);
    assert.deepEqual(portableSha256(bytes), new Uint8Array(createHash("sha256").update(bytes).digest()), `${length}`);
  }
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const expected = createHash("sha256").update(text).digest();
      assert.deepEqual(portableSha256(text), new Uint8Array(expected));
      assert.equal(sha256(text), expected.toString("base64url"));
    }),
  );
});

test("SHA-256 of the published examples (FIPS 180-4)", () => {
  const hex = (text: string) => Buffer.from(portableSha256(text)).toString("hex");
  assert.equal(hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert.equal(hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.equal(hex("a".repeat(1_000_000)), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
});

test("base64url is read in its one form only, base64 in both of its", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = toBase64Url(bytes);
      assert.equal(text, Buffer.from(bytes).toString("base64url"));
      assert.deepEqual(new Uint8Array(fromBase64Url(text) ?? []), bytes);
      const usual = Buffer.from(bytes).toString("base64");
      assert.deepEqual(new Uint8Array(fromBase64(usual) ?? []), bytes);
      assert.deepEqual(new Uint8Array(fromBase64(usual.replaceAll("=", "")) ?? []), bytes);
    }),
  );
  for (const bad of ["A", "AB", "AA==", "A+BC", "A/BC", "AA\n", "é"]) assert.equal(fromBase64Url(bad), undefined, bad);
  for (const bad of ["A", "A-BC", "AA\n", "A==="]) assert.equal(fromBase64(bad), undefined, bad);
});

test("without a process there are no modules, no environment, and a path stays as it is", (t) => {
  assert.equal(typeof builtin("node:crypto")?.createHash, "function");
  assert.equal(absolutePath("/a/../b"), "/b");
  const { process } = globalThis;
  t.after(() => Object.assign(globalThis, { process }));
  Reflect.deleteProperty(globalThis, "process");
  const found = [builtin("node:crypto"), processEnv(), absolutePath("a")];
  Object.assign(globalThis, { process });
  assert.deepEqual(found, [undefined, {}, "a"]);
});
