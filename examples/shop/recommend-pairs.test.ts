/** Compares the pair counter with a brute-force oracle, and shows that its limits hold. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { association, createPairCounter } from "./recommend-pairs.ts";
import type { PairCounter } from "./recommend-pairs.ts";

const skus = ["a", "b", "c", "d", "e", "f", "g", "h"];
const basket = fc.array(fc.constantFrom(...skus), { maxLength: 8 });
const baskets = fc.array(basket, { maxLength: 40 });

interface Oracle {
  together(one: string, other: string): number;
  related(sku: string, togetherMin: number): { sku: string; score: number; together: number }[];
}

/** Counts by looking at every basket for every pair; entropy form of G², which the source does not use. */
function oracle(all: readonly (readonly string[])[]): Oracle {
  const sets = all.map((each) => new Set(each)).filter((each) => each.size > 0);
  const count = (...wanted: string[]): number => sets.filter((set) => wanted.every((sku) => set.has(sku))).length;
  const entropy = (...cells: number[]): number => {
    const total = cells.reduce((sum, cell) => sum + cell, 0);
    return cells.reduce((sum, cell) => sum + (cell === 0 ? 0 : cell * Math.log(cell / total)), 0);
  };
  const score = (one: string, other: string): number => {
    const k11 = count(one, other);
    const k12 = count(one) - k11;
    const k21 = count(other) - k11;
    const k22 = sets.length - k11 - k12 - k21;
    if (k11 * sets.length <= count(one) * count(other)) return 0;
    return 2 * (entropy(k11, k12, k21, k22) - entropy(k11 + k12, k21 + k22) - entropy(k11 + k21, k12 + k22));
  };
  return {
    together: count,
    related: (sku, togetherMin) =>
      skus
        .filter((other) => other !== sku && count(sku, other) >= togetherMin)
        .map((other) => ({ sku: other, score: score(sku, other), together: count(sku, other) }))
        .filter((each) => each.score > 1e-9),
  };
}

function counted(all: readonly (readonly string[])[], options: Parameters<typeof createPairCounter>[0]): PairCounter {
  const counter = createPairCounter(options);
  for (const each of all) counter.add(each);
  return counter;
}

test("property: within the limits, counts and scores are those of the oracle", () => {
  fc.assert(
    fc.property(baskets, fc.integer({ min: 1, max: 3 }), (all, togetherMin) => {
      const counter = counted(all, { togetherMin });
      const truth = oracle(all);
      for (const sku of skus) {
        const found = counter.related(sku, 20).filter((each) => each.score > 1e-9);
        const expected = new Map(truth.related(sku, togetherMin).map((each) => [each.sku, each]));
        assert.deepEqual(new Set(found.map((each) => each.sku)), new Set(expected.keys()));
        for (const each of found) {
          assert.equal(each.together, expected.get(each.sku)?.together);
          assert.ok(Math.abs(each.score - (expected.get(each.sku)?.score ?? NaN)) < 1e-6);
        }
        for (const [i, each] of found.entries()) assert.ok(i === 0 || each.score <= (found[i - 1]?.score ?? 0));
      }
    }),
  );
});

test("property: a pruned count is never too high, and too low by undercountMax at most", () => {
  fc.assert(
    fc.property(baskets, fc.integer({ min: 2, max: 12 }), (all, pairsMax) => {
      const counter = counted(all, { pairsMax, togetherMin: 1 });
      const { pairs, undercountMax, pairsDropped } = counter.stats();
      assert.ok(pairs <= pairsMax);
      assert.equal(undercountMax === 0, pairsDropped === 0);
      const truth = oracle(all);
      for (const sku of skus) {
        const found = new Map(counter.related(sku, 20).map((each) => [each.sku, each.together]));
        for (const [other, together] of found) {
          assert.ok(together <= truth.together(sku, other));
          assert.ok(together >= truth.together(sku, other) - undercountMax);
        }
        // A pair met more often than the bound is still there, unless its lowered count is no association any more.
        for (const { sku: other, together } of truth.related(sku, 1)) {
          const kept = Math.max(1, together - undercountMax);
          const one = truth.together(sku, sku);
          const isSure =
            together > undercountMax && kept * counter.stats().baskets > one * truth.together(other, other);
          if (isSure) assert.ok(found.has(other), `${sku} ${other}`);
        }
      }
    }),
  );
});

test("property: the order of baskets and of the items within them changes nothing", () => {
  fc.assert(
    fc.property(baskets, (all) => {
      const turned = all.map((each) => each.toReversed()).toReversed();
      const sorted = (counter: PairCounter): unknown =>
        [...counter.entries()].toSorted((a, b) => (a.sku < b.sku ? -1 : 1));
      assert.deepEqual(sorted(counted(all, {})), sorted(counted(turned, {})));
    }),
  );
});

test("a table that grew and was pruned many times still counts a common pair in full", () => {
  const counter = createPairCounter({ pairsMax: 5_000 });
  for (let i = 0; i < 40_000; i++) counter.add(i % 10 === 0 ? ["tea", "pot"] : [`x${i % 700}`, `y${(i * 7) % 901}`]);
  const { pairs, pairsDropped, undercountMax } = counter.stats();
  assert.ok(pairs <= 5_000 && pairsDropped > 0);
  const [best] = counter.related("tea", 1);
  assert.equal(best?.sku, "pot");
  assert.equal(best?.together, 4_000);
  assert.ok(undercountMax < 100);
});

test("best sellers do not crowd out what belongs together, as raw counts would have it", () => {
  const counter = createPairCounter();
  for (let i = 0; i < 1_000; i++) {
    const items = i % 2 === 0 ? ["bag"] : [`other-${i}`];
    if (i < 40) items.push("teapot");
    if (i < 15) items.push("cosy");
    counter.add(items);
  }
  const [first, second] = counter.related("teapot", 2);
  assert.deepEqual([first?.sku, first?.together], ["cosy", 15]);
  assert.equal(second, undefined, "the bag is in half of all baskets, and in half of those with a teapot");
});

test("a basket of 1,000 items costs 4,950 pairs by default, not 499,500, and still counts its items", () => {
  const counter = createPairCounter();
  counter.add(Array.from({ length: 1_000 }, (_, i) => `item-${i}`));
  assert.equal(counter.stats().pairs, (100 * 99) / 2);
  assert.equal(counter.stats().oversized, 1);
  assert.equal(counter.stats().baskets, 1);
});

test("items beyond itemsMax are counted as ignored; items known before still pair", () => {
  const counter = createPairCounter({ itemsMax: 2 });
  for (let i = 0; i < 3; i++) counter.add(["a", "b", "c"]);
  counter.add(["d"]);
  assert.deepEqual([counter.stats().items, counter.stats().itemsIgnored], [2, 4]);
  assert.equal(counter.stats().baskets, 3);
});

test("related: unknown skus, limits of 0 and a single shared basket give nothing; an add is seen at once", () => {
  const counter = createPairCounter();
  counter.add(["a", "b"]);
  counter.add(["c"]);
  assert.deepEqual(counter.related("nowhere", 5), []);
  assert.deepEqual(counter.related("a", 5), []);
  counter.add(["b", "a", "a"]);
  assert.deepEqual(
    counter.related("a", 5).map(({ sku, together }) => [sku, together]),
    [["b", 2]],
  );
  assert.deepEqual(counter.related("a", 0), []);
});

test("G² of Dunning's table for 'the swiss' is that of the paper", () => {
  // Dunning 1993, table 1: k(AB) = 110, k(A ~B) = 2442, k(~A B) = 111, k(~A ~B) = 29114; -2 log λ = 270.72.
  assert.equal(association(110, 110 + 2_442, 110 + 111, 110 + 2_442 + 111 + 29_114).toFixed(2), "270.72");
});

test("a limit out of range is refused by name", () => {
  assert.throws(() => createPairCounter({ pairsMax: 1 }), /pairsMax must be a whole number from 2/);
  assert.throws(() => createPairCounter({ relatedMax: 0.5 }), RangeError);
});
