/** What becomes of requests to a thread: when it dies, when there are too many, and when nobody waits for it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { isSkeinError } from "../../../errors/index.ts";
import { createMoments } from "./moments.ts";
import { startThread } from "./thread.ts";

const home = mkdtempSync(join(tmpdir(), "skein-thread-"));
after(() => rmSync(home, { recursive: true }));

const statement = (text: string) => [{ text, parameters: [] }];
/** Some tenths of a second, in which SQLite cannot be interrupted. */
const long = statement(
  "with recursive c(n) as (select 1 union all select n + 1 from c where n < 2000000) select count(*) from c",
);
const codeOf = (error: unknown) => (isSkeinError(error) ? `${error.code} ${error.outcome}` : String(error));

async function open(name: string) {
  const path = join(home, name);
  let gone = 0;
  let worker: Worker | undefined;
  const collect = (started: Worker): void => void (worker = started);
  process.on("worker", collect);
  const thread = startThread(createMoments(), () => gone++);
  await thread.post(path, "open");
  process.off("worker", collect);
  await thread.post(path, "script", statement("create table t (n integer)"));
  return { path, thread, gone: () => gone, worker: () => worker as Worker };
}

test("what a thread had said before it died counts, and the rest fails", async () => {
  const { path, thread, gone, worker } = await open("death.sqlite");
  const insert = () => thread.post(path, "write", statement("insert into t values (1)"));
  const done = Array.from({ length: 50 }, insert);
  const mark = insert();
  mark.catch(() => undefined);
  const lost = [thread.post(path, "read", long), insert(), thread.post(path, "commit")];
  const settled = Promise.allSettled(lost);
  const other = new DatabaseSync(path, { readOnly: true });
  const rows = () => Number(other.prepare("select count(*) as n from t").get()?.["n"]);
  // Without the event loop, so that the replies stay where they are; the fifty-first row says that they were sent.
  const endMs = performance.now() + 20_000;
  while (rows() < 51) assert.ok(performance.now() < endMs, "the rows were not written");
  const ended = worker().terminate();
  // Long enough, mostly, for its end to be told first.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
  assert.equal((await Promise.all(done)).length, 50);
  for (const result of await settled) {
    assert.ok(result.status === "rejected");
    assert.equal(codeOf(result.reason), "SKEIN_DATA_UNAVAILABLE failed");
  }
  await ended;
  assert.equal(gone(), 1);
  await assert.rejects(thread.post(path, "read", long), (error) => codeOf(error) === "SKEIN_DATA_UNAVAILABLE failed");
  assert.equal(rows(), 51);
  other.close();
});

test("replies come in the order of the requests, those waited for and those told by the event loop", async () => {
  const { path, thread } = await open("order.sqlite");
  const order: number[] = [];
  const post = (n: number) =>
    thread.post(path, n % 3 === 0 ? "script" : "read", statement(`select ${n}`)).then(() => order.push(n));
  for (let n = 0; n < 300; n += 3) await Promise.all([post(n), post(n + 1), post(n + 2)]);
  for (let n = 300; n < 400; n++) await post(n);
  assert.deepEqual(order, [...Array(400).keys()]);
  await thread.terminate();
});

test("what would be one too many is refused, a rollback never", async () => {
  const { path, thread } = await open("full.sqlite");
  await thread.post(path, "begin", statement("insert into t values (1)"));
  // The first keeps the thread busy, so that none of the others is answered meanwhile.
  const first = thread.post(path, "read", long);
  const many = Array.from({ length: 9_999 }, () => thread.post(path, "read", statement("select 1")));
  const refused = assert.rejects(
    thread.post(path, "write", statement("insert into t values (2)")),
    (error) => codeOf(error) === "SKEIN_DATA_BUSY not_started",
  );
  await Promise.all([refused, thread.post(path, "script", statement("rollback")), first, ...many]);
  const result = await thread.post(path, "read", statement("select count(*) as n from t"));
  assert.deepEqual(result?.rows, [[0]]);
  await thread.terminate();
});

test("what is under way keeps the process alive until it is settled, also when the thread dies", () => {
  const script = `
    import { createMoments } from ${JSON.stringify(new URL("./moments.ts", import.meta.url).href)};
    import { startThread } from ${JSON.stringify(new URL("./thread.ts", import.meta.url).href)};
    let worker;
    process.on("worker", (started) => (worker = started));
    const file = ${JSON.stringify(join(home, "alive.sqlite"))};
    const say = (name) => [(result) => console.log(name, "done"), (error) => console.log(name, error.code)];
    const thread = startThread(createMoments(), () => undefined);
    await thread.post(file, "open");
    thread.post(file, "read", ${JSON.stringify(long)}).then(...say("first")).then(() => {
      thread.post(file, "read", ${JSON.stringify(long)}).then(...say("second"));
      void worker.terminate();
    });`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--conditions=skein-src", "--input-type=module", "-e", script],
    { encoding: "utf8", timeout: 60_000 },
  );
  assert.equal(stdout, "first done\nsecond SKEIN_DATA_UNAVAILABLE\n", stderr);
  assert.equal(status, 0, stderr);
});
