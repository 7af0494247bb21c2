/** Owns what is kept of the runs of one case: a file that a run which is killed leaves with the seeds it had. It must never judge. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Peer } from "./peer/moleculer.ts";
import type { SeedResult } from "./run-seed.ts";

export interface FaultResult {
  readonly case: string;
  readonly summary: string;
  /** Who was under test instead of Skein. */
  readonly peer?: Peer;
  readonly requests: number;
  readonly rate: number;
  readonly node: string;
  readonly seeds: readonly SeedResult[];
  /** The lowest success, the longest p99.9 and so on, each of whichever seed had it. */
  readonly worst: { readonly success: number; readonly failed: number; readonly p99: number; readonly p999: number };
  readonly violations: number;
  /** What this machine lacks for it. Nothing is known of the case then. */
  readonly notRun?: string;
}

const directory = path.join(import.meta.dirname, "results");

/** Where the results of whole runs are kept. */
export function resultFile(name: string, peer: Peer | undefined): string {
  return path.join(directory, `${peer === undefined ? name : `${name}.${peer}`}.json`);
}

export type Runs = Pick<FaultResult, "case" | "summary" | "peer" | "requests" | "rate">;

export function toResult(runs: Runs, seeds: readonly SeedResult[]): FaultResult {
  const of = (key: "success" | "failed" | "p99" | "p999") => seeds.map(({ figures }) => figures[key]);
  return {
    ...runs,
    node: process.versions.node,
    seeds,
    worst: {
      success: Math.min(...of("success")),
      failed: Math.max(...of("failed")),
      p99: Math.max(...of("p99")),
      p999: Math.max(...of("p999")),
    },
    violations: seeds.reduce((sum, { violations }) => sum + violations.length, 0),
  };
}

/** The results in one file. */
export class Kept {
  readonly #file: string;
  readonly #runs: Runs;
  #seeds: readonly SeedResult[] = [];

  /** With `resumes` what the file has of runs of the same length and rate is kept; else they are begun anew. */
  constructor(file: string, runs: Runs, resumes: boolean) {
    this.#file = file;
    this.#runs = runs;
    if (resumes) this.#seeds = read(file, runs);
  }

  get(seed: number): SeedResult | undefined {
    return this.#seeds.find((one) => one.seed === seed);
  }

  /** Beside it, then renamed. What was there of other seeds stays. */
  add(result: SeedResult): void {
    const others = this.#seeds.filter(({ seed }) => seed !== result.seed);
    this.#seeds = [...others, result].toSorted((a, b) => a.seed - b.seed);
    mkdirSync(path.dirname(this.#file), { recursive: true });
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(toResult(this.#runs, this.#seeds), undefined, 2)}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}

function read(file: string, { requests, rate }: Runs): readonly SeedResult[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const kept = JSON.parse(text) as FaultResult;
  return kept.requests === requests && kept.rate === rate ? kept.seeds : [];
}
