/** What is particular to PostgreSQL: lost connections, unknown commits, limits, several processes, the local server. */
import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { sql } from "kysely";
import pg from "pg";
import { systemClock } from "../core/index.ts";
import { isSkeinError } from "../errors/index.ts";
import type { Opened } from "../system/index.ts";
import { migrations, type Tables } from "./fixtures/conformance.ts";
import { type BindingOptions, bindingOf, contextOf, uniqueName } from "./fixtures/harness.ts";
import { limitsOf } from "./engine.ts";
import { createLeases, standBehind } from "./internal/lease-rows.ts";
import { createPostgresEngine } from "./internal/postgres/engine.ts";
import { type LocalServer, startLocalServer } from "./internal/postgres/local-server.ts";
import { parseTarget } from "./internal/postgres/url.ts";
import { askConnectionsMax, type CommandDatabase, database, migration } from "./index.ts";

let server: LocalServer;
let env: Record<string, string>;
let socketPath: string;
before(async () => {
  server = await startLocalServer({ home: "/nonexistent", inMemory: true, env: process.env });
  const url = server.target.connectionString.reveal();
  env = { DATABASE_URL: url };
  socketPath = join(new URL(url).searchParams.get("host") as string, ".s.PGSQL.5432");
});
after(() => server?.close());

const code = (expected: string, outcome?: string) => (error: unknown) => {
  assert.ok(isSkeinError(error), String(error));
  assert.equal(error.code, expected, String((error.cause as Error | undefined)?.message));
  if (outcome !== undefined) assert.equal(error.outcome, outcome);
  return true;
};
const orders = (name: string, poolMax?: number) =>
  database<Tables>(name, { dialect: "portable", migrations, ...(poolMax && { poolMax }) });
const open = (name: string, poolMax?: number, url = env) =>
  orders(name, poolMax).open(contextOf({ home: "/nonexistent", env: url, mode: "development" }));
const db = (opened: Opened, options: BindingOptions = {}) => opened.bind(bindingOf(options)) as CommandDatabase<Tables>;
const insert = (opened: Opened, customer: string, options: BindingOptions = {}) =>
  db(opened, options).transaction((tx) =>
    tx.insertInto("orders").values({ customer, total: 1, paid: false }).returning("id").executeTakeFirstOrThrow(),
  );

/** A way to the server that can be cut: by hand, or when a client sends a text. */
async function cuttable(context: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), "skein-cut-"));
  const sockets = new Set<Socket>();
  const state = { cutOn: "", forward: true };
  const proxy = createServer((client) => {
    const upstream = connect(socketPath);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
    upstream.on("data", (data) => client.write(data)).on("close", () => client.destroy());
    client
      .on("close", () => upstream.destroy())
      .on("data", (data) => {
        if (state.cutOn !== "" && data.includes(state.cutOn)) {
          // Reaches the server, or not; either way the client never hears.
          if (state.forward) upstream.end(data);
          client.destroy();
        } else upstream.write(data);
      });
  });
  await new Promise<void>((resolve) => proxy.listen(join(directory, ".s.PGSQL.5432"), resolve));
  context.after(async () => {
    proxy.close();
    sockets.forEach((socket) => socket.destroy());
    await rm(directory, { recursive: true, force: true });
  });
  const url = `postgresql://skein@localhost/postgres?host=${encodeURIComponent(directory)}&port=5432`;
  return {
    env: { DATABASE_URL: url },
    state,
    cut: () => sockets.forEach((socket) => socket.destroy()),
  };
}

test("a connection lost before the commit kept nothing; lost at the commit is unknown; then it heals", async (context) => {
  const way = await cuttable(context);
  const opened = await open(uniqueName("cut"), 2, way.env);
  const before = db(opened).transaction(async (tx) => {
    await tx.insertInto("orders").values({ customer: "before", total: 1, paid: false }).execute();
    way.cut();
    await tx.insertInto("orders").values({ customer: "before-2", total: 1, paid: false }).execute();
  });
  await assert.rejects(before, code("SKEIN_DATA_UNAVAILABLE", "failed"));
  way.state.cutOn = "commit\0"; // the query, not the setting of that name
  const key = { key: "unknown-0123456789ab", input: 1 };
  await assert.rejects(insert(opened, "at-the-end", key), code("SKEIN_DATA_UNAVAILABLE", "unknown"));
  way.state.cutOn = "";
  // The same key resolves it: one effect, whichever way it went.
  const again = bindingOf(key);
  await (opened.bind(again) as CommandDatabase<Tables>)
    .transaction((tx) =>
      tx
        .insertInto("orders")
        .values({ customer: "at-the-end", total: 1, paid: false })
        .returning("id")
        .executeTakeFirstOrThrow(),
    )
    .catch((error: Error) => assert.equal(error.name, "Replayed"));
  const rows = await db(opened).selectFrom("orders").select("customer").where("customer", "!=", "seed").execute();
  assert.deepEqual(rows, [{ customer: "at-the-end" }]);
  await opened.close();
});

test("a connection lost under a read fails the read and nothing else", async (context) => {
  const way = await cuttable(context);
  const opened = await open(uniqueName("reading"), 2, way.env);
  way.state.cutOn = "pg_sleep";
  const reading = sql`select pg_sleep(5)`.execute(db(opened));
  await assert.rejects(reading, code("SKEIN_DATA_UNAVAILABLE", "failed"));
  way.state.cutOn = "";
  assert.equal((await db(opened).selectFrom("orders").select("id").execute()).length, 1);
  await opened.close();
});

test("a transaction whose body never ends gives its connection back when its call is over", async () => {
  const opened = await open(uniqueName("abandoned"), 2);
  const over = new AbortController();
  const entered = Promise.withResolvers<void>();
  const hanging = db(opened, { signal: over.signal }).transaction(async (tx) => {
    await tx.insertInto("orders").values({ customer: "never", total: 1, paid: false }).execute();
    entered.resolve();
    await new Promise(() => undefined);
  });
  await entered.promise;
  over.abort();
  await assert.rejects(hanging, code("SKEIN_CALL_CANCELED", "failed"));
  await insert(opened, "next");
  const rows = await db(opened).selectFrom("orders").select("customer").where("customer", "!=", "seed").execute();
  assert.deepEqual(rows, [{ customer: "next" }]);
  await opened.close();
});

test("idle connections that die are replaced without a word", async (context) => {
  const way = await cuttable(context);
  const opened = await open(uniqueName("idle"), 4, way.env);
  await insert(opened, "one");
  way.cut();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await insert(opened, "two");
  assert.equal((await db(opened).selectFrom("orders").select("id").execute()).length, 3);
  await opened.close();
});

test("two processes with one key: the second waits for the first and replays", async () => {
  const name = uniqueName("keys");
  const [a, b] = [await open(name), await open(name)];
  const options = { key: "both-0123456789abcdef", input: 1 };
  const { promise: allowed, resolve: allow } = Promise.withResolvers<void>();
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const first = db(a, options).transaction(async (tx) => {
    enter();
    await allowed;
    return tx
      .insertInto("orders")
      .values({ customer: "once", total: 1, paid: false })
      .returning("id")
      .executeTakeFirstOrThrow();
  });
  await entered;
  await assert.rejects(insert(b, "once", { ...options, timeoutMs: 500 }), code("SKEIN_KEY_IN_FLIGHT"));
  const binding = bindingOf(options);
  const second = (b.bind(binding) as CommandDatabase<Tables>).transaction(() =>
    Promise.reject(new Error("must not run")),
  );
  // Looked at from the beginning: it may be over before the first one's reply is here.
  const replayed = assert.rejects(second, { name: "Replayed" });
  setTimeout(allow, 50);
  const reply = await first;
  await replayed;
  assert.equal(binding.seen.replayed, JSON.stringify(reply));
  await Promise.all([a.close(), b.close()]);
});

test("no free connection is busy, a slow statement is ended by the server, and both leave the pool whole", async () => {
  const opened = await open(uniqueName("limits"), 2);
  const { promise: allowed, resolve: allow } = Promise.withResolvers<void>();
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const holding = db(opened).transaction(async () => {
    enter();
    await allowed;
  });
  await entered;
  const startedMs = performance.now();
  await assert.rejects(insert(opened, "x"), code("SKEIN_DATA_BUSY", "not_started"));
  assert.ok(performance.now() - startedMs < 3_000);
  allow();
  await holding;
  const slow = db(opened, { timeoutMs: 500 }).transaction((tx) => sql`select pg_sleep(30)`.execute(tx));
  await assert.rejects(
    slow,
    (error: unknown) => isSkeinError(error) && ["SKEIN_DATA_TIMEOUT", "SKEIN_CALL_DEADLINE"].includes(error.code),
  );
  await insert(opened, "after");
  await opened.close();
});

test("settings of every session are what the limits say", async () => {
  const opened = await open(uniqueName("settings"));
  const names = [
    "synchronous_commit",
    "TimeZone",
    "idle_in_transaction_session_timeout",
    "default_transaction_read_only",
  ];
  const read = async (on: Parameters<ReturnType<typeof sql>["execute"]>[0]) => {
    const found: unknown[] = [];
    for (const name of names)
      found.push((await sql<{ v: string }>`select current_setting(${name}) as v`.execute(on)).rows[0]?.v);
    return found;
  };
  assert.deepEqual(await read(db(opened)), ["on", "UTC", "5s", "on"]);
  assert.deepEqual(await db(opened).transaction((tx) => read(tx)), ["on", "UTC", "5s", "off"]);
  await opened.close();
});

test("several hosts opening at once migrate once, and an existing schema is adopted", async () => {
  const name = uniqueName("many");
  const all = await Promise.all(Array.from({ length: 4 }, () => open(name, 2)));
  for (const opened of all) assert.equal((await db(opened).selectFrom("orders").select("id").execute()).length, 1);
  await Promise.all(all.map((opened) => opened.close()));
  const legacy = uniqueName("legacy");
  const old = await database(legacy, {
    dialect: "postgres",
    migrations: [migration("old", ["create table users (id int)"])],
  }).open(contextOf({ home: "/nonexistent", env, mode: "development" }));
  await old.close();
  const later = [
    migration("001_users", ["create table users (id int)"]),
    migration("002_mail", ["alter table users add column mail text"]),
  ];
  const url = new URL(env["DATABASE_URL"] as string);
  url.searchParams.set("schema", legacy);
  const adopted = database<{ users: { id: number; mail: string } }>("users", {
    dialect: "postgres",
    migrations: later,
    baseline: { through: "001_users", table: "users" },
  });
  const opened = await adopted.open(
    contextOf({ home: "/nonexistent", env: { DATABASE_URL_USERS: url.href }, mode: "development", service: "users" }),
  );
  const handle = opened.bind(bindingOf()) as CommandDatabase<{ users: { id: number; mail: string } }>;
  assert.deepEqual(await handle.selectFrom("users").select("mail").execute(), []);
  await opened.close();
});

test("the postgres dialect finds a server by itself, private, and stops it", async () => {
  const spec = { dialect: "postgres" as const, migrations: [migration("001_x", ["create table x (ids int[])"])] };
  const context = contextOf({ env: { PATH: process.env["PATH"] } });
  const opened = await database<{ x: { ids: number[] } }>("own", spec).open(context);
  const handle = opened.bind(bindingOf({ kind: "action" })) as CommandDatabase<{ x: { ids: number[] } }>;
  await handle.transaction((tx) =>
    tx
      .insertInto("x")
      .values({ ids: [1, 2] })
      .execute(),
  );
  assert.deepEqual(await handle.selectFrom("x").selectAll().execute(), [{ ids: [1, 2] }]);
  const { rows } = await sql<{
    d: string;
    l: string;
  }>`select current_setting('unix_socket_directories') as d, current_setting('listen_addresses') as l`.execute(handle);
  assert.equal(rows[0]?.l, "");
  assert.equal((await stat(rows[0]?.d as string)).mode & 0o777, 0o700);
  await opened.close();
  await assert.rejects(stat(rows[0]?.d as string));
  const none = database("own", spec).open(contextOf({ env, mode: "production" }));
  await assert.rejects(none, code("SKEIN_MIGRATION_PENDING"));
  await assert.rejects(database("own", spec).open(contextOf({ mode: "production" })), code("SKEIN_DATA_NO_ENGINE"));
});

test("a URL never shows its password", async () => {
  const secret = "hunter2hunter2";
  for (const url of [
    `postgres://bob:${secret}@127.0.0.1:1/x`,
    `mysql://bob:${secret}@h/x`,
    `postgres://bob:${secret}@ho st/x`,
  ]) {
    const error = await open("secret", 2, { DATABASE_URL: url }).then(
      () => assert.fail("must not open"),
      (reason: unknown) => reason as Error,
    );
    const { inspect } = await import("node:util");
    assert.ok(isSkeinError(error), String(error));
    assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(secret), inspect(error));
  }
});

test("a server says how many connections it has, and a role or a database that has fewer comes first", async () => {
  const target = parseTarget(env["DATABASE_URL"] ?? "", "DATABASE_URL");
  assert.equal(await askConnectionsMax(target), 97);
  const url = new URL(target.connectionString.reveal());
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    await client.query("create role few login connection limit 12");
    await client.query("create database fewer connection limit 7");
    url.username = "few";
    assert.equal(await askConnectionsMax(parseTarget(url.href, "DATABASE_URL")), 12);
    url.pathname = "/fewer";
    assert.equal(await askConnectionsMax(parseTarget(url.href, "DATABASE_URL")), 7);
  } finally {
    await client.end();
  }
  await assert.rejects(
    askConnectionsMax(parseTarget("postgres://bob@127.0.0.1:1/x", "DATABASE_URL")),
    code("SKEIN_DATA_UNAVAILABLE"),
  );
});

test("a renewal passes by a transaction that stands behind its lease; a takeover waits for it, and it for a takeover", async () => {
  const target = parseTarget(env["DATABASE_URL"] ?? "", "DATABASE_URL");
  const name = uniqueName("leases");
  await (await orders(name).open(contextOf({ home: "/nonexistent", env, mode: "development" }))).close();
  const engine = await createPostgresEngine({ target, schema: name, poolMax: 6, portable: true });
  const limits = () => limitsOf(systemClock, 5_000);
  const leases = createLeases(engine, systemClock);
  const waiting = async (): Promise<void> => {
    const sql = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%skein_leases%'";
    while ((await engine.read({ sql, parameters: [] }, limits())).rows.length === 0);
  };
  const fence = { name: "leader:erp", epoch: () => 1 };
  try {
    await leases.take(fence.name, "old", undefined);
    const first = await engine.begin(limits());
    await standBehind(fence, first, engine);
    assert.equal(await leases.renew(fence.name, "old", 1), true, "it did not wait");
    const happened: string[] = [];
    const takeover = leases.take(fence.name, "new", await leases.look(fence.name)).then((epoch) => {
      happened.push("taken");
      return epoch;
    });
    await waiting();
    await first.commit();
    happened.unshift("committed");
    assert.equal(await takeover, 2);
    assert.deepEqual(happened, ["committed", "taken"]);

    const taking = await engine.begin(limits());
    await taking.run({ sql: "update skein_leases set epoch = 3 where name = $1", parameters: [fence.name] });
    const late = await engine.begin(limits());
    const stands = standBehind({ ...fence, epoch: () => 2 }, late, engine);
    stands.catch(() => undefined);
    await waiting();
    await taking.commit();
    await assert.rejects(stands, code("SKEIN_LEASE_LOST", "failed"));
    await late.rollback();
  } finally {
    await engine.close();
  }
});
