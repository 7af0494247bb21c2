/** Says that the shop's own catalogue and baskets are what they claim to be. Must never rewrite them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createPairCounter } from "../recommend-pairs.ts";
import { occasions, staples } from "./affinities.ts";
import { makeBaskets } from "./make-baskets.ts";
import { renderPairs } from "./make-pairs.ts";

interface Entry {
  sku: string;
  title: string;
  description: string;
  category: string;
  price: number;
  currency: string;
}

const text = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");
const catalogue = JSON.parse(text("catalogue.json")) as Entry[];
const baskets = text("baskets.txt")
  .trimEnd()
  .split("\n")
  .map((line) => line.split(","));
const skus = new Set(catalogue.map((entry) => entry.sku));

test("the catalogue has at least 140 complete products with unique skus and titles", () => {
  assert.ok(catalogue.length >= 140);
  assert.equal(skus.size, catalogue.length);
  assert.equal(new Set(catalogue.map((entry) => entry.title.toLowerCase())).size, catalogue.length);
  assert.equal(new Set(catalogue.map((entry) => entry.description)).size, catalogue.length);
  for (const entry of catalogue) {
    assert.deepEqual(Object.keys(entry), ["sku", "title", "description", "category", "price", "currency"], entry.sku);
    assert.match(entry.sku, /^[A-Z]{3}-\d{4}$/);
    assert.ok(Number.isInteger(entry.price) && entry.price > 0, entry.sku);
    assert.equal(entry.currency, "EUR");
    assert.ok(entry.title.length >= 5 && entry.description.length >= 30 && entry.category.length > 2, entry.sku);
  }
});

test("baskets.txt is exactly what make-baskets.ts makes", () => {
  assert.equal(text("baskets.txt"), makeBaskets(catalogue), "run: node examples/shop/data/make-baskets.ts");
});

test("pairs.json is exactly what make-pairs.ts finds in the baskets", () => {
  assert.equal(text("pairs.json"), renderPairs(text("baskets.txt")), "run: node examples/shop/data/make-pairs.ts");
});

test("the baskets hold catalogue skus only, none twice, and nearly the whole catalogue is bought", () => {
  assert.ok(baskets.length >= 600);
  for (const basket of baskets) {
    assert.equal(new Set(basket).size, basket.length);
    for (const sku of basket) assert.ok(skus.has(sku), sku);
  }
  assert.ok(new Set(baskets.flat()).size >= skus.size * 0.95);
});

test("every sku of the affinities is in the catalogue", () => {
  for (const sku of [...occasions.flatMap((occasion) => Object.keys(occasion.items)), ...Object.keys(staples)]) {
    assert.ok(skus.has(sku), sku);
  }
});

test("what goes together is found in the baskets, and staples do not crowd it out", () => {
  const counter = createPairCounter();
  for (const basket of baskets) counter.add(basket);
  const related = (sku: string): string[] => counter.related(sku, 3).map((entry) => entry.sku);
  assert.ok(related("TEA-0301").includes("TEA-0303"), "teapot: breakfast tea");
  assert.ok(related("CYC-0901").includes("CYC-0903"), "bicycle lamp: batteries");
  assert.ok(related("KIT-0113").includes("KIT-0114"), "preserving jar: rubber seals");
  const byCount = (sku: string): string[] =>
    counter
      .related(sku, 20)
      .toSorted((a, b) => b.together - a.together)
      .slice(0, 3)
      .map((entry) => entry.sku);
  const withBag = (rank: (sku: string) => string[]): number =>
    catalogue.filter((entry) => rank(entry.sku).includes("TEX-0713")).length;
  assert.ok(withBag(related) < catalogue.length * 0.1, `the shopping bag is near ${withBag(related)} products`);
  assert.ok(withBag(byCount) > 2 * withBag(related), "raw counts would show it more often");
});
