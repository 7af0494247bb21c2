/** Owns how long anybody waits for SQLite: for a lock, and for a statement. It must never wait beyond the limits of a call. */
import { type Clock, type Random, sleep, type Timer } from "../../../core/index.ts";
import { skeinError } from "../../../errors/index.ts";
import { type Limits, statementMsMax } from "../../engine.ts";
import { fromFailure, isBusy } from "./errors.ts";
import { SqliteFailure } from "./threads.ts";

/** Full jitter between tries for a lock another process holds: from 1 ms, doubling, to this. */
const retryMsMax = 8;

export interface Seams {
  readonly clock: Clock;
  readonly random: Random;
}

/** Runs `attempt` again while another process holds the lock, until the deadline. */
export async function untilFree<T>(seams: Seams, limits: Limits, attempt: () => Promise<T>): Promise<T> {
  for (let stepMs = 1; ; stepMs = Math.min(stepMs * 2, retryMsMax)) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof SqliteFailure)) throw error;
      if (!isBusy(error.failure)) throw fromFailure(error.failure);
      const remainingMs = limits.remainingMs();
      if (remainingMs <= 0) throw skeinError("SKEIN_DATA_BUSY", undefined, { cause: error });
      await sleep(seams.clock, Math.min(remainingMs, 1 + seams.random.float() * stepMs), limits.signal());
    }
  }
}

/** Stops waiting at the statement's limit or the call's deadline. The thread finishes the statement; its result is dropped. */
export function timed<T>(seams: Seams, limits: Limits, work: Promise<T>): Promise<T> {
  const remainingMs = limits.remainingMs();
  const isCall = remainingMs < statementMsMax;
  return new Promise((resolve, reject) => {
    const timer: Timer = seams.clock.after(Math.min(remainingMs, statementMsMax), () => {
      reject(skeinError(isCall ? "SKEIN_CALL_DEADLINE" : "SKEIN_DATA_TIMEOUT", undefined, { outcome: "failed" }));
    });
    work.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error as Error);
      },
    );
  });
}
