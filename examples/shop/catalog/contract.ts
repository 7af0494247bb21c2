/** What the catalogue promises: products, and cards that show a product together with its stock. */
import * as z from "zod";
import { command, contract, query } from "skein/contract";
import { line } from "../values.ts";

export const Sku = line(40).min(1);

/** Money is in integer minor units: `price: 1450` with `currency: "EUR"` is 14.50 euro. */
export const Product = z.object({
  sku: Sku,
  title: line(200).min(1),
  description: z.string().max(2000),
  category: line(60),
  price: z.int().min(0).max(100_000_000),
  currency: z.string().length(3),
});
export type Product = z.infer<typeof Product>;

/** A product as a list shows it. */
export const Card = Product.pick({ sku: true, title: true, price: true, currency: true }).extend({
  available: z.int(),
});

export const Catalog = contract("catalog", {
  get: query({
    input: z.object({ id: Sku }),
    output: Product,
    errors: {
      PRODUCT_NOT_FOUND: {
        data: z.object({ sku: z.string() }),
        status: 404,
        canonical: "not_found",
        message: "there is no such product",
      },
    },
    http: "GET /products/:id",
    summary: "One product",
  }),
  /** A page of products in order of sku, for whoever indexes them all. */
  page: query({
    input: z.object({ after: z.string().optional(), limit: z.int().min(1).max(500).default(500) }),
    output: z.object({ products: z.array(Product), next: z.string().optional() }),
  }),
  /** Changes whenever a product does. */
  version: query({ output: z.int() }),
  /** Cards of these products, in this order; unknown skus are left out. */
  cards: query({ input: z.object({ skus: z.array(Sku).max(100) }), output: z.array(Card) }),
  /** The shop window. */
  featured: query({ input: z.object({ limit: z.int().min(1).max(20).default(6) }), output: z.array(Card) }),
  add: command({
    input: Product,
    output: Product,
    http: { route: "POST /admin/products", status: 201 },
    summary: "Add a product, or replace it by sku",
  }),
  /** Adds products or replaces them by sku. */
  put: command({ input: z.object({ products: z.array(Product).max(500) }), output: z.object({ changed: z.int() }) }),
});
