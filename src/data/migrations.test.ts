/** What migrations promise, over SQLite in memory and in a file. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { isSkeinError } from "../errors/index.ts";
import { bindingOf, contextOf, sharing, type ContextOptions } from "./fixtures/harness.ts";
import { type Baseline, database, migrate, migration, type Migration, type QueryDatabase } from "./index.ts";

const one = migration("001_a", ["create table a (id integer primary key)"]);
const two = migration("002_b", (db) => [db.schema.createTable("b").addColumn("id", "integer")]);
const three = migration("003_c", (db, sql) => [sql`create table c (id integer)`, db.insertInto("c").values({ id: 7 })]);

let home: string;
before(async () => {
  home = await mkdtemp(join(tmpdir(), "skein-migrate-"));
});
after(() => rm(home, { recursive: true }));

let counter = 0;
const freshName = (): string => `db${++counter}`;

async function openWith(
  name: string,
  migrations: readonly Migration[],
  options: ContextOptions & { baseline?: Baseline } = {},
) {
  const { baseline, ...context } = options;
  const owned = database(name, { dialect: "portable", migrations, ...(baseline && { baseline }) });
  const opened = await owned.open(contextOf({ home, mode: "development", ...context }));
  const tables = await tablesOf(opened.bind(bindingOf({ kind: "query" })));
  await opened.close();
  return tables;
}

async function tablesOf(handle: unknown): Promise<string[]> {
  const db = handle as QueryDatabase<{ sqlite_schema: { name: string; type: string } }>;
  const rows = await db
    .selectFrom("sqlite_schema")
    .select("name")
    .where("type", "=", "table")
    .orderBy("name")
    .execute();
  return rows.map((row) => row.name).filter((name) => !name.startsWith("skein_") && !name.startsWith("sqlite_"));
}

const code = (expected: string, words?: RegExp) => (error: unknown) => {
  assert.ok(isSkeinError(error), String(error));
  assert.equal(error.code, expected);
  if (words !== undefined) assert.match(error.message, words);
  return true;
};

test("opening what lacks nothing waits for nobody who writes, and keeps nobody from it", async () => {
  const name = freshName();
  await openWith(name, [one, two]);
  const other = new DatabaseSync(join(home, "data", `${name}.sqlite`), { timeout: 0 });
  other.exec("begin immediate");
  assert.deepEqual(await openWith(name, [one, two]), ["a", "b"]);
  await assert.rejects(openWith(name, [one]), code("SKEIN_MIGRATION_UNKNOWN"));
  other.exec("rollback");
  other.close();
});

test("migrations run once, in order, and later ones are added", async () => {
  const name = freshName();
  assert.deepEqual(await openWith(name, [one, two]), ["a", "b"]);
  assert.deepEqual(await openWith(name, [one, two]), ["a", "b"]);
  assert.deepEqual(await openWith(name, [one, two, three]), ["a", "b", "c"]);
});

test("a changed migration is refused by name", async () => {
  const name = freshName();
  await openWith(name, [one, two]);
  const changed = migration("001_a", ["create table a (id integer primary key, more text)"]);
  await assert.rejects(openWith(name, [changed, two]), code("SKEIN_MIGRATION_CHANGED", /"001_a"/));
});

test("a migration put in the middle is refused", async () => {
  const name = freshName();
  await openWith(name, [one, three]);
  await assert.rejects(
    openWith(name, [one, two, three]),
    code("SKEIN_MIGRATION_CHANGED", /"002_b" was put before "003_c"/),
  );
});

test("a database newer than the build is refused", async () => {
  const name = freshName();
  await openWith(name, [one, two]);
  await assert.rejects(openWith(name, [one]), code("SKEIN_MIGRATION_UNKNOWN", /"002_b"/));
});

test("where a newer build may have been, an older one runs on its database all the same, and knows what it lacks", async () => {
  const name = freshName();
  const env = { SKEIN_SCHEMA: "may-be-ahead" };
  await openWith(name, [one, two]);
  assert.deepEqual(await openWith(name, [one], { env }), ["a", "b"]);
  const owned = database(name, { dialect: "portable", migrations: [one, two, three] });
  const production = contextOf({ home, mode: "production", env });
  await assert.rejects(owned.open(production), code("SKEIN_MIGRATION_PENDING", /"003_c"/));
});

test("a failing migration leaves nothing behind and can be mended", async () => {
  const name = freshName();
  const broken = migration("002_b", ["create table b (id integer)", "create table b (id integer)"]);
  await assert.rejects(openWith(name, [one, broken]), code("SKEIN_MIGRATION_FAILED", /"002_b"/));
  assert.deepEqual(await openWith(name, [one, two]), ["a", "b"]);
});

test("production opens only what is migrated; migrate does it and says what it did", async () => {
  const name = freshName();
  const owned = database(name, { dialect: "portable", migrations: [one, two] });
  await assert.rejects(owned.open(contextOf({ home, mode: "production" })), code("SKEIN_MIGRATION_PENDING"));
  assert.deepEqual(await migrate(owned, contextOf({ home, mode: "production" })), {
    applied: ["001_a", "002_b"],
    adopted: [],
  });
  assert.deepEqual(await migrate(owned, contextOf({ home, mode: "production" })), { applied: [], adopted: [] });
  const opened = await owned.open(contextOf({ home, mode: "production" }));
  await opened.close();
});

test("several opening at once run each migration once", async () => {
  const name = freshName();
  const slow = migration(
    "001_many",
    Array.from({ length: 50 }, (_, i) => `create table t${i} (id integer)`),
  );
  // Each with an engine of its own, as processes have.
  const all = await Promise.all(Array.from({ length: 4 }, () => openWith(name, [slow, one, two])));
  for (const tables of all) assert.equal(tables.length, 52);
});

test("an existing database is adopted at its baseline, a new one starts from the first migration", async () => {
  const name = freshName();
  const file = new DatabaseSync(join(home, "data", `${name}.sqlite`));
  file.exec("create table a (id integer primary key); create table b (id integer); insert into a values (1)");
  file.close();
  const baseline = { through: "002_b", table: "a" };
  await assert.rejects(openWith(name, [one, two, three]), code("SKEIN_MIGRATION_FAILED", /declare a baseline/));
  assert.deepEqual(await openWith(name, [one, two, three], { baseline }), ["a", "b", "c"]);
  assert.deepEqual(await openWith(name, [one, two, three], { baseline }), ["a", "b", "c"]);
  assert.deepEqual(await openWith(freshName(), [one, two, three], { baseline }), ["a", "b", "c"]);
});

test("services that share a database keep their own migrations, and one name means one thing", async () => {
  const name = freshName();
  const shared = sharing();
  const first = database(name, { dialect: "portable", migrations: [one] });
  const second = database(name, { dialect: "portable", migrations: [two] });
  const a = await first.open(contextOf({ service: "first", shared }));
  const b = await second.open(contextOf({ service: "second", shared }));
  assert.deepEqual(await tablesOf(b.bind(bindingOf({ kind: "query" }))), ["a", "b"]);
  await a.close();
  assert.deepEqual(await tablesOf(b.bind(bindingOf({ kind: "query" }))), ["a", "b"]);
  const other = database(name, {
    dialect: "portable",
    migrations: [migration("002_b", ["create table other (id integer)"])],
  });
  await assert.rejects(
    other.open(contextOf({ service: "third", shared })),
    code("SKEIN_MIGRATION_CHANGED", /recorded by second/),
  );
  await b.close();
});

test("a declaration that cannot work is refused when it is made", () => {
  const declare = (name: string, extra: object) => () =>
    database(name, { dialect: "portable", migrations: [one, two], ...extra });
  assert.throws(declare("Bad Name", {}), code("SKEIN_SERVICE_INVALID"));
  assert.throws(declare("a", { migrations: [one, one] }), code("SKEIN_SERVICE_INVALID", /two migrations/));
  assert.throws(declare("a", { poolMax: 1 }), code("SKEIN_SERVICE_INVALID"));
  assert.throws(declare("a", { baseline: { through: "nope", table: "a" } }), code("SKEIN_SERVICE_INVALID"));
  assert.throws(() => migration("no spaces here", []), code("SKEIN_SERVICE_INVALID"));
});

test("a migration says each dialect apart, and one without words for the engine is refused", async () => {
  const apart = migration("001_apart", {
    sqlite: ["create table s (id integer)"],
    postgres: ["create table p (id integer)"],
  });
  assert.deepEqual(await openWith(freshName(), [apart]), ["s"]);
  await assert.rejects(
    openWith(freshName(), [migration("001_p", { postgres: [] })]),
    code("SKEIN_SERVICE_INVALID", /nothing for sqlite/),
  );
});
