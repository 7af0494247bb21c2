/** The stock's code. */
import { stock } from "./service.ts";

/** Units of every product when the shop opens: a demonstration should not sell out. */
const opening = 100_000;

export default stock.implement({
  async levels({ skus }, { db }) {
    const levels = Object.fromEntries(skus.map((sku) => [sku, opening]));
    if (skus.length === 0) return levels;
    const taken = await db.selectFrom("taken").selectAll().where("sku", "in", skus).execute();
    for (const { sku, quantity } of taken) levels[sku] = opening - quantity;
    return levels;
  },

  async reserve({ order, items }, { db }, call) {
    const sums = new Map<string, number>();
    for (const { sku, quantity } of items) sums.set(sku, (sums.get(sku) ?? 0) + quantity);
    return db.transaction(async (tx) => {
      let reserved = 0;
      // In order of sku, so that two orders that share products never wait for each other in a circle.
      for (const [sku, quantity] of [...sums].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const inserted = await tx
          .insertInto("reservations")
          .values({ order_id: order, sku, quantity })
          .onConflict((conflict) => conflict.columns(["order_id", "sku"]).doNothing())
          .executeTakeFirst();
        if (inserted.numInsertedOrUpdatedRows === 0n) continue;
        await tx
          .insertInto("taken")
          .values({ sku, quantity: 0 })
          .onConflict((conflict) => conflict.column("sku").doNothing())
          .execute();
        // The condition is in the update: two orders cannot both take the last one.
        const updated = await tx
          .updateTable("taken")
          .set((eb) => ({ quantity: eb("quantity", "+", quantity) }))
          .where("sku", "=", sku)
          .where("quantity", "<=", opening - quantity)
          .executeTakeFirst();
        if (updated.numUpdatedRows === 0n) throw call.error("OUT_OF_STOCK", { sku });
        reserved += quantity;
      }
      return { reserved };
    });
  },

  async release({ order }, { db }) {
    return db.transaction(async (tx) => {
      const lines = await tx
        .selectFrom("reservations")
        .selectAll()
        .where("order_id", "=", order)
        .orderBy("sku")
        .execute();
      for (const { sku, quantity } of lines) {
        await tx
          .updateTable("taken")
          .set((eb) => ({ quantity: eb("quantity", "-", quantity) }))
          .where("sku", "=", sku)
          .execute();
      }
      await tx.deleteFrom("reservations").where("order_id", "=", order).execute();
      return { released: lines.length };
    });
  },
});
