/** Orders against payments, stock and a catalogue that the test plays: every end an order can come to, once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeclared } from "skein";
import { fake, test as start } from "skein/testing";
import { Catalog } from "../catalog/contract.ts";
import { Notify } from "../notify/contract.ts";
import { Payments } from "../payments/contract.ts";
import payments from "../payments/index.ts";
import { Stock } from "../stock/contract.ts";
import orders from "./index.ts";

/** Everything else of an order's world; `busy` is how many charges get no answer. */
function world(given: { busy?: number; declined?: boolean; soldOut?: string } = {}) {
  let busy = given.busy ?? 0;
  let charges = 0;
  const catalog = fake(Catalog, {
    cards: ({ skus }) =>
      skus
        .filter((sku) => sku !== "NOT-0000")
        .map((sku) => ({
          sku,
          title: sku,
          price: sku === "BIG-0001" ? 100_000_000 : 250,
          currency: sku === "GBP-0001" ? "GBP" : "EUR",
          available: 9,
        })),
  });
  const stock = fake(Stock, {
    reserve({ items }, call) {
      if (given.soldOut !== undefined) throw call.error("OUT_OF_STOCK", { sku: given.soldOut });
      return { reserved: items.length };
    },
    release: () => ({ released: 1 }),
  });
  const bank = fake(Payments, {
    charge(_charge, call) {
      if (given.declined === true) throw call.error("DECLINED");
      if (busy-- > 0) throw call.error("PROVIDER_BUSY");
      return { charge: ++charges };
    },
  });
  const notify = fake(Notify, { send: () => ({ id: 1 }) });
  return { catalog, stock, payments: bank, notify };
}

const order = { user: "ann", items: [{ sku: "TEA-0301", quantity: 2 }] };
const key = "a-key-of-an-order";

for (const far of [false, true]) {
  const where = far ? "far" : "near";

  test(`${where}: the provider does not answer: 503 and pending; the same key finishes the same order`, async () => {
    const fakes = world({ busy: 6 });
    await using t = await start(orders, { fakes, far });
    await assert.rejects(t.place(order, { key }), (error) => {
      assert.ok(isDeclared(error, "PAYMENT_PENDING"));
      assert.deepEqual([error.status, error.retry, error.data], [503, true, { order: 1 }]);
      return true;
    });
    assert.equal((await t.get({ id: 1 })).status, "pending");
    assert.equal(fakes.payments.calls.charge.length, 6);
    const paid = await t.place(order, { key });
    assert.deepEqual([paid.id, paid.status, paid.total, paid.date], [1, "paid", 500, "2025-01-01 00:00:00"]);
    assert.deepEqual(await t.place(order, { key }), paid);
    assert.equal((await t.list({})).orders.length, 1);
    assert.equal(fakes.payments.calls.charge.length, 7);
    assert.deepEqual(fakes.notify.calls.send, [{ user: "ann", text: "Order 1 is paid" }]);
  });

  test(`${where}: an order that ends refused stays refused, with the same answer for the same key`, async () => {
    const declined = world({ declined: true });
    await using t = await start(orders, { fakes: declined, far });
    for (let i = 0; i < 2; i++)
      await assert.rejects(t.place(order, { key }), (error) => isDeclared(error, "PAYMENT_DECLINED"));
    assert.equal((await t.get({ id: 1 })).status, "refused");
    assert.deepEqual(declined.stock.calls.release, [{ order: 1 }]);
    assert.equal(declined.payments.calls.charge.length, 1);

    const soldOut = world({ soldOut: "TEA-0301" });
    await using empty = await start(orders, { fakes: soldOut, far });
    for (let i = 0; i < 2; i++) {
      await assert.rejects(
        empty.place(order, { key }),
        (error) => isDeclared(error, "OUT_OF_STOCK") && (error.data as { sku: string }).sku === "TEA-0301",
      );
    }
    assert.equal(soldOut.payments.calls.charge.length, 0);
  });

  test(`${where}: what cannot be an order is refused before anything is kept`, async () => {
    const fakes = world();
    await using t = await start(orders, { fakes, far });
    const place = (...skus: string[]) => t.place({ user: "ann", items: skus.map((sku) => ({ sku, quantity: 500 })) });
    await assert.rejects(
      place("TEA-0301", "NOT-0000"),
      (error) => isDeclared(error, "PRODUCT_UNKNOWN") && (error.data as { sku: string }).sku === "NOT-0000",
    );
    await assert.rejects(place("TEA-0301", "GBP-0001"), (error) => isDeclared(error, "CURRENCIES_MIXED"));
    await assert.rejects(place("BIG-0001"), (error) => isDeclared(error, "ORDER_TOO_LARGE"));
    await t.place(order, { key });
    await assert.rejects(t.place({ ...order, user: "bob" }, { key }), (error) => isDeclared(error, "KEY_REUSED"));
    assert.equal((await t.list({})).orders.length, 1);
    assert.equal(fakes.stock.calls.reserve.length, 1);
  });
}

test("a customer who cannot be told has paid all the same", async () => {
  const fakes = world();
  const notify = fake(Notify, {
    send: () => {
      throw new Error("the post office burnt down");
    },
  });
  await using t = await start(orders, { fakes: { ...fakes, notify } });
  assert.equal((await t.place(order, { key })).status, "paid");
  assert.ok(t.log.some((line) => line.message === "the customer was not told"));
});

test("one order is charged once, whoever asks and whatever became of the key", async () => {
  await using t = await start(payments, { as: { subject: "ann", roles: [] } });
  const charge = { order: 7, user: "ann", amount: 500, currency: "EUR" };
  const once = await retried(() => t.charge(charge, { key: "order:7:charge" }));
  // The sweep of the next process acts for nobody, and a key lives for a day.
  assert.deepEqual(await retried(() => t.as(undefined).charge(charge, { key: "order:7:charge" })), once);
  await t.clock.advance("25h");
  assert.deepEqual(await retried(() => t.charge(charge, { key: "order:7:charge" })), once);
  assert.deepEqual(await t.count(), { charges: 1, amount: 500 });
});

/** The provider fails one time in twenty, from a seed. */
async function retried<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isDeclared(error, "PROVIDER_BUSY") || tries === 20) throw error;
    }
  }
}
