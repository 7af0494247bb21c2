// Owns the arithmetic of figures: median, spread, same-round ratios. Must never pick the best of anything.

/** What one contestant measured in one round, by name; the unit is at the end of the name. */
export type Figures = Readonly<Record<string, number>>;

/** One round: every contestant's figures. */
export type Round = Readonly<Record<string, Figures>>;

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Spread of a figure over the rounds. Throws for none, and for what is no number: a figure is never made up. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined || sorted.some((value) => !Number.isFinite(value))) {
    throw new Error(`no spread of ${JSON.stringify(values)}`);
  }
  const lower = sorted.length % 2 === 0 ? (sorted[middle - 1] as number) : upper;
  return { median: (lower + upper) / 2, min: sorted[0] as number, max: sorted.at(-1) as number };
}

/** How many times less `own` costs than `peer`: above 1 we are better. */
export function timesBetter(own: number, peer: number): number {
  if (!(own > 0 && peer > 0)) throw new Error(`no ratio of ${peer} to ${own}`);
  return peer / own;
}

/** Every contestant's figures over all rounds. A figure that a round lacks is an error, not a smaller sample. */
export function summarise(rounds: readonly Round[]): Record<string, Record<string, Spread>> {
  const [first] = rounds;
  if (first === undefined) throw new Error("no rounds");
  const summary: Record<string, Record<string, Spread>> = {};
  for (const [contestant, figures] of Object.entries(first)) {
    summary[contestant] = {};
    for (const figure of Object.keys(figures)) {
      const values = rounds.map((round) => round[contestant]?.[figure] ?? Number.NaN);
      summary[contestant][figure] = spreadOf(values);
    }
  }
  return summary;
}
