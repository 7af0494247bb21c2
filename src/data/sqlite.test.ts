/** What is particular to SQLite: the file, its settings, its thread, other processes, crashes, and what imports cost. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { sql } from "kysely";
import { createVirtualClock, type Random, systemRandom } from "../core/index.ts";
import { isSkeinError } from "../errors/index.ts";
import { bindingOf, contextOf } from "./fixtures/harness.ts";
import { ledger, type WriterTables } from "./fixtures/writer.ts";
import { startWriter } from "./fixtures/writers.ts";
import { databaseOf } from "./database.ts";
import { type CommandDatabase, database, migration } from "./index.ts";

let home: string;
before(async () => {
  home = await mkdtemp(join(tmpdir(), "skein-sqlite-"));
});
after(() => rm(home, { recursive: true }));

const code = (expected: string, outcome?: string) => (error: unknown) => {
  assert.ok(isSkeinError(error), String(error));
  assert.equal(error.code, expected);
  if (outcome !== undefined) assert.equal(error.outcome, outcome);
  return true;
};
const handleOf = (opened: { bind(binding: never): unknown }, options: Parameters<typeof bindingOf>[0] = {}) =>
  opened.bind(bindingOf(options) as never) as CommandDatabase<WriterTables>;

test("the file is private, in WAL, and commits with a full fsync", async () => {
  const opened = await ledger.open(contextOf({ home: join(home, "settings"), mode: "development" }));
  const db = handleOf(opened, { kind: "action" });
  const read = await db.transaction(async (tx) => {
    const values: unknown[] = [];
    for (const pragma of ["journal_mode", "synchronous", "foreign_keys", "busy_timeout"]) {
      const { rows } = await sql.raw<Record<string, unknown>>(`pragma ${pragma}`).execute(tx);
      values.push(Object.values(rows[0] ?? {})[0]);
    }
    return values;
  });
  assert.deepEqual(read, ["wal", 2, 1, 0]);
  const { rows } = await sql<{ query_only: number }>`pragma query_only`.execute(db);
  assert.deepEqual(rows, [{ query_only: 1 }]);
  assert.equal((await stat(join(home, "settings/data"))).mode & 0o777, 0o700);
  assert.equal((await stat(join(home, "settings/data/ledger.sqlite"))).mode & 0o777, 0o600);
  await opened.close();
  await opened.close();
  await assert.rejects(async () => db.selectFrom("ledger").selectAll().execute(), code("SKEIN_DATA_UNAVAILABLE"));
});

test("a lock of another process is waited for until the deadline, then the database is busy and nothing was written", async () => {
  const opened = await ledger.open(contextOf({ home: join(home, "busy"), mode: "development" }));
  const other = new DatabaseSync(join(home, "busy/data/ledger.sqlite"), { timeout: 0 });
  other.exec("begin immediate");
  const insert = (timeoutMs: number) =>
    handleOf(opened, { timeoutMs }).transaction((tx) =>
      tx.insertInto("ledger").values({ writer: "x", n: 1 }).execute(),
    );
  await assert.rejects(insert(60), code("SKEIN_DATA_BUSY", "not_started"));
  // Readers do not mind the writer.
  assert.deepEqual(await handleOf(opened).selectFrom("ledger").selectAll().execute(), []);
  const waiting = insert(5_000);
  await new Promise((resolve) => setTimeout(resolve, 30));
  other.exec("commit");
  await waiting;
  other.close();
  // The same inside one process: the second waits for its turn.
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const { promise: inside, resolve: entered } = Promise.withResolvers<void>();
  const first = handleOf(opened).transaction(async () => {
    entered();
    await held;
  });
  await inside;
  await assert.rejects(insert(30), code("SKEIN_DATA_BUSY", "not_started"));
  release();
  await first;
  await opened.close();
});

test("where a transaction's first statement fails, the file is free for others at once", async () => {
  const opened = await ledger.open(contextOf({ home: join(home, "first"), mode: "development" }));
  const other = new DatabaseSync(join(home, "first/data/ledger.sqlite"), { timeout: 0 });
  other.exec("create trigger full before insert on skein_keys begin select raise(abort, 'no'); end");
  const keyed = handleOf(opened, { key: "first-0123456789abcdef", input: 1 });
  const place = (db: typeof keyed) =>
    db.transaction((tx) => tx.insertInto("ledger").values({ writer: "x", n: 1 }).execute());
  await assert.rejects(place(keyed), code("SKEIN_DATA_CONSTRAINT"));
  other.exec("begin immediate; drop trigger full; commit");
  await place(handleOf(opened, { key: "first-0123456789abcdef", input: 1 }));
  assert.equal((await handleOf(opened).selectFrom("ledger").selectAll().execute()).length, 1);
  other.close();
  await opened.close();
});

test("when the thread dies everything in flight fails with a code, and the next call works", async () => {
  const threads: Worker[] = [];
  const collect = (worker: Worker): void => void threads.push(worker);
  process.on("worker", collect);
  const opened = await ledger.open(contextOf({ home: join(home, "death"), mode: "development" }));
  process.off("worker", collect);
  const work = handleOf(opened).transaction(async (tx) => {
    await tx.insertInto("ledger").values({ writer: "dead", n: 1 }).execute();
    await threads[0]?.terminate();
    await tx.insertInto("ledger").values({ writer: "dead", n: 2 }).execute();
  });
  await assert.rejects(work, code("SKEIN_DATA_UNAVAILABLE", "failed"));
  const reading = handleOf(opened).selectFrom("ledger").selectAll().execute();
  assert.deepEqual(await reading, []);
  await handleOf(opened).transaction((tx) => tx.insertInto("ledger").values({ writer: "alive", n: 1 }).execute());
  assert.equal((await handleOf(opened).selectFrom("ledger").selectAll().execute()).length, 1);
  await opened.close();
});

test("an open database does not keep the process alive", () => {
  const script = `
    import { ledger } from ${JSON.stringify(new URL("./fixtures/writer.ts", import.meta.url).href)};
    import { contextOf } from ${JSON.stringify(new URL("./fixtures/harness.ts", import.meta.url).href)};
    await ledger.open(contextOf({ home: ${JSON.stringify(join(home, "alive"))}, mode: "development" }));`;
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    timeout: 20_000,
  });
  assert.equal(status, 0, stderr);
});

test("killed in the middle of transactions, every acknowledged row is there and every key once", async () => {
  const place = join(home, "crash");
  const acked = new Set<number>();
  for (let kill = 1; kill <= 5; kill++) {
    // The same keys again each time, as a client that retries would send them.
    const writer = startWriter(place, "crash", 400, 50);
    await writer.ready;
    writer.onAck = (count) => {
      if (count === 17 * kill) writer.child.kill("SIGKILL");
    };
    writer.go();
    await writer.ended;
    assert.equal(writer.child.signalCode, "SIGKILL");
    for (const n of writer.acked) acked.add(n);
    const file = new DatabaseSync(join(place, "data/ledger.sqlite"));
    const rows = new Set(
      file
        .prepare("select n from ledger")
        .all()
        .map((row) => row["n"] as number),
    );
    const keys = file
      .prepare("select count(*) as n, count(distinct key) as k, count(reply) as r from skein_keys")
      .get();
    // Start again from nothing but what was acknowledged, so that the next round has work to do.
    file.exec("delete from ledger; delete from skein_keys");
    file.close();
    for (const n of writer.acked) assert.ok(rows.has(n), `row ${n} was acknowledged and is gone`);
    assert.deepEqual({ ...keys }, { n: rows.size, k: rows.size, r: rows.size });
  }
  assert.ok(acked.size >= 17 * 5);
});

test("two processes write one file and nothing is lost", async (context) => {
  const place = join(home, "two");
  const writers = ["a", "b"].map((name) => startWriter(place, name, 200, 100));
  await Promise.all(writers.map((writer) => writer.ready));
  for (const writer of writers) writer.go();
  const reports = await Promise.all(writers.map((writer) => writer.ended));
  const file = new DatabaseSync(join(place, "data/ledger.sqlite"), { readOnly: true });
  const rows = file.prepare("select writer, count(*) as n from ledger group by writer order by writer").all();
  file.close();
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [
      { writer: "a", n: 200 },
      { writer: "b", n: 200 },
    ],
  );
  // Told, not judged: how long a loop stood still depends on what else this machine does. `bench/sqlite-two-writers.ts`
  // holds it to 20 ms beside an idle process.
  for (const report of reports) context.diagnostic(`longest stall of the event loop: ${report?.stallMaxMs} ms`);
});

test("fsync comes before the acknowledgement", { timeout: 60_000 }, async (context) => {
  if (spawnSync("strace", ["-V"]).status !== 0) {
    context.diagnostic("strace is not on this machine; the settings test reads synchronous = FULL back instead");
    return;
  }
  const place = join(home, "fsync");
  const script = new URL("./fixtures/writer.ts", import.meta.url).pathname;
  const trace = ["-f", "-qq", "-e", "trace=fdatasync,fsync,write", "-e", "signal=none", "-s", "16"];
  const stop = new AbortController();
  context.after(() => stop.abort());
  const child = spawn("strace", [...trace, process.execPath, script, place, "fsync", "1", "0"], {
    stdio: ["pipe", "ignore", "pipe"],
    signal: stop.signal,
  });
  child.on("error", () => undefined);
  let lines = "";
  child.stderr.on("data", (chunk: Buffer) => (lines += chunk.toString()));
  child.stdin.end("go\n");
  await once(child, "close");
  const found = lines.split("\n").filter((line) => /fdatasync|fsync|"ready|"acked/.test(line));
  const ready = found.findIndex((line) => line.includes('"ready'));
  const acked = found.findIndex((line) => line.includes('"acked'));
  const between = found.slice(ready + 1, acked).filter((line) => /f(data)?sync\(\d+/.test(line));
  assert.ok(ready >= 0 && acked > ready, lines.slice(-2_000));
  assert.ok(between.length >= 1, `no fsync between start and acknowledgement:\n${found.join("\n")}`);
});

test("importing the data layer loads no engine and no query builder", () => {
  const index = new URL("./index.ts", import.meta.url).href;
  const script = `
    import { registerHooks } from "node:module";
    const seen = [];
    registerHooks({ resolve(specifier, context, next) { seen.push(specifier); return next(specifier, context); } });
    const { database } = await import(${JSON.stringify(index)});
    database("orders", { dialect: "portable", migrations: [] });
    process.stdout.write(JSON.stringify(seen.filter((name) => /^(kysely|pg)($|\\/)|sqlite|worker_threads/.test(name))));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  assert.equal(stdout, "[]", stderr);
});

test("keys are kept for 24 hours, then swept by the clock's timer, and an expired one is free at once", async () => {
  const clock = createVirtualClock();
  const opened = await ledger.open(contextOf({ clock }));
  const db = (options: Parameters<typeof bindingOf>[0]) =>
    opened.bind(bindingOf({ clock, ...options })) as CommandDatabase<WriterTables>;
  const insert = (key: string, n: number) =>
    db({ key, input: n }).transaction((tx) =>
      tx
        .insertInto("ledger")
        .values({ writer: key, n })
        .execute()
        .then(() => ({ n })),
    );
  const keys = async () => {
    const { rows } = await sql<{ n: number }>`select count(*) as n from skein_keys`.execute(db({ kind: "query" }));
    return rows[0]?.n;
  };
  await insert("first-key-0123456789", 1);
  await clock.advance("23h");
  await assert.rejects(insert("first-key-0123456789", 2), code("SKEIN_KEY_REUSED"));
  assert.equal(await keys(), 1);
  await clock.advance("61m");
  await insert("second-key-0123456789", 1);
  await clock.advance("20m");
  assert.equal(await keys(), 1);
  await insert("first-key-0123456789", 3);
  assert.equal(await keys(), 2);
  await opened.close();
  assert.equal(clock.pending, 0);
});

test("a full disk refuses the write, keeps what was there, and goes on when there is room", async () => {
  const opened = await ledger.open(contextOf({ home: join(home, "full"), mode: "development" }));
  const db = () => handleOf(opened, { kind: "action" });
  const fill = () =>
    db().transaction(async (tx) => {
      await tx
        .insertInto("ledger")
        .values({ writer: "x".repeat(100_000), n: 1 })
        .execute();
    });
  // SQLite's own limit on the file's size gives the answer that a full disk gives.
  const room = (pages: number) => db().transaction((tx) => sql.raw(`pragma max_page_count = ${pages}`).execute(tx));
  await room(1);
  await assert.rejects(fill(), code("SKEIN_DATA_FULL", "failed"));
  assert.deepEqual(await db().selectFrom("ledger").selectAll().execute(), []);
  await room(1_000_000);
  await fill();
  await opened.close();
});

test("a migration lock held for a minute is given up with its own code", async () => {
  const place = join(home, "locked");
  const clock = createVirtualClock();
  await (await ledger.open(contextOf({ home: place, mode: "development" }))).close();
  const other = new DatabaseSync(join(place, "data/ledger.sqlite"), { timeout: 0 });
  other.exec("begin immediate");
  let over = false;
  const { migrations } = databaseOf(ledger)?.spec ?? assert.fail();
  const more = [...migrations, migration("009_more", ["create table more (id integer)"])];
  const next = database("ledger", { dialect: "portable", migrations: more });
  const looked = Promise.withResolvers<void>();
  let drawn = 0;
  // Drawn when the file is opened, for its sweeps, and then for the pause after each look at the lock. Before that the list is read, which has
  // seconds of this clock.
  const float = (): number => {
    if (++drawn === 2) looked.resolve();
    return 0.5;
  };
  const random: Random = { ...systemRandom, float };
  const context = { ...contextOf({ home: place, mode: "development", clock }), random };
  const opening = next.open(context).finally(() => (over = true));
  const refused = assert.rejects(opening, code("SKEIN_MIGRATION_LOCKED", "not_started"));
  await looked.promise;
  while (!over) await clock.advance("1s");
  await refused;
  other.exec("rollback");
  other.close();
});

test("the sqlite dialect ignores DATABASE_URL", async () => {
  const env = { DATABASE_URL: "postgres://nobody@localhost:1/none" };
  const own = database("own", { dialect: "sqlite", migrations: [migration("001_x", ["create table x (id integer)"])] });
  const opened = await own.open(contextOf({ home: join(home, "dialect"), mode: "development", env }));
  await opened.ready?.();
  await opened.close();
});
