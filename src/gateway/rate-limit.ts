/**
 * Owns counting calls against the rate limits that policies declare, in this process. It must never hold more than a fixed
 * number of clients, however many come.
 */
import { rateBucketsMax } from "./limits.ts";

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Where calls are counted: here, or in a database that several gateways share. */
export interface RateLimiter {
  /** Takes one call of `client` at `nowMs` on a monotonic clock: 0 when it may go on, else the milliseconds to wait. */
  take(client: string, nowMs: number): number | Promise<number>;
}

/** One that needs nobody's answer. */
export interface LocalRateLimiter extends RateLimiter {
  take(client: string, nowMs: number): number;
}

/**
 * A token bucket per client, kept as one number: the instant at which the bucket will be full again. When there are too
 * many clients the one seen longest ago is forgotten, whose bucket is the likeliest to be full.
 */
export function createRateLimiter({ perSecond, burst }: Rate, bucketsMax = rateBucketsMax): LocalRateLimiter {
  const tokenMs = 1_000 / perSecond;
  const bucketMs = burst * tokenMs;
  const fullAt = new Map<string, number>();
  return {
    take(client, nowMs) {
      const next = Math.max(nowMs, fullAt.get(client) ?? nowMs) + tokenMs;
      const waitMs = next - nowMs - bucketMs;
      // A thousandth of a millisecond is rounding, not a token.
      if (waitMs > 0.001) return waitMs;
      fullAt.delete(client);
      fullAt.set(client, next);
      if (fullAt.size > bucketsMax) fullAt.delete(fullAt.keys().next().value as string);
      return 0;
    },
  };
}
