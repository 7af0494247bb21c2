/** Tests what a caller makes of hosts that refuse or fail: held back calls, and replicas that are left out for a while. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { createSeededRandom } from "../../core/index.ts";
import { isPanic, mayEject, Standing } from "./ejection.ts";
import { Throttle } from "./throttle.ts";

suite("throttle", () => {
  /** The share that was let through while hosts take `taken` of what reaches them. */
  function letThrough(throttle: Throttle, fromMs: number, untilMs: number, taken: number): number {
    const random = createSeededRandom(1);
    let through = 0;
    let all = 0;
    for (let nowMs = fromMs; nowMs < untilMs; nowMs += 5) {
      all++;
      if (!throttle.let(nowMs, random)) continue;
      through++;
      if (random.float() >= taken) throttle.refused(nowMs);
    }
    return through / all;
  }

  test("nothing is held back while at least half is taken", () => {
    const throttle = new Throttle();
    assert.equal(letThrough(throttle, 0, 60_000, 1), 1);
    assert.ok(letThrough(throttle, 60_000, 180_000, 0.6) > 0.99);
  });

  test("hosts that take a tenth are asked for about twice what they take", () => {
    const share = (() => {
      const throttle = new Throttle();
      letThrough(throttle, 0, 240_000, 0.1);
      return letThrough(throttle, 240_000, 300_000, 0.1);
    })();
    // Of 200 a second let through x, a tenth of it taken: calls stay at twice what is taken only where x falls.
    assert.ok(share < 0.25, `${share} of the calls went out`);
  });

  test("two seconds after the last refusal all is forgotten", () => {
    const throttle = new Throttle();
    letThrough(throttle, 0, 120_000, 0);
    assert.equal(letThrough(throttle, 122_000, 160_000, 1), 1);
  });

  test("a crowd that has left is not held against those who come later: few calls are nothing beside it", () => {
    const random = createSeededRandom(1);
    const throttle = new Throttle();
    // Of 400 a second a quarter is taken; then there are 20 a second, and room for all of them.
    letThrough(throttle, 0, 20_000, 0.25);
    let heldBack = 0;
    for (let nowMs = 20_000; nowMs < 30_000; nowMs += 50)
      if (!throttle.let(nowMs, random) && nowMs >= 26_000) heldBack++;
    assert.equal(heldBack, 0);
  });

  test("hosts that took none of a crowd's calls are asked as before soon after they have room, however few calls are made", () => {
    for (const perSecond of [5, 20, 200, 1_000]) {
      const random = createSeededRandom(1);
      const throttle = new Throttle();
      letThrough(throttle, 0, 20_000, 0);
      let heldBack = 0;
      for (let nowMs = 20_000; nowMs < 40_000; nowMs += 1_000 / perSecond)
        if (!throttle.let(nowMs, random) && nowMs >= 22_000) heldBack++;
      assert.equal(heldBack, 0, `${perSecond} a second`);
    }
  });

  test("hosts that take nothing are asked with a tenth of the calls, so that it is seen when they have room", () => {
    const throttle = new Throttle();
    letThrough(throttle, 0, 20_000, 0);
    const share = letThrough(throttle, 20_000, 80_000, 0);
    assert.ok(share > 0.09 && share < 0.15, `${share} of the calls went out`);
  });
});

suite("ejection", () => {
  test("five failures in a row, of which none was between answers, make an outlier", () => {
    const standing = new Standing();
    for (let i = 1; i <= 4; i++) assert.equal(standing.failed(7, 100 + i), false);
    assert.equal(standing.failed(8, 110), false, "an answer came between");
    for (let i = 1; i <= 3; i++) assert.equal(standing.failed(8, 110 + i), false);
    assert.equal(standing.failed(8, 120), true);
  });

  test("where the others do no better, nobody is one", () => {
    const standing = new Standing();
    for (let i = 0; i < 50; i++) assert.equal(standing.failed(7, 100), false);
    assert.equal(standing.failed(7, 101), true, "one of the others has answered");
  });

  test("it is out for 1 s, doubled each time up to 30 s, and a first time again after 30 s without", () => {
    const standing = new Standing();
    let nowMs = 1_000_000;
    const lengths: number[] = [];
    for (let i = 0; i < 7; i++) {
      standing.eject(nowMs);
      lengths.push(standing.untilMs - nowMs);
      assert.equal(standing.isOut(standing.untilMs - 1), true);
      assert.equal(standing.isOut(standing.untilMs), false);
      nowMs = standing.untilMs + 1;
    }
    assert.deepEqual(lengths, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    standing.eject(nowMs + 30_001);
    assert.equal(standing.untilMs - nowMs - 30_001, 1_000);
  });

  test("never more than half are out, and none is once fewer than half can be used", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.nat(64), (all, dead) => {
        let out = 0;
        while (mayEject(all, out)) out++;
        assert.ok(out <= all / 2 && out + 1 > all / 2);
        const open = Math.max(0, all - dead);
        const usable = Math.max(0, open - out);
        const used = isPanic(all, usable) ? open : usable;
        assert.ok(used === 0 ? open === 0 : used >= Math.min(open, Math.floor(all / 2)));
      }),
    );
  });
});
