/** Sizes as people write them, exactly. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ByteSize, toBytes } from "./byte-size.ts";

test("a size is whole bytes, in any unit", () => {
  assert.deepEqual(
    ["0B", "1KiB", "1.5KiB", "10MiB", "2GiB", 7].map((size) => toBytes(size as ByteSize)),
    [0, 1_024, 1_536, 10_485_760, 2_147_483_648, 7],
  );
});

test("anything else is refused, and named", () => {
  for (const size of ["10MB", "10 MiB", "-1B", "0.3B", "", "MiB", -1, 1.5, Number.NaN, 2 ** 60, null, {}]) {
    assert.throws(() => toBytes(size as ByteSize), /is not a size/, String(size));
  }
});
