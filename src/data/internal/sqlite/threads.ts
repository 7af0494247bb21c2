/**
 * Owns the worker threads in which SQLite runs: a few for all files of a host, because each costs some 25 MB and 100 ms
 * of CPU to start. It must never let a request of a dead thread wait for ever.
 */
import { Worker } from "node:worker_threads";
import { skeinError } from "../../../errors/index.ts";
import type { RawResult } from "./file.ts";
import type { Bound, Failure, Operation, Reply, Request } from "./protocol.ts";

/**
 * Threads of one host. Two: while one waits for a disk, the other serves; a third was not measurably faster for the shop
 * and a host is meant to be small.
 */
const lanesMax = 2;
/** Requests under way in one thread at most; beyond it callers are told that the database is busy. */
const requestsMax = 10_000;

/** SQLite said no; told apart from a thread that died, which is a SkeinError. */
export class SqliteFailure extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** One running thread. */
export interface Thread {
  /** `file` is the path; every other request needs it to be open in this thread. */
  post(file: string, operation: Operation, statements?: readonly Bound[]): Promise<RawResult | undefined>;
}

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
  let taken = 0;
  return {
    take() {
      const index = taken++ % lanesMax;
      return (lanes[index] ??= createLane());
    },
    async close() {
      await Promise.all(lanes.map((lane) => lane.close()));
    },
  };
}

function createLane(): Lane & { close(): Promise<void> } {
  let running: RunningThread | undefined;
  return {
    join(onLost) {
      if (running === undefined) {
        const started = startThread(() => {
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

interface RunningThread extends Thread {
  onLost(listener: () => void): void;
  terminate(): Promise<unknown>;
}

interface Pending {
  resolve(result: RawResult | undefined): void;
  reject(error: unknown): void;
}

// The same file beside this one, whether it runs from sources or from the build.
const isSource = import.meta.url.endsWith(".ts");
const entry = new URL(isSource ? "./worker.ts" : "./worker.js", import.meta.url);
// Without the process's own options: `--input-type` would stop the thread, and a user's `--import` has no business in it.
const execArgv = isSource ? ["--conditions=skein-src"] : [];

function startThread(onGone: () => void): RunningThread {
  const pending = new Map<number, Pending>();
  const listeners = new Set([onGone]);
  const worker = new Worker(entry, { name: "skein-sqlite", execArgv });
  let nextId = 1;
  let lost = false;
  worker.unref();
  const lose = (cause: unknown): void => {
    if (lost) return;
    lost = true;
    // First, so that whoever hears of it finds no dead thread in its place.
    for (const listener of listeners) listener();
    for (const request of pending.values()) request.reject(threadLost(cause));
    pending.clear();
  };
  worker.on("error", lose);
  worker.on("exit", (code) => lose(new Error(`the SQLite worker ended with code ${code}`)));
  worker.on("message", (reply: Reply) => {
    const request = pending.get(reply.id);
    if (request === undefined) return;
    pending.delete(reply.id);
    if (pending.size === 0) worker.unref();
    if (reply.failure === undefined) request.resolve(reply.result);
    else request.reject(new SqliteFailure(reply.failure));
  });
  return {
    onLost: (listener) => void listeners.add(listener),
    post(file, operation, statements = []) {
      return new Promise((resolve, reject) => {
        if (lost) return reject(threadLost(undefined));
        if (pending.size >= requestsMax) {
          return reject(
            skeinError("SKEIN_DATA_BUSY", `more than ${requestsMax} statements are waiting for one thread`),
          );
        }
        const request: Request = { id: nextId++, file, operation, statements };
        pending.set(request.id, { resolve, reject });
        // Only what is under way keeps the process alive: an open database must not.
        if (pending.size === 1) worker.ref();
        worker.postMessage(request);
      });
    },
    terminate: () => worker.terminate(),
  };
}

export function threadLost(cause: unknown) {
  return skeinError("SKEIN_DATA_UNAVAILABLE", "the thread of the database ended", { cause, outcome: "failed" });
}
