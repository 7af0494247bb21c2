/**
 * Owns SQLite in memory and in this thread, for tests under a virtual clock: no thread, no timer, no disk.
 * It must never show a reader what a transaction has not committed.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { SQLInputValue } from "node:sqlite";
import { createLock, type Lock, LockFull } from "../../../core/index.ts";
import { skeinError } from "../../../errors/index.ts";
import { type Engine, type Limits, type Rows, type Session, type Statement, writersWaitingMax } from "../../engine.ts";
import { sqliteSpelling, toBindables } from "../values.ts";
import { fromThrown } from "./errors.ts";
import { openMemory, type RawResult, type SqliteFile } from "./file.ts";
import { toObjects } from "./rows.ts";

/** Tells a read made inside a transaction's own callback, which must not wait for that transaction to end. */
const inside = new AsyncLocalStorage<Session>();

/** Runs the body of a transaction so that its own reads do not wait for it. */
export function runInside<T>(session: Session, body: () => Promise<T>): Promise<T> {
  return inside.run(session, body);
}

/** One database in memory; engines of several processes share it as they would a file. */
export interface MemoryStore {
  readonly file: SqliteFile;
  readonly turns: Lock;
  /** The one open transaction, and through which access it was opened. */
  current: { readonly session: Session; readonly access: MemoryAccess; readonly over: Promise<void> } | undefined;
}

/** What one process has of a store. */
export interface MemoryAccess {
  readonly store: MemoryStore;
  /** Statements wait for it before and after, where they take time; it never resolves in a process that is dead. */
  readonly pace?: () => Promise<void>;
  /** Whether the process runs: one that does not may not take its turn. */
  readonly mayRun?: () => boolean;
  close(): Promise<void>;
}

export function openMemoryStore(): MemoryStore {
  return { file: openMemory(), turns: createLock(), current: undefined };
}

/** The access of a process that has the store to itself. */
export function openMemoryAccess(): MemoryAccess {
  const store = openMemoryStore();
  return { store, close: () => Promise.resolve(store.file.close()) };
}

export function createMemoryEngine(access = openMemoryAccess()): Engine {
  const { store } = access;
  const { file } = store;
  let closed = false;

  function attempt(run: () => RawResult): Rows {
    try {
      const raw = run();
      return { rows: toObjects(raw.names, raw.rows), affected: raw.changes, insertId: raw.rowid };
    } catch (error) {
      throw fromThrown(error);
    }
  }
  function assertOpen(): void {
    if (closed) throw skeinError("SKEIN_DATA_UNAVAILABLE", "the database is closed", { outcome: "not_started" });
  }

  return {
    family: "sqlite",
    async read(statement) {
      const parameters = toBindables(statement.parameters, sqliteSpelling) as SQLInputValue[];
      await access.pace?.();
      let hasWaited = false;
      while (store.current !== undefined && store.current.session !== inside.getStore()) {
        hasWaited = true;
        await store.current.over;
      }
      assertOpen();
      const rows = attempt(() => file.read(statement.sql, parameters));
      // Another process has woken this one, which may be one that does not run.
      if (hasWaited) await access.pace?.();
      return rows;
    },
    async begin(limits: Limits, options) {
      const release = await turn(access, limits, options?.isApart === true);
      try {
        assertOpen();
        file.script("begin immediate");
      } catch (error) {
        release();
        throw fromThrown(error);
      }
      const { promise: over, resolve } = Promise.withResolvers<void>();
      const session = createSession(access, attempt, () => {
        store.current = undefined;
        resolve();
        release();
      });
      store.current = { session, access, over };
      return session;
    },
    async ready() {
      assertOpen();
    },
    async close() {
      if (closed) return;
      closed = true;
      await access.close();
    },
  };
}

/** Waits for the turn to write. */
async function turn(access: MemoryAccess, limits: Limits, isUrgent: boolean): Promise<() => void> {
  const { store, pace, mayRun } = access;
  const signal = limits.signal();
  for (;;) {
    await pace?.();
    const release = await store.turns
      .acquire({ limit: writersWaitingMax, isUrgent, ...(signal && { signal }) })
      .catch((error: unknown) => {
        throw error instanceof LockFull ? skeinError("SKEIN_DATA_BUSY", undefined, { cause: error }) : error;
      });
    if (mayRun?.() !== false) return release;
    release();
  }
}

function createSession(
  { store: { file }, pace }: MemoryAccess,
  attempt: (run: () => RawResult) => Rows,
  done: () => void,
): Session {
  let state: "open" | "failed" | "over" = "open";

  function guarded<T>(run: () => T): T {
    if (state !== "open")
      throw skeinError("SKEIN_DATA_TRANSACTION", state === "over" ? "the transaction is over" : undefined);
    try {
      return run();
    } catch (error) {
      state = "failed";
      throw fromThrown(error);
    }
  }

  async function run(statement: Statement): Promise<Rows> {
    await pace?.();
    return guarded(() => {
      const parameters = toBindables(statement.parameters, sqliteSpelling) as SQLInputValue[];
      return attempt(() => file.write(statement.sql, parameters));
    });
  }

  return {
    run,
    async script(sql) {
      await pace?.();
      guarded(() => file.script(sql));
    },
    async commit(last = []) {
      for (const statement of last) await run(statement);
      await pace?.();
      guarded(() => file.script("commit"));
      state = "over";
      done();
      await pace?.();
    },
    async rollback() {
      if (state === "over") return;
      state = "over";
      try {
        file.script("rollback");
      } catch {
        // SQLite has ended the transaction by itself, or the database is closed: nothing was kept.
      }
      done();
    },
  };
}
