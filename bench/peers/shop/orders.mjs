// Owns the orders of Moleculer's shop, written with the care of examples/shop/orders: the customer's key is unique, each
// step may be run again, and what an earlier process left pending is finished at the start.
import { Errors } from "moleculer";

const user = { type: "string", min: 1, max: 100 };
const attemptsMax = 6;
const totalMax = 2_000_000_000;
const refusal = (type, code, data) => new Errors.MoleculerError(type, code, type, data);

export function orders(db) {
  const byId = (id) => db.get("select * from orders where id = ?", id);
  const lately = (name) => db.all("select * from orders where user_name = ? order by id desc limit 3", name);

  function end(id, status, why) {
    db.run("update orders set status = ?, refusal = ? where id = ? and status = 'pending'", status, why, id);
    return byId(id);
  }

  async function charge(row, caller) {
    for (let attempt = 1; ; attempt++)
      try {
        const { id, user_name, total, currency } = row;
        return await caller.call("payments.charge", { order: id, user: user_name, amount: total, currency });
      } catch (error) {
        if (error.type !== "PROVIDER_BUSY") throw error;
        if (attempt === attemptsMax) throw refusal("PAYMENT_PENDING", 503, { order: row.id });
      }
  }

  async function finish(row, caller) {
    if (row.status !== "pending") return row;
    try {
      await caller.call("stock.reserve", { order: row.id, items: JSON.parse(row.items) });
    } catch (error) {
      if (error.type === "OUT_OF_STOCK") return end(row.id, "refused", "OUT_OF_STOCK");
      throw error;
    }
    try {
      await charge(row, caller);
    } catch (error) {
      if (error.type !== "DECLINED") throw error;
      await caller.call("stock.release", { order: row.id });
      return end(row.id, "refused", "PAYMENT_DECLINED");
    }
    const paid = end(row.id, "paid", null);
    const text = `Order ${row.id} is paid`;
    // The order is paid whatever becomes of the message.
    await caller.call("notify.send", { user: row.user_name, text }).catch(() => undefined);
    return paid;
  }

  function insert(order, key, total, currency) {
    const sql = `insert into orders (request_key, user_name, created_at, status, items, total, currency)
      values (?, ?, ?, 'pending', ?, ?, ?) on conflict (request_key) do nothing`;
    const items = JSON.stringify(order.items);
    const { changes, lastInsertRowid } = db.run(sql, key, order.user, new Date().toISOString(), items, total, currency);
    if (changes === 1) return byId(Number(lastInsertRowid));
    const row = db.get("select * from orders where request_key = ?", key);
    if (row.user_name !== order.user || row.items !== items) throw refusal("KEY_REUSED", 409);
    return row;
  }

  return {
    place: {
      params: { user, items: { type: "array", min: 1, max: 100, items: "object" } },
      async handler(context) {
        const order = context.params;
        const cards = await context.call("catalog.cards", { skus: order.items.map(({ sku }) => sku) });
        const prices = new Map(cards.map((card) => [card.sku, card]));
        const missing = order.items.find(({ sku }) => !prices.has(sku));
        if (missing !== undefined) throw refusal("PRODUCT_UNKNOWN", 422, { sku: missing.sku });
        if (new Set(cards.map(({ currency }) => currency)).size > 1) throw refusal("CURRENCIES_MIXED", 422);
        const total = order.items.reduce((sum, { sku, quantity }) => sum + prices.get(sku).price * quantity, 0);
        if (total > totalMax) throw refusal("ORDER_TOO_LARGE", 422);
        const row = insert(order, context.meta.key ?? null, total, cards[0].currency);
        const done = await finish(row, context);
        if (done.refusal === "OUT_OF_STOCK") throw refusal("OUT_OF_STOCK", 409);
        if (done.refusal !== null) throw refusal("PAYMENT_DECLINED", 402);
        context.meta.$statusCode = 201;
        return toOrder(done);
      },
    },
    recent: {
      params: { user },
      async handler(context) {
        const rows = lately(context.params.user).map(toOrder);
        const skus = [...new Set(rows.flatMap(({ items }) => items.map(({ sku }) => sku)))].slice(0, 100);
        const cards = new Map((await context.call("catalog.cards", { skus })).map((card) => [card.sku, card]));
        return rows.map((row) => ({ ...row, cards: row.items.flatMap(({ sku }) => cards.get(sku) ?? []) }));
      },
    },
    skus: {
      params: { user },
      handler({ params }) {
        const lines = lately(params.user).flatMap(({ items }) => JSON.parse(items));
        return [...new Set(lines.map(({ sku }) => sku))].slice(0, 20);
      },
    },
    async started() {
      const { broker } = this;
      // Not waited for: stock and payments start with this process.
      void broker.waitForServices(["stock", "payments", "notify"]).then(async () => {
        for (const row of db.all("select * from orders where status = 'pending' order by id"))
          await finish(row, broker).catch((error) =>
            broker.logger.warn("an order stays pending", row.id, error.message),
          );
      });
    },
  };
}

function toOrder({ id, user_name, created_at, status, items, total, currency }) {
  const date = created_at.slice(0, 19).replace("T", " ");
  return { id, user: user_name, date, status, items: JSON.parse(items), total, currency };
}
