/** Tests how often calls may be sent again, and how long is waited: over random loads, with seeds. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { createSeededRandom } from "./random.ts";
import { backoffFirstMs, backoffMaxMs, backoffMs, budgetPerSecond, budgetRatio, RetryBudget } from "./retry.ts";

suite("retry budget", () => {
  test("an idle one has the floor of its window, and no more", () => {
    const budget = new RetryBudget();
    const taken = Array.from({ length: 100 }, () => budget.take(0)).filter(Boolean).length;
    assert.equal(taken, 30);
  });

  test("what was spent comes back once it has left the window", () => {
    const budget = new RetryBudget();
    for (let i = 0; i < 30; i++) assert.equal(budget.take(500), true);
    assert.equal(budget.take(9_999), false);
    assert.equal(budget.take(10_000), true);
  });

  test("when everything fails for long, repeats are a tenth of the calls and three a second", () => {
    const perSecond = 300;
    const budget = new RetryBudget();
    let repeats = 0;
    for (let i = 0; i < perSecond * 30; i++) {
      const nowMs = (i * 1_000) / perSecond;
      budget.call(nowMs);
      for (let attempt = 1; attempt < 3; attempt++) if (budget.take(nowMs)) repeats++;
    }
    const amplification = 1 + repeats / (perSecond * 30);
    assert.ok(amplification <= 1.12, `${amplification} times the offered load`);
    assert.ok(amplification >= 1.1, `${amplification} times the offered load: the budget gives too little`);
  });

  test("no repeat is given beyond the share of the last ten seconds' calls and their floor", () => {
    const step = fc.record({ waitMs: fc.nat(2_500), calls: fc.nat(60), wanted: fc.nat(60) });
    fc.assert(
      fc.property(fc.nat(10 ** 9), fc.array(step, { maxLength: 40 }), (startMs, steps) => {
        const budget = new RetryBudget();
        const calls: number[] = [];
        const repeats: number[] = [];
        let nowMs = startMs;
        const recent = (times: readonly number[]) =>
          times.filter((ms) => Math.floor(ms / 1_000) > Math.floor(nowMs / 1_000) - 10).length;
        for (const { waitMs, calls: made, wanted } of steps) {
          nowMs += waitMs;
          for (let i = 0; i < made; i++) {
            budget.call(nowMs);
            calls.push(nowMs);
          }
          for (let i = 0; i < wanted; i++) {
            const isLeft = recent(repeats) < Math.floor(recent(calls) * budgetRatio) + budgetPerSecond * 10;
            assert.equal(budget.take(nowMs), isLeft);
            if (isLeft) repeats.push(nowMs);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

test("backoff is spread evenly between nothing and a limit that doubles up to its most", () => {
  const random = createSeededRandom(1);
  for (const attempt of [1, 2, 3, 6, 7, 50]) {
    const limit = Math.min(backoffMaxMs, backoffFirstMs * 2 ** (attempt - 1));
    const waits = Array.from({ length: 2_000 }, () => backoffMs(attempt, random));
    assert.ok(waits.every((ms) => ms >= 0 && ms < limit));
    const mean = waits.reduce((all, ms) => all + ms, 0) / waits.length;
    assert.ok(Math.abs(mean - limit / 2) < limit / 20, `attempt ${attempt}: ${mean} of ${limit}`);
  }
});
