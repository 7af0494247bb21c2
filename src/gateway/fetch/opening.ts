/**
 * Owns opening something once, by the first of the requests that need it. It must never let a request wait for ever for
 * another one that has gone: in some runtimes what a request has begun ends with it, and answers nobody.
 */
import type { Clock } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import { openingPatienceMs, openingRetryMs, openingsMax } from "./limits.ts";

export interface OpeningOptions<T> {
  readonly clock: Clock;
  /** Whether what a request has begun may end with it. */
  readonly mayBeLost: boolean;
  /** Closes what was opened when another request was quicker. */
  readonly close: (value: T) => Promise<void>;
}

const late = Symbol("late");

export class Opening<T> {
  readonly #options: OpeningOptions<T>;
  #value: T | undefined;
  #current: Promise<T> | undefined;
  #failure: { readonly error: unknown; readonly untilMs: number } | undefined;

  constructor(options: OpeningOptions<T>) {
    this.#options = options;
  }

  /** What is open, without waiting. */
  get value(): T | undefined {
    return this.#value;
  }

  /** What is open, or will be. Rejects with why it cannot be opened, for a second without trying again. */
  async get(open: () => Promise<T>): Promise<T> {
    const { clock } = this.#options;
    for (let tries = 0; tries < openingsMax; tries++) {
      if (this.#value !== undefined) return this.#value;
      if (this.#failure !== undefined && clock.monotonic() < this.#failure.untilMs) throw this.#failure.error;
      const current = (this.#current ??= this.#begin(open));
      const found = await this.#patiently(current);
      if (found !== late) return found;
      if (this.#current === current) this.#current = undefined;
    }
    throw skeinError("SKEIN_CALL_DEADLINE", "the system did not open in time", { outcome: "not_started" });
  }

  async #begin(open: () => Promise<T>): Promise<T> {
    try {
      const value = await open();
      if (this.#value === undefined) return (this.#value = value);
      await this.#options.close(value);
      return this.#value;
    } catch (error) {
      this.#failure = { error, untilMs: this.#options.clock.monotonic() + openingRetryMs };
      this.#current = undefined;
      throw error;
    }
  }

  /** Waits by a timer of its own, which is this request's. */
  #patiently(current: Promise<T>): Promise<T | typeof late> {
    const { clock, mayBeLost } = this.#options;
    if (!mayBeLost) return current;
    return new Promise((resolve, reject) => {
      const timer = clock.after(openingPatienceMs, () => resolve(late), { unref: true });
      current.then(resolve, reject).finally(() => timer.cancel());
    });
  }
}
