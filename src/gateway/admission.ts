/**
 * Owns how many connections and requests one client may have, and how often it may call. It must never count by anything
 * the client chooses freely.
 */
import { skeinError } from "../errors/index.ts";
import { countedAddress } from "./client-address.ts";
import type { Exchange } from "./exchange.ts";
import { connectionsPerAddressMax } from "./limits.ts";
import type { Settings } from "./options.ts";
import type { RouteRate } from "./router.ts";

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

/** Takes one call from a route's rate limit. Throws `SKEIN_HTTP_RATE`. `subject` is the principal's, where there is one. */
export function takeFromRate(
  rate: RouteRate,
  exchange: Exchange,
  settings: Settings,
  subject: string | undefined,
): void {
  // The first character keeps subjects and addresses apart: a principal may not be named like somebody's address.
  const client = rate.by === "principal" && subject !== undefined ? `s${subject}` : `a${addressOf(exchange, settings)}`;
  const waitMs = rate.limiter.take(client, settings.clock.monotonic());
  if (waitMs > 0) throw skeinError("SKEIN_HTTP_RATE", undefined, { data: { retryAfterMs: Math.ceil(waitMs) } });
}
