/** What a restart finds: orders that are there, and orders that an earlier process left half done and the next one finishes. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fake } from "skein/testing";
import { Payments } from "../../examples/shop/payments/contract.ts";
import shop from "../../examples/shop/system.ts";
import { startShop } from "./running.ts";

interface Order {
  id: number;
  status: string;
  total: number;
}

async function homeOf(t: TestContext): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "skein-restart-"));
  t.after(() => rm(home, { recursive: true }));
  return home;
}

const body = JSON.stringify({ user: "ann", items: [{ sku: "KIT-0101", quantity: 2 }] });
const place = (url: string, key: string) =>
  fetch(`${url}/orders`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key },
    body,
  });
const orders = async (url: string) => ((await (await fetch(`${url}/orders`)).json()) as { orders: Order[] }).orders;

for (const far of [false, true]) {
  test(`${far ? "far" : "near"}: orders the bank gave no answer for are 503 and pending; the next start finishes them by itself, once`, async (t) => {
    const home = await homeOf(t);
    const busy = fake(Payments, {
      charge(_charge, call) {
        throw call.error("PROVIDER_BUSY");
      },
    });
    const first = await startShop({ home, far, system: shop.with({ payments: busy }) });
    const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => place(first.url, `restart-key-0000${i}`)));
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [503, 503, 503, 503, 503],
    );
    const pending = await orders(first.url);
    assert.deepEqual(
      pending.map((order) => order.status),
      Array.from({ length: 5 }, () => "pending"),
    );
    await first.close();

    const second = await startShop({ home, far });
    t.after(() => second.close());
    const endMs = performance.now() + 10_000;
    let found = await orders(second.url);
    while (found.some((order) => order.status === "pending") && performance.now() < endMs)
      found = await orders(second.url);
    assert.deepEqual(
      found,
      pending.map((order) => ({ ...order, status: "paid" })),
    );
    // Whoever asks again with the key gets the order that was finished meanwhile.
    const again = await place(second.url, "restart-key-00003");
    assert.equal(again.status, 201);
    assert.equal(((await again.json()) as Order).status, "paid");
    const counted = (await (await fetch(`${second.url}/payments/count`)).json()) as { charges: number; amount: number };
    assert.deepEqual(counted, { charges: 5, amount: found.reduce((sum, order) => sum + order.total, 0) });
  });
}
