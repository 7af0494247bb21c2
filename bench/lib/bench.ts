// Owns what a benchmark is. Must hold no code that measures.
import type { Figures, Round } from "./stats.ts";

/** How a contestant's processes are placed; handed to every run. */
export interface Stage {
  /** Prefix of a command line that keeps the measured process on its core; empty where `taskset` is missing. */
  readonly pinServer: readonly string[];
  readonly pinClient: readonly string[];
}

/** Runs in fresh processes, measures, ends everything it started, answers with its figures. */
export type Contestant = (stage: Stage) => Promise<Figures>;

export interface Bench {
  readonly summary: string;
  /** Set where peers from `bench/peers` take part. */
  readonly needsPeers: boolean;
  /** Set where `dist/` is measured. */
  readonly needsBuild: boolean;
  /** In the order of the first round. */
  readonly contestants: Readonly<Record<string, Contestant>>;
  /** Figures that compare contestants of one round, added to a contestant's own. */
  derive(round: Round): Readonly<Record<string, Figures>>;
  /** Names in the headline: which contestant's figure each is, and its goal for people. */
  readonly headline: Readonly<
    Record<string, { readonly of: readonly [contestant: string, figure: string]; readonly goal: string }>
  >;
  /** What is on, what is off, what is not measured. */
  readonly notes: readonly string[];
}
