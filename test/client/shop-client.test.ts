// Owns the proof that the client in examples/shop/client.ts works against the running shop, also through a network that
// loses requests and answers. Must reach the shop by HTTP alone; only what took effect is counted at its host.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, suite, test } from "node:test";
import { isDeclared, isSkeinError, safe } from "skein/client";
import { type Client, createClient } from "../../examples/shop/client.ts";
import { type Running, startShop } from "../shop/running.ts";
import { type FlakyProxy, flakyProxy } from "./flaky-proxy.ts";

suite("the shop by its generated client", () => {
  let shop: Running;
  let proxy: FlakyProxy;
  let client: Client;
  before(async () => {
    shop = await startShop();
    proxy = await flakyProxy(shop.url);
    client = createClient({ baseUrl: proxy.url });
  });
  after(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await shop?.close();
  });

  const items = [{ sku: "TEA-0301", quantity: 1 }];
  const ordersOf = async (user: string) => (await client.orders.list({ user })).orders;
  /** How often a method's handler was entered. */
  const ran = (service: string, method: string): number =>
    shop.host.recorder
      .spans()
      .filter((span) => span.service === service && span.method === method && span.parentId === 0).length;

  test("an order placed twice with one key is one order", async () => {
    const user = `twice-${randomUUID()}`;
    const key = randomUUID();
    const first = await client.orders.place({ user, items }, { key });
    assert.deepEqual(await client.orders.place({ user, items }, { key }), first);
    assert.deepEqual(
      (await ordersOf(user)).map((order) => order.id),
      [first.id],
    );
    const other = await safe(client.orders.place({ user, items: [...items, ...items] }, { key }));
    assert.ok(!other.ok && other.declared && other.error.code === "KEY_REUSED");
    assert.equal(other.error.canonical, "already_exists");
  });

  test("OUT_OF_STOCK comes with its data, and what is no declared error is told apart", async () => {
    const sku = "TEA-0303";
    const user = `hoarder-${randomUUID()}`;
    await client.cart.put({ user, sku, quantity: 1 });
    const left = (await client.cart.view({ user })).lines[0]?.available ?? Number.NaN;
    assert.ok(left > 1);
    // An order takes at most 1,000 of one product.
    for (let rest = left - 1; rest > 0; rest -= 1_000)
      await client.orders.place({ user, items: [{ sku, quantity: Math.min(1_000, rest) }] });
    const result = await safe(client.orders.place({ user, items: [{ sku, quantity: 2 }] }));
    assert.ok(!result.ok && result.declared && result.error.code === "OUT_OF_STOCK");
    const typed: string = result.error.data.sku;
    assert.deepEqual([typed, result.error.status, result.error.outcome], [sku, 409, "failed"]);
    const unknown = await client.catalog.get({ id: "NOT-0000" }).catch((error: unknown) => error);
    assert.ok(isDeclared(unknown, "PRODUCT_NOT_FOUND"));
    assert.deepEqual([unknown.data, unknown.status, unknown.canonical], [{ sku: "NOT-0000" }, 404, "not_found"]);
    const invalid = await client.search.products({ limit: 0 }).catch((error: unknown) => error);
    assert.ok(isSkeinError(invalid) && invalid.code === "SKEIN_INPUT_INVALID" && !isDeclared(invalid));
    const denied = await client.orders.mine({}).catch((error: unknown) => error);
    assert.ok(isSkeinError(denied) && denied.code === "SKEIN_ACCESS_UNAUTHENTICATED" && denied.traceId !== undefined);
  });

  for (const fate of ["lost request", "lost answer"] as const) {
    test(`${fate}: a query, a command and a keyed action succeed with one effect`, async () => {
      const before = proxy.count();
      proxy.next(fate, fate);
      assert.equal((await client.catalog.get({ id: "TEA-0301" })).sku, "TEA-0301");
      assert.equal(proxy.count(), before + 3);

      const user = `flaky-${randomUUID()}`;
      const puts = ran("cart", "put");
      proxy.next(fate, fate);
      assert.deepEqual(await client.cart.put({ user, sku: "TEA-0301", quantity: 2 }), { lines: 1 });
      assert.deepEqual(
        (await client.cart.view({ user })).lines.map((line) => line.quantity),
        [2],
      );
      // Lost answers came from calls that ran; what they stand for is one key.
      assert.equal(ran("cart", "put") - puts, fate === "lost answer" ? 3 : 1);

      // An action whose contract says that its key is kept; one without is sent once (client.test.ts).
      const places = ran("orders", "place");
      proxy.next(fate, fate);
      const sent = proxy.count();
      const order = await client.orders.place({ user, items });
      assert.equal(proxy.count(), sent + 3);
      assert.equal(ran("orders", "place") - places, fate === "lost answer" ? 3 : 1);
      assert.deepEqual(
        (await ordersOf(user)).map(({ id }) => id),
        [order.id],
      );
    });
  }
});
