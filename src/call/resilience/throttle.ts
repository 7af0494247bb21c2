/**
 * Owns whether a caller holds its calls back from hosts that refuse most of them, so that refusing does not take all of
 * their time. It must never count a failure as a refusal: a host that fails has worked.
 */
import type { Random } from "../../core/index.ts";
import type { SkeinError } from "../../errors/index.ts";

const crowded: ReadonlySet<string> = new Set(["SKEIN_HOST_OVERLOADED", "SKEIN_TRANSPORT_CROWDED"]);

/** Whether a host had no room, here or further on. */
export function isForWantOfRoom({ code }: SkeinError): boolean {
  return crowded.has(code);
}

/** Calls are let through up to this many times those that were taken. */
const factor = 2;
/**
 * Calls of the last 2 seconds, in parts. With the book's two minutes calls were held back long after hosts had room again:
 * what is asked of full hosts is much, and outweighs what is asked later.
 */
const partMs = 500;
const parts = 4;
/** One in ten is let through, and one each 250 ms, whatever became of the others: of hosts that are asked nothing nobody knows that they have room. */
const heldBackMax = 0.9;
const askedEachMs = 250;
/** No refusal for so long while calls were let through: hosts have room, and what was before is forgotten. */
const roomMs = 1_000;
/** By then a call has been refused, if it is. */
const answeredMs = 500;

/**
 * A call is held back with the probability max(0, (calls - 2 * taken) / (calls + 1)) of the last 2 s
 * (Site Reliability Engineering, chapter 21, "client-side throttling", https://sre.google/sre-book/handling-overload/).
 * In the book some calls are always taken. Where none was, twice as many is none either, and calls would come back one by
 * one, doubled every 2 s: hence the tenth, and an end as soon as it is taken.
 */
export class Throttle {
  readonly #calls = new Array<number>(parts).fill(0);
  readonly #refused = new Array<number>(parts).fill(0);
  #part = 0;
  #refusedMs = 0;
  /** The first call and the last one that were let through since. */
  #firstMs = Number.POSITIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;
  /** Nothing was refused lately: most throttles, and nothing to reckon. */
  #isQuiet = true;

  /** Counts a call at `nowMs`, on a monotonic clock. False where it is held back. */
  let(nowMs: number, random: Random): boolean {
    this.#calls[this.#slotAt(nowMs)]!++;
    if (this.#isQuiet || this.#hasRoom(nowMs)) return true;
    if (nowMs - this.#lastMs < askedEachMs && random.float() < this.#chance()) {
      this.#refused[this.#slotAt(nowMs)]!++;
      return false;
    }
    this.#firstMs = Math.min(this.#firstMs, nowMs);
    this.#lastMs = nowMs;
    return true;
  }

  /** A call that was let through was refused for want of room. */
  refused(nowMs: number): void {
    this.#refused[this.#slotAt(nowMs)]!++;
    this.#isQuiet = false;
    this.#refusedMs = nowMs;
    this.#firstMs = Number.POSITIVE_INFINITY;
  }

  /** A call that was let through just now may be refused yet, and says nothing. */
  #hasRoom(nowMs: number): boolean {
    if (nowMs - this.#refusedMs <= roomMs || nowMs - this.#firstMs <= answeredMs) return false;
    this.#forget();
    return true;
  }

  #forget(): void {
    this.#calls.fill(0);
    this.#refused.fill(0);
    this.#isQuiet = true;
  }

  #chance(): number {
    let calls = 0;
    let refused = 0;
    for (let i = 0; i < parts; i++) {
      calls += this.#calls[i]!;
      refused += this.#refused[i]!;
    }
    this.#isQuiet = refused === 0;
    return Math.min(heldBackMax, Math.max(0, (calls - factor * (calls - refused)) / (calls + 1)));
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
