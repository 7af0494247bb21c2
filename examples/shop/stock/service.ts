/** The stock's declaration. */
import { database, migration, service } from "skein";
import { Stock } from "./contract.ts";

export interface StockTables {
  /** What was taken; a sku without a row still has all of its opening stock. */
  taken: { sku: string; quantity: number };
  reservations: { order_id: number; sku: string; quantity: number };
}

const migrations = [
  migration("001_stock", (db) => [
    db.schema
      .createTable("taken")
      .addColumn("sku", "varchar(40)", (c) => c.primaryKey())
      .addColumn("quantity", "integer", (c) => c.notNull()),
    db.schema
      .createTable("reservations")
      .addColumn("order_id", "integer", (c) => c.notNull())
      .addColumn("sku", "varchar(40)", (c) => c.notNull())
      .addColumn("quantity", "integer", (c) => c.notNull())
      .addPrimaryKeyConstraint("reservations_key", ["order_id", "sku"]),
  ]),
];

export const stock = service(Stock, {
  has: { db: database<StockTables>("stock", { dialect: "portable", migrations }) },
  policy: { levels: { access: "internal" }, reserve: { access: "internal" }, release: { access: "internal" } },
});
