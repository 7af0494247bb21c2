// Owns the budgets file: a ratchet of upper limits that measurements are held against.
// Must never raise a limit by itself: only a person does, in review.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { read, root } from "../lib/repository.ts";

const PATH = "api/budgets.json";
/** Room left when a limit is tightened, so that an unrelated patch does not break it. */
const TIGHTEN_TO = 1.05;
/** A limit this much above its measurement is due for tightening. */
const LOOSE_FROM = 1.25;

/** Upper limits by name; the unit is the end of the name. */
export type Budgets = Record<string, number>;

export interface Verdict {
  readonly line: string;
  readonly over: boolean;
}

export function readBudgets(): Budgets {
  return JSON.parse(read(PATH)) as Budgets;
}

/** Compares one figure with its limit. A figure without a limit is over it. */
export function compare(budgets: Budgets, name: string, measured: number): Verdict {
  const limit = budgets[name];
  if (limit === undefined) return { line: `${name}: ${measured} has no limit in ${PATH}`, over: true };
  const over = measured > limit;
  const hint = over ? " OVER" : measured * LOOSE_FROM < limit ? " (loose: tighten it)" : "";
  return { line: `${name}: ${measured} of ${limit}${hint}`, over };
}

/** The same limits, lowered where the measurement leaves more than the usual room; new names are added. */
export function tightened(budgets: Budgets, measured: Readonly<Record<string, number>>): Budgets {
  const result = { ...budgets };
  for (const [name, value] of Object.entries(measured)) {
    if (name.endsWith("CheckMs")) continue; // time depends on the machine: set by hand
    result[name] = Math.min(result[name] ?? Infinity, Math.ceil(value * TIGHTEN_TO));
  }
  return result;
}

export function writeBudgets(budgets: Budgets): void {
  const sorted = Object.fromEntries(Object.entries(budgets).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(join(root, PATH), `${JSON.stringify(sorted, null, 2)}\n`);
}
