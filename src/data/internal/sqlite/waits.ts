/** Owns how long anybody waits for SQLite: for a lock, and for a statement. It must never wait beyond the limits of a call. */
import type { Clock, Timer } from "../../../core/index.ts";
import { skeinError } from "../../../errors/index.ts";
import { type Limits, statementMsMax } from "../../engine.ts";
import { fromFailure, isBusy } from "./errors.ts";
import type { Sharing } from "./sharing.ts";
import { SqliteFailure } from "./thread.ts";

/** Runs `attempt` again while another process holds the lock, until the deadline. */
export async function untilFree<T>(sharing: Sharing, limits: Limits, attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof SqliteFailure)) throw error;
      if (!isBusy(error.failure)) throw fromFailure(error.failure);
      if (limits.remainingMs() <= 0) throw skeinError("SKEIN_DATA_BUSY", undefined, { cause: error });
      await sharing.look(limits);
    }
  }
}

/** Stops waiting at the statement's limit or the call's deadline. The thread finishes the statement; its result is dropped. */
export function timed<T>(clock: Clock, limits: Limits, work: Promise<T>): Promise<T> {
  const remainingMs = limits.remainingMs();
  const isCall = remainingMs < statementMsMax;
  return new Promise((resolve, reject) => {
    const timer: Timer = clock.after(Math.min(remainingMs, statementMsMax), () => {
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
