/** The orders' code. */
import { ownerOf, tenantOf } from "../identity.ts";
import { finish, type Row } from "./finish.ts";
import { orders } from "./service.ts";

const sweepBatch = 100;
/** Minor units; a sum of everything an order may hold would not fit its column. */
const totalMax = 2_000_000_000;

export default orders.implement(
  {
    async place(order, own, call) {
      const { db, catalog } = own;
      const prices = new Map(
        (await catalog.cards({ skus: order.items.map((item) => item.sku) })).map((card) => [card.sku, card]),
      );
      let total = 0;
      const currencies = new Set<string>();
      for (const { sku, quantity } of order.items) {
        const card = prices.get(sku);
        if (card === undefined) throw call.error("PRODUCT_UNKNOWN", { sku });
        total += card.price * quantity;
        currencies.add(card.currency);
      }
      const [currency] = currencies;
      if (currency === undefined || currencies.size > 1) throw call.error("CURRENCIES_MIXED");

      if (total > totalMax) throw call.error("ORDER_TOO_LARGE");

      const principal = ownerOf(call.principal);
      const row = await db.transaction(async (tx): Promise<Row> => {
        const inserted = await tx
          .insertInto("orders")
          .values({
            principal,
            tenant: tenantOf(call.principal),
            request_key: call.key ?? null,
            user_name: order.user,
            created_at: call.now(),
            status: "pending",
            refusal: null,
            items: order.items,
            total,
            currency,
          })
          .onConflict((conflict) => conflict.columns(["principal", "request_key"]).doNothing())
          .returningAll()
          .executeTakeFirst();
        if (inserted !== undefined) return inserted;
        return tx
          .selectFrom("orders")
          .selectAll()
          .where("principal", "=", principal)
          .where("request_key", "=", call.key ?? null)
          .executeTakeFirstOrThrow();
      });
      if (!isSameOrder(row, order)) throw call.error("KEY_REUSED");

      const done = await finish(row, own, call.log);
      if (done.status === "pending") throw call.error("PAYMENT_PENDING", { order: done.id });
      if (done.refusal === "PAYMENT_DECLINED") throw call.error("PAYMENT_DECLINED");
      if (done.refusal !== null) throw call.error("OUT_OF_STOCK", { sku: done.refusal.slice("OUT_OF_STOCK ".length) });
      return toOrder(done);
    },

    async list({ user, limit, after }, { db }) {
      let select = db
        .selectFrom("orders")
        .selectAll()
        .where("id", ">", after)
        .orderBy("id")
        .limit(limit + 1);
      if (user !== undefined) select = select.where("user_name", "=", user);
      return toPage(await select.execute(), limit);
    },

    async mine({ limit, after }, { db }, call) {
      const rows = await db
        .selectFrom("orders")
        .selectAll()
        .where("principal", "=", ownerOf(call.principal))
        .where("id", ">", after)
        .orderBy("id")
        .limit(limit + 1)
        .execute();
      return toPage(rows, limit);
    },

    // Its guard has found the order to be there, and the caller's.
    async myOrder({ id }, { db }) {
      return toOrder(await db.selectFrom("orders").selectAll().where("id", "=", id).executeTakeFirstOrThrow());
    },

    async all({ limit, after }, { db }, call) {
      const rows = await db
        .selectFrom("orders")
        .selectAll()
        .where("tenant", "=", tenantOf(call.principal))
        .where("id", ">", after)
        .orderBy("id")
        .limit(limit + 1)
        .execute();
      return toPage(rows, limit);
    },

    async get({ id }, { db }, call) {
      const row = await db.selectFrom("orders").selectAll().where("id", "=", id).executeTakeFirst();
      if (row === undefined) throw call.error("ORDER_NOT_FOUND", { id });
      return toOrder(row);
    },

    async recent({ user }, { db, catalog }) {
      const rows = await db
        .selectFrom("orders")
        .selectAll()
        .where("user_name", "=", user)
        .orderBy("id", "desc")
        .limit(3)
        .execute();
      const skus = [...new Set(rows.flatMap((row) => row.items.map((item) => item.sku)))].slice(0, 100);
      const cards = new Map((await catalog.cards({ skus })).map((card) => [card.sku, card]));
      return rows.map((row) => ({
        ...toOrder(row),
        cards: row.items.flatMap(({ sku }) => cards.get(sku) ?? []),
      }));
    },

    async skus({ user }, { db }) {
      const rows = await db
        .selectFrom("orders")
        .select("items")
        .where("user_name", "=", user)
        .orderBy("id", "desc")
        .limit(3)
        .execute();
      return [...new Set(rows.flatMap((row) => row.items.map((item) => item.sku)))].slice(0, 20);
    },
  },
  {
    guards: {
      /** A missing order and somebody else's look the same. */
      async myOrder({ id }, { db }, call) {
        if (call.principal === undefined) return false;
        const row = await db.selectFrom("orders").select("principal").where("id", "=", id).executeTakeFirst();
        return row?.principal === ownerOf(call.principal);
      },
    },
    /** Finishes what an earlier process left pending. */
    async start(own, call) {
      let after = 0;
      for (;;) {
        const rows = await own.db
          .selectFrom("orders")
          .selectAll()
          .where("status", "=", "pending")
          .where("id", ">", after)
          .orderBy("id")
          .limit(sweepBatch)
          .execute();
        for (const row of rows) {
          // One order that cannot be finished must not keep the others waiting.
          await finish(row, own, call.log).catch((error: unknown) =>
            call.log.warn("an order stays pending", { order: row.id, error }),
          );
          after = row.id;
        }
        if (rows.length < sweepBatch) return;
      }
    },
  },
);

function isSameOrder(row: Row, order: { readonly user: string; readonly items: Row["items"] }): boolean {
  const text = (items: Row["items"]) => items.map(({ sku, quantity }) => `${quantity}x${sku}`).join();
  return row.user_name === order.user && text(row.items) === text(order.items);
}

/** One row more than asked for says whether there is a next page. */
function toPage(rows: readonly Row[], limit: number) {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { orders: page.map(toOrder), ...(rows.length > limit && last !== undefined && { next: String(last.id) }) };
}

function toOrder(row: Row) {
  return {
    id: row.id,
    user: row.user_name,
    date: row.created_at.toISOString().slice(0, 19).replace("T", " "),
    status: row.status,
    items: row.items,
    total: row.total,
    currency: row.currency,
  };
}
