/**
 * Owns the replies a callee keeps, and the flights it shares. It must never cache an error, give the same object twice,
 * or let one caller's abort end what others wait for.
 */
import { canonicalValue } from "../../contract/index.ts";
import { type Clock, copyValue, toMs } from "../../core/index.ts";
import { sha256 } from "../../core/sha256.ts";
import { isDeclaredError, isSkeinError } from "../../errors/index.ts";
import type { CachePolicy } from "../../system/index.ts";

interface Kept {
  readonly reply: unknown;
  freshUntil: number;
  readonly staleUntil: number;
}

const entriesMaxDefault = 1000;
/** A longer key is kept as its hash: anybody may send inputs of a megabyte to a public query, and each would stay. */
const keyCharsMax = 512;
/** How soon a stale reply is refreshed again where a refresh may have ended with its request. */
const refreshRetryMs = 1_000;

export class ReplyCache {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #staleMs: number;
  readonly #entriesMax: number;
  readonly #isolated: boolean;
  /** In order of last use: a Map keeps the order of insertion, and a hit is inserted anew. */
  readonly #kept = new Map<string, Kept>();
  readonly #flights = new Map<string, Promise<unknown>>();

  /** `isolated`: nobody waits for a flight that another request has started. */
  constructor(policy: CachePolicy, clock: Clock, isolated = false) {
    this.#clock = clock;
    this.#isolated = isolated;
    this.#ttlMs = toMs(policy.ttl);
    this.#staleMs = policy.staleFor === undefined ? 0 : toMs(policy.staleFor);
    this.#entriesMax = policy.entriesMax ?? entriesMaxDefault;
  }

  /** `who` is the principal where replies may depend on it, and `undefined` where anyone gets the same. */
  keyOf(input: unknown, who: unknown): string {
    const key = who === undefined ? canonicalValue(input) : `${canonicalValue(who)} ${canonicalValue(input)}`;
    // No canonical value begins with this sign.
    return key.length <= keyCharsMax ? key : `#${sha256(key)}`;
  }

  /** A copy of a fresh or stale reply, or the shared flight's. `fly` starts a flight of its own lifetime. */
  get(key: string, fly: () => Promise<unknown>): { readonly hit: unknown } | { readonly flight: Promise<unknown> } {
    const now = this.#clock.monotonic();
    const kept = this.#kept.get(key);
    if (kept !== undefined && now < kept.staleUntil) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      // A failed refresh leaves the stale reply, unless it is an answer; the next caller tries again.
      if (now >= kept.freshUntil) this.#refresh(key, kept, now, fly).catch(() => undefined);
      return { hit: copyValue(kept.reply) };
    }
    return { flight: this.#share(key, fly).then(copyValue) };
  }

  #refresh(key: string, kept: Kept, now: number, fly: () => Promise<unknown>): Promise<unknown> {
    // Nobody can tell whether another request's refresh still runs: one is begun at most once in a while.
    if (this.#isolated) kept.freshUntil = now + refreshRetryMs;
    return this.#share(key, fly);
  }

  #share(key: string, fly: () => Promise<unknown>): Promise<unknown> {
    const flying = this.#isolated ? undefined : this.#flights.get(key);
    if (flying !== undefined) return flying;
    const flight = fly().then(
      (reply) => {
        this.#flights.delete(key);
        this.#keep(key, reply);
        return reply;
      },
      (error: unknown) => {
        this.#flights.delete(key);
        if (isAnswer(error)) this.#kept.delete(key);
        throw error;
      },
    );
    if (!this.#isolated) this.#flights.set(key, flight);
    return flight;
  }

  #keep(key: string, reply: unknown): void {
    const now = this.#clock.monotonic();
    this.#kept.delete(key);
    this.#kept.set(key, { reply, freshUntil: now + this.#ttlMs, staleUntil: now + this.#ttlMs + this.#staleMs });
    if (this.#kept.size <= this.#entriesMax) return;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.#kept.delete(oldest);
  }
}

/** The service is well and says no: what it said before must not be given any longer. */
function isAnswer(error: unknown): boolean {
  return isDeclaredError(error) || (isSkeinError(error) && error.code === "SKEIN_ACCESS_DENIED");
}
