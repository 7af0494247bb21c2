/** The payments' code. */
import { payments } from "./service.ts";

/** More than this in one charge and the stand-in bank says no. */
const limit = 100_000_000;

export default payments.implement({
  async charge({ order, user, amount, currency }, { db, provider }, call) {
    if (!provider.answers()) throw call.error("PROVIDER_BUSY");
    if (amount > limit) throw call.error("DECLINED");
    return db.transaction(async (tx) => {
      // Once per order, not only once per key: a key is forgotten after a day, and belongs to whoever used it.
      await tx
        .insertInto("charges")
        .values({ order_id: order, user_name: user, amount, currency })
        .onConflict((conflict) => conflict.column("order_id").doNothing())
        .execute();
      const row = await tx.selectFrom("charges").select("id").where("order_id", "=", order).executeTakeFirstOrThrow();
      return { charge: row.id };
    });
  },

  async paid({ orders }, { db }) {
    if (orders.length === 0) return [];
    const rows = await db.selectFrom("charges").select("order_id").where("order_id", "in", orders).execute();
    return rows.map((row) => row.order_id);
  },

  async methods({ currency }) {
    return currency === "EUR" ? ["card", "transfer", "sepa"] : ["card", "transfer"];
  },

  async count(_input, { db }) {
    const row = await db
      .selectFrom("charges")
      .select((eb) => [
        eb.fn.countAll<number>().as("charges"),
        eb.fn.coalesce(eb.fn.sum<number>("amount"), eb.val(0)).as("amount"),
      ])
      .executeTakeFirstOrThrow();
    return { charges: Number(row.charges), amount: Number(row.amount) };
  },
});
