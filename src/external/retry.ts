/**
 * Owns when a call is sent again, and the budget that keeps repeats from making an outage worse. It must never repeat what
 * is not a query and carries no key.
 */
import { type Clock, type Random, sleep } from "../core/index.ts";
import { isSkeinError } from "../errors/index.ts";
import { backoffMaxMs, backoffMinMs, retriesAtFirst, retriesPerSecond, retriesSavedMax, retryShare } from "./limits.ts";

/** Repeats that all calls of one external service share: a share of the calls, and a few per second. */
export class RetryBudget {
  readonly #clock: Clock;
  #saved = retriesAtFirst;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.monotonic();
  }

  /** A first attempt was made. */
  earn(): void {
    this.#saved = Math.min(retriesSavedMax, this.#saved + retryShare);
  }

  /** Whether one more repeat fits. */
  spend(): boolean {
    const now = this.#clock.monotonic();
    this.#saved = Math.min(retriesSavedMax, this.#saved + ((now - this.#at) / 1_000) * retriesPerSecond);
    this.#at = now;
    if (this.#saved < 1) return false;
    this.#saved -= 1;
    return true;
  }
}

/** Failures that another attempt may not meet. */
const passing: ReadonlySet<string> = new Set([
  "SKEIN_EXTERNAL_UNREACHABLE",
  "SKEIN_EXTERNAL_LOST",
  "SKEIN_EXTERNAL_BUSY",
]);
const passingStatus: ReadonlySet<unknown> = new Set([502, 504]);

export function mayPass(error: unknown): boolean {
  if (!isSkeinError(error)) return false;
  if (passing.has(error.code)) return true;
  const status = (error.data as { readonly status?: unknown } | undefined)?.status;
  return error.code === "SKEIN_EXTERNAL_FAILED" && passingStatus.has(status);
}

export interface Wait {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Full jitter, or as long as the server asks where that is longer. Rejects when the signal aborts. */
export function backOff({ clock, random, signal }: Wait, attempt: number, askedMs: number): Promise<void> {
  const most = Math.min(backoffMaxMs, backoffMinMs * 2 ** (attempt - 1));
  return sleep(clock, Math.max(random.float() * most, askedMs), signal);
}
