/** What payments promise: one charge per key, however often it is asked for. */
import * as z from "zod";
import { command, contract, query } from "skein/contract";

export const Charge = z.object({
  order: z.int(),
  user: z.string(),
  amount: z.int().min(0),
  currency: z.string().length(3),
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
  /** Ways to pay, for the home page. */
  methods: query({ input: z.object({ currency: z.string().length(3) }), output: z.array(z.string()) }),
  /** Charges made so far: what an accountant, or a crash test, compares with the orders. */
  count: query({ output: z.object({ charges: z.int(), amount: z.int() }), http: "GET /payments/count" }),
});
