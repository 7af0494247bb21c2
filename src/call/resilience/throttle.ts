/**
 * Owns whether a caller holds its calls back from hosts that refuse most of them, so that refusing does not take all of
 * their time. It must never count a failure as a refusal: a host that fails has worked.
 */
import type { Random } from "../../core/index.ts";

/** Calls are let through up to this many times those that were taken. */
const factor = 2;
/**
 * Calls of the last 2 seconds, in parts. With the book's two minutes calls were held back long after hosts had room again:
 * what is asked of full hosts is much, and outweighs what is asked later.
 */
const partMs = 500;
const parts = 4;

/**
 * A call is held back with the probability max(0, (calls - 2 * taken) / (calls + 1)) of the last 2 s
 * (Site Reliability Engineering, chapter 21, "client-side throttling", https://sre.google/sre-book/handling-overload/).
 */
export class Throttle {
  readonly #calls = new Array<number>(parts).fill(0);
  readonly #refused = new Array<number>(parts).fill(0);
  #part = 0;
  /** Nothing was refused lately: most throttles, and nothing to reckon. */
  #isQuiet = true;

  /** Counts a call at `nowMs`, on a monotonic clock. False where it is held back. */
  let(nowMs: number, random: Random): boolean {
    const slot = this.#slotAt(nowMs);
    this.#calls[slot]!++;
    if (this.#isQuiet || random.float() >= this.#chance()) return true;
    this.#refused[slot]!++;
    return false;
  }

  /** A call that was let through was refused for want of room. */
  refused(nowMs: number): void {
    this.#refused[this.#slotAt(nowMs)]!++;
    this.#isQuiet = false;
  }

  #chance(): number {
    let calls = 0;
    let refused = 0;
    for (let i = 0; i < parts; i++) {
      calls += this.#calls[i]!;
      refused += this.#refused[i]!;
    }
    this.#isQuiet = refused === 0;
    return Math.max(0, (calls - factor * (calls - refused)) / (calls + 1));
  }

  #slotAt(nowMs: number): number {
    const part = Math.floor(nowMs / partMs);
    for (let i = Math.max(this.#part + 1, part - parts + 1); i <= part; i++) {
      this.#calls[i % parts] = 0;
      this.#refused[i % parts] = 0;
    }
    if (part > this.#part) this.#part = part;
    return this.#part % parts;
  }
}
