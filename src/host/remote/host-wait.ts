/**
 * Owns how a call waits where a group has no host for a moment: its next process is on its way, or another one is about to
 * lead, and both take less than most deadlines. It must never wait for longer than the call has, nor send one.
 */
import { type Clock, sleep } from "../../core/index.ts";
import { isSkeinError, type SkeinError, skeinError } from "../../errors/index.ts";

const tryEveryMs = 100;
/** What is left of a call's time for it to fail in words of its own, before its deadline does. */
const shareMax = 0.9;

/** How calls wait for the hosts of one group. */
export interface WaitRule {
  /** The longest. */
  readonly msMax: number;
  /** Calls of one process that may. */
  readonly callsMax: number;
  /** Counted from when the first call found no host, and not anew for each: what does not come back is not waited for again. */
  readonly isOfAll: boolean;
  /** Whether waiting helps against it. */
  readonly passes: (cause: unknown) => boolean;
  /** What is told who has waited too long; the cause is what the last try met. */
  readonly failed: (cause: unknown, why?: string) => unknown;
}

/** A host that was killed is missed within a moment and started at once. What takes longer will take much longer. */
export const untilStarted: WaitRule = {
  msMax: 2_000,
  // Each may hold a place in this host that others need.
  callsMax: 256,
  isOfAll: true,
  passes: (cause) => isSkeinError(cause) && cause.code === "SKEIN_TRANSPORT_UNREACHABLE",
  failed: (cause) => cause,
};

/** A lease of 3 s, and what it takes to notice and to tell. */
export const untilLed: WaitRule = {
  msMax: 5_000,
  callsMax: 1_000,
  isOfAll: false,
  passes: () => true,
  failed: (cause, why): SkeinError => skeinError("SKEIN_LEADER_NONE", why, { cause }),
};

export class HostWait {
  readonly #clock: Clock;
  #waiting = 0;
  /** When the first call that found no host began to look, since one was found. */
  #absentSinceMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One was there since, whoever found it: what is missing now has not been missing for as long as before. */
  found(): void {
    this.#absentSinceMs = undefined;
  }

  /** The next one has begun to start: it is waited for, however long the last one has been missing. */
  begun(): void {
    this.#absentSinceMs = this.#clock.monotonic();
  }

  /** What `reach` resolves to as soon as it does. Rejects as the rule says, and nothing was sent. */
  async until<T>(
    { msMax, callsMax, isOfAll, passes, failed }: WaitRule,
    timeoutMs: number | undefined,
    reach: () => Promise<T>,
  ): Promise<T> {
    const startMs = this.#clock.monotonic();
    let isWaiting = false;
    try {
      for (;;) {
        try {
          const found = await reach();
          this.found();
          return found;
        } catch (cause) {
          const now = this.#clock.monotonic();
          this.#absentSinceMs ??= startMs;
          const fromMs = isOfAll ? this.#absentSinceMs : startMs;
          const leftMs = Math.min(fromMs + msMax, startMs + (timeoutMs ?? Infinity) * shareMax) - now;
          if (leftMs <= 0 || !passes(cause)) throw failed(cause);
          if (!isWaiting && this.#waiting >= callsMax) throw failed(cause, `${callsMax} calls wait already`);
          if (!isWaiting) this.#waiting++;
          isWaiting = true;
          await sleep(this.#clock, Math.min(leftMs, tryEveryMs));
        }
      }
    } finally {
      if (isWaiting) this.#waiting--;
    }
  }
}
