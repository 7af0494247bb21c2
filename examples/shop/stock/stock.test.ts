/** The stock's reservations: once per order, never below nothing, lines of one sku added up. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeclared } from "skein";
import { test as start } from "skein/testing";
import stock from "./index.ts";

const available = async (
  t: { levels(input: { skus: string[] }): Promise<Record<string, number>> },
  sku: string,
): Promise<number> => {
  return (await t.levels({ skus: [sku] }))[sku] ?? Number.NaN;
};

test("lines of one sku add up; a second reservation of the order, with or without its key, takes nothing more", async () => {
  await using t = await start(stock);
  const opening = await available(t, "TEA-0301");
  const items = [
    { sku: "TEA-0301", quantity: 2 },
    { sku: "TEA-0302", quantity: 1 },
    { sku: "TEA-0301", quantity: 3 },
  ];
  assert.deepEqual(await t.reserve({ order: 1, items }, { key: "order:1" }), { reserved: 6 });
  assert.deepEqual(await t.reserve({ order: 1, items }, { key: "order:1" }), { reserved: 6 });
  assert.deepEqual(await t.reserve({ order: 1, items }), { reserved: 0 });
  assert.equal(await available(t, "TEA-0301"), opening - 5);
  assert.deepEqual(await t.release({ order: 1 }), { released: 2 });
  assert.deepEqual(await t.release({ order: 1 }), { released: 0 });
  assert.equal(await available(t, "TEA-0301"), opening);
});

test("the last ones go to one order; the other one takes nothing at all", async () => {
  await using t = await start(stock);
  const opening = await available(t, "TEA-0301");
  const lines = (units: number) =>
    Array.from({ length: Math.ceil(units / 1000) }, (_, i) => ({
      sku: "TEA-0301",
      quantity: Math.min(1000, units - i * 1000),
    }));
  await t.reserve({ order: 1, items: lines(opening - 1) });
  const both = await Promise.allSettled(
    [2, 3].map((order) =>
      t.reserve({
        order,
        items: [
          { sku: "AAA-0001", quantity: 1 },
          { sku: "TEA-0301", quantity: 1 },
        ],
      }),
    ),
  );
  assert.deepEqual(both.map((result) => result.status).toSorted(), ["fulfilled", "rejected"]);
  for (const result of both) {
    if (result.status === "rejected") assert.ok(isDeclared(result.reason, "OUT_OF_STOCK"));
  }
  assert.equal(await available(t, "TEA-0301"), 0);
  assert.equal(await available(t, "AAA-0001"), opening - 1);
});
