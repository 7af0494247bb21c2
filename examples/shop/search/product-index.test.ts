/** The index of one process: shared builds, and a build whose call was canceled. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Product } from "../catalog/contract.ts";
import { createProductIndex } from "./product-index.ts";

type Source = Parameters<ReturnType<typeof createProductIndex>["refresh"]>[0];

const product = (sku: string, title: string): Product => ({
  sku,
  title,
  description: "",
  category: "",
  price: 1,
  currency: "EUR",
});

function catalogOf(products: Product[]) {
  const seen = { version: 1, pages: 0 };
  const source = {
    version: () => Promise.resolve(seen.version),
    page: ({ after }: { after?: string }) => {
      seen.pages++;
      const rest = products.filter((each) => each.sku > (after ?? ""));
      return Promise.resolve({ products: rest.slice(0, 2), ...(rest.length > 2 && { next: rest[1]?.sku }) });
    },
  };
  // A client's promise can do more than one of these, which an index does not use.
  return { seen, source: source as unknown as Source };
}

test("calls at the same time share one build; without a change nothing is read; a change is found", async () => {
  const products = ["A", "B", "C"].map((sku) => product(sku, `lamp ${sku}`));
  const { seen, source } = catalogOf(products);
  const index = createProductIndex();
  await Promise.all([1, 2, 3].map(() => index.refresh(source)));
  await index.refresh(source);
  assert.equal(seen.pages, 2);
  assert.deepEqual(
    index.find(undefined, 2).map((each) => each.sku),
    ["A", "B"],
  );
  products.push(product("D", "blue teapot"));
  seen.version = 2;
  await index.refresh(source);
  assert.deepEqual(
    index.find("teapots", 5).map((each) => each.sku),
    ["D"],
  );
});

test("a build that fails with its own caller does not fail the others who wait for it", async () => {
  const { source } = catalogOf([product("A", "lamp")]);
  const index = createProductIndex();
  const { promise, reject } = Promise.withResolvers<never>();
  const canceled: Source = { ...source, page: () => promise as never };
  const first = index.refresh(canceled);
  const others = [index.refresh(source), index.refresh(source)];
  reject(new Error("the client has left"));
  await assert.rejects(first, /has left/);
  await Promise.all(others);
  assert.deepEqual(
    index.find("lamp", 5).map((each) => each.sku),
    ["A"],
  );
});
