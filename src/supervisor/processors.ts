/**
 * Owns how much of the machine's processors is idle, so that a change takes a part of that and no more. It must never be
 * what a change depends on: others may keep them busy for ever, and a container sees neither its own limit there nor how
 * much of that it has used.
 */
import { readFileSync } from "node:fs";
import os from "node:os";
import type { Clock } from "../core/index.ts";

/** Of the counts that Linux shows, whatever its own clock is (USER_HZ, time(7)). */
const tickMs = 10;
/** Counted so often at most: it ticks a hundred times a second. */
const spanMs = 250;
/** What they did before does not count, and what they did for less than the shorter one says nothing: a quarter of a second is idle now and then where the average is not. */
const window = { leastMs: 1_000, mostMs: 2_000 } as const;
/** What a start takes of one processor, or the first calls of a process: a second or so. */
const costMs = 1_000;
/** What all of them, one after the other, may take of what is idle: each takes its second at once, and what is woken meanwhile waits. */
const idleShare = 1 / 4;
/** However much or little is idle: half a second where a container may have less than its machine, and a change has an end. */
export const rest = { leastMs: 500, mostMs: 6_000 } as const;

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
   * was idle in the last second or two; the most there is while nothing was, and while nobody has asked for so long.
   */
  get restMs(): number {
    const nowMs = this.#clock.monotonic();
    const lastMs = this.#counts.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
    if (nowMs - lastMs >= spanMs) {
      const recent = this.#counts.filter(({ atMs }) => nowMs - atMs <= window.mostMs);
      this.#counts = [...recent, { ...this.#count(), atMs: nowMs }];
    }
    const [first, last] = [this.#counts[0], this.#counts.at(-1)];
    if (first === undefined || last === undefined || last.atMs - first.atMs < window.leastMs) return rest.mostMs;
    // A platform that counts nothing is not busy.
    if (last.all <= first.all) return costMs;
    // A kernel that rounds may count less than it did a moment ago.
    const idleProcessors = Math.max(0, last.idle - first.idle) / (last.atMs - first.atMs);
    return Math.min(rest.mostMs, Math.max(rest.leastMs, costMs / (idleProcessors * idleShare)));
  }
}

/** Milliseconds of all processors, as if there were no more than this process may use. */
export function counted(): Count {
  const { idle, all, processors } = ofLinux() ?? ofNode();
  const share = Math.min(1, os.availableParallelism() / processors);
  return { idle: idle * share, all: all * share };
}

type Counted = Count & { readonly processors: number };

/**
 * Whoever waits for a disk leaves the processor to others, which Node's own count does not know (proc_stat(5), `iowait`); and
 * that asks each processor for its frequency, which takes half a second where there are many.
 */
function ofLinux(): Counted | undefined {
  let text: string;
  try {
    text = readFileSync("/proc/stat", "latin1");
  } catch {
    return undefined;
  }
  const ticks = /^cpu +(.*)/m.exec(text)?.[1]?.split(" ").map(Number);
  const processors = text.match(/^cpu\d/gm)?.length;
  if (ticks === undefined || processors === undefined) return undefined;
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = ticks;
  const idleMs = (idle + iowait) * tickMs;
  return { idle: idleMs, all: idleMs + (user + nice + system + irq + softirq + steal) * tickMs, processors };
}

function ofNode(): Counted {
  let [idle, all] = [0, 0];
  const processors = os.cpus();
  for (const { times } of processors) {
    idle += times.idle;
    all += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { idle, all, processors: Math.max(1, processors.length) };
}
