// Owns the order of measuring: one contestant at a time, rounds interleaved, every other round in reverse, so that a
// machine that drifts drifts for everyone. Must never drop a round.
import type { Bench, Stage } from "./bench.ts";
import type { Figures, Round } from "./stats.ts";

/** The contestants of one round (0 is the first) in the order they run. */
export function orderOf(names: readonly string[], round: number): readonly string[] {
  return round % 2 === 0 ? names : names.toReversed();
}

export async function runRounds(
  bench: Bench,
  count: number,
  stage: Stage,
  say: (line: string) => void,
): Promise<Round[]> {
  const rounds: Round[] = [];
  for (let index = 0; index < count; index++) {
    const measured: Record<string, Figures> = {};
    for (const name of orderOf(Object.keys(bench.contestants), index)) {
      say(`round ${index + 1}/${count}: ${name}`);
      measured[name] = await (bench.contestants[name] as Bench["contestants"][string])(stage);
    }
    rounds.push(withDerived(measured, bench.derive(measured)));
  }
  return rounds;
}

/** Contestants in the bench's order whatever the round's was, with what follows from comparing them. */
function withDerived(measured: Round, derived: Round): Round {
  const names = new Set([...Object.keys(measured), ...Object.keys(derived)]);
  return Object.fromEntries([...names].toSorted().map((name) => [name, { ...measured[name], ...derived[name] }]));
}
