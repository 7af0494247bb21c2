/**
 * A clock that stands still until it is told to advance; tests and simulations run on it.
 * Must never let real time in: a test that passes a day in a millisecond passes it the same way every time.
 */
import { assert } from "./assert.ts";
import type { Clock } from "./clock.ts";
import { toMs, type Duration } from "./durations.ts";
import { popTimer, pushTimer, type ArmedTimer } from "./internal/timer-heap.ts";

/** @since 0.1.0 */
export interface VirtualClock extends Clock {
  /**
   * Moves time forward, running due timers in order of due time and letting promises settle before the first, between
   * any two and after the last. Rejects with what a timer throws; time then stands at that timer. One advance at a time.
   * With `until`, time stops as soon as that is true, which is asked whenever promises have settled.
   */
  advance(by: Duration, options?: { readonly until?: () => boolean }): Promise<void>;
  /** Timers armed and neither fired nor canceled. */
  readonly pending: number;
}

/** Turns of the event loop that count as "settled", unless given: enough for a module or a stream of Node's as well. */
const settleTurnsDefault = 4;
/** Timers that may fire without time moving: beyond it something re-arms itself with no delay, for ever. */
const timersPerInstantMax = 100_000;

/**
 * A virtual clock whose wall time starts at `startMs` (milliseconds since the epoch; 2025-01-01T00:00:00Z by default)
 * and whose monotonic time starts at 0. One of `settleTurns` is enough where nothing but promises waits for each other.
 * @since 0.1.0
 */
export function createVirtualClock(options?: { startMs?: number; settleTurns?: number }): VirtualClock {
  const startMs = options?.startMs ?? Date.UTC(2025, 0, 1);
  const settleTurns = options?.settleTurns ?? settleTurnsDefault;
  const heap: ArmedTimer[] = [];
  let elapsedMs = 0;
  let order = 0;
  let pending = 0;
  let advancing = false;

  async function runUntil(endMs: number, until: () => boolean): Promise<void> {
    let atInstant = 0;
    await settle(settleTurns);
    for (let timer = heap[0]; timer !== undefined && timer.dueMs <= endMs; timer = heap[0]) {
      if (until()) return;
      popTimer(heap);
      if (timer.canceled) continue;
      atInstant = timer.dueMs > elapsedMs ? 0 : atInstant + 1;
      assert(atInstant <= timersPerInstantMax, `more than ${timersPerInstantMax} timers fired in one instant`);
      elapsedMs = Math.max(elapsedMs, timer.dueMs);
      timer.canceled = true; // a later cancel() must not count it down again
      pending--;
      timer.run();
      await settle(settleTurns);
    }
    if (!until()) elapsedMs = endMs;
  }

  return {
    now: () => startMs + elapsedMs,
    monotonic: () => elapsedMs,
    get pending() {
      return pending;
    },
    after(delayMs, run) {
      assert(delayMs >= 0 && delayMs < Infinity, `a timer needs a finite delay of at least 0 ms, not ${delayMs}`);
      const timer: ArmedTimer = { dueMs: elapsedMs + delayMs, order: order++, run, canceled: false };
      pushTimer(heap, timer);
      pending++;
      return {
        cancel() {
          if (timer.canceled) return;
          timer.canceled = true;
          pending--;
        },
      };
    },
    async advance(by, { until = never } = {}) {
      const endMs = elapsedMs + toMs(by);
      assert(!advancing, "the virtual clock is advancing already: await one advance before the next");
      advancing = true;
      try {
        await runUntil(endMs, until);
      } finally {
        advancing = false;
      }
    },
  };
}

const never = (): boolean => false;

async function settle(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
