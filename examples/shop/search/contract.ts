/** What search promises: products that match words. */
import * as z from "zod";
import { contract, query } from "skein/contract";
import { Card, Product } from "../catalog/contract.ts";

export const Search = contract("search", {
  products: query({
    input: z.object({ q: z.string().max(200).optional(), limit: z.int().min(1).max(100).default(20) }),
    output: z.object({ products: z.array(Product) }),
    http: "GET /products",
    summary: "Products, by words of their title, category or description",
  }),
  /** What searches have found most often lately. */
  popular: query({ input: z.object({ limit: z.int().min(1).max(20).default(6) }), output: z.array(Card) }),
});
