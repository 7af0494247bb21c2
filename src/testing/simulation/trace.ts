/**
 * Owns what happened in a simulation, event by event: the latest as text, all of it as one hash. It must never know real
 * time, or two runs of one seed would differ.
 */
import type { Clock } from "../../core/index.ts";

/** Lines kept; the hash is of all. */
const linesMax = 2_000;

/** What happened, for people and for comparing runs. @since 0.1.0 */
export interface Trace {
  /** 16 hex digits over every event so far: equal for the same system, options and seed, on every machine. */
  readonly hash: string;
  /** Events so far. */
  readonly length: number;
  /** The latest events, oldest first, at most 2,000: milliseconds, then what happened. */
  readonly lines: readonly string[];
}

export class Recording implements Trace {
  readonly #clock: Clock;
  readonly #kept: { readonly atMs: number; readonly what: string }[] = [];
  #length = 0;
  // Two lanes of FNV-1a over different halves of each unit.
  #a = 0x811c9dc5;
  #b = 0x9e3779b9;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly note = (what: string): void => {
    const atMs = this.#clock.monotonic();
    this.#kept[this.#length++ % linesMax] = { atMs, what };
    this.#mix(Math.round(atMs * 1_000) | 0);
    for (let i = 0; i < what.length; i++) this.#mix(what.charCodeAt(i));
  };

  get length(): number {
    return this.#length;
  }
  get hash(): string {
    return [this.#a, this.#b].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
  }
  get lines(): readonly string[] {
    const at = this.#length % linesMax;
    const kept = this.#length <= linesMax ? this.#kept : [...this.#kept.slice(at), ...this.#kept.slice(0, at)];
    return kept.map(({ atMs, what }) => `${atMs.toFixed(3).padStart(12)}  ${what}`);
  }

  #mix(unit: number): void {
    this.#a = Math.imul(this.#a ^ unit, 0x01000193);
    this.#b = Math.imul(this.#b ^ ((unit << 7) | (unit >>> 9)), 0x01000193) + 1;
  }
}
