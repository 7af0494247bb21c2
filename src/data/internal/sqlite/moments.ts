/**
 * Owns the moments in which the calling thread stands still for a reply of SQLite's: most statements take less time than
 * being woken for their reply does, and a transaction's next one keeps everybody else from writing. It must never stand
 * still for long, nor for one turn of the event loop after the other's work.
 */
import { afterTurn } from "../../../core/index.ts";

/** How long one reply is waited for; most are there in a quarter of it. */
const replyMsMax = 0.2;
/** Replies waited for in one turn of the event loop: the longest that it is held up is this many times the above. */
const perTurnMax = 8;

export interface Moments {
  /** Stands still until `replies` is not `seen` any more, for a moment at most; not at all when this turn has had enough. */
  wait(replies: Int32Array, seen: number): void;
}

/** Of one event loop: all threads of a host share them. */
export function createMoments(): Moments {
  let left = perTurnMax;
  return {
    wait(replies, seen) {
      if (left === 0) return;
      if (left === perTurnMax) {
        afterTurn(() => {
          left = perTurnMax;
        });
      }
      left--;
      Atomics.wait(replies, 0, seen, replyMsMax);
    },
  };
}
