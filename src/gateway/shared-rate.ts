/**
 * Owns counting calls against a limit that several gateways share: tokens are taken from the service's database a few at a
 * time, so that most calls ask nobody. It must never hold up callers because that database cannot be asked.
 */
import type { Clock } from "../core/index.ts";
import type { Host } from "../host/index.ts";
import type { Log } from "../system/index.ts";
import { rateAloneMs, rateBatchMax, rateBucketsMax, rateLogMs } from "./limits.ts";
import { createRateLimiter, type Rate, type RateLimiter } from "./rate-limit.ts";

/** What is known of one client. */
interface Purse {
  tokens: number;
  /** On the monotonic clock: until then the bucket is known to be empty. */
  emptyUntilMs: number;
  asking: Promise<void> | undefined;
}

export interface SharedRateOptions {
  readonly host: Pick<Host, "takeTokens">;
  readonly service: string;
  readonly method: string;
  readonly rate: Rate;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * How many tokens a gateway takes at once, and so how many calls more than the policy says each gateway may let through: a
 * tenth of the burst, at most 100.
 */
export function batchOf(burst: number): number {
  return Math.max(1, Math.min(rateBatchMax, Math.floor(burst / 10)));
}

export function createSharedLimiter(options: SharedRateOptions): RateLimiter {
  const { host, service, method, rate, clock, log } = options;
  const batch = batchOf(rate.burst);
  const purses = new Map<string, Purse>();
  const alone = createRateLimiter(rate);
  let aloneUntilMs = Number.NEGATIVE_INFINITY;
  let loggedMs = Number.NEGATIVE_INFINITY;

  const purseOf = (client: string): Purse => {
    const known = purses.get(client) ?? { tokens: 0, emptyUntilMs: Number.NEGATIVE_INFINITY, asking: undefined };
    // In the order of use: the one used longest ago goes, and with it at most a batch of its tokens.
    purses.delete(client);
    purses.set(client, known);
    if (purses.size > rateBucketsMax) purses.delete(purses.keys().next().value as string);
    return known;
  };

  const ask = async (client: string, purse: Purse): Promise<void> => {
    try {
      const { granted, waitMs } = await host.takeTokens(service, method, client, batch);
      purse.tokens += granted;
      if (granted === 0) purse.emptyUntilMs = clock.monotonic() + waitMs;
    } catch (error) {
      const nowMs = clock.monotonic();
      aloneUntilMs = nowMs + rateAloneMs;
      if (nowMs - loggedMs < rateLogMs) return;
      loggedMs = nowMs;
      log.error("a shared rate limit cannot be asked: this gateway counts by itself", { service, method, error });
    } finally {
      purse.asking = undefined;
    }
  };

  const take = (client: string, nowMs: number): number | Promise<number> => {
    if (nowMs < aloneUntilMs) return alone.take(client, nowMs);
    const purse = purseOf(client);
    if (purse.tokens > 0) {
      purse.tokens--;
      return 0;
    }
    if (nowMs < purse.emptyUntilMs) return purse.emptyUntilMs - nowMs;
    // One question at a time for each client; who comes meanwhile waits for its answer and looks again.
    purse.asking ??= ask(client, purse);
    return purse.asking.then(() => take(client, clock.monotonic()));
  };
  return { take };
}
