/** The catalogue's tables, and the products the example ships. */
import { readFileSync } from "node:fs";
import { migration } from "skein";
import type { Product } from "./contract.ts";

export interface CatalogTables {
  products: Product & { position: number };
  version: { id: number; value: number };
}

/** Read when a database is first opened, not when this declaration is imported. */
const shipped = (): Product[] =>
  JSON.parse(readFileSync(new URL("../data/catalogue.json", import.meta.url), "utf8")) as Product[];

export const migrations = [
  migration("001_products", (db) => [
    db.schema
      .createTable("products")
      .addColumn("sku", "varchar(40)", (c) => c.primaryKey())
      .addColumn("title", "varchar(200)", (c) => c.notNull())
      .addColumn("description", "text", (c) => c.notNull())
      .addColumn("category", "varchar(60)", (c) => c.notNull())
      .addColumn("price", "integer", (c) => c.notNull())
      .addColumn("currency", "varchar(3)", (c) => c.notNull())
      // Featured products are the first by position; imported ones come last.
      .addColumn("position", "integer", (c) => c.notNull()),
    db.schema
      .createTable("version")
      .addColumn("id", "integer", (c) => c.primaryKey())
      .addColumn("value", "integer", (c) => c.notNull()),
    db.insertInto("version").values({ id: 1, value: 1 }),
  ]),
  migration("002_shipped_products", (db) => [
    db.insertInto("products").values(shipped().map((product, position) => ({ ...product, position }))),
  ]),
];
