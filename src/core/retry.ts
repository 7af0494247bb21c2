/**
 * How often calls may be sent again, and how long is waited before: the same rule wherever Skein repeats something. It must
 * never decide whether a call may be repeated at all: who knows its kind does.
 */
import type { Random } from "./random.ts";

/** Attempts of one call, the first with them. */
export const attemptsMax = 3;
/** Before attempt n + 1 a wait of up to `first * 2^(n - 1)` milliseconds, and never longer than `max`. */
export const backoffFirstMs = 25;
export const backoffMaxMs = 1_000;
/** Repeats in a window: this share of its calls, and this many a second besides. */
export const budgetRatio = 0.1;
export const budgetPerSecond = 3;
export const budgetWindowSeconds = 10;

/**
 * How long to wait after the attempt of this number (from 1): full jitter, which spreads those who failed together most
 * evenly (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
export function backoffMs(attempt: number, random: Random): number {
  return random.float() * Math.min(backoffMaxMs, backoffFirstMs * 2 ** (attempt - 1));
}

/**
 * Calls and repeats of the last seconds: what keeps repeats from making an outage worse. A share of what is asked, not a
 * number for each call: when everything fails, three attempts each would be three times the load
 * (Site Reliability Engineering, chapter 21, https://sre.google/sre-book/handling-overload/).
 */
export class RetryBudget {
  readonly #calls = new Array<number>(budgetWindowSeconds).fill(0);
  readonly #repeats = new Array<number>(budgetWindowSeconds).fill(0);
  #second = 0;

  /** Counts a call at `nowMs`, on a monotonic clock. */
  call(nowMs: number): void {
    this.#calls[this.#slotAt(nowMs)]!++;
  }

  /** Takes one repeat; false when those of the window are spent. */
  take(nowMs: number): boolean {
    const slot = this.#slotAt(nowMs);
    const allowed = Math.floor(sum(this.#calls) * budgetRatio) + budgetPerSecond * budgetWindowSeconds;
    if (sum(this.#repeats) >= allowed) return false;
    this.#repeats[slot]!++;
    return true;
  }

  #slotAt(nowMs: number): number {
    const second = Math.floor(nowMs / 1_000);
    if (second > this.#second) this.#roll(second);
    return this.#second % budgetWindowSeconds;
  }

  /** Forgets the seconds that have left the window. */
  #roll(second: number): void {
    const steps = Math.min(budgetWindowSeconds, second - this.#second);
    for (let i = 0; i < steps; i++) {
      const slot = (second - i) % budgetWindowSeconds;
      this.#calls[slot] = 0;
      this.#repeats[slot] = 0;
    }
    this.#second = second;
  }
}

function sum(of: readonly number[]): number {
  let all = 0;
  for (const each of of) all += each;
  return all;
}
