/**
 * Owns the moments in which the calling thread stands still for a reply of SQLite's thread: most statements take less time
 * than being woken for their reply does, and while a transaction waits for that nobody else may write. It must never hold
 * up the event loop for long, be it with many short waits in a row.
 */
import { afterTurn } from "../../../core/index.ts";

/** How long one reply is waited for; most are there in a quarter of it. */
const replyMsMax = 0.2;
/** Replies waited for in one turn of the event loop: the longest that it stands still is this many times the above. */
const perTurnMax = 8;

export interface Moments {
  /**
   * Stands still until `replies` is not `seen` any more, for a moment at most; not at all when this turn has had enough, or
   * has waited in vain.
   */
  wait(replies: Int32Array, seen: number): void;
}

/** Of one event loop: all SQLite threads of a host share them. */
export function createMoments(): Moments {
  let left = perTurnMax;
  const refill = (): void => {
    left = perTurnMax;
  };
  return {
    wait(replies, seen) {
      if (left === 0) return;
      if (left === perTurnMax) afterTurn(refill);
      left--;
      // A thread that is slow now, for its disk or for a long statement, is slow for the next one too.
      if (Atomics.wait(replies, 0, seen, replyMsMax) === "timed-out") left = 0;
    },
  };
}
