/**
 * Owns a sign of life on an answer that has nothing to say: without one, a proxy closes it and a client that is gone is
 * never noticed. It must never write while the client is still to read what was written before.
 */
import type { Clock, Timer } from "../core/index.ts";

export class Heartbeat {
  readonly #clock: Clock;
  readonly #everyMs: number;
  /** Answers with a promise while the client has to catch up. */
  readonly #beat: () => Promise<void> | undefined;
  #lastMs: number;
  #isWaiting = false;
  #timer: Timer | undefined;

  constructor(clock: Clock, everyMs: number, beat: () => Promise<void> | undefined) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#beat = beat;
    this.#lastMs = clock.monotonic();
    this.#arm(everyMs);
  }

  /** Something was written; `full` is the wait for the client, if there is one. */
  wrote(full: Promise<void> | undefined): void {
    this.#lastMs = this.#clock.monotonic();
    if (full === undefined) return;
    this.#isWaiting = true;
    void full.then(() => {
      this.#isWaiting = false;
      this.#lastMs = this.#clock.monotonic();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  // Armed anew only when it fires: a busy stream pays for a look at the clock per item, not for a timer.
  #arm(delayMs: number): void {
    this.#timer = this.#clock.after(delayMs, () => this.#look(), { unref: true });
  }

  #look(): void {
    const restMs = this.#isWaiting ? this.#everyMs : this.#lastMs + this.#everyMs - this.#clock.monotonic();
    if (restMs > 0) return this.#arm(restMs);
    this.wrote(this.#beat());
    this.#arm(this.#everyMs);
  }
}
