/**
 * Owns turning a declared migration into SQL text and its checksum. It must never run a statement.
 */
import { createHash } from "node:crypto";
import { type Kysely, sql } from "kysely";
import { skeinError } from "../../errors/index.ts";
import type { Family, Statement } from "../engine.ts";
import type { Migration, MigrationStatement } from "../migration.ts";
import { jsonText } from "./values.ts";

export interface CompiledMigration {
  readonly name: string;
  readonly statements: readonly Statement[];
  /** SHA-256 of the SQL and its parameters, in base64url. */
  readonly checksum: string;
}

export function compileMigration(migration: Migration, family: Family, compiler: Kysely<never>): CompiledMigration {
  const steps = migration[family];
  if (steps === undefined) {
    throw skeinError("SKEIN_SERVICE_INVALID", `migration "${migration.name}" says nothing for ${family}`);
  }
  const made = typeof steps === "function" ? steps(compiler, sql) : steps;
  const statements = made.map((statement) => toStatement(statement, compiler));
  const text = jsonText(statements.map((statement) => [statement.sql, statement.parameters.map(String)]));
  return { name: migration.name, statements, checksum: createHash("sha256").update(text).digest("base64url") };
}

function toStatement(statement: MigrationStatement, compiler: Kysely<never>): Statement {
  if (typeof statement === "string") return { sql: statement, parameters: [] };
  const compiled = statement.compile(compiler);
  return { sql: compiled.sql, parameters: compiled.parameters };
}
