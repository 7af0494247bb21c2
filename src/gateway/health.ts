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
  let wasReady = true;
  const ask = async (): Promise<boolean> => {
    const answer = await within(clock, host.ready());
    if (answer !== "ready" && wasReady) log.warn("the host is not ready", { reason: answer });
    wasReady = answer === "ready";
    freshUntil = clock.monotonic() + readyCacheMs;
    return wasReady;
  };
  return {
    async isReady() {
      if (isDraining()) return false;
      if (asked === undefined || clock.monotonic() >= freshUntil) {
        freshUntil = Number.POSITIVE_INFINITY;
        asked = ask();
      }
      return asked;
    },
  };
}

/** `"ready"`, or why not. Never rejects. */
function within(clock: Clock, ready: Promise<void>): Promise<unknown> {
  return new Promise((resolve) => {
    const timer = clock.after(readyMs, () => resolve(`no answer in ${readyMs} ms`), { unref: true });
    void ready
      .then(
        () => "ready",
        (error: unknown) => error,
      )
      .then((answer) => {
        timer.cancel();
        resolve(answer);
      });
  });
}
