/**
 * Owns which replica is left out for a while because it fails where others do not. It must never leave out so many that
 * those that are left are overrun: then it is wrong about them more often than not.
 */

/** Failures in a row that make an outlier of a replica. */
const failuresMax = 5;
/** It is out for so long, doubled each time, up to the most. */
const firstMs = 1_000;
const longestMs = 30_000;
/** Once it has done well for so long, the next time is a first time. */
const forgivenMs = 30_000;
/** Of all replicas, at most this share is out; and with a smaller share left than this, none is. */
const share = 0.5;

/** What is known of one replica. Costs nothing while it does not fail. */
export class Standing {
  #failures = 0;
  /** What had been answered, by it and by the others, when its first failure of this row came. */
  #own = 0;
  #others = 0;
  #times = 0;
  #untilMs = 0;

  isOut(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }

  /** When it may be used again, on the monotonic clock. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /**
   * Counts a failure. `own` and `others`: answers that were no failures, so far. True for the fifth in a row, if the others
   * did better meanwhile: where everybody fails, whatever they all need is broken, and to leave some out helps nobody.
   */
  failed(own: number, others: number): boolean {
    if (this.#failures === 0 || own !== this.#own) {
      this.#failures = 0;
      this.#own = own;
      this.#others = others;
    }
    return ++this.#failures >= failuresMax && others > this.#others;
  }

  /** Leaves it out from now on. */
  eject(nowMs: number): void {
    if (nowMs - this.#untilMs > forgivenMs) this.#times = 0;
    this.#untilMs = nowMs + Math.min(longestMs, firstMs * 2 ** this.#times++);
    this.#failures = 0;
  }
}

/** Whether one more of `all` replicas may be left out, where `out` are. */
export function mayEject(all: number, out: number): boolean {
  return out + 1 <= all * share;
}

/**
 * Whether with `usable` of `all` replicas nobody is left out any more ("panic": Envoy's threshold,
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/panic_threshold).
 */
export function isPanic(all: number, usable: number): boolean {
  return usable < all * share;
}
