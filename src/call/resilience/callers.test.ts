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
      if (random.float() >= taken) throttle.refused();
    }
    return through / all;
  }

  test("nothing is held back where nothing is refused, and next to nothing where one in twenty is", () => {
    const throttle = new Throttle();
    assert.equal(letThrough(throttle, 0, 60_000, 1), 1);
    assert.ok(letThrough(throttle, 60_000, 180_000, 0.95) > 0.98);
  });

  test("hosts that can do so many a second are asked for little more, and do all that they can", () => {
    const random = createSeededRandom(1);
    const throttle = new Throttle();
    let [sent, done] = [0, 0];
    // Of 1,000 a second there is room for one each 4 ms, and 100 ms of them wait.
    for (let nowMs = 0, busyUntilMs = 0; nowMs < 60_000; nowMs++) {
      if (!throttle.let(nowMs, random)) continue;
      sent++;
      if (busyUntilMs - nowMs > 100) {
        throttle.refused();
        continue;
      }
      done++;
      busyUntilMs = Math.max(busyUntilMs, nowMs) + 4;
    }
    assert.ok(done > 0.85 * 15_000, `${done} of the 15,000 that there was room for`);
    assert.ok(sent < 1.6 * done, `${sent} were sent, ${done} done`);
  });

  test("two seconds after the last refusal nothing is held back", () => {
    const throttle = new Throttle();
    letThrough(throttle, 0, 120_000, 0);
    letThrough(throttle, 120_000, 122_000, 1);
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
