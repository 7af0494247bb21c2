/**
 * Owns whether a caller holds calls of one method back while hosts refuse many of them, so that refusing does not take all
 * of their time. It must never count a failure as a refusal: a host that fails has worked.
 */
import type { Random } from "../../core/index.ts";
import type { SkeinError } from "../../errors/index.ts";

const crowded: ReadonlySet<string> = new Set(["SKEIN_HOST_OVERLOADED", "SKEIN_TRANSPORT_CROWDED"]);

/** Whether a host had no room, here or further on. */
export function isForWantOfRoom({ code }: SkeinError): boolean {
  return crowded.has(code);
}

/**
 * Calls are let through up to this many times those that were taken. The book has 2, and less where a refusal costs nearly
 * what an answer does: here it takes both processes as long as a short call. Much nearer to 1, what hosts refuse by chance
 * below their limit would be held against them, until next to nothing is sent.
 */
const factor = 1.25;
/** How often the share that is let through is looked at: about as long as a call may wait until it is refused. */
const partMs = 250;
/** What a look changes at most: it halves where nearly all was refused, and doubles where nothing was. */
const down = 0.5;
const up = 2;
/** This share is let through, and one call each part, whatever becomes of them: of hosts that are asked nothing nobody knows that they have room. */
const shareMin = 0.1;

/**
 * "Client-side throttling" (Site Reliability Engineering, chapter 21, https://sre.google/sre-book/handling-overload/), which
 * holds calls back with the probability max(0, (calls - factor * taken) / calls) of the last two minutes, with a share
 * that follows quarters of a second instead. The book's counts remember an overload for as long as they reach back; and where
 * they are forgotten at once when there is room, all comes back at once, more than there is room for, again and again.
 */
export class Throttle {
  /** Of calls that are let through. */
  #share = 1;
  #sinceMs = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  /** Since then. */
  #sent = 0;
  #refused = 0;

  /** Counts a call at `nowMs`, on a monotonic clock. False where it is held back. */
  let(nowMs: number, random: Random): boolean {
    if (nowMs - this.#sinceMs >= partMs) this.#look(nowMs);
    if (this.#share < 1 && nowMs - this.#lastMs < partMs && random.float() >= this.#share) return false;
    this.#sent++;
    this.#lastMs = nowMs;
    return true;
  }

  /** A call that was let through was refused for want of room, where it was sent or further on, and by all that were asked. */
  refused(): void {
    this.#refused++;
  }

  #look(nowMs: number): void {
    if (this.#refused > 0 || this.#share < 1) {
      // One more than were sent: of a single call that is refused not much is known.
      const taken = 1 - this.#refused / (this.#sent + 1);
      const change = this.#refused === 0 ? up : Math.max(down, taken * factor);
      // Time in which nothing was sent has given hosts room, too.
      const idleParts = Math.floor((nowMs - this.#sinceMs) / partMs) - 1;
      this.#share = Math.min(1, Math.max(shareMin, this.#share * change * up ** idleParts));
    }
    this.#sinceMs = nowMs;
    this.#sent = this.#refused = 0;
  }
}
