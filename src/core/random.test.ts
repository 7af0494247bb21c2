/** Proves that seeded randomness is the cited algorithm and repeats, and that both sources keep their ranges. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AssertionFailed } from "./assert.ts";
import { createId, createSpanId, createTraceId } from "./ids.ts";
import { createXoshiro128 } from "./internal/xoshiro128.ts";
import { createSeededRandom, systemRandom, type Random } from "./random.ts";

test("xoshiro128** gives the reference implementation's first words", () => {
  const next = createXoshiro128(1, 2, 3, 4);
  assert.deepEqual([next(), next(), next(), next()], [11_520, 0, 5_927_040, 70_819_200]);
});

test("the same seed repeats, as a number or as text; another does not", () => {
  const draw = (random: Random): unknown[] => [
    random.float(),
    random.int(10),
    random.int(2 ** 32),
    [...random.bytes(9)],
    createId(random),
  ];
  fc.assert(
    fc.property(fc.oneof(fc.integer(), fc.string()), (seed) => {
      const first = draw(createSeededRandom(seed));
      assert.deepEqual(draw(createSeededRandom(seed)), first);
      assert.deepEqual(draw(createSeededRandom(String(seed))), first);
      assert.notDeepEqual(draw(createSeededRandom(`${seed}!`)), first);
    }),
  );
});

test("both sources keep their ranges and spread evenly", () => {
  for (const random of [systemRandom, createSeededRandom(1)]) {
    const counts = new Array<number>(7).fill(0);
    let sum = 0;
    for (let i = 0; i < 70_000; i++) {
      counts[random.int(7)]!++;
      const float = random.float();
      assert.ok(float >= 0 && float < 1);
      sum += float;
    }
    // 10,000 expected of each; 6 standard deviations are 556, so a false alarm is one in 10^8.
    for (const count of counts) assert.ok(Math.abs(count - 10_000) < 600, `${counts.join()}`);
    assert.ok(Math.abs(sum / 70_000 - 0.5) < 0.01);
    assert.equal(random.bytes(100_000).length, 100_000);
    assert.ok(
      random
        .bytes(100_000)
        .subarray(70_000)
        .some((byte) => byte !== 0),
    );
    for (const bad of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) assert.throws(() => random.int(bad), AssertionFailed);
    for (const bad of [-1, 0.5, 2 ** 20 + 1]) assert.throws(() => random.bytes(bad), AssertionFailed);
  }
});

test("ids have their form and do not repeat", () => {
  const forms: [(random: Random) => string, RegExp][] = [
    [createId, /^[\w-]{16}$/],
    [createTraceId, /^[0-9a-f]{32}$/],
    [createSpanId, /^[0-9a-f]{16}$/],
  ];
  for (const [create, form] of forms) {
    const seen = new Set<string>();
    for (let i = 0; i < 20_000; i++) seen.add(create(systemRandom));
    assert.equal(seen.size, 20_000);
    for (const id of seen) assert.match(id, form);
  }
});

test("ids carry every bit they are given, and W3C ids are never all zero", () => {
  const words = (values: number[]): Random => ({ ...systemRandom, int: () => values.shift() ?? 0 });
  for (let bit = 0; bit < 96; bit++) {
    const values = [0, 0, 0];
    values[bit >>> 5] = (1 << (bit & 31)) >>> 0;
    assert.notEqual(createId(words(values)), "AAAAAAAAAAAAAAAA", `bit ${bit}`);
  }
  assert.equal(createSpanId(words([0xdeadbeef, 0x00112233])), "deadbeef00112233");
  assert.equal(createSpanId(words([0, 0])), "0000000100000000");
  assert.equal(createTraceId(words([0, 0, 0, 0])), "00000000000000000000000100000000");
});
