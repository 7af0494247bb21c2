/** A run against sinks of the test's own: the same file twice, back-pressure, a sink that fails, files in pieces. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runImport } from "./run.ts";
import { createMemorySink } from "./sink.ts";
import type { MemorySink, Product, ShopSink } from "./sink.ts";
import { file, header, row } from "./test-support.ts";

const clock = { monotonic: () => performance.now() };
const csv = (...rows: string[]): string => `${[header, ...rows].join("\n")}\n`;
const state = (sink: MemorySink): unknown => [[...sink.listed], [...sink.kept]];

test("the same file twice leaves the same state; a later title and price of a file win", async (t) => {
  const rows = Array.from({ length: 3_000 }, (_, i) =>
    row({
      invoice: String(i % 400),
      code: String(10_000 + ((i * i) % 1_300)),
      title: `T${i % 7}`,
      price: `1.${10 + (i % 80)}`,
    }),
  );
  const path = await file(t, "sales.csv", csv(...rows, row({ code: "10000", title: "LAST", price: "9.99" })));
  const sink = createMemorySink();
  await runImport({ path, sink, clock });
  const once = structuredClone(state(sink));
  assert.deepEqual(sink.listed.get("10000"), { sku: "10000", title: "LAST", priceMinor: 999, currency: "GBP" });
  assert.ok(sink.kept.size > 0);
  await runImport({ path, sink, clock });
  assert.deepEqual(state(sink), once);
});

test("a code without a title is related, but not listed", async (t) => {
  const sink = createMemorySink();
  const rows = [1, 2, 3, 4].flatMap((n) => [
    row({ invoice: `${n}`, code: n < 4 ? "22423" : "99999" }),
    row({ invoice: `${n}`, code: n < 4 ? "84879" : "88888", title: "" }),
  ]);
  const report = await runImport({ path: await file(t, "sales.csv", csv(...rows)), sink, clock });
  assert.deepEqual([...sink.listed.keys()].toSorted(), ["22423", "99999"]);
  assert.equal(sink.kept.get("22423")?.[0]?.other, "84879");
  assert.deepEqual([report.products, report.codes, report.accepted], [2, 4, 8]);
});

test("rows of an invoice that are apart make one basket", async (t) => {
  const interleaved = [0, 1].flatMap((half) =>
    Array.from({ length: 100 }, (_, n) => row({ invoice: `${n}`, code: `${half}${String(n % 10).padStart(4, "0")}` })),
  );
  const sink = createMemorySink();
  const report = await runImport({ path: await file(t, "sales.csv", csv(...interleaved)), sink, clock });
  assert.equal(report.baskets, 100);
  assert.deepEqual(
    sink.kept.get("00003")?.map((pair) => [pair.other, pair.together]),
    [["10003", 10]],
  );
});

test("one batch at a time: the sink is never given a second one before it is done", async (t) => {
  const rows = Array.from({ length: 4_000 }, (_, i) => row({ invoice: `${i % 9}`, code: String(10_000 + i) }));
  let inside = 0;
  const sizes: number[] = [];
  const guarded = async (size: number): Promise<void> => {
    assert.equal(++inside, 1);
    sizes.push(size);
    await new Promise<void>((resolve) => setImmediate(resolve));
    inside--;
  };
  const sink: ShopSink = { products: (batch) => guarded(batch.length), pairs: (batch) => guarded(batch.length) };
  await runImport({ path: await file(t, "sales.csv", csv(...rows)), sink, clock });
  assert.ok(sizes.length >= 8);
  assert.ok(Math.max(...sizes) <= 520);
});

test("a sink that fails stops the import with its own error; the next run makes the state whole", async (t) => {
  const rows = Array.from({ length: 2_000 }, (_, i) =>
    row({ invoice: `${i % 99}`, code: String(10_000 + (i % 1_200)) }),
  );
  const path = await file(t, "sales.csv", csv(...rows));
  const [clean, shaken] = [createMemorySink(), createMemorySink()];
  await runImport({ path, sink: clean, clock });
  let batches = 0;
  const failing: ShopSink = {
    pairs: (batch) => shaken.pairs(batch),
    products: (batch: Product[]) => (++batches === 2 ? Promise.reject(new Error("disk full")) : shaken.products(batch)),
  };
  await assert.rejects(runImport({ path, sink: failing, clock }), /disk full/);
  assert.equal(shaken.listed.size, 500);
  await runImport({ path, sink: shaken, clock });
  assert.deepEqual(new Map(shaken.listed), new Map(clean.listed));
  assert.deepEqual(state(shaken), state(clean));
});
