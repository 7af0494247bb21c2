/**
 * Owns `database()`: a database as a declaration, and the types of what each kind of method may do with it. It must never
 * load an engine or a query builder by being imported.
 */
import type { Kysely, Transaction } from "kysely";
import { skeinError } from "../errors/index.ts";
import { createOwned, type OpenContext, type Owned } from "../system/index.ts";
import { isPoolMax, poolMin, poolMost } from "./internal/postgres/pool.ts";
import type { Baseline, Migrated } from "./internal/run-migrations.ts";
import type { Migration } from "./migration.ts";

/**
 * What a query or a guard has: Kysely's reading half. `sql` works on it. What types cannot see (`sql`, a `with` followed by
 * a write) the engine refuses: `SKEIN_DATA_READ_ONLY`. A transaction is one too, so a helper that only reads takes either.
 * @since 0.1.0
 */
export type QueryDatabase<Tables> = Pick<
  Kysely<Tables>,
  "selectFrom" | "selectNoFrom" | "with" | "withRecursive" | "fn" | "case" | "dynamic" | "getExecutor"
>;

/** One open transaction: all of Kysely, and `emit`. @since 0.1.0 */
export type TransactionDatabase<Tables> = Transaction<Tables> & {
  /** Writes an event of this service's contract; it leaves if and only if the transaction commits. */
  emit(event: string, value: unknown): Promise<void>;
};

/** What a command has. @since 0.1.0 */
export interface CommandDatabase<Tables> extends QueryDatabase<Tables> {
  /**
   * The command's one transaction; its result is the command's. Key, reply and events commit with it. A thrown error, a
   * failed statement, the deadline or a canceled call roll everything back.
   *
   * Fails with `SKEIN_DATA_BUSY` (not started), `SKEIN_CALL_DEADLINE`, `SKEIN_DATA_TIMEOUT` (a statement over 5 s),
   * `SKEIN_DATA_UNIQUE`, `SKEIN_DATA_CONSTRAINT`, `SKEIN_DATA_VALUE`, `SKEIN_DATA_QUERY`, `SKEIN_DATA_FULL`,
   * `SKEIN_DATA_UNAVAILABLE` (outcome `unknown` only once the commit was sent), `SKEIN_KEY_REUSED`,
   * `SKEIN_KEY_IN_FLIGHT`, `SKEIN_COMMAND_SECOND_TRANSACTION`, `SKEIN_DATA_TRANSACTION`.
   */
  transaction<Reply>(body: (tx: TransactionDatabase<Tables>) => Promise<Reply>): Promise<Reply>;
}

/** What an action has: as many transactions as it likes, none of them keyed. @since 0.1.0 */
export type ActionDatabase<Tables> = CommandDatabase<Tables>;

/** `portable`: SQL that both engines take. `sqlite`, `postgres`: that engine and all it can do. @since 0.1.0 */
export type DatabaseDialect = "portable" | "sqlite" | "postgres";

/** @since 0.1.0 */
export interface DatabaseSpec {
  readonly dialect: DatabaseDialect;
  /** In the order they are applied. */
  readonly migrations: readonly Migration[];
  /**
   * PostgreSQL connections of one host for this database, reading and writing together; 2 to 100, 10 unless given.
   * `DATABASE_POOL_MAX` and `DATABASE_POOL_MAX_<NAME>` of the environment come first.
   */
  readonly poolMax?: number;
  /** Adopts a database that exists: when `table` is there and none of these migrations is recorded, all up to `through` are. */
  readonly baseline?: Baseline;
}

const specs = new WeakMap<object, { readonly name: string; readonly spec: DatabaseSpec }>();

/**
 * Declares a database. `portable` is SQLite at `<home>/data/<name>.sqlite`, or PostgreSQL when `DATABASE_URL_<NAME>` or
 * `DATABASE_URL` is set (one schema per name, or the one of `?schema=`). Services that declare one name share it.
 * Throws `SKEIN_SERVICE_INVALID` for a name, a pool or migrations that cannot work.
 * @since 0.1.0
 */
export function database<Tables>(
  name: string,
  spec: DatabaseSpec,
): Owned<QueryDatabase<Tables>, CommandDatabase<Tables>, ActionDatabase<Tables>> {
  checkSpec(name, spec);
  const owned = createOwned<QueryDatabase<Tables>, CommandDatabase<Tables>, ActionDatabase<Tables>>(
    "database",
    name,
    async (context) => (await import("#engines")).openDatabase(name, spec, context),
    spec.dialect,
  );
  specs.set(owned, { name, spec });
  return owned;
}

/** What was declared; `undefined` for what is no database. */
export function databaseOf(owned: Owned): { readonly name: string; readonly spec: DatabaseSpec } | undefined {
  return specs.get(owned);
}

/**
 * Brings the database of a declaration up to its migrations, under their lock, and closes it again. In development and
 * tests this happens by itself when it opens; in production opening one that lacks any is `SKEIN_MIGRATION_PENDING`.
 * Fails with `SKEIN_MIGRATION_CHANGED`, `_UNKNOWN`, `_FAILED`, `_LOCKED`.
 * @since 0.1.0
 */
export async function migrate(owned: Owned, context: OpenContext): Promise<Migrated> {
  const declared = databaseOf(owned);
  if (declared === undefined) throw skeinError("SKEIN_SERVICE_INVALID", `"${owned.name}" is not a database`);
  return (await import("#engines")).migrateDatabase(declared.name, declared.spec, context);
}

function checkSpec(name: string, { migrations, poolMax, baseline }: DatabaseSpec): void {
  const invalid = (detail: string) => skeinError("SKEIN_SERVICE_INVALID", `database "${name}": ${detail}`);
  if (!/^[a-z][a-z0-9_-]{0,47}$/.test(name)) throw invalid('a name is 1 to 48 lower-case letters, digits, "_" and "-"');
  if (poolMax !== undefined && !isPoolMax(poolMax)) {
    throw invalid(`poolMax is a whole number from ${poolMin} to ${poolMost}, not ${poolMax}`);
  }
  const names = migrations.map((item) => item.name);
  const twice = names.find((item, index) => names.indexOf(item) !== index);
  if (twice !== undefined) throw invalid(`two migrations are named "${twice}"`);
  if (baseline !== undefined && !names.includes(baseline.through)) {
    throw invalid(`the baseline names migration "${baseline.through}", which is not declared`);
  }
}
