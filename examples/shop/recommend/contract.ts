/** What recommendation promises: products that are bought together. */
import * as z from "zod";
import { command, contract, query } from "skein/contract";
import { User } from "../accounts/contract.ts";
import { Card, Sku } from "../catalog/contract.ts";

export const Pair = z.object({
  sku: Sku,
  other: Sku,
  rank: z.int().min(1),
  score: z.number(),
  together: z.int().min(1),
});

export const Recommend = contract("recommend", {
  related: query({
    input: z.object({ id: Sku, limit: z.int().min(1).max(20).default(6) }),
    output: z.object({ related: z.array(Card.extend({ together: z.int() })) }),
    http: "GET /products/:id/related",
    summary: "Products bought together with this one",
  }),
  forUser: query({ input: z.object({ user: User, limit: z.int().min(1).max(20).default(6) }), output: z.array(Card) }),
  /** The raw codes, titled or not. */
  codes: query({ input: z.object({ id: Sku, limit: z.int().min(1).max(20).default(6) }), output: z.array(Pair) }),
  /** Replaces what is known of every sku in the batch; all pairs of a sku come in one batch. */
  put: command({ input: z.object({ pairs: z.array(Pair).max(1000) }), output: z.object({ changed: z.int() }) }),
});
