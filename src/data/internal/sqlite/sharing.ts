/**
 * Owns how the processes that write one file leave it to each other. SQLite's lock has no queue: who asks again right after
 * its own commit finds it free nearly always, and who only looks now and then nearly never. It must never decide who may write.
 */
import { type Clock, type Random, sleep } from "../../../core/index.ts";
import type { Limits } from "../../engine.ts";

/** Between two looks at a lock that another process holds, and between two turns of one process: full jitter from 1 ms to this. */
const pauseMsMax = 3;
/** A process writes so long without a pause while others wait: several short transactions, or one long. */
const turnMs = 5;
/** So long after another process was seen to hold the lock, it is taken to want it again. */
const sharedMs = 1_000;

export interface Sharing {
  /** Another process holds the lock: waits until it is worth another look. */
  look(limits: Limits): Promise<void>;
  /** Before a transaction: waits when this process has had its turn and others may want theirs. */
  giveWay(limits: Limits): Promise<void> | undefined;
  /** A transaction of this process is over. */
  ended(): void;
}

export function createSharing(clock: Clock, random: Random): Sharing {
  const long = Number.NEGATIVE_INFINITY;
  let seenMs = long;
  let sinceMs = long;
  let endedMs = long;
  async function pause(limits: Limits): Promise<void> {
    const pauseMs = 1 + random.float() * (pauseMsMax - 1);
    await sleep(clock, Math.min(limits.remainingMs(), pauseMs), limits.signal());
    sinceMs = clock.monotonic();
  }
  return {
    look(limits) {
      seenMs = clock.monotonic();
      return pause(limits);
    },
    giveWay(limits) {
      const nowMs = clock.monotonic();
      // Whoever wanted the file has had the time to take it.
      if (nowMs - endedMs > pauseMsMax) sinceMs = nowMs;
      const isOver = nowMs - sinceMs >= turnMs && nowMs - seenMs < sharedMs;
      return isOver ? pause(limits) : undefined;
    },
    ended() {
      endedMs = clock.monotonic();
    },
  };
}
