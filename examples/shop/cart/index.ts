/** The cart's code. */
import { cart } from "./service.ts";

const linesMax = 100;

export default cart.implement({
  async view({ user }, { db, catalog }) {
    const rows = await db
      .selectFrom("lines")
      .selectAll()
      .where("user_name", "=", user)
      .orderBy("sku")
      .limit(linesMax)
      .execute();
    const quantities = new Map(rows.map((row) => [row.sku, row.quantity]));
    const cards = await catalog.cards({ skus: [...quantities.keys()] });
    const lines = cards.map((card) => ({ ...card, quantity: quantities.get(card.sku) ?? 0 }));
    return { user, lines, total: lines.reduce((sum, line) => sum + line.price * line.quantity, 0) };
  },

  async put({ user, sku, quantity }, { db }) {
    return db.transaction(async (tx) => {
      if (quantity === 0) {
        await tx.deleteFrom("lines").where("user_name", "=", user).where("sku", "=", sku).execute();
      } else {
        await tx
          .insertInto("lines")
          .values({ user_name: user, sku, quantity })
          .onConflict((conflict) => conflict.columns(["user_name", "sku"]).doUpdateSet({ quantity }))
          .execute();
      }
      const lines = await tx.selectFrom("lines").select("sku").where("user_name", "=", user).execute();
      return { lines: lines.length };
    });
  },
});
