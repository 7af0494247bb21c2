/** Proves the real clock, sleeping, and the virtual clock's order, settling and limits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AssertionFailed } from "./assert.ts";
import { sleep, systemClock, toNextMs } from "./clock.ts";
import { createVirtualClock } from "./virtual-clock.ts";

test("the system clock fires a timer, and a canceled one never", async () => {
  const before = systemClock.monotonic();
  const canceled = systemClock.after(0, () => assert.fail("it was canceled"));
  canceled.cancel();
  canceled.cancel();
  await new Promise<void>((resolve) => systemClock.after(1, resolve));
  assert.ok(systemClock.monotonic() > before);
  assert.ok(Math.abs(systemClock.now() - Date.now()) < 1_000);
});

test("a delay beyond the platform's limit does not fire at once", async () => {
  const timer = systemClock.after(2 ** 31 * 3, () => assert.fail("fired early"), { unref: true });
  await new Promise<void>((resolve) => systemClock.after(5, resolve));
  timer.cancel();
});

test("a negative or non-finite delay is a bug", () => {
  for (const clock of [systemClock, createVirtualClock()]) {
    for (const bad of [-1, Number.NaN, Infinity]) assert.throws(() => clock.after(bad, () => {}), AssertionFailed);
  }
});

test("sleep ends on time, or with the signal's reason and no timer left", async () => {
  const clock = createVirtualClock();
  let woke = false;
  const sleeping = sleep(clock, 1_000).then(() => (woke = true));
  await clock.advance(999);
  assert.equal(woke, false);
  await clock.advance(1);
  await sleeping;
  assert.equal(woke, true);

  const abort = new AbortController();
  const reason = new Error("enough");
  const aborted = sleep(clock, 1_000, abort.signal);
  abort.abort(reason);
  await assert.rejects(aborted, reason);
  await assert.rejects(sleep(clock, 1, abort.signal), reason);
  assert.equal(clock.pending, 0);
});

test("virtual timers fire in order of due time, then of arming, at their own instant", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 40 }), fc.nat(60), async (delays, by) => {
      const clock = createVirtualClock({ startMs: 1_000 });
      const fired: [number, number][] = [];
      for (const [index, delay] of delays.entries()) {
        clock.after(delay, () => {
          assert.equal(clock.now(), 1_000 + delay);
          fired.push([delay, index]);
        });
      }
      await clock.advance(by);
      const expected = delays.map((delay, index): [number, number] => [delay, index]).filter(([delay]) => delay <= by);
      assert.deepEqual(
        fired,
        expected.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]),
      );
      assert.equal(clock.pending, delays.length - fired.length);
      assert.equal(clock.monotonic(), by);
    }),
    { numRuns: 60 },
  );
});

test("promises settle between timers, and what they arm fires in the same advance", async () => {
  const clock = createVirtualClock();
  const log: string[] = [];
  const run = async (): Promise<void> => {
    await sleep(clock, 10);
    await Promise.resolve();
    log.push(`first ${clock.monotonic()}`);
    await sleep(clock, 10);
    log.push(`second ${clock.monotonic()}`);
  };
  const running = run();
  clock.after(15, () => log.push(`timer ${clock.monotonic()}`));
  await clock.advance("1d");
  await running;
  assert.deepEqual(log, ["first 10", "timer 15", "second 20"]);
});

test("a timer that throws fails the advance; time stands there and goes on afterwards", async () => {
  const clock = createVirtualClock();
  clock.after(5, () => {
    throw new Error("boom");
  });
  await assert.rejects(clock.advance(10), /boom/);
  assert.equal(clock.monotonic(), 5);
  await clock.advance(1);
  assert.equal(clock.monotonic(), 6);
});

test("two advances at once are refused; so is a canceled timer's second cancel counted", async () => {
  const clock = createVirtualClock();
  const timer = clock.after(1, () => {});
  const first = clock.advance(1);
  await assert.rejects(clock.advance(1), AssertionFailed);
  await first;
  timer.cancel();
  assert.equal(clock.pending, 0);
});

test("an advance stops where it was asked to, at the time of the timer before", async () => {
  const clock = createVirtualClock({ settleTurns: 1 });
  const fired: number[] = [];
  for (const at of [10, 20, 30]) clock.after(at, () => fired.push(at));
  await clock.advance("1s", { until: () => fired.length === 2 });
  assert.deepEqual([fired, clock.monotonic()], [[10, 20], 20]);
  await clock.advance("1s", { until: () => true });
  assert.equal(clock.monotonic(), 20);
  await clock.advance("1s");
  assert.deepEqual([fired, clock.monotonic()], [[10, 20, 30], 1_020]);
});

test("who begins at different times is called at the same one, at most a period and a little later", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(499), { minLength: 2, maxLength: 8 }), async (begins) => {
      const clock = createVirtualClock();
      const calls: number[] = [];
      for (const beginMs of begins)
        clock.after(beginMs, () => {
          const delayMs = toNextMs(clock, 500);
          assert.ok(delayMs > 0 && delayMs <= 501);
          clock.after(delayMs, () => calls.push(clock.monotonic()));
        });
      await clock.advance(1_100);
      assert.equal(calls.length, begins.length);
      assert.equal(new Set(calls).size, 1);
    }),
  );
});
