/**
 * The real Online Retail files imported by the command while the shop serves in this process, and what HTTP then says.
 * `SKEIN_TEST_DATA=<folder>`; skipped, saying so, without it.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { commandAt } from "../../examples/shop/import/test-support.ts";
import { Recommend } from "../../examples/shop/recommend/contract.ts";
import { startShop } from "./running.ts";

const folder = process.env["SKEIN_TEST_DATA"];
const skip = folder === undefined || folder === "" ? "SKEIN_TEST_DATA is not set: the real files are not read" : false;

interface Product {
  sku: string;
  title: string;
}

test("both real files are imported beside a shop that serves; its pages show them", { skip }, async (t) => {
  const home = await mkdtemp(join(tmpdir(), "skein-import-"));
  t.after(() => rm(home, { recursive: true }));
  const shop = await startShop({ home });
  t.after(() => shop.close());
  const get = async (path: string) => (await (await fetch(shop.url + path)).json()) as Record<string, Product[]>;

  for (const name of ["Online_Retail.sample20k.csv.gz", "baskets.csv.gz"]) {
    const { code, stdout } = await commandAt(home, join(folder ?? "", "online-retail", name), "--json");
    assert.equal(code, 0, stdout);
    const report = JSON.parse(stdout) as { peakRssMb: number };
    assert.ok(report.peakRssMb < 200, `${report.peakRssMb} MB`);
    t.diagnostic(stdout.trim());
  }
  const product = (await (await fetch(`${shop.url}/products/22423`)).json()) as Product;
  assert.equal(product.title, "REGENCY CAKESTAND 3 TIER");
  for (const sku of ["85123A", "22423", "84879"]) {
    const related = (await get(`/products/${sku}/related`))["related"] ?? [];
    assert.equal(related.length, 6, sku);
    assert.ok(related.every((each) => each.title !== ""));
    const codes = await shop.host.client(Recommend).codes({ id: sku });
    t.diagnostic(
      `${sku} codes ${codes.map((pair) => pair.other).join(" ")}; related ${related.map((each) => `${each.sku} ${each.title}`).join(", ")}`,
    );
    // What is listed is what the codes say, without those that have no title.
    const listed = new Set(related.map((each) => each.sku));
    assert.deepEqual(
      codes.map((pair) => pair.other).filter((other) => listed.has(other)),
      related.slice(0, codes.filter((pair) => listed.has(pair.other)).length).map((each) => each.sku),
    );
  }
  const cakestand = ((await get("/products/22423/related"))["related"] ?? []).map((each) => each.sku);
  assert.deepEqual(cakestand.slice(0, 3), ["22699", "22697", "22698"], "the Regency teacups");
  // The search index follows the catalogue's version, which is cached for 2 s.
  const endMs = performance.now() + 5_000;
  let found: Product[] = [];
  while (found.length === 0 && performance.now() < endMs)
    found = (await get("/products?q=regency%20cakestand&limit=5"))["products"] ?? [];
  assert.equal(found[0]?.sku, "22423");
  // A code that only baskets know feeds recommendation and is not listed.
  const codes = await shop.host.client(Recommend).codes({ id: "22423" });
  assert.ok(codes.some((pair) => pair.other === "23245"));
  assert.equal((await fetch(`${shop.url}/products/23245`)).status, 404);
  assert.ok(((await get("/home"))["forYou"] ?? []).length > 0);
});
