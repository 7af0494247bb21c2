/**
 * Owns SQLite in memory and in this thread, for tests under a virtual clock: no thread, no timer, no disk.
 * It must never show a reader what a transaction has not committed.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { SQLInputValue } from "node:sqlite";
import { createLock, LockFull } from "../../../core/index.ts";
import { skeinError } from "../../../errors/index.ts";
import { type Engine, type Limits, type Rows, type Session, writersWaitingMax } from "../../engine.ts";
import { sqliteSpelling, toBindables } from "../values.ts";
import { fromThrown } from "./errors.ts";
import { openMemory, type RawResult } from "./file.ts";
import { toObjects } from "./rows.ts";

/** Tells a read made inside a transaction's own callback, which must not wait for that transaction to end. */
const inside = new AsyncLocalStorage<Session>();

/** Runs the body of a transaction so that its own reads do not wait for it. */
export function runInside<T>(session: Session, body: () => Promise<T>): Promise<T> {
  return inside.run(session, body);
}

export function createMemoryEngine(): Engine {
  const file = openMemory();
  const turns = createLock();
  let current: { readonly session: Session; readonly over: Promise<void> } | undefined;
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
      while (current !== undefined && current.session !== inside.getStore()) await current.over;
      assertOpen();
      return attempt(() => file.read(statement.sql, parameters));
    },
    async begin(limits: Limits) {
      const signal = limits.signal();
      const release = await turns
        .acquire({ limit: writersWaitingMax, ...(signal && { signal }) })
        .catch((error: unknown) => {
          throw error instanceof LockFull ? skeinError("SKEIN_DATA_BUSY", undefined, { cause: error }) : error;
        });
      try {
        assertOpen();
        file.script("begin immediate");
      } catch (error) {
        release();
        throw fromThrown(error);
      }
      const { promise: over, resolve } = Promise.withResolvers<void>();
      const session = createSession(file, attempt, () => {
        current = undefined;
        resolve();
        release();
      });
      current = { session, over };
      return session;
    },
    async ready() {
      assertOpen();
    },
    async close() {
      if (closed) return;
      closed = true;
      file.close();
    },
  };
}

function createSession(
  file: ReturnType<typeof openMemory>,
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

  return {
    async run(statement) {
      return guarded(() => {
        const parameters = toBindables(statement.parameters, sqliteSpelling) as SQLInputValue[];
        return attempt(() => file.write(statement.sql, parameters));
      });
    },
    async script(sql) {
      guarded(() => file.script(sql));
    },
    async commit() {
      guarded(() => file.script("commit"));
      state = "over";
      done();
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
