/**
 * Owns how a call waits where one of several hosts leads and none does: a takeover is shorter than most deadlines. It must
 * never wait for longer than the call has, nor send one.
 */
import { type Clock, sleep } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";

/** The longest that a call waits: a lease of 3 s, and what it takes to notice and to tell. */
const waitMsMax = 5_000;
const tryEveryMs = 100;
/** Calls of one process that may wait for one group's leader. */
const waitingMax = 1_000;
/** What is left of a call's time for it to fail in words of its own, before its deadline does. */
const shareMax = 0.9;

export class LeaderWait {
  readonly #clock: Clock;
  #waiting = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What `reach` resolves to as soon as it does. Rejects with `SKEIN_LEADER_NONE`, and nothing was sent. */
  async until<T>(timeoutMs: number | undefined, reach: () => Promise<T>): Promise<T> {
    const endMs = this.#clock.monotonic() + Math.min(waitMsMax, (timeoutMs ?? Infinity) * shareMax);
    if (this.#waiting >= waitingMax)
      throw skeinError("SKEIN_LEADER_NONE", `${waitingMax} calls wait for a leader already`);
    this.#waiting++;
    try {
      for (;;) {
        try {
          return await reach();
        } catch (cause) {
          const leftMs = endMs - this.#clock.monotonic();
          if (leftMs <= 0) throw skeinError("SKEIN_LEADER_NONE", undefined, { cause });
          await sleep(this.#clock, Math.min(leftMs, tryEveryMs));
        }
      }
    } finally {
      this.#waiting--;
    }
  }
}
