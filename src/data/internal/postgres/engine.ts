/**
 * Owns PostgreSQL as an engine: a pool that writes, a smaller one that cannot, and what is known when a connection dies.
 * Its waits are real ones: a server does not live on a test's clock. It must never print a URL, change the driver's global
 * state, or call a commit done that nobody confirmed.
 */
import type { Pool, PoolClient, PoolConfig, QueryResult } from "pg";
import { type Timer, systemClock } from "../../../core/index.ts";
import { isSkeinError, type Outcome, skeinError } from "../../../errors/index.ts";
import {
  type Engine,
  idleInTransactionMsMax,
  type Limits,
  limitsOf,
  lockMsMax,
  migrationLockMs,
  type Rows,
  type Session,
  type Statement,
  statementMsMax,
  waitMsOf,
} from "../../engine.ts";
import { portablePostgresSpelling, postgresSpelling, type Spelling, toBindables } from "../values.ts";
import { fromPostgres, isConnectionLost } from "./errors.ts";
import { leaseConnections, shareOut } from "./pool.ts";
import { createTypeParsers, type TypeParsers } from "./types.ts";
import type { PostgresTarget } from "./url.ts";

/** How long a call waits for a connection (LIMITS: acquire 1 s). */
const acquireMsMax = 1_000;
/** What the server gets beyond a limit of its own before a connection that does not answer is given up. */
const graceMs = 500;
/** How much later a statement's limit comes than a lock's, when both are what is left of a call. */
const lockMarginMs = 100;
/** The advisory lock for creating schemas; any number that is Skein's own. */
const schemaLock = 5_384_216_770_117_293_585n;

export interface PostgresOptions {
  readonly target: PostgresTarget;
  readonly schema: string;
  /** Connections in all, read and write. */
  readonly poolMax: number;
  readonly portable: boolean;
}

type Driver = typeof import("pg");

export async function createPostgresEngine(options: PostgresOptions): Promise<Engine> {
  const { Pool: PoolClass, types } = await loadDriver();
  const parsers = createTypeParsers(options.portable, (oid, format) => types.getTypeParser(oid, format as "text"));
  const spelling = options.portable ? portablePostgresSpelling : postgresSpelling;
  const { readers, writers } = shareOut(options.poolMax);
  const writing = new PoolClass(poolConfig(options, writers, ""));
  // Of leases only, and without a connection until the first.
  const apart = new PoolClass(poolConfig(options, leaseConnections, ""));
  const reading = new PoolClass(poolConfig(options, readers, "-c default_transaction_read_only=on"));
  // An idle connection that dies has nobody to tell; the next call opens a new one.
  for (const pool of [writing, reading, apart]) pool.on("error", ignore);
  const talk: Talk = { spelling, parsers };
  let closing: Promise<void> | undefined;

  const engine: Engine = {
    family: "postgres",
    async read(statement, limits) {
      const client = await acquire(reading, limits);
      // The statement hears of a lost connection; without a listener the event would end the process as well.
      client.on("error", ignore);
      let broken = true;
      try {
        const rows = await ask(talk, client, statement, Math.min(statementMsMax, limits.remainingMs()), "failed");
        broken = false;
        return rows;
      } catch (error) {
        broken = breaksConnection(error);
        throw error;
      } finally {
        client.removeListener("error", ignore);
        client.release(broken);
      }
    },
    begin: (limits, begin) =>
      beginSession(talk, begin?.isApart === true ? apart : writing, limits, begin?.migration === true),
    async ready() {
      await engine.read(
        { sql: "select 1", parameters: [] },
        { remainingMs: () => acquireMsMax, signal: () => undefined },
      );
    },
    close: () => (closing ??= Promise.all([writing.end(), reading.end(), apart.end()]).then(() => undefined)),
  };
  return engine;
}

function ignore(): void {}

/** The schema's name has been checked to be an identifier. */
export async function createSchema(engine: Engine, schema: string): Promise<void> {
  const limits = limitsOf(systemClock, 5_000);
  const there = await engine.read(
    { sql: "select 1 from pg_catalog.pg_namespace where nspname = $1", parameters: [schema] },
    limits,
  );
  if (there.rows.length > 0) return;
  const session = await engine.begin(limits);
  try {
    // Two hosts may come here at once, and `if not exists` alone does not keep them from meeting.
    await session.run({ sql: "select pg_advisory_xact_lock($1)", parameters: [schemaLock] });
    await session.script(`create schema if not exists "${schema}"`);
    await session.commit();
  } catch (error) {
    await session.rollback();
    throw error;
  }
}

interface Talk {
  readonly spelling: Spelling;
  readonly parsers: TypeParsers;
}

async function loadDriver(): Promise<Driver> {
  try {
    const module = (await import("pg")) as { default?: Driver } & Driver;
    return module.default ?? module;
  } catch (cause) {
    throw skeinError("SKEIN_DATA_NO_ENGINE", 'PostgreSQL needs the package "pg": npm install pg', { cause });
  }
}

function poolConfig({ target, schema }: PostgresOptions, max: number, extra: string): PoolConfig {
  const settings = [
    extra,
    `-c search_path=${schema}`,
    "-c TimeZone=UTC -c DateStyle=ISO -c bytea_output=hex -c synchronous_commit=on",
    `-c statement_timeout=${statementMsMax} -c lock_timeout=${lockMsMax}`,
    `-c idle_in_transaction_session_timeout=${idleInTransactionMsMax}`,
  ];
  return {
    connectionString: target.connectionString.reveal(),
    max,
    connectionTimeoutMillis: acquireMsMax,
    idleTimeoutMillis: 30_000,
    // An open database must not keep a process alive by itself.
    allowExitOnIdle: true,
    keepAlive: true,
    application_name: "skein",
    options: settings.join(" ").trim(),
  };
}

async function acquire(pool: Pool, limits: Limits): Promise<PoolClient> {
  const remainingMs = limits.remainingMs();
  if (remainingMs <= 0) throw skeinError("SKEIN_DATA_BUSY");
  // Asked first: a connection that is being made counts too, and may fail for another reason.
  const full = pool.totalCount >= (pool.options.max ?? 0) && pool.idleCount === 0;
  const wanted = pool.connect();
  // The pool has its own limit; this one is for a call that has less left.
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = systemClock.after(Math.min(waitMsOf(limits), acquireMsMax), () =>
    reject(skeinError("SKEIN_DATA_BUSY")),
  );
  try {
    return await Promise.race([wanted, late]);
  } catch (cause) {
    void wanted.then((client) => client.release()).catch(() => undefined);
    if (full) throw skeinError("SKEIN_DATA_BUSY", undefined, { cause });
    const known = fromPostgres(cause, "not_started");
    // The driver gives up a connection that does not come up with an error of no code.
    throw known.code === "SKEIN_DATA_BUSY"
      ? skeinError("SKEIN_DATA_UNAVAILABLE", undefined, { cause, outcome: "not_started" })
      : known;
  } finally {
    timer.cancel();
  }
}

/** Sends one statement. The server ends it by its own limit; a server that says nothing loses the connection. */
async function ask(
  talk: Talk,
  client: PoolClient,
  statement: Statement,
  limitMs: number,
  lost: Outcome,
): Promise<Rows> {
  const values = toBindables(statement.parameters, talk.spelling) as unknown[];
  const { promise: silent, reject } = Promise.withResolvers<never>();
  const timer: Timer = systemClock.after(limitMs + graceMs, () => {
    const error = skeinError("SKEIN_CALL_DEADLINE", "the database did not answer in time", {
      outcome: lost,
      cause: { code: "" },
    });
    reject(error);
  });
  try {
    const result = await Promise.race([
      client.query({ text: statement.sql, values, types: talk.parsers as never }),
      silent,
    ]);
    return toRows(result);
  } catch (error) {
    throw fromPostgres(error, lost);
  } finally {
    timer.cancel();
  }
}

function toRows(result: QueryResult): Rows {
  // A script of several statements answers with a list, which nobody reads.
  if (Array.isArray(result)) return { rows: [], affected: undefined, insertId: undefined };
  const reading = ["SELECT", "SHOW", "EXPLAIN"].includes(result.command);
  return {
    rows: result.rows as Rows["rows"],
    affected: reading ? undefined : BigInt(result.rowCount ?? 0),
    insertId: undefined,
  };
}

async function beginSession(talk: Talk, pool: Pool, limits: Limits, migration: boolean): Promise<Session> {
  const client = await acquire(pool, limits);
  const session = createSession(talk, client, limits, migration);
  const remainingMs = Math.max(1, Math.ceil(limits.remainingMs()));
  // Numbers of our own; sent with BEGIN in one message so that limits cost no round trip.
  // The lock's limit comes first, or a wait for a row would look like a slow statement.
  const statementMs = migration ? 0 : Math.min(statementMsMax, remainingMs + lockMarginMs);
  const lockMs = migration ? migrationLockMs : Math.max(1, Math.ceil(Math.min(lockMsMax, waitMsOf(limits))));
  const idle = migration ? "; set local idle_in_transaction_session_timeout = 0" : "";
  try {
    await session.script(
      `begin; set local statement_timeout = ${statementMs}; set local lock_timeout = ${lockMs}${idle}`,
    );
    return session;
  } catch (error) {
    await session.rollback();
    throw error;
  }
}

function createSession(talk: Talk, client: PoolClient, limits: Limits, migration: boolean): Session {
  let state: "open" | "failed" | "over" = "open";
  let broken = false;
  const limitMs = (): number => (migration ? 3_600_000 : Math.min(statementMsMax, limits.remainingMs()));
  // A connection may die between two statements, when nobody waits for an answer.
  const onError = (): void => {
    broken = true;
  };
  client.on("error", onError);

  async function guarded<T>(run: () => Promise<T>): Promise<T> {
    if (state !== "open")
      throw skeinError("SKEIN_DATA_TRANSACTION", state === "over" ? "the transaction is over" : undefined);
    if (!migration && limits.remainingMs() <= 0) {
      state = "failed";
      throw skeinError("SKEIN_CALL_DEADLINE", undefined, { outcome: "failed" });
    }
    try {
      return await run();
    } catch (error) {
      state = "failed";
      if (breaksConnection(error)) broken = true;
      const isLate =
        !migration && limits.remainingMs() <= 0 && isSkeinError(error) && error.code === "SKEIN_DATA_TIMEOUT";
      throw isLate ? skeinError("SKEIN_CALL_DEADLINE", undefined, { cause: error, outcome: "failed" }) : error;
    }
  }
  const end = (): void => {
    state = "over";
    client.removeListener("error", onError);
    client.release(broken);
  };

  const run = (statement: Statement): Promise<Rows> => guarded(() => ask(talk, client, statement, limitMs(), "failed"));

  return {
    run,
    script: (sql) =>
      guarded(async () => {
        // Without parameters the driver sends a simple query, which may hold several statements.
        await ask(talk, client, { sql, parameters: [] }, limitMs(), "failed");
      }),
    async commit(last = []) {
      for (const statement of last) await run(statement);
      await guarded(async () => {
        limits.signal()?.throwIfAborted();
        const { command } = await commitOnce(client, limitMs());
        // A transaction that had failed unnoticed answers COMMIT with the tag ROLLBACK, and no error.
        if (command !== "COMMIT") throw skeinError("SKEIN_DATA_TRANSACTION");
      });
      end();
    },
    async rollback() {
      if (state === "over") return;
      state = "failed";
      try {
        if (!broken) await ask(talk, client, { sql: "rollback", parameters: [] }, statementMsMax, "failed");
      } catch {
        broken = true; // the server rolls back by itself when the connection goes
      } finally {
        end();
      }
    },
  };
}

/** A refusal of our own (a value, a state) has no cause and leaves the connection as it was. */
function breaksConnection(error: unknown): boolean {
  const { cause } = error as { cause?: unknown };
  return cause !== undefined && isConnectionLost(cause);
}

async function commitOnce(client: PoolClient, limitMs: number): Promise<{ command: string }> {
  const { promise: silent, reject } = Promise.withResolvers<never>();
  const timer = systemClock.after(limitMs + graceMs, () =>
    reject(
      skeinError("SKEIN_DATA_UNAVAILABLE", "the database did not confirm a commit", {
        outcome: "unknown",
        cause: { code: "" },
      }),
    ),
  );
  try {
    return await Promise.race([client.query("commit"), silent]);
  } catch (error) {
    throw fromPostgres(error, "unknown");
  } finally {
    timer.cancel();
  }
}
