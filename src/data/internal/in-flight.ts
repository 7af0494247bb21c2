/**
 * Owns which keys are being worked on in this process, so that a repeated call waits in memory and not on a connection.
 * It must never decide what a key's result is: the database does.
 */
import type { Clock } from "../../core/index.ts";
import { type Limits, waitMsOf } from "../engine.ts";
import { keyInFlight, type KeyedEffect } from "./keys.ts";

export interface InFlight {
  /** Waits until nobody in this process works on the key, then takes it; `SKEIN_KEY_IN_FLIGHT` at the deadline. */
  enter(effect: KeyedEffect, limits: Limits): Promise<() => void>;
}

export function createInFlight(clock: Clock): InFlight {
  const running = new Map<string, Promise<void>>();
  return {
    async enter(effect, limits) {
      const id = JSON.stringify([effect.principal, effect.service, effect.method, effect.key]);
      for (let other = running.get(id); other !== undefined; other = running.get(id)) await until(other, clock, limits);
      const { promise, resolve } = Promise.withResolvers<void>();
      running.set(id, promise);
      return () => {
        running.delete(id);
        resolve();
      };
    },
  };
}

async function until(over: Promise<void>, clock: Clock, limits: Limits): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = clock.after(waitMsOf(limits), () => reject(keyInFlight()));
  const signal = limits.signal();
  const onAbort = (): void => reject(keyInFlight(signal?.reason));
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([over, late]);
  } finally {
    timer.cancel();
    signal?.removeEventListener("abort", onAbort);
  }
}
