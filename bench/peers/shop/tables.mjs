// Owns the databases of Moleculer's shop: the same tables as examples/shop has, by hand. Opened by every process that has
// a service of theirs; must be safe to open by several at once.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const shipped = (name) => JSON.parse(readFileSync(new URL(`../../../examples/shop/data/${name}`, import.meta.url)));
const lockWaitMs = 5_000;

/** By service: tables, and the rows that it begins with. */
const tables = {
  accounts: { sql: "create table accounts (user_name text primary key, name text, currency text, newsletter integer)" },
  cart: {
    sql: "create table lines (user_name text, sku text, quantity integer, primary key (user_name, sku))",
  },
  catalog: {
    sql: `create table products (sku text primary key, title text, description text, category text, price integer,
            currency text, position integer);
          create table version (id integer primary key, value integer);
          insert into version values (1, 1)`,
    fill(db) {
      const insert = db.prepare("insert into products values (?, ?, ?, ?, ?, ?, ?)");
      for (const [position, { sku, title, description, category, price, currency }] of shipped(
        "catalogue.json",
      ).entries())
        insert.run(sku, title, description, category, price, currency, position);
    },
  },
  notify: {
    sql: `create table messages (id integer primary key autoincrement, user_name text, text text);
          create index messages_by_user on messages (user_name, id)`,
  },
  orders: {
    sql: `create table orders (id integer primary key autoincrement, request_key text unique, user_name text not null,
            created_at text not null, status text not null, refusal text, items text not null, total integer not null,
            currency text not null);
          create index orders_by_user on orders (user_name, id);
          create index orders_by_status on orders (status, id)`,
  },
  payments: {
    sql: `create table charges (id integer primary key autoincrement, order_id integer not null unique,
            user_name text not null, amount integer not null, currency text not null)`,
  },
  recommend: {
    sql: `create table pairs (sku text, other text, place integer, score real, together integer,
            primary key (sku, other));
          create table popular (sku text primary key, together integer);
          create index popular_first on popular (together)`,
    fill(db) {
      const insert = db.prepare("insert into pairs values (?, ?, ?, ?, ?)");
      for (const row of shipped("pairs.json")) insert.run(...row);
      db.exec("insert into popular select sku, sum(together) from pairs group by sku");
    },
  },
  stock: {
    sql: `create table taken (sku text primary key, quantity integer not null);
          create table reservations (order_id integer, sku text, quantity integer, primary key (order_id, sku))`,
  },
};

/**
 * The service's database with `all`, `get`, `run` and `transaction`. Statements run in the process's one thread, so that it
 * must not wait for the disk: a commit survives the death of the process and not that of the machine. Skein's survives both.
 */
export function openTables(home, service) {
  const { sql, fill } = tables[service];
  mkdirSync(join(home, "data"), { recursive: true });
  const db = new DatabaseSync(join(home, "data", `${service}.sqlite`), { timeout: lockWaitMs });
  db.exec("pragma journal_mode = wal; pragma synchronous = normal");
  const statements = new Map();
  const prepared = (text) => {
    if (!statements.has(text)) statements.set(text, db.prepare(text));
    return statements.get(text);
  };
  const transaction = (work) => {
    db.exec("begin immediate");
    try {
      const result = work();
      db.exec("commit");
      return result;
    } catch (error) {
      db.exec("rollback");
      throw error;
    }
  };
  transaction(() => {
    if (db.prepare("select 1 from sqlite_master limit 1").get() !== undefined) return;
    db.exec(sql);
    fill?.(db);
  });
  return {
    all: (text, ...values) => prepared(text).all(...values),
    get: (text, ...values) => prepared(text).get(...values),
    run: (text, ...values) => prepared(text).run(...values),
    transaction,
    close: () => db.close(),
  };
}

/** `?, ?, ?`: as many as there are values. */
export const marks = (values) => values.map(() => "?").join(", ");
