/** The catalogue's code. */
import type { TransactionDatabase } from "skein";
import type { Product } from "./contract.ts";
import type { CatalogTables } from "./migrations.ts";
import { catalog } from "./service.ts";

/** Where imported products stand in the shop window: behind everything shipped. */
const lastPosition = 1_000_000;

/** Rows of one statement: one for each product costs a round trip each, one for all of them a statement that is never met again. */
const rowsPerInsert = 100;

const cardColumns = ["sku", "title", "price", "currency"] as const;

export default catalog.implement({
  async get({ id }, { db }, call) {
    const product = await db.selectFrom("products").selectAll().where("sku", "=", id).executeTakeFirst();
    if (product === undefined) throw call.error("PRODUCT_NOT_FOUND", { sku: id });
    return product;
  },

  async page({ after, limit }, { db }) {
    const products = await db
      .selectFrom("products")
      .selectAll()
      .where("sku", ">", after ?? "")
      .orderBy("sku")
      .limit(limit)
      .execute();
    const last = products.at(-1);
    return { products, ...(products.length === limit && last !== undefined && { next: last.sku }) };
  },

  async version(_input, { db }) {
    const row = await db.selectFrom("version").select("value").where("id", "=", 1).executeTakeFirstOrThrow();
    return row.value;
  },

  async cards({ skus }, { db, stock }) {
    const [rows, levels] = await Promise.all([
      skus.length === 0 ? [] : db.selectFrom("products").select(cardColumns).where("sku", "in", skus).execute(),
      stock.levels({ skus }),
    ]);
    const bySku = new Map(rows.map((row) => [row.sku, row]));
    return skus.flatMap((sku) => {
      const row = bySku.get(sku);
      return row === undefined ? [] : [{ ...row, available: levels[sku] ?? 0 }];
    });
  },

  async featured({ limit }, { db, stock }) {
    const rows = await db
      .selectFrom("products")
      .select(cardColumns)
      .orderBy("position")
      .orderBy("sku")
      .limit(limit)
      .execute();
    const levels = await stock.levels({ skus: rows.map((row) => row.sku) });
    return rows.map((row) => ({ ...row, available: levels[row.sku] ?? 0 }));
  },

  async add(product, { db }) {
    return db.transaction(async (tx) => {
      await store(tx, [product]);
      await changed(tx);
      return product;
    });
  },

  async put({ products }, { db }) {
    // The last of a sku wins: one statement cannot set a row twice.
    const rows = [...new Map(products.map((product) => [product.sku, product])).values()];
    return db.transaction(async (tx) => {
      for (let from = 0; from < rows.length; from += rowsPerInsert)
        await store(tx, rows.slice(from, from + rowsPerInsert));
      await changed(tx);
      return { changed: rows.length };
    });
  },
});

async function store(tx: TransactionDatabase<CatalogTables>, products: readonly Product[]): Promise<void> {
  await tx
    .insertInto("products")
    .values(products.map((product) => ({ ...product, position: lastPosition })))
    .onConflict((conflict) =>
      conflict.column("sku").doUpdateSet((eb) => ({
        title: eb.ref("excluded.title"),
        description: eb.ref("excluded.description"),
        category: eb.ref("excluded.category"),
        price: eb.ref("excluded.price"),
        currency: eb.ref("excluded.currency"),
      })),
    )
    .execute();
}

/** Whoever keeps products in memory reads them again. */
async function changed(tx: TransactionDatabase<CatalogTables>): Promise<void> {
  await tx
    .updateTable("version")
    .set((eb) => ({ value: eb("value", "+", 1) }))
    .where("id", "=", 1)
    .execute();
}
