/** What a file's writers may expect of each other, in real processes, and the event loop of a long transaction. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import type { Worker } from "node:worker_threads";
import { createVirtualClock, sleep, systemClock, systemRandom } from "../../../core/index.ts";
import { isSkeinError } from "../../../errors/index.ts";
import { type Limits, limitsOf } from "../../engine.ts";
import { createFileEngine } from "./file-engine.ts";
import { createLanes } from "./threads.ts";

/** Some tenths of a second. */
const long = {
  sql: "with recursive c(n) as (select 1 union all select n + 1 from c where n < 2000000) select count(*) as n from c",
  parameters: [],
};

async function openIn(context: TestContext) {
  const home = await mkdtemp(join(tmpdir(), "skein-file-"));
  const path = join(home, "data", "a.sqlite");
  const lanes = createLanes();
  const engine = createFileEngine(path, { clock: systemClock, random: systemRandom }, lanes.take());
  context.after(async () => {
    await engine.close();
    await lanes.close();
    await rm(home, { recursive: true });
  });
  /** With the lock at once. */
  const begin = () => engine.begin(limitsOf(systemClock, 30_000), { migration: true });
  const session = await begin();
  await session.script("create table written (id integer primary key)");
  await session.commit();
  return { engine, path, begin };
}

test("a process that writes now and then gets its turn beside one that writes without a break", async (context) => {
  const { engine, path, begin } = await openIn(context);
  const script = new URL("../../fixtures/greedy.ts", import.meta.url).pathname;
  const greedy = spawn(process.execPath, ["--conditions=skein-src", script, path], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  context.after(() => greedy.kill("SIGKILL"));
  await once(greedy.stdout, "data");
  const count = { sql: "select coalesce(max(id), 0) as n from written", parameters: [] };
  const counts: number[] = [];
  for (let i = 0; i < 60; i++) {
    const before = Number((await engine.read(count, limitsOf(systemClock, 5_000))).rows[0]?.["n"]);
    const session = await begin();
    const after = Number((await session.run(count)).rows[0]?.["n"]);
    await session.commit();
    counts.push(after - before);
    // The pace at which it writes.
    await sleep(systemClock, 10 + systemRandom.float() * 10);
  }
  greedy.stdin.end();
  const [code] = (await once(greedy, "close")) as [number];
  assert.equal(code, 0);
  counts.sort((a, b) => a - b);
  context.diagnostic(`commits of the other while it waited: ${counts.join(" ")}`);
  // 2 or 3 where they leave it to each other, 10 to 18 where they do not.
  const most = counts[45] as number;
  assert.ok(most <= 7, `a quarter of the times it waited for more than 7 commits of the other: ${counts.join(" ")}`);
});

test("a transaction of ten thousand statements lets the event loop run", async (context) => {
  const { begin } = await openIn(context);
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  const session = await begin();
  setImmediate(count);
  for (let i = 0; i < 10_000; i++) await session.run({ sql: "insert into written default values", parameters: [] });
  isOver = true;
  await session.commit();
  context.diagnostic(`${turns} turns`);
  // Eight are waited for in a turn, and one or a few come as its messages.
  assert.ok(turns >= 500, `${turns} turns of the event loop in 10,000 statements`);
});

test("after its turn a process gives way before a call's transaction, not before a lease's; a call that is over costs nobody the turn", async (context) => {
  const { path, begin } = await openIn(context);
  const clock = createVirtualClock();
  const lanes = createLanes();
  const engine = createFileEngine(path, { clock, random: systemRandom }, lanes.take());
  context.after(async () => {
    await engine.close();
    await lanes.close();
  });
  await engine.ready();
  const limits = limitsOf(clock, 60_000);
  const controller = new AbortController();
  const cancellable = { ...limits, signal: () => controller.signal };
  /** Begins, and says whether it waits for the clock first. */
  const start = async (of: Limits) => {
    let isOver = false;
    const beginning = engine.begin(of, { migration: true }).finally(() => (isOver = true));
    beginning.catch(() => undefined);
    while (!isOver && clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
    return { beginning, isWaiting: clock.pending === 1 };
  };
  // Another holds the lock, and is seen.
  const other = await begin();
  const first = await start(limits);
  assert.ok(first.isWaiting);
  await other.commit();
  await clock.advance("3ms");
  const session = await first.beginning;
  await clock.advance("5ms");
  await session.commit();
  const lease = await engine.begin(limits, { isApart: true });
  await lease.commit();
  const canceled = await start(cancellable);
  assert.ok(canceled.isWaiting);
  const reason = new Error("the call is over");
  controller.abort(reason);
  await assert.rejects(canceled.beginning, reason);
  assert.equal(clock.pending, 0);
  const last = await start(limits);
  assert.ok(last.isWaiting);
  // A call that is over before it comes to its turn.
  await assert.rejects(engine.begin(cancellable), reason);
  await clock.advance("3ms");
  await (await last.beginning).commit();
  assert.equal(clock.pending, 0);
});

test("a transaction whose begin was the last that a thread said has no statement in the next one", async (context) => {
  let worker: Worker | undefined;
  const collect = (started: Worker): void => void (worker = started);
  process.on("worker", collect);
  const { engine, path, begin } = await openIn(context);
  process.off("worker", collect);
  const other = new DatabaseSync(path, { timeout: 0 });
  const standStill = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  const isLocked = (): boolean => {
    try {
      other.exec("begin immediate; rollback");
      return false;
    } catch {
      return true;
    }
  };
  // Behind it the reply to the begin is not waited for, and stays where the event loop would take it.
  const first = engine.read(long, limitsOf(systemClock, 30_000));
  const beginning = begin();
  for (let step = 0; step < 100; step++) await Promise.resolve();
  const endMs = performance.now() + 20_000;
  do {
    // Seldom: it takes the lock itself to find it free.
    standStill(200);
    assert.ok(performance.now() < endMs, "it did not begin");
  } while (!isLocked());
  // Until it has said so as well.
  standStill(100);
  // As Node tells it, now and then before the last replies.
  worker?.emit("exit", 1);
  await worker?.terminate();
  await first;
  const session = await beginning;
  const written = session.run({ sql: "insert into written default values", parameters: [] });
  await assert.rejects(written, (error) => isSkeinError(error) && error.code === "SKEIN_DATA_UNAVAILABLE");
  await session.rollback();
  assert.equal(other.prepare("select count(*) as n from written").get()?.["n"], 0);
  other.close();
});

const insert = { sql: "insert into written default values", parameters: [] };

test("nobody is kept from writing before the first statement, and a transaction without one writes nothing", async (context) => {
  const { engine, path } = await openIn(context);
  const other = new DatabaseSync(path, { timeout: 0 });
  context.after(() => other.close());
  const count = (): unknown => other.prepare("select count(*) as n from written").get()?.["n"];
  const empty = await engine.begin(limitsOf(systemClock, 30_000));
  other.exec("begin immediate");
  await empty.commit();
  other.exec("rollback");
  const session = await engine.begin(limitsOf(systemClock, 30_000));
  other.exec("begin immediate; rollback");
  await session.run(insert);
  assert.throws(() => other.exec("begin immediate"), /locked/);
  await session.commit();
  const last = await engine.begin(limitsOf(systemClock, 30_000));
  await last.commit([insert, insert]);
  assert.equal(count(), 3);
});

test("statements that are sent at once are of one transaction", async (context) => {
  const { engine, path } = await openIn(context);
  const other = new DatabaseSync(path, { timeout: 0 });
  context.after(() => other.close());
  const session = await engine.begin(limitsOf(systemClock, 30_000));
  other.exec("begin immediate");
  const written = Promise.all([session.run(insert), session.run(insert), session.run(insert)]);
  written.catch(() => undefined);
  // The thread does one after the other: by then it has found the lock taken.
  await engine.read({ sql: "select 1", parameters: [] }, limitsOf(systemClock, 30_000));
  other.exec("rollback");
  await written;
  await session.rollback();
  assert.equal(other.prepare("select count(*) as n from written").get()?.["n"], 0);
  other.exec("begin immediate; rollback");
});

test("a call that is over while its first statement waits for the lock leaves none behind", async (context) => {
  const { engine, path } = await openIn(context);
  const other = new DatabaseSync(path, { timeout: 0 });
  context.after(() => other.close());
  for (const isFree of [false, true]) {
    const controller = new AbortController();
    const session = await engine.begin({ ...limitsOf(systemClock, 30_000), signal: () => controller.signal });
    if (!isFree) other.exec("begin immediate");
    const written = session.run(insert);
    // Where nobody has the lock, the thread may have begun by now: the end of the call and its reply cross.
    const ends = Promise.allSettled([written, session.rollback()]);
    controller.abort(new Error("the call is over"));
    if (!isFree) await assert.rejects(written, /the call is over/);
    await ends;
    if (!isFree) other.exec("rollback");
    other.exec("begin immediate; rollback");
    assert.equal(other.prepare("select count(*) as n from written").get()?.["n"], 0);
    const next = await engine.begin(limitsOf(systemClock, 30_000));
    await next.rollback();
  }
});
