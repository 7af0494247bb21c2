/** The shop's window at the edge: the front page, cards by sku, and all products as a stream. */
import { service } from "skein";
import * as z from "zod";
import { contract, query, stream } from "skein/contract";
import { Card, Catalog, Product, Sku } from "../catalog/contract.ts";
import { Recommend } from "../recommend/contract.ts";

const Window = contract("window", {
  home: query({
    output: z.object({ featured: z.array(Card), popular: z.array(Card) }),
    http: "GET /home",
    summary: "The front page",
  }),
  cards: query({
    input: z.object({ skus: z.array(Sku).max(100) }),
    output: z.object({ cards: z.array(Card) }),
    http: "POST /cards",
    summary: "Cards of these products",
  }),
  all: query({
    input: z.object({ limit: z.int().min(1).max(10_000).default(10_000) }),
    output: stream(Product, { id: "sku" }),
    http: "GET /export",
    summary: "Every product, one by one",
  }),
});

/** Products that are read at a time: a slow reader makes the next ones wait. */
const pageSize = 25;

export default service(Window, {
  uses: { catalog: Catalog.pick("featured", "page", "cards"), recommend: Recommend.pick("forUser") },
  policy: { home: { access: "public" }, cards: { access: "public" }, all: { access: "public" } },
}).implement({
  async home(_input, { catalog, recommend }) {
    const [featured, popular] = await Promise.all([
      catalog.featured({ limit: 6 }),
      recommend.forUser({ user: "guest", limit: 6 }),
    ]);
    return { featured, popular };
  },

  async cards({ skus }, { catalog }) {
    return { cards: await catalog.cards({ skus }) };
  },

  async *all({ limit }, { catalog }, call) {
    let given = 0;
    for (let after = call.resumeFrom; given < limit;) {
      const page = await catalog.page({
        ...(after !== undefined && { after }),
        limit: Math.min(pageSize, limit - given),
      });
      yield* page.products;
      given += page.products.length;
      if (page.next === undefined) return;
      after = page.next;
    }
  },
});
