/** The shop as a sink: what an import leaves in its databases, while another process serves from them. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createHost, isDeclared } from "skein";
import { Catalog } from "../catalog/contract.ts";
import { Recommend } from "../recommend/contract.ts";
import { Search } from "../search/contract.ts";
import shop from "../system.ts";
import { createShopTarget, shopHome } from "./shop-sink.ts";
import { commandAt, file, header, row } from "./test-support.ts";

async function homeOf(t: TestContext): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "shop-sink-"));
  t.after(() => rm(home, { recursive: true }));
  return home;
}

const heart = { sku: "85123A", title: "WHITE HEART", priceMinor: 255, currency: "GBP" };

test("the home is SKEIN_HOME, or .skein beside system.ts", () => {
  assert.equal(shopHome({ SKEIN_HOME: "/tmp/elsewhere" }), "/tmp/elsewhere");
  assert.equal(shopHome({}), join(import.meta.dirname, "..", ".skein"));
  assert.equal(shopHome({ SKEIN_HOME: "" }), shopHome({}));
});

test("products and pairs are in the shop, twice is once, the last of a sku wins; untitled codes are not listed", async (t) => {
  const home = await homeOf(t);
  const target = createShopTarget(home);
  const pairs = [
    { sku: "85123A", other: "99999", rank: 1, score: 9.5, together: 4 },
    { sku: "85123A", other: "21733", rank: 2, score: 8.5, together: 3 },
  ];
  for (let i = 0; i < 2; i++) {
    await target.products([{ ...heart, title: "OLD" }, { ...heart, sku: "21733", title: "RED HEART" }, heart]);
    await target.pairs(pairs);
  }
  assert.deepEqual(await target.related(["85123A", "00000"], 5), [
    {
      sku: "85123A",
      title: "WHITE HEART",
      related: [
        { sku: "99999", title: undefined, score: 9.5, together: 4 },
        { sku: "21733", title: "RED HEART", score: 8.5, together: 3 },
      ],
    },
    { sku: "00000", title: undefined, related: [] },
  ]);
  await target.close();
  await target.close();

  await using host = await createHost(shop, { mode: "development", home });
  const product = await host.client(Catalog).get({ id: "85123A" });
  assert.deepEqual(product, {
    sku: "85123A",
    title: "WHITE HEART",
    description: "",
    category: "imported",
    price: 255,
    currency: "GBP",
  });
  await assert.rejects(host.client(Catalog).get({ id: "99999" }), (error) => isDeclared(error, "PRODUCT_NOT_FOUND"));
  const { related } = await host.client(Recommend).related({ id: "85123A" });
  assert.deepEqual(
    related.map((card) => [card.sku, card.together]),
    [["21733", 3]],
  );
});

test("another process imports while this one serves: nothing fails, and searches find the products within seconds", async (t) => {
  const home = await homeOf(t);
  await using host = await createHost(shop, { mode: "development", home });
  const search = host.client(Search);
  const rows = Array.from({ length: 6_000 }, (_, i) =>
    row({ invoice: String(i >> 2), code: String(10_000 + (i % 1_500)), title: `ZEPPELIN NUMBER ${i % 1_500}` }),
  );
  const path = await file(t, "sales.csv", [header, ...rows].join("\n"));
  assert.deepEqual((await search.products({ q: "zeppelin" })).products, []);
  let searches = 0;
  let isOver = false;
  const importing = commandAt(home, path, "--json").finally(() => (isOver = true));
  while (!isOver) {
    await search.products({ q: "teapot", limit: 3 });
    searches++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { code, stdout } = await importing;
  assert.equal(code, 0, stdout);
  assert.ok(searches > 0);
  // The version is cached for 2 s.
  const startMs = performance.now();
  let last: { readonly products: readonly { readonly sku: string }[] } = { products: [] };
  // An index that was read in the middle of the import has a hundred of them, and not the last one.
  while (last.products[0]?.sku !== "11499" && performance.now() - startMs < 30_000) {
    last = await search.products({ q: "zeppelin 1499" });
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await search.products({ q: "zeppelin", limit: 100 })).products.length, 100);
  t.diagnostic(`${searches} searches during the import; found ${Math.round(performance.now() - startMs)} ms after it`);
  assert.equal(last.products[0]?.sku, "11499");
});
