/**
 * Owns `/health/live` and `/health/ready`. Their answers must never cost more than a moment however often they are asked,
 * and never say why: the log does.
 */
import type { Clock } from "../core/index.ts";
import type { Host } from "../host/index.ts";
import type { Log } from "../system/index.ts";
import { readyCacheMs, readyMs } from "./limits.ts";

export interface Health {
  isReady(): Promise<boolean>;
}

/** Asks the host at most once per 500 ms; `isDraining` is asked every time. */
export function createHealth(host: Host, clock: Clock, log: Log, isDraining: () => boolean): Health {
  let asked: Promise<boolean> | undefined;
  let freshUntil = 0;
  let lostAt = 0;
  let wasReady = true;
  const ask = async (): Promise<boolean> => {
    const answer = await within(
      clock,
      host.ready().then(() => "ready"),
    );
    if (answer !== "ready" && wasReady) log.warn("the host is not ready", { reason: answer });
    wasReady = answer === "ready";
    freshUntil = clock.monotonic() + readyCacheMs;
    return wasReady;
  };
  return {
    async isReady() {
      if (isDraining()) return false;
      const now = clock.monotonic();
      // In some runtimes what a request has begun ends with it, and would never answer those who wait for it too.
      if (asked === undefined || now >= freshUntil || (freshUntil === Number.POSITIVE_INFINITY && now >= lostAt)) {
        freshUntil = Number.POSITIVE_INFINITY;
        lostAt = now + readyMs * 2;
        asked = ask();
      }
      return freshUntil === Number.POSITIVE_INFINITY ? (await within(clock, asked)) === true : asked;
    },
  };
}

/** What a promise gives, or why it gives nothing. Never rejects. */
function within(clock: Clock, given: Promise<unknown>): Promise<unknown> {
  return new Promise((resolve) => {
    const timer = clock.after(readyMs, () => resolve(`no answer in ${readyMs} ms`), { unref: true });
    void given
      .catch((error: unknown) => error)
      .then((answer) => {
        timer.cancel();
        resolve(answer);
      });
  });
}
