/**
 * What happens to a group of which one process leads, when that is killed, stopped or told to end: the other one leads, orders
 * are placed once, and nobody leads who should not.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { createSeededRandom } from "../../src/core/index.ts";
import type { HostStatus } from "../../src/supervisor/asking.ts";
import { identify } from "../../src/supervisor/process-identity.ts";
import { createOrderClient, type OrderClient } from "../faults/order-client.ts";
import { type PlacedShop, startPlacedShop } from "../shop/placed.ts";
import { type PostgresServer, startPostgres } from "../shop/postgres-server.ts";

const limitMs = 60_000;
/** A lease of 3 s, a look every 250 ms, and a machine that has other things to do. */
const takeoverMsMax = 10_000;

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await holds())) {
    assert.ok(performance.now() < endMs, `not within ${limitMs} ms: ${what}`);
    await pause(50);
  }
}

let server: PostgresServer | undefined;
after(() => server?.close());

function suite(title: string, start: () => Promise<PlacedShop>): void {
  describe(title, { skip: process.platform === "linux" ? false : "it stops processes by their signals" }, () => {
    let shop: PlacedShop;
    let client: OrderClient;
    let orders = 0;
    before(async () => {
      shop = await start();
      client = createOrderClient(shop.url, createSeededRandom(1));
    });
    after(() => shop?.close());

    const group = async (): Promise<readonly HostStatus[]> =>
      (await shop.status()).hosts.filter((host) => host.group === "orders");
    const isWhole = (hosts: readonly HostStatus[]): boolean =>
      hosts.every(({ state }) => state === "ready") &&
      ["leader", "standby"].every((role) => hosts.filter((host) => host.role === role).length === 1);
    const leader = async (): Promise<number> => {
      await until("a leader and a standby", async () => isWhole(await group()));
      return (await group()).find(({ role }) => role === "leader")?.pid ?? assert.fail("nobody leads");
    };
    const place = async (): Promise<number> => {
      const startMs = performance.now();
      const key = `leader-test-${String(orders++).padStart(6, "0")}`;
      await client.place({ key, user: "ann", items: [{ sku: "TEA-0301", quantity: 1 }] });
      return performance.now() - startMs;
    };
    const changed = async (old: number): Promise<void> => {
      await until("another leader", async () =>
        (await group()).some(({ role, pid }) => role === "leader" && pid !== old),
      );
    };

    test("one of the two leads", async () => {
      await leader();
      await place();
      assert.equal((await shop.status()).hosts.filter(({ role }) => role !== undefined).length, 2);
    });

    test("kill -9: calls wait for the next leader, and the process comes back as a standby", async (context) => {
      const old = await leader();
      process.kill(old, "SIGKILL");
      await until(`the end of ${old}`, () => identify(old) === undefined);
      const ms = Math.max(...(await Promise.all([place(), place(), place()])));
      context.diagnostic(`${Math.round(ms)} ms without a leader`);
      assert.ok(ms < takeoverMsMax, `${ms} ms`);
      await changed(old);
      await leader();
    });

    test("stopped past its lease: the other one leads and works; woken, the old one ends", async (context) => {
      const old = await leader();
      process.kill(old, "SIGSTOP");
      const startMs = performance.now();
      try {
        await changed(old);
        context.diagnostic(`${Math.round(performance.now() - startMs)} ms until the other one led`);
        await place();
      } finally {
        // On a slow machine the supervisor may have killed it by then: it has said nothing for so long.
        if (identify(old) !== undefined) process.kill(old, "SIGCONT");
      }
      await until(`the end of ${old}`, () => identify(old) === undefined);
      assert.notEqual(await leader(), old);
      await place();
    });

    test("told to end: the other one leads at once", async (context) => {
      const old = await leader();
      const startMs = performance.now();
      process.kill(old, "SIGTERM");
      await changed(old);
      const ms = performance.now() - startMs;
      context.diagnostic(`${Math.round(ms)} ms until the other one led`);
      await place();
    });

    test("the supervisor: who leads goes on to, and the next supervisor knows it", async () => {
      const old = await leader();
      shop.supervisor.kill("SIGKILL");
      await once(shop.supervisor, "exit");
      await place();
      await shop.restart();
      assert.equal(await leader(), old);
      await place();
    });

    test("every order was placed once", () => {
      assert.equal(client.idsByKey.size, orders);
      for (const [key, ids] of client.idsByKey) assert.equal(ids.size, 1, key);
    });
  });
}

suite("a leader on SQLite", () => startPlacedShop("leader"));
suite("a leader on PostgreSQL", async () => {
  server = await startPostgres();
  return startPlacedShop("leader", { DATABASE_URL: await server.freshUrl() });
});
