/**
 * Owns opening a declared database: which engine, its migrations, what services share. Everything heavy is loaded from
 * here, so it must never be imported but by `import()`.
 */
import { join } from "node:path";
import type { Timer } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import type { OpenContext, Opened } from "../../system/index.ts";
import type { DatabaseSpec } from "../database.ts";
import { type Engine, limitsOf, statementMsMax } from "../engine.ts";
import { compileMigration } from "./compile-migration.ts";
import { compilerOf } from "./dialect.ts";
import { createHandleFactory } from "./handles.ts";
import { createInFlight } from "./in-flight.ts";
import { sweepKeys } from "./keys.ts";
import { createLeases } from "./lease-rows.ts";
import { ownMigrations, ownOwner } from "./own-tables.ts";
import { sweepRates, takeTokens } from "./rates.ts";
import { type Migrated, type MigrationPlan, pendingMigrations, runMigrations } from "./run-migrations.ts";
import type { PostgresTarget } from "./postgres/url.ts";
import { recallEffect, type TransactionPort } from "./transaction.ts";

/** No declared database can have this name: theirs begin with a letter. */
const leaseFile = "_leases";
/** How often expired keys are swept; the first time up to as much later, so that hosts do not sweep together. */
const sweepEveryMs = 600_000;

interface SharedDatabase extends TransactionPort {
  readonly dialect: DatabaseSpec["dialect"];
  /** Names the database for the migration lock. */
  readonly place: string;
  close(): Promise<void>;
}

export async function openDatabase(name: string, spec: DatabaseSpec, context: OpenContext): Promise<Opened> {
  const shared = await context.shared(`database:${name}`, () => openShared(name, spec, context));
  try {
    if (shared.dialect !== spec.dialect) {
      throw skeinError(
        "SKEIN_SERVICE_INVALID",
        `database "${name}" is declared as ${spec.dialect} and as ${shared.dialect}; services that share it must agree`,
      );
    }
    if (context.mode === "production") await assertMigrated(shared, spec, context);
    else await bringUp(shared, spec, context);
  } catch (error) {
    await shared.close();
    throw error;
  }
  const fence = context.leader?.join(context.service, name, createLeases(shared.engine, context.clock));
  const { engine, clock, random, inFlight } = shared;
  const bind = createHandleFactory({
    engine,
    clock,
    random,
    inFlight,
    runInside: (session, body) => shared.runInside(session, body),
    fence,
  });
  let closing: Promise<void> | undefined;
  return {
    bind,
    recall: (effect) => recallEffect(shared, effect, limitsOf(context.clock, statementMsMax)),
    takeTokens: (request) => takeTokens(shared.engine, request, context.clock),
    ready: () => shared.engine.ready(),
    close: () => (closing ??= shared.close()),
  };
}

/** The lease of a service that has no database, in a file beside those of the databases. */
export async function openLeaseFile(context: OpenContext): Promise<Opened> {
  const spec: DatabaseSpec = { dialect: "sqlite", migrations: [] };
  const shared = await context.shared("leases", () => openShared(leaseFile, spec, context));
  try {
    // By whoever comes first: no command line brings up what no service declares.
    const [own] = plansOf(shared, spec, context);
    if (own !== undefined) await runMigrations(shared.engine, own, context.clock);
  } catch (error) {
    await shared.close();
    throw error;
  }
  context.leader?.join(context.service, leaseFile, createLeases(shared.engine, context.clock));
  return { bind: () => undefined, ready: () => shared.engine.ready(), close: () => shared.close() };
}

export async function askConnectionsMax(target: PostgresTarget): Promise<number> {
  return (await import("./postgres/limit.ts")).askConnectionsMax(target);
}

export async function migrateDatabase(name: string, spec: DatabaseSpec, context: OpenContext): Promise<Migrated> {
  const shared = await context.shared(`database:${name}`, () => openShared(name, spec, context));
  try {
    return await bringUp(shared, spec, context);
  } finally {
    await shared.close();
  }
}

async function openShared(name: string, spec: DatabaseSpec, context: OpenContext): Promise<SharedDatabase> {
  const { engine, place, runInside } = await openEngine(name, spec, context);
  const { clock, random } = context;
  let timer: Timer | undefined;
  let closed = false;
  const arm = (delayMs: number): void => {
    timer = clock.after(delayMs, sweep, { unref: true });
  };
  function sweep(): void {
    sweepKeys(engine, clock)
      .then(() => sweepRates(engine, clock))
      .catch((error: unknown) =>
        context.log.debug("expired keys and rates were left for the next sweep", { database: name, error }),
      )
      .finally(() => {
        if (!closed) arm(sweepEveryMs);
      });
  }
  arm(sweepEveryMs + random.float() * sweepEveryMs);
  return {
    dialect: spec.dialect,
    place,
    engine,
    clock,
    random,
    inFlight: createInFlight(clock),
    runInside,
    async close() {
      closed = true;
      timer?.cancel();
      await engine.close();
    },
  };
}

interface Chosen {
  readonly engine: Engine;
  readonly place: string;
  readonly runInside: TransactionPort["runInside"];
}

async function openEngine(name: string, spec: DatabaseSpec, context: OpenContext): Promise<Chosen> {
  if (spec.dialect !== "sqlite" && !(context.inMemory && spec.dialect === "portable")) {
    const engine = await openPostgres(name, spec, context);
    if (engine !== undefined) return { ...engine, runInside: (_session, body) => body() };
  }
  if (context.inMemory) {
    const { createMemoryEngine, openMemoryAccess, runInside } = await import("./sqlite/memory-engine.ts");
    // A simulation gives each host access to the one database of this name.
    const access = await context.shared(`memory:${name}`, () => Promise.resolve(openMemoryAccess()));
    return { engine: createMemoryEngine(access), place: name, runInside };
  }
  const { createFileEngine } = await import("./sqlite/file-engine.ts");
  const { createLanes } = await import("./sqlite/threads.ts");
  const lanes = await context.shared("sqlite:threads", () => Promise.resolve(createLanes()));
  const path = join(context.home, "data", `${name}.sqlite`);
  const engine = createFileEngine(path, context, lanes.take());
  const close = async (): Promise<void> => {
    await engine.close();
    await lanes.close();
  };
  try {
    await engine.ready();
  } catch (error) {
    await close();
    throw error;
  }
  return { engine: { ...engine, close }, place: path, runInside: (_session, body) => body() };
}

async function openPostgres(name: string, spec: DatabaseSpec, context: OpenContext) {
  const { targetFromEnv } = await import("./postgres/url.ts");
  let target = targetFromEnv(name, context.env);
  let stopServer: (() => Promise<void>) | undefined;
  if (target === undefined && spec.dialect === "postgres") {
    if (context.mode === "production") {
      throw skeinError(
        "SKEIN_DATA_NO_ENGINE",
        `database "${name}" needs DATABASE_URL: a production host starts no server of its own`,
      );
    }
    const { startLocalServer } = await import("./postgres/local-server.ts");
    const server = await context.shared("postgres:local", () => startLocalServer(context));
    target = server.target;
    stopServer = () => server.close();
  }
  if (target === undefined) return undefined;
  const { createPostgresEngine, createSchema } = await import("./postgres/engine.ts");
  const schema = target.schema ?? name.replaceAll("-", "_");
  const { poolMaxOf } = await import("./postgres/pool.ts");
  const portable = spec.dialect === "portable";
  const poolMax = poolMaxOf(name, spec.poolMax, context.env);
  const engine = await createPostgresEngine({ target, schema, poolMax, portable });
  try {
    await createSchema(engine, schema);
  } catch (error) {
    await engine.close();
    await stopServer?.();
    throw error;
  }
  const close = async (): Promise<void> => {
    await engine.close();
    await stopServer?.();
  };
  return { engine: { ...engine, close }, place: schema };
}

function plansOf(shared: SharedDatabase, spec: DatabaseSpec, context: OpenContext): readonly MigrationPlan[] {
  const { family } = shared.engine;
  const compiler = compilerOf(family) as never;
  const compiled = (list: DatabaseSpec["migrations"]) => list.map((item) => compileMigration(item, family, compiler));
  const { place: lockName } = shared;
  const mayBeAhead = context.env["SKEIN_SCHEMA"] === "may-be-ahead";
  return [
    { owner: ownOwner, migrations: compiled(ownMigrations), baseline: undefined, lockName, mayBeAhead },
    { owner: context.service, migrations: compiled(spec.migrations), baseline: spec.baseline, lockName, mayBeAhead },
  ];
}

async function bringUp(shared: SharedDatabase, spec: DatabaseSpec, context: OpenContext): Promise<Migrated> {
  let result: Migrated = { applied: [], adopted: [] };
  for (const plan of plansOf(shared, spec, context)) result = await runMigrations(shared.engine, plan, context.clock);
  for (const name of result.applied)
    context.log.info("migration applied", { service: context.service, migration: name });
  for (const name of result.adopted)
    context.log.info("migration adopted", { service: context.service, migration: name });
  return result;
}

async function assertMigrated(shared: SharedDatabase, spec: DatabaseSpec, context: OpenContext): Promise<void> {
  for (const plan of plansOf(shared, spec, context)) {
    const [first] = await pendingMigrations(shared.engine, plan, context.clock);
    if (first !== undefined)
      throw skeinError("SKEIN_MIGRATION_PENDING", `migration "${first}" of ${plan.owner} is not applied`);
  }
}
