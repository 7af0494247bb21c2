/** What payments promise: one charge per key, however often it is asked for. */
import * as z from "zod";
import { command, contract, query, raw } from "skein/contract";

export const Charge = z.object({
  order: z.int(),
  user: z.string(),
  amount: z.int().min(0),
  currency: z.string().length(3),
});

/** What the provider tells by webhook, in the body. */
export const Refund = z.object({
  id: z.string().min(1).max(100),
  type: z.literal("refund"),
  order: z.int(),
  amount: z.int().min(1),
});

export const Payments = contract("payments", {
  charge: command({
    input: Charge,
    output: z.object({ charge: z.int() }),
    errors: {
      PROVIDER_BUSY: {
        status: 503,
        canonical: "unavailable",
        message: "the payment provider did not answer; try again",
      },
      DECLINED: { status: 402, message: "the payment was declined" },
    },
  }),
  /** Which of these orders are paid. */
  paid: query({ input: z.object({ orders: z.array(z.int()).max(100) }), output: z.array(z.int()) }),
  /** The provider's word that money went back; the same event may come many times. */
  refunded: command({
    input: z.object({ signature: z.string().optional() }),
    body: raw({ max: "64KiB", types: ["application/json"] }),
    output: z.object({ isNew: z.boolean() }),
    errors: {
      NO_WEBHOOKS: { status: 404, canonical: "not_found", message: "webhooks are not set up here" },
      NOT_A_REFUND: { status: 422, message: "the event is not one that this shop knows" },
    },
    http: { route: "POST /webhooks/payments", headers: { "webhook-signature": "signature" } },
    summary: "A refund, told by the payment provider",
  }),
  /** Ways to pay, for the home page. */
  methods: query({ input: z.object({ currency: z.string().length(3) }), output: z.array(z.string()) }),
  /** Charges made so far: what an accountant, or a crash test, compares with the orders. */
  count: query({ output: z.object({ charges: z.int(), amount: z.int() }), http: "GET /payments/count" }),
});
