/**
 * Owns how the processes that write one file leave it to each other. SQLite's lock has no queue: who asks again right after
 * its own commit finds it free nearly always, and who only looks now and then nearly never. It must never decide who may
 * write: that is SQLite's, and what is decided here only costs or saves a few milliseconds.
 */
import { type Clock, type Random, sleep } from "../../../core/index.ts";
import type { Limits } from "../../engine.ts";

/** Between two looks at a lock that another holds, and between two turns of one process: uniform from the first to the second. */
const pauseMsMin = 1;
const pauseMsMax = 3;
/** A process writes so long without a pause while others wait: several short transactions, or one long. */
const turnMs = 5;
/** So long after another was seen to hold the lock, it is taken to want it again. */
const sharedMs = 1_000;

export interface Sharing {
  /** Another holds the lock: waits until it is worth another look. Rejects with the reason of the limits' signal. */
  look(limits: Limits): Promise<void>;
  /**
   * Before a transaction: waits where this process has had its turn and others may want theirs, as `look` does. Never where
   * nobody else was seen.
   */
  giveWay(limits: Limits): Promise<void> | undefined;
  /** A transaction of this process is over. */
  ended(): void;
}

/** Of one file in one process: each engine has its own, and two on one file are others to each other. */
export function createSharing(clock: Clock, random: Random): Sharing {
  /** When another was seen last, this turn began, and the last transaction ended. */
  let seenMs = Number.NEGATIVE_INFINITY;
  let turnSinceMs = Number.NEGATIVE_INFINITY;
  let endedMs = Number.NEGATIVE_INFINITY;

  async function pause(limits: Limits): Promise<void> {
    const pauseMs = pauseMsMin + random.float() * (pauseMsMax - pauseMsMin);
    await sleep(clock, Math.min(limits.remainingMs(), pauseMs), limits.signal());
    turnSinceMs = clock.monotonic();
  }

  return {
    look(limits) {
      seenMs = clock.monotonic();
      return pause(limits);
    },
    giveWay(limits) {
      const nowMs = clock.monotonic();
      // Whoever wanted the file has had the time to take it.
      if (nowMs - endedMs >= pauseMsMax) turnSinceMs = nowMs;
      return nowMs - turnSinceMs >= turnMs && nowMs - seenMs < sharedMs ? pause(limits) : undefined;
    },
    ended() {
      endedMs = clock.monotonic();
    },
  };
}
