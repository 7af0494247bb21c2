/** Writes `pairs.json`: what the shipped baskets say is bought together. Run it after a change of the baskets. */
import { readFileSync, writeFileSync } from "node:fs";
import { createPairCounter } from "../recommend-pairs.ts";

/** One line per product, so that a change can be read. */
export function renderPairs(baskets: string): string {
  const counter = createPairCounter({ relatedMax: 12 });
  for (const line of baskets.split("\n")) if (line !== "") counter.add(line.split(","));
  const rows = [...counter.entries()].flatMap(({ sku, related }) =>
    related.map(({ sku: other, score, together }, i) => JSON.stringify([sku, other, i + 1, Math.round(score * 100) / 100, together])),
  );
  return `[\n${rows.toSorted().join(",\n")}\n]\n`;
}

if (import.meta.main) {
  const baskets = readFileSync(new URL("baskets.txt", import.meta.url), "utf8");
  writeFileSync(new URL("pairs.json", import.meta.url), renderPairs(baskets));
}
