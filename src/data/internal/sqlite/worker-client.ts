/**
 * Owns one file as a thread of the pool serves it: opened once, and again when the thread died.
 * It must never let a dead thread look like a slow one.
 */
import { skeinError } from "../../../errors/index.ts";
import type { RawResult } from "./file.ts";
import type { Bound, Operation } from "./protocol.ts";
import { type Thread, threadLost } from "./thread.ts";
import type { Lane } from "./threads.ts";

export class WorkerClient {
  readonly #path: string;
  readonly #lane: Lane;
  readonly #openWith: (open: () => Promise<void>) => Promise<void>;
  #thread: Thread | undefined;
  #opening: Promise<void> | undefined;
  /** The running thread, once the file is open in it. */
  #ready: Thread | undefined;
  #generation = 0;
  #isClosed = false;

  /** `openWith` runs the opening of the file, again as often as it likes. */
  constructor(path: string, lane: Lane, openWith: (open: () => Promise<void>) => Promise<void>) {
    this.#path = path;
    this.#lane = lane;
    this.#openWith = openWith;
  }

  /** Counts the threads that have died: a transaction belongs to the one it began in. */
  get generation(): number {
    return this.#generation;
  }

  /** In this very step, once the file is open: the thread works meanwhile, and whoever sends first is served first. */
  send(operation: Operation, statements: readonly Bound[]): Promise<RawResult | undefined> {
    return (
      this.#ready?.post(this.#path, operation, statements) ??
      this.ensureOpen().then(() => {
        if (this.#ready === undefined) throw threadLost(undefined);
        return this.#ready.post(this.#path, operation, statements);
      })
    );
  }

  /** Begins, and says in which generation: the thread may be dead when its reply is read. */
  async begin(first: readonly Bound[]): Promise<{ readonly raw: RawResult | undefined; readonly generation: number }> {
    if (this.#ready === undefined) await this.ensureOpen();
    const generation = this.#generation;
    return { raw: await this.send("begin", first), generation };
  }

  /** Opens the file in a running worker; starts one when there is none. */
  ensureOpen(): Promise<void> {
    if (this.#isClosed)
      return Promise.reject(skeinError("SKEIN_DATA_UNAVAILABLE", "the database is closed", { outcome: "not_started" }));
    const generation = this.#generation;
    this.#opening ??= this.#openWith(async () => {
      // Its thread has died meanwhile: somebody else opens the file in the next one, and twice would be two writers.
      if (this.#generation !== generation) throw threadLost(undefined);
      const opened = this.#currentThread();
      await opened.post(this.#path, "open");
      if (this.#thread === opened) this.#ready = opened;
    }).catch((error: unknown) => {
      if (this.#generation === generation) this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const last = this.#thread;
    if (last === undefined) return;
    this.#thread = this.#ready = undefined;
    await this.#opening;
    await last.post(this.#path, "close");
  }

  #currentThread(): Thread {
    if (this.#thread !== undefined) return this.#thread;
    const joined = this.#lane.join(() => {
      if (this.#thread !== joined) return;
      this.#thread = this.#opening = this.#ready = undefined;
      this.#generation++;
    });
    this.#thread = joined;
    return joined;
  }
}
