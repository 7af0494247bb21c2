/**
 * The door of `data`: what a service may own. Importing it loads no engine, no driver and no query builder.
 */
export { config } from "./config.ts";
export { askConnectionsMax, connectionsMaxDefault, connectionsOf, type ServerConnections } from "./connections.ts";
export { hasEngines } from "#has-engines";
export {
  type ActionDatabase,
  type CommandDatabase,
  database,
  type DatabaseDialect,
  type DatabaseSpec,
  migrate,
  type QueryDatabase,
  type TransactionDatabase,
} from "./database.ts";
export type { Baseline, Migrated } from "./internal/run-migrations.ts";
export {
  type Migration,
  migration,
  type MigrationBuilder,
  type MigrationStatement,
  type MigrationSteps,
} from "./migration.ts";
export { Leader, type LeaderOptions } from "./lease/leader.ts";
export { resource, type ResourceContext, type ResourceSpec } from "./resource.ts";
