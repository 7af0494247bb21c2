// Owns what the services of Moleculer's shop do, but for its orders: the same calls, statements and answers as
// examples/shop. Must not know where they run.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Errors } from "moleculer";
import { createProvider } from "../../../examples/shop/payments/provider.ts";
import { createProductIndex } from "../../../examples/shop/search/product-index.ts";
import { orders } from "./orders.mjs";
import { marks, openTables } from "./tables.mjs";

const user = { type: "string", min: 1, max: 100 };
const sku = { type: "string", min: 1, max: 40 };
const skus = { type: "array", max: 100, items: sku };
const limit = { type: "number", integer: true, min: 1, max: 100, convert: true, default: 6 };
const order = { type: "number", integer: true };
const items = {
  type: "array",
  min: 1,
  max: 100,
  items: { type: "object", props: { sku, quantity: { type: "number", integer: true, min: 1, max: 1000 } } },
};
const columns = "sku, title, description, category, price, currency";
const openingStock = 100_000;
const chargeMax = 100_000_000;
const refusal = (type, code, data) => new Errors.MoleculerError(type, code, type, data);

const accounts = (db) => ({
  profile: {
    params: { user },
    handler({ params }) {
      const row = db.get("select name, currency, newsletter from accounts where user_name = ?", params.user);
      if (row === undefined) return { user: params.user, name: params.user, currency: "EUR", newsletter: false };
      return { user: params.user, ...row, newsletter: row.newsletter === 1 };
    },
  },
  preferences: {
    params: { user },
    handler({ params }) {
      const row = db.get("select currency from accounts where user_name = ?", params.user);
      return { currency: row?.currency ?? "EUR", perPage: 20 };
    },
  },
});

const cart = (db) => ({
  view: {
    params: { user },
    async handler(context) {
      const rows = db.all(
        "select sku, quantity from lines where user_name = ? order by sku limit 100",
        context.params.user,
      );
      const quantities = new Map(rows.map((row) => [row.sku, row.quantity]));
      const cards = await context.call("catalog.cards", { skus: [...quantities.keys()] });
      const lines = cards.map((card) => ({ ...card, quantity: quantities.get(card.sku) ?? 0 }));
      return {
        user: context.params.user,
        lines,
        total: lines.reduce((sum, { price, quantity }) => sum + price * quantity, 0),
      };
    },
  },
});

const catalog = (db) => ({
  get: {
    params: { id: sku },
    handler({ params }) {
      const product = db.get(`select ${columns} from products where sku = ?`, params.id);
      if (product === undefined) throw refusal("PRODUCT_NOT_FOUND", 404, { sku: params.id });
      return product;
    },
  },
  page: {
    params: { after: { type: "string", optional: true } },
    handler({ params }) {
      const products = db.all(
        `select ${columns} from products where sku > ? order by sku limit 500`,
        params.after ?? "",
      );
      return { products, ...(products.length === 500 && { next: products.at(-1).sku }) };
    },
  },
  version: { handler: () => db.get("select value from version where id = 1").value },
  cards: {
    params: { skus },
    async handler(context) {
      const wanted = context.params.skus;
      const levels = context.call("stock.levels", { skus: wanted });
      const rows =
        wanted.length === 0
          ? []
          : db.all(`select sku, title, price, currency from products where sku in (${marks(wanted)})`, ...wanted);
      const bySku = new Map(rows.map((row) => [row.sku, row]));
      const available = await levels;
      return wanted.flatMap((one) => (bySku.has(one) ? [{ ...bySku.get(one), available: available[one] ?? 0 }] : []));
    },
  },
  featured: {
    params: { limit },
    async handler(context) {
      const rows = db.all(
        "select sku, title, price, currency from products order by position, sku limit ?",
        context.params.limit,
      );
      const levels = await context.call("stock.levels", { skus: rows.map((row) => row.sku) });
      return rows.map((row) => ({ ...row, available: levels[row.sku] ?? 0 }));
    },
  },
});

const notify = (db) => ({
  unread: {
    params: { user },
    async handler(context) {
      const { name } = await context.call("accounts.profile", { user: context.params.user });
      const select = "select id, text from messages where user_name = ? order by id desc limit 5";
      return { greeting: `Hello ${name}`, messages: db.all(select, context.params.user) };
    },
  },
  send: {
    params: { user, text: { type: "string", min: 1, max: 500 } },
    handler: ({ params }) => {
      const { lastInsertRowid } = db.run(
        "insert into messages (user_name, text) values (?, ?)",
        params.user,
        params.text,
      );
      return { id: Number(lastInsertRowid) };
    },
  },
});

const payments = (db) => {
  const provider = createProvider({ seed: 42, failureRate: 0.05 });
  return {
    charge: {
      params: {
        order,
        user,
        amount: { type: "number", integer: true, min: 0 },
        currency: { type: "string", length: 3 },
      },
      handler({ params }) {
        if (!provider.answers()) throw refusal("PROVIDER_BUSY", 503);
        if (params.amount > chargeMax) throw refusal("DECLINED", 402);
        const { order: id, user: name, amount, currency } = params;
        const insert =
          "insert into charges (order_id, user_name, amount, currency) values (?, ?, ?, ?) on conflict (order_id) do nothing";
        db.run(insert, id, name, amount, currency);
        return { charge: db.get("select id from charges where order_id = ?", id).id };
      },
    },
    methods: {
      params: { currency: { type: "string", length: 3 } },
      handler: ({ params }) => (params.currency === "EUR" ? ["card", "transfer", "sepa"] : ["card", "transfer"]),
    },
  };
};

const recommend = (db) => ({
  forUser: {
    params: { user, limit },
    async handler(context) {
      const most = context.params.limit * 4;
      const bought = await context.call("orders.skus", { user: context.params.user });
      const select = `select other as sku from pairs where sku in (${marks(bought)}) and other not in (${marks(bought)})
        group by other order by sum(score) desc limit ?`;
      const found = bought.length === 0 ? [] : db.all(select, ...bought, ...bought, most);
      const rows = found.length > 0 ? found : db.all("select sku from popular order by together desc limit ?", most);
      const cards = await context.call("catalog.cards", { skus: rows.map((row) => row.sku) });
      return cards.slice(0, context.params.limit);
    },
  },
});

const search = () => {
  const index = createProductIndex();
  const refresh = (caller) =>
    index.refresh({
      version: () => caller.call("catalog.version"),
      page: (input) => caller.call("catalog.page", input),
    });
  return {
    async started() {
      await this.broker.waitForServices("catalog");
      await refresh(this.broker);
    },
    products: {
      params: { q: { type: "string", max: 200, optional: true }, limit: { ...limit, default: 20 } },
      async handler(context) {
        await refresh(context);
        return { products: index.find(context.params.q, context.params.limit) };
      },
    },
    popular: {
      params: { limit },
      handler: (context) => context.call("catalog.cards", { skus: index.popular(context.params.limit) }),
    },
  };
};

const stock = (db) => ({
  levels: {
    params: { skus },
    handler({ params }) {
      const levels = Object.fromEntries(params.skus.map((one) => [one, openingStock]));
      if (params.skus.length === 0) return levels;
      const taken = db.all(`select sku, quantity from taken where sku in (${marks(params.skus)})`, ...params.skus);
      for (const row of taken) levels[row.sku] = openingStock - row.quantity;
      return levels;
    },
  },
  reserve: {
    params: { order, items },
    handler: ({ params }) =>
      db.transaction(() => {
        for (const line of params.items) {
          const insert = "insert into reservations values (?, ?, ?) on conflict do nothing";
          if (db.run(insert, params.order, line.sku, line.quantity).changes === 0) continue;
          db.run("insert into taken values (?, 0) on conflict do nothing", line.sku);
          const update = "update taken set quantity = quantity + ?1 where sku = ?2 and quantity <= ?3 - ?1";
          if (db.run(update, line.quantity, line.sku, openingStock).changes === 0)
            throw refusal("OUT_OF_STOCK", 409, { sku: line.sku });
        }
        return {};
      }),
  },
  release: {
    params: { order },
    handler: ({ params }) =>
      db.transaction(() => {
        for (const line of db.all("select sku, quantity from reservations where order_id = ?", params.order))
          db.run("update taken set quantity = quantity - ? where sku = ?", line.quantity, line.sku);
        db.run("delete from reservations where order_id = ?", params.order);
        return {};
      }),
  },
});

const storefront = () => ({
  home: {
    params: { user: { ...user, default: "guest" } },
    async handler(context) {
      const who = { user: context.params.user };
      const { currency } = await context.call("accounts.preferences", who);
      const [profile, basket, featured, forYou, popular, recent, unread, payWith] = await Promise.all([
        context.call("accounts.profile", who),
        context.call("cart.view", who),
        context.call("catalog.featured", {}),
        context.call("recommend.forUser", who),
        context.call("search.popular", {}),
        context.call("orders.recent", who),
        context.call("notify.unread", who),
        context.call("payments.methods", { currency }),
      ]);
      const lastOrders = recent.map(({ id, date, status, total, cards }) => ({
        id,
        date,
        status,
        total,
        titles: cards.map(({ title }) => title),
      }));
      return { profile, ...unread, cart: basket, featured, forYou, popular, lastOrders, payWith };
    },
  },
});

/** What test/faults/harness/systems/leaf.ts adds to Skein's shop: three services in a row, the last of which fails as a file says. */
const leaf = (_db, home) => ({
  ask() {
    appendFileSync(join(home, "leaf-calls"), ".");
    const file = join(home, "leaf-fault");
    const fault = existsSync(file) ? readFileSync(file, "utf8") : "";
    if (fault === "throws") throw new Error("a bug");
    // As its own errors of something that is away: may be sent again.
    if (fault === "unavailable") throw new Errors.MoleculerRetryableError("away", 503, "UNAVAILABLE");
    return process.pid;
  },
});
const middle = () => ({ ask: (context) => context.call("leaf.ask") });
const probe = () => ({ ask: (context) => context.call("middle.ask") });

const all = {
  accounts,
  cart,
  catalog,
  leaf,
  middle,
  notify,
  orders,
  payments,
  probe,
  recommend,
  search,
  stock,
  storefront,
};
const withoutTables = new Set(["leaf", "middle", "probe", "search", "storefront"]);

/** The service as Moleculer wants it. */
export function serviceOf(name, home) {
  const db = withoutTables.has(name) ? undefined : openTables(home, name);
  const { started, ...actions } = all[name](db, home);
  return { name, actions, ...(started && { started }), stopped: () => db?.close() };
}
