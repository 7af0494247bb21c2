/**
 * Takes a pending order to its end: stock, payment, paid. Every step has a key made of the order's id, so it may be run
 * again by the next request with the same key, or by the sweep of the next process, without a second effect.
 */
import { type ActionDatabase, type Client, isDeclared, type Log } from "skein";
import type { Notify } from "../notify/contract.ts";
import type { Payments } from "../payments/contract.ts";
import type { Stock } from "../stock/contract.ts";
import type { OrdersTables } from "./service.ts";

export type Row = Omit<OrdersTables["orders"], "id"> & { id: number };

export interface Means {
  readonly db: ActionDatabase<OrdersTables>;
  readonly stock: Pick<Client<typeof Stock>, "reserve" | "release">;
  readonly payments: Pick<Client<typeof Payments>, "charge">;
  readonly notify: Pick<Client<typeof Notify>, "send">;
}

/** Tries of one charge before the customer is told to ask again; the provider fails one time in twenty. */
const attemptsMax = 6;

/** The order as it ended; it is still pending when the provider would not answer. */
export async function finish(row: Row, means: Means, log: Log): Promise<Row> {
  if (row.status !== "pending") return row;
  const { stock, payments, notify } = means;
  const step = (name: string) => ({ key: `order:${row.id}:${name}` });
  try {
    await stock.reserve({ order: row.id, items: row.items }, step("reserve"));
  } catch (error) {
    if (!isDeclared(error, "OUT_OF_STOCK")) throw error;
    return end(row, means, "refused", `OUT_OF_STOCK ${(error.data as { sku: string }).sku}`);
  }
  const charge = { order: row.id, user: row.user_name, amount: row.total, currency: row.currency };
  for (let attempt = 1; ; attempt++) {
    try {
      await payments.charge(charge, step("charge"));
      break;
    } catch (error) {
      if (isDeclared(error, "DECLINED")) {
        await stock.release({ order: row.id }, step("release"));
        return end(row, means, "refused", "PAYMENT_DECLINED");
      }
      if (!isDeclared(error, "PROVIDER_BUSY")) throw error;
      if (attempt === attemptsMax) return row;
    }
  }
  const paid = await end(row, means, "paid", null);
  // The order is paid whatever becomes of the message.
  await notify.send({ user: row.user_name, text: `Order ${row.id} is paid` }, step("paid")).catch((error: unknown) => {
    log.warn("the customer was not told", { order: row.id, error });
  });
  return paid;
}

async function end(row: Row, means: Means, status: "paid" | "refused", refusal: string | null): Promise<Row> {
  return means.db.transaction(async (tx) => {
    const ended = await tx
      .updateTable("orders")
      .set({ status, refusal })
      .where("id", "=", row.id)
      .where("status", "=", "pending")
      .returningAll()
      .executeTakeFirst();
    // Somebody else has ended it.
    return ended ?? tx.selectFrom("orders").selectAll().where("id", "=", row.id).executeTakeFirstOrThrow();
  });
}
