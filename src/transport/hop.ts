/**
 * Owns what the way to one peer and back takes, apart from the peer's own work, and the deadline that is shorter by it: what
 * the callee finishes in its last moment must still come back in time. It must never take off more than a small share.
 */
import { Histogram } from "../observe/index.ts";
import { hopCalls, hopShareMax } from "./limits.ts";

export class Hop {
  readonly #latest = new Histogram();
  #p99Ms = 0;

  /** A reply came: the whole time since its call was sent, and how much of it the callee took by its own clock. */
  record(wholeMs: number, tookMs: number): void {
    this.#latest.record(Math.max(0, wholeMs - tookMs));
    if (this.#latest.count < hopCalls) return;
    this.#p99Ms = this.#latest.quantile(0.99);
    this.#latest.clear();
  }

  /** What the callee is given of the time that a call has left. */
  shorten(timeoutMs: number): number {
    return timeoutMs - Math.min(this.#p99Ms, timeoutMs * hopShareMax);
  }
}
