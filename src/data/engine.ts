/**
 * Owns the port between Skein's data layer and a database engine: statements, sessions, limits.
 * It must never know Kysely, SQLite or PostgreSQL.
 */
import type { Clock } from "../core/index.ts";

/** SQL with positional parameters, as the engine spells them. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

export interface Rows {
  readonly rows: Array<Record<string, unknown>>;
  /** Rows inserted, updated or deleted; `undefined` for a select. */
  readonly affected: bigint | undefined;
  /** SQLite's last rowid, where the statement inserted and returned nothing. */
  readonly insertId: bigint | undefined;
}

/** What a wait or a statement may cost the call it works for. */
export interface Limits {
  /** Milliseconds until the call's deadline, never negative. */
  remainingMs(): number;
  /** Aborted when the call is over; asked only where it is needed, since making one costs. */
  signal(): AbortSignal | undefined;
}

/** One open transaction on the writer. */
export interface Session {
  /** Runs one statement. After one has failed, every other fails too, and so does the commit: on every engine alike. */
  run(statement: Statement): Promise<Rows>;
  /** Runs SQL text with any number of statements and no parameters; migrations only. */
  script(sql: string): Promise<void>;
  /** Runs `last` and keeps everything. Rejects with outcome `failed` when nothing was kept, `unknown` when nobody can tell. */
  commit(last?: readonly Statement[]): Promise<void>;
  /** Ends it without a trace; never rejects, safe after anything. */
  rollback(): Promise<void>;
}

export type Family = "sqlite" | "postgres";

export interface BeginOptions {
  /** Has the lock of a file before its first statement: who cannot have it is told so, and has read nothing. */
  readonly migration?: boolean;
  /** Not behind the calls that wait for their turn: a busy database must not cost a lease. */
  readonly isApart?: boolean;
}

export interface Engine {
  readonly family: Family;
  /** Runs a statement on a connection that cannot write. */
  read(statement: Statement, limits: Limits): Promise<Rows>;
  /**
   * Waits for its turn to write, until the deadline: then `SKEIN_DATA_BUSY`, and nothing has happened. The lock of a file is waited
   * for by the first statement, which begins it: what a body does before that keeps nobody from writing.
   */
  begin(limits: Limits, options?: BeginOptions): Promise<Session>;
  /** Rejects while the engine cannot serve. */
  ready(): Promise<void>;
  /** Safe to call twice. */
  close(): Promise<void>;
}

/** The longest a single statement may run (LIMITS: statement 5 s). */
export const statementMsMax = 5_000;
/** The longest a statement may wait for a row or table lock. */
export const lockMsMax = 2_000;
/** The longest a transaction may sit without a statement. */
export const idleInTransactionMsMax = 5_000;
/** How long migrations wait for their lock. */
export const migrationLockMs = 60_000;
/** Calls that may wait for the writer of one SQLite database in one process. */
export const writersWaitingMax = 1_000;

/** How long a call without a deadline, a stream, waits for the database. */
const waitMsMax = 10_000;
/** How much before its call's deadline a wait ends at most. */
export const earlyMsMax = 25;

/**
 * The longest that a call may wait for its turn: a little less than it has left, since "busy, nothing has happened, send it
 * again" is worth more to its caller than "too late, who knows".
 */
export function waitMsOf(limits: Limits): number {
  const remainingMs = limits.remainingMs();
  if (remainingMs === Infinity) return waitMsMax;
  return remainingMs - Math.min(earlyMsMax, remainingMs / 10);
}

/** The limits of one such wait. */
export function waitOf(limits: Limits, clock: Clock): Limits {
  return { ...limitsOf(clock, waitMsOf(limits)), signal: () => limits.signal() };
}

/** Limits of work that belongs to no call. */
export function limitsOf(clock: Clock, ms: number): Limits {
  const startMs = clock.monotonic();
  return { remainingMs: () => Math.max(0, startMs + ms - clock.monotonic()), signal: () => undefined };
}

/** A statement of Skein's own, written with `?` and spelled as the engine does. Its text has no other question mark. */
export function ownStatement(family: Family, sql: string, parameters: readonly unknown[]): Statement {
  if (family === "sqlite") return { sql, parameters };
  let index = 0;
  return { sql: sql.replaceAll("?", () => `$${++index}`), parameters };
}
