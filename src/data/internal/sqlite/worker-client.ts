/**
 * Owns one file as a thread of the pool serves it: opened once, and again when the thread died.
 * It must never let a dead thread look like a slow one.
 */
import { skeinError } from "../../../errors/index.ts";
import type { RawResult } from "./file.ts";
import type { Bound, Operation } from "./protocol.ts";
import { type Thread, threadLost } from "./thread.ts";
import type { Lane } from "./threads.ts";

export interface WorkerClient {
  /** Counts the threads that have died: a transaction belongs to the one it began in. */
  readonly generation: number;
  send(operation: Operation, statements: readonly Bound[]): Promise<RawResult | undefined>;
  /** Begins, and says in which generation: the thread may be dead when its reply is read. */
  begin(first: readonly Bound[]): Promise<{ readonly raw: RawResult | undefined; readonly generation: number }>;
  /** Opens the file in a running worker; starts one when there is none. */
  ensureOpen(): Promise<void>;
  close(): Promise<void>;
}

/** `openWith` runs the opening of the file, again as often as it likes. */
export function createWorkerClient(
  path: string,
  lane: Lane,
  openWith: (open: () => Promise<void>) => Promise<void>,
): WorkerClient {
  let thread: Thread | undefined;
  let opening: Promise<void> | undefined;
  /** The running thread, once the file is open in it. */
  let ready: Thread | undefined;
  let generation = 0;
  let closed = false;

  function currentThread(): Thread {
    if (thread !== undefined) return thread;
    const joined = lane.join(() => {
      if (thread !== joined) return;
      thread = undefined;
      opening = undefined;
      ready = undefined;
      generation++;
    });
    thread = joined;
    return joined;
  }

  function ensureOpen(): Promise<void> {
    if (closed)
      return Promise.reject(skeinError("SKEIN_DATA_UNAVAILABLE", "the database is closed", { outcome: "not_started" }));
    const begunIn = generation;
    opening ??= openWith(async () => {
      // Its thread has died meanwhile: somebody else opens the file in the next one, and twice would be two writers.
      if (generation !== begunIn) throw threadLost(undefined);
      const opened = currentThread();
      await opened.post(path, "open");
      if (thread === opened) ready = opened;
    }).catch((error: unknown) => {
      if (generation === begunIn) opening = undefined;
      throw error;
    });
    return opening;
  }

  // In this very step, once it is open: the thread works meanwhile, and whoever sends first is served first.
  const send: WorkerClient["send"] = (operation, statements) =>
    ready?.post(path, operation, statements) ??
    ensureOpen().then(() => {
      if (ready === undefined) throw threadLost(undefined);
      return ready.post(path, operation, statements);
    });

  return {
    get generation() {
      return generation;
    },
    ensureOpen,
    send,
    async begin(first) {
      if (ready === undefined) await ensureOpen();
      const begunIn = generation;
      return { raw: await send("begin", first), generation: begunIn };
    },
    async close() {
      if (closed) return;
      closed = true;
      const last = thread;
      if (last === undefined) return;
      thread = undefined;
      ready = undefined;
      await opening;
      await last.post(path, "close");
    },
  };
}
