/** Proves that the histogram's percentiles are within its promise, over all magnitudes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Histogram } from "./histogram.ts";

test("a percentile is at most 3.2 % above the value it stands for, and never below", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.0011, max: 200_000, noNaN: true }), { minLength: 2, maxLength: 50 }), (values) => {
      const histogram = new Histogram();
      for (const value of values) histogram.record(value);
      const sorted = values.toSorted((a, b) => a - b);
      for (const quantile of [0.1, 0.5, 0.99]) {
        const exact = sorted[Math.ceil(quantile * sorted.length) - 1] as number;
        const found = histogram.quantile(quantile);
        assert.ok(found >= exact * (1 - 1e-12) && found <= exact * 1.032, `${found} for ${exact} at ${quantile}`);
      }
    }),
  );
});

test("what is too small or too long counts in the first or the last bucket, and the maximum is exact", () => {
  const histogram = new Histogram();
  for (const value of [0, 1e-9, 0.001, 1e9]) histogram.record(value);
  const { count, maxMs, p50Ms } = histogram.summary();
  assert.deepEqual({ count, maxMs }, { count: 4, maxMs: 1e9 });
  assert.ok(p50Ms <= 0.001_04);
});
