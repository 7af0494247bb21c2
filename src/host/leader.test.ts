/**
 * Owns what a host does that may lead and may not: it is open, answers nobody and does nothing in the background until it
 * leads, and stops when it does not any more. Databases are files that its peers have too.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import * as z from "zod";
import { command, contract, createHost, type Host, query, service, system } from "../index.ts";
import { silentLog } from "../observe/index.ts";
import { systemClock, systemRandom } from "../core/index.ts";
import { database, Leader, migration } from "../data/index.ts";
import { codeOf } from "./fixtures/support.ts";

interface Tables {
  entries: { text: string };
}

const migrations = [migration("001_entries", ["create table entries (text text not null)"])];
const policy = { add: { access: "public" }, count: { access: "public" } } as const;
const Erp = contract("erp", {
  add: command({ input: z.string(), output: z.null() }),
  count: query({ output: z.int() }),
});
const Clocked = contract("clocked", { now: query({ output: z.string() }) });

/** A system of one service with a database and one without, whose entrance into a transaction can be watched. */
function systemOf(inTransaction: () => Promise<void> = async () => undefined) {
  const signals: AbortSignal[] = [];
  const erp = service(Erp, {
    has: {
      db: database<Tables>("erp", {
        dialect: "portable",
        migrations,
      }),
      again: database<Tables>("erp", { dialect: "portable", migrations }),
    },
    policy,
  }).implement(
    {
      add: (text, { db }) =>
        db.transaction(async (tx) => {
          await tx.insertInto("entries").values({ text }).execute();
          await inTransaction();
          return null;
        }),
      count: async (_input, { db }) => (await db.selectFrom("entries").select("text").execute()).length,
    },
    {
      start: async (_own, call) => {
        signals.push(call.signal);
        await once(call.signal, "abort");
      },
    },
  );
  const clocked = service(Clocked, { policy: { now: { access: "public" } } }).implement({ now: () => "now" });
  return { signals, whole: system("s", { services: [erp, clocked] }) };
}

async function homeOf(context: TestContext): Promise<string> {
  const home = await mkdtemp(path.join(tmpdir(), "skein-leader-"));
  context.after(() => rm(home, { recursive: true }));
  return home;
}

async function open(whole: ReturnType<typeof systemOf>["whole"], home: string) {
  const leads = Promise.withResolvers<number>();
  const lost = Promise.withResolvers<void>();
  const leader = new Leader({
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    onLead: leads.resolve,
    onLost: lost.resolve,
  });
  const host: Host = await createHost(whole, { home, mode: "development", env: {}, leader });
  return { host, leads: leads.promise, lost: lost.promise };
}

test("a standby is ready, refuses calls, and has begun nothing; it leads as soon as the leader has closed", async (context) => {
  const home = await homeOf(context);
  const [first, second] = [systemOf(), systemOf()];
  const a = await open(first.whole, home);
  await a.leads;
  const b = await open(second.whole, home);
  await b.host.ready();
  assert.deepEqual([first.signals.length, second.signals.length], [1, 0]);
  assert.equal(await codeOf(a.host.call("erp", "add", "one")), "ok");
  assert.equal(await codeOf(b.host.call("erp", "add", "two")), "SKEIN_LEADER_NONE");
  assert.equal(await codeOf(b.host.call("clocked", "now", undefined)), "SKEIN_LEADER_NONE");
  assert.ok(existsSync(path.join(home, "data/_leases.sqlite")), "the service without a database has a lease too");
  await a.host.close();
  await b.leads;
  assert.deepEqual([first.signals[0]?.aborted, second.signals[0]?.aborted], [true, false]);
  assert.equal(await codeOf(a.host.call("erp", "add", "three")), "SKEIN_HOST_DRAINING");
  assert.equal(await b.host.call("erp", "count", undefined), 1);
  await b.host.close();
});

test("a leader whose lease was taken ends its background work, refuses calls, and cannot commit what it had begun", async (context) => {
  const home = await homeOf(context);
  const entered = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  let isSlow = false;
  const { whole, signals } = systemOf(async () => {
    if (!isSlow) return;
    entered.resolve();
    await goOn.promise;
  });
  const one = await open(whole, home);
  await one.leads;
  assert.equal(await codeOf(one.host.call("erp", "add", "kept")), "ok");
  const file = new DatabaseSync(path.join(home, "data/erp.sqlite"));
  file.exec("update skein_leases set epoch = epoch + 1, owner = 'another' where name = 'leader:erp/erp'");
  isSlow = true;
  const ghost = codeOf(one.host.call("erp", "add", "a ghost's"));
  await entered.promise;
  goOn.resolve();
  assert.equal(await ghost, "SKEIN_LEASE_LOST");
  await one.lost;
  assert.equal(signals[0]?.aborted, true);
  assert.equal(await codeOf(one.host.call("erp", "count", undefined)), "SKEIN_LEADER_NONE");
  assert.deepEqual(
    file
      .prepare("select text from entries")
      .all()
      .map((row) => row["text"]),
    ["kept"],
  );
  await one.host.close();
  assert.equal(file.prepare("select owner from skein_leases").get()?.["owner"], "another", "what is another's stays");
  file.close();
});
