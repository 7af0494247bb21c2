/**
 * Owns one worker thread: sends requests, matches replies, starts it again when it died.
 * It must never let a request wait for ever, or a dead thread look like a slow one.
 */
import { Worker } from "node:worker_threads";
import { skeinError } from "../../../errors/index.ts";
import type { RawResult } from "./file.ts";
import type { Failure, Operation, Reply, Request } from "./protocol.ts";

/** Requests under way in one worker at most; beyond it callers are told that the database is busy. */
const requestsMax = 10_000;

/** SQLite said no; told apart from a thread that died, which is a SkeinError. */
export class SqliteFailure extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export interface WorkerClient {
  /** Counts the threads that have died: a transaction belongs to the one it began in. */
  readonly generation: number;
  send(operation: Operation, text: string, parameters?: readonly unknown[]): Promise<RawResult | undefined>;
  /** Opens the file in a running worker; starts one when there is none. */
  ensureOpen(): Promise<void>;
  close(): Promise<void>;
}

interface Pending {
  resolve(result: RawResult | undefined): void;
  reject(error: unknown): void;
}

/** One thread and what it was asked. */
interface Thread {
  post(operation: Operation, text: string, parameters: readonly unknown[]): Promise<RawResult | undefined>;
  terminate(): Promise<unknown>;
}

// The same file beside this one, whether it runs from sources or from the build.
const entry = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);

function startThread(onLost: () => void): Thread {
  const pending = new Map<number, Pending>();
  // Without the process's own options: `--input-type` would stop the thread, and a user's `--import` has no business in it.
  const worker = new Worker(entry, { name: "skein-sqlite", execArgv: [] });
  let nextId = 1;
  let lost = false;
  worker.unref();
  const lose = (cause: unknown): void => {
    if (lost) return;
    lost = true;
    // First, so that whoever hears of it finds no dead thread in its place.
    onLost();
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
    post(operation, text, parameters) {
      return new Promise((resolve, reject) => {
        if (lost) return reject(threadLost(undefined));
        if (pending.size >= requestsMax) {
          return reject(
            skeinError("SKEIN_DATA_BUSY", `more than ${requestsMax} statements are waiting for one database`),
          );
        }
        const request: Request = { id: nextId++, operation, text, parameters };
        pending.set(request.id, { resolve, reject });
        // Only what is under way keeps the process alive: an open database must not.
        if (pending.size === 1) worker.ref();
        worker.postMessage(request);
      });
    },
    terminate: () => worker.terminate(),
  };
}

/** `openWith` runs the opening of the file, again as often as it likes. */
export function createWorkerClient(path: string, openWith: (open: () => Promise<void>) => Promise<void>): WorkerClient {
  let thread: Thread | undefined;
  let opening: Promise<void> | undefined;
  let generation = 0;
  let closed = false;

  function currentThread(): Thread {
    if (thread !== undefined) return thread;
    const started = startThread(() => {
      if (thread !== started) return;
      thread = undefined;
      opening = undefined;
      generation++;
    });
    thread = started;
    return started;
  }

  function ensureOpen(): Promise<void> {
    if (closed)
      return Promise.reject(skeinError("SKEIN_DATA_UNAVAILABLE", "the database is closed", { outcome: "not_started" }));
    opening ??= openWith(async () => {
      await currentThread().post("open", path, []);
    }).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  }

  return {
    get generation() {
      return generation;
    },
    ensureOpen,
    async send(operation, text, parameters = []) {
      await ensureOpen();
      if (thread === undefined) throw threadLost(undefined);
      return thread.post(operation, text, parameters);
    },
    async close() {
      if (closed) return;
      closed = true;
      const last = thread;
      if (last === undefined) return;
      try {
        await opening;
        await last.post("close", "", []);
      } finally {
        thread = undefined;
        await last.terminate();
      }
    },
  };
}

function threadLost(cause: unknown) {
  return skeinError("SKEIN_DATA_UNAVAILABLE", "the thread of the database ended", { cause, outcome: "failed" });
}
