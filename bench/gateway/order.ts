// Owns what every contestant of `gateway` shares: the request (200 bytes), its schema, what the handler does and the reply
// (300 bytes). Must never know a framework.
import * as z from "zod";

/** The route of all contestants. */
export const path = "/orders";

export const Order = z.object({
  customer: z.string().min(1).max(64),
  email: z.email(),
  items: z
    .array(z.object({ sku: z.string().min(1).max(32), quantity: z.int().min(1).max(99), price: z.number().min(0) }))
    .min(1)
    .max(50),
  express: z.boolean(),
  note: z.string().max(200).optional(),
});

export const Receipt = z.object({
  id: z.string(),
  customer: z.string(),
  email: z.string(),
  status: z.enum(["accepted", "refused"]),
  lines: z.array(z.object({ sku: z.string(), quantity: z.int(), total: z.number() })),
  total: z.number(),
  currency: z.string(),
  message: z.string(),
});

export type OrderIn = z.infer<typeof Order>;
export type ReceiptOut = z.infer<typeof Receipt>;

/** What the handler of every contestant does: enough to be a handler, too little to be what is measured. */
export function place(order: OrderIn): ReceiptOut {
  const lines = order.items.map(({ sku, quantity, price }) => ({ sku, quantity, total: quantity * price }));
  return {
    id: "ord-00000042",
    customer: order.customer,
    email: order.email,
    status: "accepted",
    lines,
    total: lines.reduce((sum, line) => sum + line.total, 0),
    currency: "EUR",
    message: `${order.note ?? ""} Thank you for your order. We pack it today.`,
  };
}

/** Pinned, like the schemas: a change of them makes figures incomparable. */
export const requestBody = JSON.stringify({
  customer: "Ada Lovelace",
  email: "ada@example.com",
  items: [
    { sku: "teapot-blue", quantity: 2, price: 12.5 },
    { sku: "cup-white", quantity: 6, price: 4.25 },
  ],
  express: true,
  note: "Ring twice, please",
});

export const replyBody: string = JSON.stringify(place(Order.parse(JSON.parse(requestBody))));
