/** What is given back, and what is not ours to give. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { freeBytes } from "./free-bytes.ts";

test("an array that is all of its buffer is freed; a part, a pool's and a small one are left alone", () => {
  const whole = new Uint8Array(10_000);
  freeBytes(whole);
  assert.equal(whole.length, 0);
  const part = new Uint8Array(new ArrayBuffer(20_000), 0, 10_000);
  const pooled = Buffer.from("x".repeat(5_000));
  const small = new Uint8Array(100);
  const shared = new Uint8Array(new SharedArrayBuffer(10_000));
  for (const bytes of [part, pooled, small, shared]) {
    const { length } = bytes;
    freeBytes(bytes);
    assert.equal(bytes.length, length);
  }
});
