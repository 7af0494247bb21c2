/**
 * Owns bringing a database up to a list of migrations, whoever else is doing the same at the time. It must never run one
 * twice, out of order, or beside another migrator.
 */
import { createHash } from "node:crypto";
import type { Clock } from "../../core/index.ts";
import { isSkeinError, skeinError } from "../../errors/index.ts";
import { type Engine, limitsOf, migrationLockMs, ownStatement, type Session } from "../engine.ts";
import type { CompiledMigration } from "./compile-migration.ts";
import { migrationsTable } from "./own-tables.ts";

/** Where an existing database enters: when `table` is there and nothing is recorded, all up to `through` is taken as applied. */
export interface Baseline {
  readonly through: string;
  readonly table: string;
}

export interface MigrationPlan {
  readonly owner: string;
  readonly migrations: readonly CompiledMigration[];
  readonly baseline: Baseline | undefined;
  /** PostgreSQL's schema, or anything that names the database: the lock's key. */
  readonly lockName: string;
  /** Migrations of a newer build are no reason to refuse: a system is being rolled, or was. */
  readonly mayBeAhead: boolean;
}

export interface Migrated {
  /** Names run now, in order. */
  readonly applied: readonly string[];
  /** Names recorded without running, by the baseline. */
  readonly adopted: readonly string[];
}

interface Applied {
  readonly name: string;
  readonly owner: string;
  readonly checksum: string;
}

/**
 * Runs what is missing, one transaction each. Every transaction takes the lock and reads the list again. Where nothing is missing
 * there is none: a process that starts, cold and at a low priority, would keep all others from writing meanwhile.
 */
export async function runMigrations(engine: Engine, plan: MigrationPlan, clock: Clock): Promise<Migrated> {
  const applied: string[] = [];
  const adopted: string[] = [];
  if ((await pendingMigrations(engine, plan, clock)).length === 0) return { applied, adopted };
  // One more round than migrations: the last one finds nothing to do.
  for (let round = 0; round <= plan.migrations.length; round++) {
    const session = await beginLocked(engine, plan, clock);
    try {
      const step = await oneStep(session, engine, plan, clock);
      await session.commit();
      if (step === undefined) break;
      (step.adopted ? adopted : applied).push(...step.names);
    } catch (error) {
      await session.rollback();
      throw error;
    }
  }
  return { applied, adopted };
}

/** Names of `plan` that the database lacks; checks the others as {@link runMigrations} does. Writes nothing. */
export async function pendingMigrations(engine: Engine, plan: MigrationPlan, clock: Clock): Promise<readonly string[]> {
  const limits = limitsOf(clock, migrationLockMs);
  const there = await engine.read(tableQuery(engine, "skein_migrations"), limits);
  if (there.rows.length === 0) return plan.migrations.map((item) => item.name);
  const rows = (await engine.read(listQuery, limits)).rows as unknown as readonly Applied[];
  return plan.migrations.slice(firstMissing(plan, rows)).map((item) => item.name);
}

const listQuery = { sql: "select name, owner, checksum from skein_migrations", parameters: [] };

async function beginLocked(engine: Engine, plan: MigrationPlan, clock: Clock): Promise<Session> {
  let session: Session | undefined;
  try {
    session = await engine.begin(limitsOf(clock, migrationLockMs), { migration: true });
    // SQLite's transaction is the lock; PostgreSQL has one by number, released with the transaction.
    if (engine.family === "postgres") {
      const key = createHash("sha256").update(`skein:migrate:${plan.lockName}`).digest().readBigInt64BE(0);
      await session.run({ sql: "select pg_advisory_xact_lock($1)", parameters: [key] });
    }
    return session;
  } catch (error) {
    await session?.rollback();
    if (isSkeinError(error) && error.code === "SKEIN_DATA_BUSY")
      throw skeinError("SKEIN_MIGRATION_LOCKED", undefined, { cause: error });
    throw error;
  }
}

async function oneStep(
  session: Session,
  engine: Engine,
  plan: MigrationPlan,
  clock: Clock,
): Promise<{ readonly names: readonly string[]; readonly adopted: boolean } | undefined> {
  await session.script(migrationsTable);
  const rows = (await session.run(listQuery)).rows as unknown as readonly Applied[];
  const missing = firstMissing(plan, rows);
  const adopt = await adoptable(session, engine, plan, missing);
  if (adopt.length > 0) {
    for (const item of adopt) await record(session, engine, plan, item, clock);
    return { names: adopt.map((item) => item.name), adopted: true };
  }
  const next = plan.migrations[missing];
  if (next === undefined) return undefined;
  try {
    for (const statement of next.statements) {
      if (statement.parameters.length === 0) await session.script(statement.sql);
      else await session.run(statement);
    }
  } catch (cause) {
    const hint = missing === 0 ? "; if the tables are there already, declare a baseline" : "";
    throw skeinError(
      "SKEIN_MIGRATION_FAILED",
      `migration "${next.name}" of ${plan.owner} failed and was rolled back${hint}`,
      { cause },
    );
  }
  await record(session, engine, plan, next, clock);
  return { names: [next.name], adopted: false };
}

/** How many of the plan are applied; throws for what is changed, unknown or out of order. */
function firstMissing(plan: MigrationPlan, rows: readonly Applied[]): number {
  const known = new Map(rows.map((row) => [row.name, row]));
  const names = new Set(plan.migrations.map((item) => item.name));
  for (const row of rows) {
    if (!plan.mayBeAhead && row.owner === plan.owner && !names.has(row.name)) {
      throw skeinError(
        "SKEIN_MIGRATION_UNKNOWN",
        `the database has migration "${row.name}" of ${plan.owner}, which this build does not know`,
      );
    }
  }
  let missing = plan.migrations.findIndex((item) => !known.has(item.name));
  if (missing < 0) missing = plan.migrations.length;
  for (const [index, item] of plan.migrations.entries()) {
    const row = known.get(item.name);
    if (row === undefined) continue;
    if (index > missing) {
      const before = plan.migrations[missing]?.name ?? "";
      throw skeinError(
        "SKEIN_MIGRATION_CHANGED",
        `migration "${before}" was put before "${item.name}", which is applied already; add it at the end`,
      );
    }
    if (row.checksum !== item.checksum) {
      const whose = row.owner === plan.owner ? "" : ` (recorded by ${row.owner}; names are unique in a database)`;
      throw skeinError(
        "SKEIN_MIGRATION_CHANGED",
        `migration "${item.name}" of ${plan.owner} has changed since it was applied${whose}`,
      );
    }
  }
  return missing;
}

async function adoptable(session: Session, engine: Engine, plan: MigrationPlan, missing: number) {
  const { baseline } = plan;
  if (baseline === undefined || missing > 0) return [];
  const through = plan.migrations.findIndex((item) => item.name === baseline.through);
  const found = await session.run(tableQuery(engine, baseline.table));
  return found.rows.length === 0 ? [] : plan.migrations.slice(0, through + 1);
}

function tableQuery(engine: Engine, table: string) {
  const sql =
    engine.family === "sqlite"
      ? "select name from sqlite_schema where type = 'table' and name = ?"
      : "select tablename as name from pg_catalog.pg_tables where schemaname = current_schema() and tablename = $1";
  return { sql, parameters: [table] };
}

async function record(
  session: Session,
  engine: Engine,
  plan: MigrationPlan,
  item: CompiledMigration,
  clock: Clock,
): Promise<void> {
  const at = new Date(clock.now()).toISOString();
  const values = [item.name, plan.owner, item.checksum, at];
  await session.run(
    ownStatement(
      engine.family,
      "insert into skein_migrations (name, owner, checksum, applied_at) values (?, ?, ?, ?)",
      values,
    ),
  );
}
