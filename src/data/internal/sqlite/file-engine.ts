/**
 * Owns SQLite in a file as an engine: one writer at a time in this process, asynchronous retry against other processes.
 * It must never block the event loop, and never sleep inside a lock.
 */
import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { type Clock, createLock, LockFull, type Random, sleep, type Timer } from "../../../core/index.ts";
import { skeinError } from "../../../errors/index.ts";
import {
  type Engine,
  type Limits,
  limitsOf,
  type Rows,
  type Session,
  statementMsMax,
  waitOf,
  writersWaitingMax,
} from "../../engine.ts";
import { sqliteSpelling, toBindables } from "../values.ts";
import { fromFailure, isBusy } from "./errors.ts";
import type { RawResult } from "./file.ts";
import { toObjects } from "./rows.ts";
import { type Lane, SqliteFailure } from "./threads.ts";
import { createWorkerClient, type WorkerClient } from "./worker-client.ts";

/** Full jitter between tries for a lock another process holds: from 1 ms, doubling, to this. */
const retryMsMax = 8;
/** How long opening a file waits for another process that is opening or recovering it. */
const openMsMax = 10_000;

interface Seams {
  readonly clock: Clock;
  readonly random: Random;
}

export function createFileEngine(path: string, seams: Seams, lane: Lane): Engine {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  chmodSync(dirname(path), 0o700);
  const client = createWorkerClient(path, lane, (open) => untilFree(seams, limitsOf(seams.clock, openMsMax), open));
  const turns = createLock();
  let writing = false;

  async function takeTurn(limits: Limits, isUrgent: boolean): Promise<() => void> {
    if (!writing) {
      writing = true;
      return turns.acquire({ limit: writersWaitingMax });
    }
    const waiting = new AbortController();
    const giveUp = (): void => waiting.abort(skeinError("SKEIN_DATA_BUSY"));
    const timer = seams.clock.after(limits.remainingMs(), giveUp);
    const signal = limits.signal();
    const cancel = (): void => waiting.abort(signal?.reason);
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      return await turns.acquire({ signal: waiting.signal, limit: writersWaitingMax, isUrgent });
    } catch (error) {
      throw error instanceof LockFull ? skeinError("SKEIN_DATA_BUSY", undefined, { cause: error }) : error;
    } finally {
      timer.cancel();
      signal?.removeEventListener("abort", cancel);
    }
  }

  return {
    family: "sqlite",
    async read(statement, limits) {
      const parameters = toBindables(statement.parameters, sqliteSpelling);
      // A reader meets a lock only while another process recovers or closes the file, and then for a moment.
      return toRows(
        await untilFree(seams, waitOf(limits, seams.clock), () =>
          timed(seams, limits, client.send("read", statement.sql, parameters)),
        ),
      );
    },
    async begin(limits, options) {
      const wait = waitOf(limits, seams.clock);
      const release = await takeTurn(wait, options?.isApart === true);
      const done = (): void => {
        writing = turns.waiting > 0;
        release();
      };
      try {
        await untilFree(seams, wait, () => client.send("script", "begin immediate"));
        return createSession(client, seams, limits, done);
      } catch (error) {
        done();
        throw error;
      }
    },
    async ready() {
      await client.ensureOpen();
    },
    close: () => client.close(),
  };
}

function createSession(client: WorkerClient, seams: Seams, limits: Limits, done: () => void): Session {
  const { generation } = client;
  let state: "open" | "failed" | "over" = "open";

  async function guarded<T>(run: () => Promise<T>): Promise<T> {
    if (state !== "open")
      throw skeinError("SKEIN_DATA_TRANSACTION", state === "over" ? "the transaction is over" : undefined);
    // Another thread would run the statement outside any transaction.
    if (client.generation !== generation) {
      state = "failed";
      throw skeinError("SKEIN_DATA_UNAVAILABLE", "the thread of the database ended", { outcome: "failed" });
    }
    try {
      return await run();
    } catch (error) {
      state = "failed";
      throw error instanceof SqliteFailure ? fromFailure(error.failure) : error;
    }
  }
  const end = (): void => {
    if (state === "over") return;
    state = "over";
    done();
  };

  return {
    run: (statement) =>
      guarded(async () => {
        const parameters = toBindables(statement.parameters, sqliteSpelling);
        return toRows(await timed(seams, limits, client.send("write", statement.sql, parameters)));
      }),
    script: (sql) =>
      guarded(async () => {
        await client.send("script", sql);
      }),
    async commit() {
      let sent = false;
      try {
        await guarded(() => {
          sent = true;
          return client.send("script", "commit");
        });
        end();
      } catch (error) {
        throw sent && client.generation !== generation
          ? skeinError("SKEIN_DATA_UNAVAILABLE", "the thread of the database ended during a commit", {
              cause: error,
              outcome: "unknown",
            })
          : error;
      }
    },
    async rollback() {
      if (state === "over") return;
      state = "failed";
      try {
        if (client.generation === generation) await client.send("script", "rollback");
      } catch {
        // SQLite ends a transaction by itself after some errors, and a dead thread has none: nothing was kept.
      } finally {
        end();
      }
    },
  };
}

/** Runs `attempt` again while another process holds the lock, until the deadline. */
async function untilFree<T>(seams: Seams, limits: Limits, attempt: () => Promise<T>): Promise<T> {
  for (let stepMs = 1; ; stepMs = Math.min(stepMs * 2, retryMsMax)) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof SqliteFailure)) throw error;
      if (!isBusy(error.failure)) throw fromFailure(error.failure);
      const remainingMs = limits.remainingMs();
      if (remainingMs <= 0) throw skeinError("SKEIN_DATA_BUSY", undefined, { cause: error });
      await sleep(seams.clock, Math.min(remainingMs, 1 + seams.random.float() * stepMs), limits.signal());
    }
  }
}

/** Stops waiting at the statement's limit or the call's deadline. The thread finishes the statement; its result is dropped. */
function timed<T>(seams: Seams, limits: Limits, work: Promise<T>): Promise<T> {
  const remainingMs = limits.remainingMs();
  const isCall = remainingMs < statementMsMax;
  return new Promise((resolve, reject) => {
    const timer: Timer = seams.clock.after(Math.min(remainingMs, statementMsMax), () => {
      reject(skeinError(isCall ? "SKEIN_CALL_DEADLINE" : "SKEIN_DATA_TIMEOUT", undefined, { outcome: "failed" }));
    });
    work.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error as Error);
      },
    );
  });
}

function toRows(raw: RawResult | undefined): Rows {
  if (raw === undefined) return { rows: [], affected: undefined, insertId: undefined };
  return { rows: toObjects(raw.names, raw.rows), affected: raw.changes, insertId: raw.rowid };
}
