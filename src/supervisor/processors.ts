/**
 * Owns whether the machine's processors have something to spare, so that a change waits for its own effects to pass. It must
 * never be what a change depends on: others may keep them busy for ever, and a container does not see its own limit there.
 */
import os from "node:os";
import type { Clock } from "../core/index.ts";

/** Counted so often at most: the system's clock ticks a hundred times a second. */
const spanMs = 250;
/** What they did before does not count, and what they did for less than the shorter one says nothing: a quarter of a second is idle now and then where the average is not. */
const window = { leastMs: 1_000, mostMs: 2_000 } as const;
/** Of two processors two thirds of one: a start takes most of that, and where both are busy what is woken waits for one as often as not. */
const idleShareMin = 1 / 3;

interface Count {
  readonly idle: number;
  readonly all: number;
}

export class Processors {
  readonly #clock: Clock;
  readonly #count: () => Count;
  #counts: readonly (Count & { readonly atMs: number })[] = [];

  /** `count` is for tests. */
  constructor(clock: Clock, count: () => Count = counted) {
    this.#clock = clock;
    this.#count = count;
  }

  /** Whether a third of them was idle in the last second or two; false while nobody has asked for so long. */
  get isIdle(): boolean {
    const nowMs = this.#clock.monotonic();
    const lastMs = this.#counts.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
    if (nowMs - lastMs >= spanMs) {
      const recent = this.#counts.filter(({ atMs }) => nowMs - atMs <= window.mostMs);
      this.#counts = [...recent, { ...this.#count(), atMs: nowMs }];
    }
    const [first, last] = [this.#counts[0], this.#counts.at(-1)];
    if (first === undefined || last === undefined || last.atMs - first.atMs < window.leastMs) return false;
    const all = last.all - first.all;
    // A platform that counts nothing is not busy.
    return all <= 0 || (last.idle - first.idle) / all >= idleShareMin;
  }
}

function counted(): Count {
  let idle = 0;
  let all = 0;
  for (const { times } of os.cpus()) {
    idle += times.idle;
    all += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { idle, all };
}
