/**
 * Owns one thread in which SQLite runs, from its start to its death: what it is asked and what it replies.
 * It must never let a request of a dead thread wait for ever.
 */
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import { skeinError } from "../../../errors/index.ts";
import type { RawResult } from "./file.ts";
import type { Moments } from "./moments.ts";
import type { Bound, Failure, Operation, Reply, Request, WorkerData } from "./protocol.ts";

/** Requests under way in one thread at most; beyond it callers are told that the database is busy. */
const requestsMax = 10_000;
/**
 * What is worth standing still for, and may be refused: mostly done in microseconds, and nothing is left behind without it.
 * The others wait for the disk or end something, and there is at most one of them for each file.
 */
const quick: ReadonlySet<Operation> = new Set(["begin", "read", "write"]);

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

export interface RunningThread extends Thread {
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

export function startThread(moments: Moments, onGone: () => void): RunningThread {
  const pending = new Map<number, Pending>();
  const listeners = new Set([onGone]);
  const { port1: port, port2 } = new MessageChannel();
  const replies = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const workerData: WorkerData = { port: port2, replies };
  const worker = new Worker(entry, { name: "skein-sqlite", execArgv, workerData, transferList: [port2] });
  let nextId = 1;
  let lost = false;

  const settle = (reply: Reply): void => {
    const request = pending.get(reply.id);
    if (request === undefined) return;
    pending.delete(reply.id);
    if (pending.size === 0) worker.unref();
    if (reply.failure === undefined) request.resolve(reply.result);
    else request.reject(new SqliteFailure(reply.failure));
  };
  /** Takes what has come, in its order and without the event loop; what is taken here comes no more as a message. */
  const settleAll = (): void => {
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port))
      settle(next.message as Reply);
  };
  const lose = (cause: unknown): void => {
    if (lost) return;
    lost = true;
    // What it had done and said before it died counts.
    settleAll();
    port.close();
    // First, so that whoever hears of it finds no dead thread in its place.
    for (const listener of listeners) listener();
    for (const request of pending.values()) request.reject(threadLost(cause));
    pending.clear();
  };
  worker.on("error", lose);
  worker.on("exit", (code) => lose(new Error(`the SQLite worker ended with code ${code}`)));
  worker.unref();
  port.on("message", settle);
  // The thread alone keeps the process alive: its port closes before its end is told, and requests wait for that.
  port.unref();
  return {
    onLost: (listener) => void listeners.add(listener),
    post(file, operation, statements = []) {
      return new Promise((resolve, reject) => {
        if (lost) return reject(threadLost(undefined));
        const isQuick = quick.has(operation);
        if (isQuick && pending.size >= requestsMax) {
          return reject(
            skeinError("SKEIN_DATA_BUSY", `more than ${requestsMax} statements are waiting for one thread`),
          );
        }
        const request: Request = { id: nextId++, file, operation, statements };
        const seen = Atomics.load(replies, 0);
        // Throws where a parameter cannot be sent: then nothing is pending.
        port.postMessage(request);
        pending.set(request.id, { resolve, reject });
        // Behind another request the reply takes longer than a moment.
        if (pending.size > 1) return;
        if (isQuick) {
          moments.wait(replies, seen);
          settleAll();
        }
        // Only what is under way keeps the process alive: an open database must not.
        if (pending.size > 0) worker.ref();
      });
    },
    terminate: () => worker.terminate(),
  };
}

export function threadLost(cause: unknown) {
  return skeinError("SKEIN_DATA_UNAVAILABLE", "the thread of the database ended", { cause, outcome: "failed" });
}
