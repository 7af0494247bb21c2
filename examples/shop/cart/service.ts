/** The cart's declaration. */
import { database, migration, service } from "skein";
import { Catalog } from "../catalog/contract.ts";
import { Cart } from "./contract.ts";

export interface CartTables {
  lines: { user_name: string; sku: string; quantity: number };
}

const migrations = [
  migration("001_cart", (db) => [
    db.schema
      .createTable("lines")
      .addColumn("user_name", "varchar(100)", (c) => c.notNull())
      .addColumn("sku", "varchar(40)", (c) => c.notNull())
      .addColumn("quantity", "integer", (c) => c.notNull())
      .addPrimaryKeyConstraint("lines_key", ["user_name", "sku"]),
  ]),
];

export const cart = service(Cart, {
  uses: { catalog: Catalog.pick("cards") },
  has: { db: database<CartTables>("cart", { dialect: "portable", migrations }) },
  policy: { view: { access: "public" }, put: { access: "public" } },
});
