/** Moleculer's shop is the shop: what it is compared by must be the same work. It fetches the peer, as the benches do. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startPlacedShop } from "../../../shop/placed.ts";
import { type FaultTarget, targetOf } from "../target.ts";
import { startPeer } from "./moleculer.ts";

const backMs = 60_000;

describe("Moleculer's shop", { timeout: 240_000 }, () => {
  const shops: FaultTarget[] = [];
  before(async () => {
    shops.push(targetOf(await startPlacedShop("one")));
    shops.push(await startPeer("moleculer"));
  });
  after(async () => {
    for (const shop of shops) await shop.clear();
  });

  const ask = async ({ urls: [url] }: FaultTarget, route: string, init?: RequestInit): Promise<unknown> => {
    const response = await fetch(`${url}${route}`, init);
    const text = (await response.text()).replaceAll(/"date":"[^"]*"/g, '"date":""');
    return [response.status, response.ok ? (JSON.parse(text) as unknown) : undefined];
  };
  const order = (sku: string, key: string): RequestInit => ({
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify({ user: "ann", items: [{ sku, quantity: 2 }] }),
  });
  const requests: readonly [string, RequestInit?][] = [
    ["/home?user=ann"],
    ["/products?limit=20"],
    ["/products/TEA-0301"],
    ["/products/NOWHERE"],
    ["/orders", order("TEA-0301", "a-key-of-some-length-1")],
    // The same key: the same order.
    ["/orders", order("TEA-0301", "a-key-of-some-length-1")],
    ["/orders", order("KIT-0101", "a-key-of-some-length-1")],
    ["/orders", order("NOWHERE", "a-key-of-some-length-2")],
    ["/home?user=ann"],
    // Last: each process remembers by itself what was found, and the home page shows it.
    ["/products?q=mug&limit=5"],
  ];
  for (const [route, init] of requests)
    test(`${init?.method ?? "GET"} ${route}: as Skein's answers`, async () => {
      const [ours, theirs] = await Promise.all(shops.map((shop) => ask(shop, route, init)));
      assert.deepEqual(theirs, ours);
    });

  test("a process that is killed is another one a little later", async () => {
    const [, peer] = shops;
    const killed = (await peer?.hosts())?.find(({ group }) => group === "orders")?.pid ?? assert.fail();
    process.kill(killed, "SIGKILL");
    const endMs = performance.now() + backMs;
    for (;;) {
      const hosts = (await peer?.hosts()) ?? [];
      if (hosts.every(({ state, pid }) => state === "ready" && pid !== killed)) break;
      assert.ok(performance.now() < endMs, JSON.stringify(hosts));
      await pause(50);
    }
  });
});
