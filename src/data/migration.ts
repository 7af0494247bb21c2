/**
 * Owns the declaration of a migration: a name and what makes its statements. It must never import an engine or a query
 * builder: both load when a database opens.
 */
import type { Compilable, Kysely, Sql } from "kysely";
import { skeinError } from "../errors/index.ts";

/** A statement as text, or built with Kysely. */
export type MigrationStatement =
  | string
  | Compilable
  | { compile(executor: Kysely<never>): { sql: string; parameters: readonly unknown[] } };

// oxlint-disable-next-line typescript/no-explicit-any -- a migration sees tables as they were, which no type describes
type AnyKysely = Kysely<any>;

/** What a migration builds its statements with; nothing runs through it. */
export type MigrationBuilder = Pick<
  AnyKysely,
  "schema" | "insertInto" | "updateTable" | "deleteFrom" | "selectFrom" | "fn" | "dynamic"
>;

/** Makes the statements of one migration. Pure: it is compiled, hashed and only then run. */
export type MigrationSteps =
  | readonly MigrationStatement[]
  | ((db: MigrationBuilder, sql: Sql) => readonly MigrationStatement[]);

/** A declared migration. @since 0.1.0 */
export interface Migration {
  readonly name: string;
  readonly sqlite: MigrationSteps | undefined;
  readonly postgres: MigrationSteps | undefined;
}

/**
 * Declares a migration: `migration("001_orders", (db, sql) => [db.schema.createTable("orders")...])`, text statements, or
 * the two dialects apart as `{ sqlite, postgres }`.
 *
 * Forward only: once applied anywhere it must not change (`SKEIN_MIGRATION_CHANGED`); what is compared is the SQL it
 * compiles to. Each runs in a transaction of its own. Names are unique in a database: 1 to 100 letters, digits, `_`, `-`.
 * Throws `SKEIN_SERVICE_INVALID` for another name.
 * @since 0.1.0
 */
export function migration(
  name: string,
  steps: MigrationSteps | { readonly sqlite?: MigrationSteps; readonly postgres?: MigrationSteps },
): Migration {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(name)) {
    throw skeinError("SKEIN_SERVICE_INVALID", `"${name}" cannot name a migration: use letters, digits, "_" and "-"`);
  }
  if (typeof steps === "function" || isList(steps)) return Object.freeze({ name, sqlite: steps, postgres: steps });
  return Object.freeze({ name, sqlite: steps.sqlite, postgres: steps.postgres });
}

// Array.isArray does not narrow a readonly array.
function isList(steps: object): steps is readonly MigrationStatement[] {
  return Array.isArray(steps);
}
