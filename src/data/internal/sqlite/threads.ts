/**
 * Owns the worker threads in which SQLite runs: a few for all files of a host, because each costs some 25 MB and 100 ms
 * of CPU to start. It must never keep a thread that died in its place.
 */
import { createMoments, type Moments } from "./moments.ts";
import { type RunningThread, startThread, type Thread } from "./thread.ts";

/**
 * Threads of one host. Two: while one waits for a disk, the other serves; a third was not measurably faster for the shop
 * and a host is meant to be small.
 */
const lanesMax = 2;

/** A place in the pool: its thread is started when it is needed, and again after it died. */
export interface Lane {
  /** The running thread; `onLost` is called once if it dies, before any of its requests is rejected. */
  join(onLost: () => void): Thread;
}

export interface Lanes {
  /** The lane for another file; files share lanes in turn. */
  take(): Lane;
  close(): Promise<void>;
}

/** The pool of one host. */
export function createLanes(): Lanes {
  const lanes: Array<ReturnType<typeof createLane>> = [];
  const moments = createMoments();
  let taken = 0;
  return {
    take() {
      const index = taken++ % lanesMax;
      return (lanes[index] ??= createLane(moments));
    },
    async close() {
      await Promise.all(lanes.map((lane) => lane.close()));
    },
  };
}

function createLane(moments: Moments): Lane & { close(): Promise<void> } {
  let running: RunningThread | undefined;
  return {
    join(onLost) {
      if (running === undefined) {
        const started = startThread(moments, () => {
          if (running === started) running = undefined;
        });
        running = started;
      }
      running.onLost(onLost);
      return running;
    },
    async close() {
      await running?.terminate();
    },
  };
}
