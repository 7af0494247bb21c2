/**
 * Makes `baskets.txt` from the affinities and a fixed seed: `node examples/shop/data/make-baskets.ts` rewrites the file.
 * Must never read a clock or an unseeded source: the same script makes the same file on every machine.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { occasions, staples } from "./affinities.ts";
import type { Occasion } from "./affinities.ts";
import { createSeeded } from "./seeded.ts";

const basketCount = 900;
const seed = 11;
/** Share of visits that have a second occasion, and share that pick up something on impulse. */
const secondOccasion = 0.22;
const impulse = 0.18;

/** The text of `baskets.txt`: one basket a line, skus separated by commas, no sku twice in a basket. */
export function makeBaskets(catalogue: readonly { sku: string }[]): string {
  const random = createSeeded(seed);
  const lines: string[] = [];
  while (lines.length < basketCount) {
    const basket = new Set<string>();
    fill(basket, pickOccasion(random).items, random);
    if (random() < secondOccasion) fill(basket, pickOccasion(random).items, random);
    fill(basket, staples, random);
    const found = catalogue[Math.floor(random() * catalogue.length)];
    if (found !== undefined && random() < impulse) basket.add(found.sku);
    if (basket.size > 0) lines.push(shuffled([...basket], random).join(","));
  }
  return `${lines.join("\n")}\n`;
}

function fill(basket: Set<string>, items: Readonly<Record<string, number>>, random: () => number): void {
  for (const [sku, probability] of Object.entries(items)) {
    if (random() < probability) basket.add(sku);
  }
}

function pickOccasion(random: () => number): Occasion {
  let rest = random() * occasions.reduce((sum, occasion) => sum + occasion.weight, 0);
  for (const occasion of occasions) {
    rest -= occasion.weight;
    if (rest < 0) return occasion;
  }
  return occasions[0] as Occasion; // the list is never empty; rounding can leave `rest` at exactly 0
}

function shuffled<T>(values: T[], random: () => number): T[] {
  for (let last = values.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [values[last], values[other]] = [values[other] as T, values[last] as T];
  }
  return values;
}

if (import.meta.main) {
  const catalogue = JSON.parse(readFileSync(new URL("catalogue.json", import.meta.url), "utf8")) as { sku: string }[];
  writeFileSync(new URL("baskets.txt", import.meta.url), makeBaskets(catalogue));
}
