/**
 * Owns the verdict: does the history of what customers were told agree with the databases? It must never forgive: an order
 * that was confirmed is there once and charged once, one that was refused has cost nothing.
 */
import type { Asked } from "./client.ts";
import type { Ledger, OrderRow } from "./ledger.ts";

/** Violations, in words; empty when everything is as customers were told. `history`: every order has a last answer below 500. */
export function judge(history: readonly Asked[], { orders, charges }: Ledger): string[] {
  const violations: string[] = [];
  const say = (isWrong: boolean, what: string): void => {
    if (isWrong) violations.push(what);
  };
  const byKey = new Map<string, OrderRow[]>();
  for (const row of orders) byKey.set(row.key ?? "", [...(byKey.get(row.key ?? "") ?? []), row]);
  const paidFor = new Map<number, number[]>();
  for (const { order, amount } of charges) paidFor.set(order, [...(paidFor.get(order) ?? []), amount]);
  const asked = history.filter(({ kind }) => kind === "order");
  const known = new Set(asked.map(({ key }) => key));
  for (const row of orders) say(!known.has(row.key ?? ""), `order ${row.id} has the key ${row.key}, which nobody used`);
  for (const { key = "", status, order, index } of asked) {
    const rows = byKey.get(key) ?? [];
    const [row] = rows;
    say(rows.length > 1, `${key} has ${rows.length} orders`);
    const paid = row === undefined ? [] : (paidFor.get(row.id) ?? []);
    if (status === 201) {
      say(row === undefined, `request ${index} was answered with order ${order}, which is not there`);
      if (row === undefined) continue;
      say(row.id !== order, `${key} was answered with order ${order} and is order ${row.id}`);
      say(row.status !== "paid", `order ${row.id} was confirmed and is ${row.status}`);
      say(
        paid.length !== 1 || paid[0] !== row.total,
        `order ${row.id} of ${row.total} was charged ${paid.join(" + ") || "nothing"}`,
      );
    } else if (status >= 400 && status < 500) {
      say(row !== undefined && row.status !== "refused", `${key} was refused with ${status} and is ${row?.status}`);
      say(paid.length > 0, `${key} was refused with ${status} and charged ${paid.join(" + ")}`);
    } else say(true, `${key} never had a definite answer: ${status}`);
  }
  return violations;
}
