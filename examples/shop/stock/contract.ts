/** What the stock promises: levels, and reservations that happen once per order or not at all. */
import * as z from "zod";
import { command, contract, query } from "skein/contract";
import { line } from "../values.ts";

/** Lines of an order; lines of one sku add up. */
export const Items = z
  .array(z.object({ sku: line(40).min(1), quantity: z.int().min(1).max(1000) }))
  .min(1)
  .max(100);

export const Stock = contract("stock", {
  /** Units available by sku; a sku that was never counted has the opening stock. */
  levels: query({ input: z.object({ skus: z.array(z.string()).max(100) }), output: z.record(z.string(), z.int()) }),
  reserve: command({
    input: z.object({ order: z.int(), items: Items }),
    output: z.object({ reserved: z.int() }),
    errors: {
      OUT_OF_STOCK: { data: z.object({ sku: z.string() }), status: 409, message: "not enough of this product is left" },
    },
  }),
  /** Gives a reservation back; harmless when there is none. */
  release: command({ input: z.object({ order: z.int() }), output: z.object({ released: z.int() }) }),
});
