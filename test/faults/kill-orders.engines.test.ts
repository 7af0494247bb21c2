/** kill -9 of all of `npm start` during orders, in short; `kill-orders.ts` is the long form. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { startLocalServer } from "../../src/data/internal/postgres/local-server.ts";
import { runKillOrders } from "./kill-orders.ts";

async function exactlyOnce(t: TestContext, databaseUrl?: string): Promise<void> {
  const seed = Number(process.env["SKEIN_SEED"] ?? 7);
  const report = await runKillOrders({
    orders: 200,
    kills: 3,
    seed,
    rate: 80,
    concurrency: 16,
    ...(databaseUrl !== undefined && { databaseUrl }),
  });
  t.diagnostic(JSON.stringify(report));
  assert.deepEqual(report.violations, [], `seed ${seed}`);
  assert.deepEqual([report.orders, report.charges, report.kills], [200, 200, 3]);
  assert.ok(report.client.broken > 0, "the kills were felt");
}

test("200 orders under 3 kills of the whole process group: each order and charge exactly once, on SQLite", (t) =>
  exactlyOnce(t));

test("the same on PostgreSQL", async (t) => {
  const server = await startLocalServer({ home: "/nonexistent", inMemory: true, env: process.env });
  t.after(() => server.close());
  await exactlyOnce(t, server.target.connectionString.reveal());
});
