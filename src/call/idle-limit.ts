/**
 * Owns the limit of a call that may last as long as bytes go on coming: how long it may go without any. It must never end
 * a call in which something moves.
 */
import type { Clock, Timer } from "../core/index.ts";

export class IdleLimit {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onIdle: () => void;
  #lastMs: number;
  #timer: Timer;

  constructor(clock: Clock, limitMs: number, onIdle: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onIdle = onIdle;
    this.#lastMs = clock.monotonic();
    this.#timer = this.#arm(limitMs);
  }

  /** Something has moved. No timer is touched: the one that is armed looks again when it is due. */
  touch(): void {
    this.#lastMs = this.#clock.monotonic();
  }

  stop(): void {
    this.#timer.cancel();
  }

  #arm(delayMs: number): Timer {
    return this.#clock.after(delayMs, () => this.#look(), { unref: true });
  }

  #look(): void {
    const leftMs = this.#lastMs + this.#limitMs - this.#clock.monotonic();
    if (leftMs <= 0) this.#onIdle();
    else this.#timer = this.#arm(leftMs);
  }
}
