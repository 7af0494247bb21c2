/**
 * The seam for time: wall clock, monotonic clock and timers, and the one implementation that is real.
 * Must never be bypassed: no other folder reads the time or arms a timer by itself, or simulation breaks.
 */
import { assert } from "./assert.ts";

/** Something armed by {@link Clock.after}. @since 0.1.0 */
export interface Timer {
  /** Disarms it. Safe to call twice, and after it fired. */
  cancel(): void;
}

/** Where time comes from. @since 0.1.0 */
export interface Clock {
  /** Wall time in milliseconds since the Unix epoch. May jump; never compute a timeout from it. */
  now(): number;
  /** Milliseconds since an arbitrary origin, with fractions; never goes back. */
  monotonic(): number;
  /**
   * Runs `run` once, `delayMs` milliseconds from now (0 means the next turn).
   * With `unref`, the timer does not keep the process alive. A negative or non-finite delay is a bug.
   */
  after(delayMs: number, run: () => void, options?: { unref?: boolean }): Timer;
}

/** The longest delay the platform's timer takes; it fires at once beyond that. */
const platformDelayMaxMs = 2 ** 31 - 1;

/** Its global is a getter, looked up at each use, and each call reads the time some ten times. */
const { performance: platform } = globalThis;

/** The machine's own clock. Delays beyond 24.8 days are armed in parts. @since 0.1.0 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => platform.now(),
  after(delayMs, run, options) {
    assert(delayMs >= 0 && delayMs < Infinity, `a timer needs a finite delay of at least 0 ms, not ${delayMs}`);
    const unref = options?.unref === true;
    let handle: ReturnType<typeof setTimeout>;
    const arm = (restMs: number): void => {
      const partMs = Math.min(restMs, platformDelayMaxMs);
      handle = restMs === partMs ? setTimeout(run, partMs) : setTimeout(() => arm(restMs - partMs), partMs);
      // Browsers return a number, which keeps nothing alive.
      if (unref && typeof handle === "object") handle.unref();
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

/**
 * A delay to the next multiple of `everyMs` on `clock`, or right after it: what many do every so often then happens together,
 * and an idle process wakes once for all of it. @since 0.1.0
 */
export function toNextMs(clock: Clock, everyMs: number): number {
  // A platform's timer may be a millisecond early, which would make it two.
  return Math.ceil(everyMs - (clock.monotonic() % everyMs)) + 1;
}

/**
 * Resolves after `ms` milliseconds on `clock`. When `signal` aborts first, rejects with its reason and disarms the timer.
 * @since 0.1.0
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const timer = clock.after(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
