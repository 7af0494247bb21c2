/** Owns what the shop's databases say when everything is over. It must never ask the shop: that is what is being judged. */
import { existsSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

export interface OrderRow {
  readonly id: number;
  readonly key: string | null;
  readonly status: string;
  readonly total: number;
}

export interface Ledger {
  readonly orders: readonly OrderRow[];
  readonly charges: readonly { readonly order: number; readonly amount: number }[];
}

const ordersQuery = `select id, request_key as "key", status, total from orders order by id`;
const chargesQuery = `select order_id as "order", amount from charges order by id`;

/** Of `.skein/data` in this state directory. */
export function readSqlite(home: string): Ledger {
  return {
    orders: rowsOf(path.join(home, "data/orders.sqlite"), ordersQuery) as unknown as OrderRow[],
    charges: rowsOf(path.join(home, "data/payments.sqlite"), chargesQuery) as unknown as Ledger["charges"],
  };
}

function rowsOf(file: string, query: string): Record<string, unknown>[] {
  if (!existsSync(file)) throw new Error(`no database at ${file}`);
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare(query).all();
  } finally {
    database.close();
  }
}
