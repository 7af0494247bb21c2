/**
 * Owns one process of the frame fuzzer: it runs the slices of cases that it is told to and sums up. Must end nothing by
 * itself: that it ends early is a finding.
 */
import { createHash } from "node:crypto";
import { runCases, Targets, type Verdict } from "./case.ts";
import { hashOf, readCorpus } from "./corpus.ts";

/** Cases side by side; an error that belongs to none of them is looked for one by one. */
const sideBySide = 64;
const violationsMax = 20;

export interface Slice {
  readonly seed: number;
  readonly from: number;
  readonly count: number;
}

/** Of one slice. */
export interface Sum {
  readonly from: number;
  readonly frames: number;
  /** By mode and outcome: `mended answered`. */
  readonly outcomes: Record<string, number>;
  readonly mutators: Record<string, number>;
  /** By who is sent it and its number. */
  readonly types: Record<string, number>;
  readonly slowestMs: number;
  /** After a collection of garbage, where the process lets one be asked for. */
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly violations: readonly Violation[];
}
export type Violation = Pick<Verdict, "index" | "scenario" | "victim" | "type" | "mutator"> & { readonly what: string };

const stray: unknown[] = [];

/** Begins to notice what no case can catch: rejections and exceptions without an owner. */
export function watchStray(): void {
  process.on("unhandledRejection", (error) => stray.push(error));
  process.on("uncaughtException", (error) => stray.push(error));
}

export async function runSlice(targets: Targets, { seed, from, count }: Slice): Promise<Sum> {
  const sum = { from, frames: 0, slowestMs: 0 };
  const outcomes: Record<string, number> = {};
  const mutators: Record<string, number> = {};
  const types: Record<string, number> = {};
  const violations: Violation[] = [];
  const prototypes = prototypesNow();
  for (let at = from; at < from + count; at += sideBySide) {
    const verdicts = await runCases(targets, seed, at, Math.min(sideBySide, from + count - at));
    for (const verdict of verdicts) {
      const { mode, mutator, victim, type } = verdict;
      for (const outcome of verdict.outcomes) add(outcomes, `${mode} ${outcome}`);
      sum.frames += verdict.outcomes.length;
      sum.slowestMs = Math.max(sum.slowestMs, verdict.ms);
      add(mutators, mutator);
      add(types, `${victim} ${type}`);
      if (verdict.violation !== undefined && (await isReal(targets, seed, verdict))) {
        violations.push(violationOf(verdict, verdict.violation));
      }
    }
    if (stray.length > 0) violations.push(...(await findStray(targets, seed, verdicts)));
    const [first] = verdicts;
    if (prototypesNow() !== prototypes && first !== undefined) {
      violations.push(violationOf(first, `a prototype changed, in this case or the next ${sideBySide - 1}`));
      break;
    }
    if (violations.length >= violationsMax) break;
  }
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { ...sum, outcomes, mutators, types, violations, heapBytes: heapUsed, rssBytes: rss };
}

/** What a frame took is looked at again: a machine that is busy with others stops any process for a while. */
async function isReal(targets: Targets, seed: number, { index, violation }: Verdict): Promise<boolean> {
  if (violation?.startsWith("held the loop") !== true) return true;
  for (let again = 0; again < 3; again++) {
    const [verdict] = await runCases(targets, seed, index, 1);
    if (verdict?.violation === undefined) return false;
  }
  return true;
}

async function findStray(targets: Targets, seed: number, verdicts: readonly Verdict[]): Promise<Violation[]> {
  const what = `nobody's ${String(stray[0])}`;
  const found: Violation[] = [];
  for (const verdict of verdicts) {
    stray.length = 0;
    await runCases(targets, seed, verdict.index, 1);
    if (stray.length > 0) found.push(violationOf(verdict, what));
  }
  stray.length = 0;
  const [first] = verdicts;
  return found.length > 0 || first === undefined
    ? found
    : [violationOf(first, `${what}, in this case or the next ${sideBySide - 1}`)];
}

function violationOf({ index, scenario, victim, type, mutator }: Verdict, what: string): Violation {
  return { index, scenario, victim, type, mutator, what };
}

function prototypesNow(): string {
  const all = [Object.prototype, Array.prototype, Date.prototype, Uint8Array.prototype, Promise.prototype];
  return createHash("sha256")
    .update(all.map((one) => Reflect.ownKeys(one).map(String).join()).join(";"))
    .digest("hex");
}

function add(to: Record<string, number>, key: string): void {
  to[key] = (to[key] ?? 0) + 1;
}

if (import.meta.main) {
  watchStray();
  // Stacks of errors that are expected by the million.
  Error.stackTraceLimit = 0;
  const corpus = await readCorpus();
  const targets = new Targets(corpus);
  process.on("message", (slice: Slice) => void runSlice(targets, slice).then((sum) => process.send?.(sum)));
  process.once("disconnect", () => process.exit(0));
  process.send?.({ corpus: hashOf(corpus) });
}
