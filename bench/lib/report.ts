// Owns how results look: the one JSON object for machines, the table for people. Must round only for people.
import type { Bench } from "./bench.ts";
import { type Round, type Spread, summarise } from "./stats.ts";

export interface Result {
  readonly bench: string;
  readonly node: string;
  readonly rounds: number;
  readonly results: Readonly<Record<string, Readonly<Record<string, Spread>>>>;
  /** Medians. A ratio says how many times better than the peer: bigger is better. */
  readonly headline: Readonly<Record<string, number>>;
}

export function toResult(name: string, bench: Bench, rounds: readonly Round[]): Result {
  const results = summarise(rounds);
  const headline: Record<string, number> = {};
  for (const [key, { of }] of Object.entries(bench.headline)) {
    const spread = results[of[0]]?.[of[1]];
    if (spread === undefined)
      throw new Error(`${name}: the headline ${key} is made of ${of.join(".")}, which nobody measured`);
    headline[key] = spread.median;
  }
  return { bench: name, node: process.versions.node, rounds: rounds.length, results, headline };
}

export function render(result: Result, bench: Bench, machine: readonly string[]): string {
  const lines = [`${result.bench}: ${bench.summary} (${result.rounds} rounds)`, ""];
  const rows = [["contestant", "figure", "median", "min", "max"]];
  for (const [contestant, figures] of Object.entries(result.results)) {
    for (const [figure, { median, min, max }] of Object.entries(figures)) {
      rows.push([contestant, figure, short(median), short(min), short(max)]);
    }
  }
  lines.push(...toTable(rows), "");
  for (const [key, value] of Object.entries(result.headline)) {
    lines.push(`${key} = ${short(value)}   ${bench.headline[key]?.goal ?? ""}`);
  }
  lines.push("", ...[...machine, ...bench.notes].map((note) => `- ${note}`));
  return `${lines.join("\n")}\n`;
}

/** Words to the left, numbers to the right. */
export function toTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

function short(value: number): string {
  const size = Math.abs(value);
  return size >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(size >= 10 ? 1 : 2);
}
