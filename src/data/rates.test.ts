/** Token buckets in a database: what is granted, what a clock that jumps can do, and that full buckets are forgotten. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../core/index.ts";
import { contextOf } from "./fixtures/harness.ts";
import { database } from "./index.ts";
import { createMemoryEngine } from "./internal/sqlite/memory-engine.ts";
import { sweepRates, takeTokens } from "./internal/rates.ts";
import { ownMigrations } from "./internal/own-tables.ts";

/** Ten a second, twenty at once. */
const rate = { tokenUs: 100_000, bucketUs: 2_000_000 };

function clockAt(startMs: number) {
  const clock = { ...systemClock, nowMs: startMs, now: () => clock.nowMs };
  return clock;
}

test("a bucket gives what it holds, refills in time, and says how long to wait", async () => {
  const clock = clockAt(1_700_000_000_000);
  const opened = await database("rates", { dialect: "portable", migrations: [] }).open(contextOf({ clock }));
  const take = (n: number, bucket = "a") => opened.takeTokens?.({ bucket, take: n, ...rate });
  assert.deepEqual(await take(15), { granted: 15, waitMs: 0 });
  assert.deepEqual(await take(15), { granted: 5, waitMs: 0 });
  assert.deepEqual(await take(1), { granted: 0, waitMs: 100 });
  assert.deepEqual(await take(20, "b"), { granted: 20, waitMs: 0 });
  clock.nowMs += 250;
  assert.deepEqual(await take(20), { granted: 2, waitMs: 0 });
  assert.deepEqual(await take(20), { granted: 0, waitMs: 50 });
  clock.nowMs += 3_600_000;
  assert.deepEqual(await take(20), { granted: 20, waitMs: 0 }, "never more than the bucket holds");
  assert.deepEqual(await take(20), { granted: 0, waitMs: 100 });
  // A statement that waited for its row has an older time: nothing may come back because of that.
  clock.nowMs -= 1_000;
  assert.deepEqual(await take(1), { granted: 0, waitMs: 1_100 });
  clock.nowMs += 1_000;
  assert.deepEqual(await take(1), { granted: 0, waitMs: 100 });
  // An hour back: what was used counts as used now, and a full bucket's time heals it.
  clock.nowMs -= 3_600_000;
  assert.deepEqual(await take(1), { granted: 0, waitMs: 100 });
  clock.nowMs += 100;
  const after = (await take(20))?.granted ?? 0;
  assert.ok(after <= 1, `${after}`);
  clock.nowMs += 4_000;
  assert.ok(((await take(20))?.granted ?? 0) > 0, "it heals");
  await opened.close();
});

test("full buckets are forgotten, others stay", async () => {
  const clock = clockAt(1_700_000_000_000);
  const engine = createMemoryEngine();
  const session = await engine.begin({ remainingMs: () => 1_000, signal: () => undefined }, { migration: true });
  const statements = ownMigrations.find(({ name }) => name === "skein-002-rates")?.sqlite;
  assert.ok(Array.isArray(statements));
  for (const sql of statements as string[]) await session.script(sql);
  await session.commit();
  for (const bucket of ["a", "b"]) await takeTokens(engine, { bucket, take: 20, ...rate }, clock);
  clock.nowMs += 62_500;
  await takeTokens(engine, { bucket: "b", take: 1, ...rate }, clock);
  assert.equal(await sweepRates(engine, clock), 1);
  assert.equal(await sweepRates(engine, clock), 0);
  await engine.close();
});
