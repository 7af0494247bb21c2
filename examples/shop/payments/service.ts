/** The payments' declaration. */
import { database, type Generated, migration, resource, service } from "skein";
import { Payments } from "./contract.ts";

export interface PaymentsTables {
  charges: { id: Generated<number>; order_id: number; user_name: string; amount: number; currency: string };
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
];

export const payments = service(Payments, {
  has: {
    db: database<PaymentsTables>("payments", { dialect: "portable", migrations }),
    provider: resource({
      open: async () => (await import("./provider.ts")).createProvider({ seed: 42, failureRate: 0.05 }),
    }),
  },
  policy: {
    charge: { access: "internal" },
    paid: { access: "internal" },
    methods: { access: "internal" },
    count: { access: "public" },
  },
});
