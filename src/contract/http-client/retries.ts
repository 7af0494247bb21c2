/**
 * Owns whether and when a call is sent again: by its kind, by what its failure says, from a budget. It must never send
 * anything, and never let an action run twice.
 */
import type { Clock, Random } from "../../core/index.ts";
import { attemptsMax, backoffMs, type RetryBudget } from "../../core/retry.ts";
import { type SkeinError, skeinError } from "../../errors/index.ts";
import type { Kind } from "../method.ts";
import { changed } from "./changed.ts";

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

/** What the calls of one client share. */
interface Shared {
  readonly budget: RetryBudget;
  readonly clock: Clock;
  readonly random: Random;
}

/** The attempts of one call. */
export class Retries {
  readonly #target: Repeats;
  readonly #shared: Shared;
  #attempt = 1;
  #isUnsure = false;

  constructor(target: Repeats, shared: Shared) {
    this.#target = target;
    this.#shared = shared;
    shared.budget.call(shared.clock.monotonic());
  }

  /** How long to wait before the next attempt, within `restMs`. Throws the call's error when there is none. */
  next(failure: Failure, restMs: number): number {
    const error = this.outcome(failure.error);
    if (error.outcome === "unknown") this.#isUnsure = true;
    if (!failure.error.retry || (!this.#target.isRepeatable && error.outcome !== "not_started")) throw error;
    if (this.#attempt >= attemptsMax) throw error;
    const { budget, clock, random } = this.#shared;
    const waitMs = failure.retryAfterMs + backoffMs(this.#attempt, random);
    if (waitMs >= restMs || !budget.take(clock.monotonic())) throw error;
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
