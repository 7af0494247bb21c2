/** The payments' code. */
import { webhook } from "skein";
import { Refund } from "./contract.ts";
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

  async refunded({ signature }, { db, cfg }, call) {
    if (cfg.webhookSecret === undefined) throw call.error("NO_WEBHOOKS");
    const body = await call.body.bytes();
    await webhook({ secret: cfg.webhookSecret }).verify({ body, signature, now: call.now() });
    const event = refundOf(body);
    if (event === undefined) throw call.error("NOT_A_REFUND");
    const { id, order, amount } = event;
    return db.transaction(async (tx) => {
      const found = await tx.selectFrom("refunds").select("id").where("id", "=", id).executeTakeFirst();
      if (found !== undefined) return { isNew: false };
      await tx.insertInto("refunds").values({ id, order_id: order, amount }).execute();
      return { isNew: true };
    });
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

function refundOf(body: Uint8Array) {
  try {
    return Refund.parse(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return undefined;
  }
}
