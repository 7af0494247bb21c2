/** Recommendation's tables, and the pairs found in the baskets that the example ships. */
import { readFileSync } from "node:fs";
import { migration } from "skein";

export interface RecommendTables {
  pairs: { sku: string; other: string; place: number; score: number; together: number };
  popular: { sku: string; together: number };
}

export type ShippedPair = readonly [sku: string, other: string, place: number, score: number, together: number];

/** Made by `data/make-pairs.ts` from the shipped baskets; read when the database is first opened. */
const shipped = (): ShippedPair[] =>
  JSON.parse(readFileSync(new URL("../data/pairs.json", import.meta.url), "utf8")) as ShippedPair[];

/** Rows per statement: SQLite takes 32,766 parameters, and there are five to a row. */
const rowsPerInsert = 1000;

export const migrations = [
  migration("001_pairs", (db) => [
    db.schema
      .createTable("pairs")
      .addColumn("sku", "varchar(40)", (c) => c.notNull())
      .addColumn("other", "varchar(40)", (c) => c.notNull())
      .addColumn("place", "integer", (c) => c.notNull())
      .addColumn("score", "double precision", (c) => c.notNull())
      .addColumn("together", "integer", (c) => c.notNull())
      .addPrimaryKeyConstraint("pairs_key", ["sku", "other"]),
    db.schema
      .createTable("popular")
      .addColumn("sku", "varchar(40)", (c) => c.primaryKey())
      .addColumn("together", "integer", (c) => c.notNull()),
    db.schema.createIndex("popular_first").on("popular").columns(["together"]),
  ]),
  migration("002_shipped_pairs", (db) => {
    const rows = shipped().map(([sku, other, place, score, together]) => ({ sku, other, place, score, together }));
    const popular = new Map<string, number>();
    for (const { sku, together } of rows) popular.set(sku, (popular.get(sku) ?? 0) + together);
    const inserts = [];
    for (let i = 0; i < rows.length; i += rowsPerInsert) {
      inserts.push(db.insertInto("pairs").values(rows.slice(i, i + rowsPerInsert)));
    }
    inserts.push(db.insertInto("popular").values([...popular].map(([sku, together]) => ({ sku, together }))));
    return inserts;
  }),
];
