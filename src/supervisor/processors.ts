/**
 * Owns whether the machine's processors have something to spare, so that a change waits for its own effects to pass. It must
 * never be what a change depends on: others may keep them busy for ever, and a container does not see its own limit there.
 */
import os from "node:os";
import type { Clock } from "../core/index.ts";

/** Counted over so long at least: the system's clock ticks a hundred times a second. */
const spanMs = 250;
/** What is older than so many of these counts as not known, which is busy. */
const spansMax = 4;
/** Half a processor of two; below it, what is woken waits for a processor as often as not. */
const idleShareMin = 0.25;

interface Count {
  readonly idle: number;
  readonly all: number;
}

export class Processors {
  readonly #clock: Clock;
  readonly #count: () => Count;
  #last: Count;
  #lastMs: number;
  #isIdle = false;

  /** `count` is for tests. */
  constructor(clock: Clock, count: () => Count = counted) {
    this.#clock = clock;
    this.#count = count;
    this.#last = count();
    this.#lastMs = clock.monotonic();
  }

  /** Whether a quarter of them was idle when they were last counted; false when nobody has asked for a while. */
  get isIdle(): boolean {
    const nowMs = this.#clock.monotonic();
    const sinceMs = nowMs - this.#lastMs;
    if (sinceMs < spanMs) return this.#isIdle;
    const now = this.#count();
    const all = now.all - this.#last.all;
    // What they did since somebody asked an hour ago says nothing of now.
    const isFresh = sinceMs < spanMs * spansMax;
    this.#isIdle = isFresh && !(all > 0 && (now.idle - this.#last.idle) / all < idleShareMin);
    this.#last = now;
    this.#lastMs = nowMs;
    return this.#isIdle;
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
