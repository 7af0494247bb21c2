/** The payments' declaration. */
import * as z from "zod";
import { config, database, type Generated, migration, resource, service } from "skein";
import { Payments } from "./contract.ts";

export interface PaymentsTables {
  charges: { id: Generated<number>; order_id: number; user_name: string; amount: number; currency: string };
  refunds: { id: string; order_id: number; amount: number };
}

const migrations = [
  migration("001_charges", (db) => [
    db.schema
      .createTable("charges")
      .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
      .addColumn("order_id", "integer", (c) => c.notNull().unique())
      .addColumn("user_name", "varchar(100)", (c) => c.notNull())
      .addColumn("amount", "integer", (c) => c.notNull())
      .addColumn("currency", "varchar(3)", (c) => c.notNull()),
  ]),
  migration("002_refunds", (db) => [
    db.schema
      .createTable("refunds")
      // The provider's own id of the event, so that it counts once however often it is sent.
      .addColumn("id", "varchar(100)", (c) => c.primaryKey())
      .addColumn("order_id", "integer", (c) => c.notNull())
      .addColumn("amount", "integer", (c) => c.notNull()),
  ]),
];

export const payments = service(Payments, {
  has: {
    db: database<PaymentsTables>("payments", { dialect: "portable", migrations }),
    /** `PAYMENTS_WEBHOOK_SECRET`, shared with the provider; without it no webhook is believed. */
    cfg: config(z.object({ webhookSecret: z.string().min(16).optional() })),
    provider: resource({
      open: async () => (await import("./provider.ts")).createProvider({ seed: 42, failureRate: 0.05 }),
    }),
  },
  policy: {
    charge: { access: "internal" },
    paid: { access: "internal" },
    methods: { access: "internal" },
    count: { access: "public" },
    // Whoever knows the secret: the handler checks the signature before it reads a word.
    refunded: { access: "public" },
  },
});
