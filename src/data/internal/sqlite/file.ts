/**
 * Owns the connections to one SQLite database and runs statements on them, synchronously: in the worker for a file, in
 * the calling thread for memory. It must never wait: a lock that is taken is an answer, and the caller decides.
 */
import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { type Column, convertRows } from "./rows.ts";

/** What one statement gave, in a form that is cheap to send between threads. */
export interface RawResult {
  readonly names: readonly string[];
  readonly rows: unknown[][];
  readonly changes: bigint | undefined;
  readonly rowid: bigint | undefined;
}

export interface SqliteFile {
  read(sql: string, parameters: readonly SQLInputValue[]): RawResult;
  write(sql: string, parameters: readonly SQLInputValue[]): RawResult;
  /** Any number of statements without parameters, on the writer. */
  script(sql: string): void;
  /** Whether the writer is in a transaction. */
  readonly isInTransaction: boolean;
  close(): void;
}

/** Prepared statements kept per connection; the one unused for longest goes first. */
const statementsMax = 256;

/** A file of its own, with a writer and a reader that cannot write. */
export function openFile(path: string): SqliteFile {
  createPrivately(path);
  const writer = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: true });
  try {
    writer.exec("pragma journal_mode = wal; pragma synchronous = full; pragma journal_size_limit = 67108864");
    const reader = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: true });
    reader.exec("pragma query_only = on");
    const runRead = runner(reader);
    const runWrite = runner(writer);
    return {
      read: runRead,
      write: runWrite,
      script: (sql) => writer.exec(sql),
      get isInTransaction() {
        return writer.isTransaction;
      },
      close() {
        reader.close();
        // The last connection of all processes checkpoints by itself; this one does it also while others are open.
        if (!writer.isTransaction) writer.exec("pragma wal_checkpoint(passive)");
        writer.close();
      },
    };
  } catch (error) {
    writer.close();
    throw error;
  }
}

/** A database in memory: one connection, made unable to write while it reads. */
export function openMemory(): SqliteFile {
  const database = new DatabaseSync(":memory:", { enableForeignKeyConstraints: true });
  const run = runner(database);
  return {
    read(sql, parameters) {
      database.exec("pragma query_only = on");
      try {
        return run(sql, parameters);
      } finally {
        database.exec("pragma query_only = off");
      }
    },
    write: run,
    script: (sql) => database.exec(sql),
    get isInTransaction() {
      return database.isTransaction;
    },
    close: () => database.close(),
  };
}

/** Only when it is not there: closing another descriptor of an open database would drop SQLite's locks on it. */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function runner(database: DatabaseSync): (sql: string, parameters: readonly SQLInputValue[]) => RawResult {
  const kept = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    const found = kept.get(sql);
    if (found !== undefined) {
      kept.delete(sql);
      kept.set(sql, found);
      return found;
    }
    const statement = database.prepare(sql);
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    kept.set(sql, statement);
    if (kept.size > statementsMax) {
      for (const oldest of kept.keys()) {
        kept.delete(oldest);
        break;
      }
    }
    return statement;
  };
  return (sql, parameters) => {
    const statement = prepare(sql);
    if (statement.columns().length === 0) {
      const done = statement.run(...parameters);
      return { names: [], rows: [], changes: BigInt(done.changes), rowid: BigInt(done.lastInsertRowid) };
    }
    const rows = statement.all(...parameters) as unknown as unknown[][];
    // Asked after running: SQLite prepares again by itself when another process has changed the schema.
    const columns = statement.columns() as readonly Column[];
    convertRows(columns, rows);
    const changes = isReading(sql) ? undefined : BigInt(rows.length);
    return { names: columns.map((column) => column.name), rows, changes, rowid: undefined };
  };
}

function isReading(sql: string): boolean {
  return /^\s*(select|values|explain|pragma)\b/i.test(sql);
}
