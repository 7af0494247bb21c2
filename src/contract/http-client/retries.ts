/**
 * Owns whether and when a call is sent again: by its kind, by what its failure says, from a budget. It must never send
 * anything, and never let an action run twice.
 */
import type { Clock, Random } from "../../core/index.ts";
import { type SkeinError, skeinError } from "../../errors/index.ts";
import type { Kind } from "../method.ts";
import { changed } from "./changed.ts";
import {
  attemptsMax,
  backoffFirstMs,
  backoffMaxMs,
  budgetPerSecond,
  budgetRatio,
  budgetWindowSeconds,
} from "./limits.ts";

/** An attempt that failed, and when its server would like to see the next one. */
export interface Failure {
  readonly error: SkeinError;
  readonly retryAfterMs: number;
}

/** What decides about another attempt. */
export interface Repeats {
  readonly kind: Kind;
  /** Whether it may be sent again when it may have run. */
  readonly isRepeatable: boolean;
}

/** Calls and retries of one client in the last seconds; what keeps a crowd of clients from a storm. */
export class RetryBudget {
  readonly #clock: Clock;
  readonly #seconds: { second: number; calls: number; retries: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a call. */
  call(): void {
    this.#now().calls++;
  }

  /** Takes one retry; false when the budget of the window is spent. */
  take(): boolean {
    const now = this.#now();
    let calls = 0;
    let retries = 0;
    for (const each of this.#seconds) {
      calls += each.calls;
      retries += each.retries;
    }
    if (retries >= Math.floor(calls * budgetRatio) + budgetPerSecond * budgetWindowSeconds) return false;
    now.retries++;
    return true;
  }

  #now() {
    const second = Math.floor(this.#clock.monotonic() / 1_000);
    while ((this.#seconds[0]?.second ?? second) <= second - budgetWindowSeconds) this.#seconds.shift();
    const last = this.#seconds.at(-1);
    if (last?.second === second) return last;
    const fresh = { second, calls: 0, retries: 0 };
    this.#seconds.push(fresh);
    return fresh;
  }
}

/** The attempts of one call. */
export class Retries {
  readonly #target: Repeats;
  readonly #budget: RetryBudget;
  readonly #random: Random;
  #attempt = 1;
  #isUnsure = false;

  constructor(target: Repeats, budget: RetryBudget, random: Random) {
    this.#target = target;
    this.#budget = budget;
    this.#random = random;
    budget.call();
  }

  /** How long to wait before the next attempt, within `restMs`. Throws the call's error when there is none. */
  next(failure: Failure, restMs: number): number {
    const error = this.outcome(failure.error);
    if (error.outcome === "unknown") this.#isUnsure = true;
    if (!failure.error.retry || (!this.#target.isRepeatable && error.outcome !== "not_started")) throw error;
    if (this.#attempt >= attemptsMax) throw error;
    const waitMs = failure.retryAfterMs + backoffMs(this.#attempt, this.#random);
    if (waitMs >= restMs || !this.#budget.take()) throw error;
    this.#attempt++;
    return waitMs;
  }

  /** After progress (an item of a stream came) the count starts again. */
  restart(): void {
    this.#attempt = 1;
    this.#isUnsure = false;
  }

  /** The error of a call that is given up between its attempts. */
  interrupted(reason: SkeinError): SkeinError {
    return changed(reason, { outcome: this.#isUnsure ? "unknown" : "not_started" });
  }

  /** An attempt that did not start says nothing of an earlier one that may have run. */
  outcome(error: SkeinError): SkeinError {
    if (!this.#isUnsure || this.#target.kind === "query" || error.outcome !== "not_started") return error;
    return changed(error, { outcome: "unknown" });
  }
}

/** Full jitter. */
function backoffMs(attempt: number, random: Random): number {
  return random.float() * Math.min(backoffMaxMs, backoffFirstMs * 2 ** (attempt - 1));
}

/** Milliseconds of a `Retry-After`: seconds, or a date; 0 for anything else. */
export function retryAfterMs(text: string | null, clock: Clock): number {
  if (text === null) return 0;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? 0 : Math.max(0, at - clock.now());
}

/** The failure of a connection. Only what certainly never left is safe for an action. */
export function networkFailure(thrown: unknown, isRepeatable: boolean): SkeinError {
  if (wasNotSent(thrown)) {
    return skeinError("SKEIN_CLIENT_NETWORK", "the server cannot be reached", {
      cause: thrown,
      outcome: "not_started",
    });
  }
  return skeinError("SKEIN_CLIENT_NETWORK", "the connection failed before the whole answer came", {
    cause: thrown,
    retry: isRepeatable,
  });
}

/** True only where the runtime says that no connection was made; a browser never does. */
function wasNotSent(thrown: unknown): boolean {
  const { code, syscall, cause, errors } = thrown as Readonly<Record<string, unknown>>;
  if (Array.isArray(errors) && errors.length > 0) return errors.every(wasNotSent);
  if (syscall === "connect" || syscall === "getaddrinfo") return true;
  if (code === "UND_ERR_CONNECT_TIMEOUT" || code === "ConnectionRefused" || code === "FailedToOpenSocket") return true;
  return typeof cause === "object" && cause !== null && wasNotSent(cause);
}
