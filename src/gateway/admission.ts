/**
 * Owns how many connections and requests one client may have, and how often it may call. It must never count by anything
 * the client chooses freely.
 */
import { skeinError } from "../errors/index.ts";
import type { Host } from "../host/index.ts";
import type { RateLimitPolicy } from "../system/index.ts";
import { countedAddress } from "./client-address.ts";
import type { Exchange } from "./exchange.ts";
import { connectionsPerAddressMax } from "./limits.ts";
import type { Settings } from "./options.ts";
import { createRateLimiter, type RateLimiter } from "./rate-limit.ts";
import type { Route } from "./router.ts";
import { createSharedLimiter } from "./shared-rate.ts";

/** Things that are there now, counted per address; an address without any takes no memory. */
export class Census {
  readonly #counts = new Map<string, number>();
  readonly #most: number;

  constructor(most: number = connectionsPerAddressMax) {
    this.#most = most;
  }

  /** Counts one more; false, and not counted, when the address has the most already. */
  enter(address: string): boolean {
    const count = this.#counts.get(address) ?? 0;
    if (count >= this.#most) return false;
    this.#counts.set(address, count + 1);
    return true;
  }

  leave(address: string): void {
    const count = (this.#counts.get(address) ?? 0) - 1;
    if (count > 0) this.#counts.set(address, count);
    else this.#counts.delete(address);
  }

  get size(): number {
    return this.#counts.size;
  }
}

/** The address a request counts for. */
export function addressOf(exchange: Exchange, settings: Settings): string {
  const { peer } = exchange;
  const client = settings.proxies?.clientOf(peer, exchange.header("x-forwarded-for"));
  return countedAddress(client ?? peer ?? "");
}

/** The rate limits of a gateway's routes. */
export class Rates {
  readonly #host: Pick<Host, "takeTokens">;
  readonly #settings: Settings;
  readonly #limiters = new Map<Route, RateLimiter>();

  constructor(host: Pick<Host, "takeTokens">, settings: Settings) {
    this.#host = host;
    this.#settings = settings;
  }

  /** Takes one call. Throws, or rejects with, `SKEIN_HTTP_RATE`; a promise only where a database must be asked. */
  take(route: Route, rate: RateLimitPolicy, exchange: Exchange): Promise<void> | undefined {
    const subject = rate.by === "principal" ? clientOf(exchange.principal) : undefined;
    // The first character keeps subjects and addresses apart: a principal may not be named like somebody's address.
    const client = subject === undefined ? `a${addressOf(exchange, this.#settings)}` : `s${subject}`;
    const waitMs = this.#limiterOf(route, rate).take(client, this.#settings.clock.monotonic());
    if (typeof waitMs !== "number") return waitMs.then(refuseAbove0);
    return refuseAbove0(waitMs);
  }

  #limiterOf(route: Route, rate: RateLimitPolicy): RateLimiter {
    const known = this.#limiters.get(route);
    if (known !== undefined) return known;
    const { clock, log } = this.#settings;
    const shared = { host: this.#host, service: route.service, method: route.name, rate, clock, log };
    const limiter = rate.shared === true ? createSharedLimiter(shared) : createRateLimiter(rate);
    this.#limiters.set(route, limiter);
    return limiter;
  }
}

function refuseAbove0(waitMs: number): undefined {
  if (waitMs > 0) throw skeinError("SKEIN_HTTP_RATE", undefined, { data: { retryAfterMs: Math.ceil(waitMs) } });
}

/** One text for each principal: a subject belongs to its tenant. */
function clientOf(principal: unknown): string | undefined {
  if (principal === undefined) return undefined;
  const { subject, tenant } = principal as { readonly subject?: unknown; readonly tenant?: unknown };
  return JSON.stringify([subject, tenant]);
}
