/**
 * Owns how much of the machine's processors is idle, so that a change takes a part of that and no more. It must never be
 * what a change depends on: others may keep them busy for ever, and a container does not see its own limit there.
 */
import os from "node:os";
import type { Clock } from "../core/index.ts";

/** Counted so often at most: the system's clock ticks a hundred times a second. */
const spanMs = 250;
/** What they did before does not count, and what they did for less than the shorter one says nothing: a quarter of a second is idle now and then where the average is not. */
const window = { leastMs: 1_000, mostMs: 2_000 } as const;
/** What a start takes of one processor, or the first calls of a process: a second or so. */
const costMs = 1_000;
/** What all of them, one after the other, may take of what is idle: each takes its second at once, and what is woken meanwhile waits. */
const idleShare = 1 / 4;

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

  /**
   * Milliseconds to leave after each start, or first calls of a process, so that one after the other they take a quarter of what
   * was idle in the last second or two. `Infinity` while nothing was, and while nobody has asked for so long.
   */
  get restMs(): number {
    const nowMs = this.#clock.monotonic();
    const lastMs = this.#counts.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
    if (nowMs - lastMs >= spanMs) {
      const recent = this.#counts.filter(({ atMs }) => nowMs - atMs <= window.mostMs);
      this.#counts = [...recent, { ...this.#count(), atMs: nowMs }];
    }
    const [first, last] = [this.#counts[0], this.#counts.at(-1)];
    if (first === undefined || last === undefined || last.atMs - first.atMs < window.leastMs)
      return Number.POSITIVE_INFINITY;
    // A platform that counts nothing is not busy.
    if (last.all <= first.all) return costMs;
    // A kernel that rounds may count less than it did a moment ago.
    const idleProcessors = Math.max(0, last.idle - first.idle) / (last.atMs - first.atMs);
    return costMs / (idleProcessors * idleShare);
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
