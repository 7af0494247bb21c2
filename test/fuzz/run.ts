/**
 * Owns the frame fuzzer as a command: how many frames, in which processes, what is kept of it. Must be able to go on where
 * it was stopped, and to run any one case again.
 *
 *   npm run fuzz -- frames [--frames 10000000] [--seed 1] [--workers 2] [--resume] [--only <case>] [--json]
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runCases, Targets } from "./case.ts";
import { hashOf, readCorpus } from "./corpus.ts";
import type { Slice, Sum, Violation } from "./worker.ts";

const casesPerSlice = 25_600;
/** A slice that takes longer hangs. */
const sliceMs = 300_000;
/** What a process may have more at its last slice than at its first. */
const heapGrowthMax = 33_554_432;
/** Shorter runs leave what is kept of the long one alone, and begin anew each time. */
const keptFramesMin = 1_000_000;
const kept = fileURLToPath(new URL("results/frames.json", import.meta.url));

export interface FuzzReport {
  readonly command: string;
  readonly node: string;
  readonly seed: number;
  /** Of the writes that cases begin with. */
  readonly corpus: string;
  readonly framesWanted: number;
  /** Changed frames that a decoder was given. */
  readonly frames: number;
  /** The next case; every one before it was run. */
  readonly nextCase: number;
  readonly crashes: number;
  /** Changed frames that were taken although the checksum was that of the frame before. */
  readonly acceptedWithoutMending: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly types: Readonly<Record<string, number>>;
  readonly mutators: Readonly<Record<string, number>>;
  readonly slowestFrameMs: number;
  readonly heapBytes: { readonly first: number; readonly last: number };
  readonly rssBytesMax: number;
  readonly seconds: number;
  readonly violations: readonly Violation[];
}

interface Options {
  readonly frames: number;
  readonly seed: number;
  readonly workers: number;
}

/** Runs cases from where `begun` ended until enough frames were given. */
async function fuzz(options: Options, begun: FuzzReport | undefined): Promise<FuzzReport> {
  const report = new Running(options, begun);
  let nextCase = begun?.nextCase ?? 0;
  const startMs = performance.now();
  const soFar = begun?.seconds ?? 0;
  const work = async (): Promise<void> => {
    let worker = await start(report);
    let first: number | undefined;
    while (!report.isDone) {
      const slice: Slice = { seed: options.seed, from: nextCase, count: casesPerSlice };
      nextCase += casesPerSlice;
      const sum = await run(worker, slice);
      if (typeof sum === "string") {
        report.crashed(slice, sum);
        worker.kill("SIGKILL");
        worker = await start(report);
        continue;
      }
      first ??= sum.heapBytes;
      report.add(sum, first);
      report.seconds = soFar + (performance.now() - startMs) / 1_000;
      report.keep();
      process.stderr.write(`\r${report.frames.toLocaleString("en")} frames, ${report.violations.length} violations `);
    }
    worker.disconnect();
  };
  await Promise.all(Array.from({ length: options.workers }, work));
  process.stderr.write("\n");
  return report.now();
}

async function start(report: Running): Promise<ChildProcess> {
  const worker = fork(fileURLToPath(new URL("worker.ts", import.meta.url)), {
    execArgv: ["--conditions=skein-src", "--expose-gc", "--max-old-space-size=1024"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const [hello] = (await once(worker, "message")) as [{ readonly corpus: string }];
  report.isOf(hello.corpus);
  return worker;
}

/** The sum, or how the process ended. */
async function run(worker: ChildProcess, slice: Slice): Promise<Sum | string> {
  const enough = new AbortController();
  const timer = setTimeout(() => enough.abort(), sliceMs);
  worker.send(slice);
  try {
    return await Promise.race([
      once(worker, "message", { signal: enough.signal }).then(([sum]) => sum as Sum),
      once(worker, "exit", { signal: enough.signal }).then(([code, signal]) => `ended with ${code ?? signal}`),
    ]);
  } catch {
    return `took more than ${sliceMs} ms`;
  } finally {
    clearTimeout(timer);
    enough.abort();
  }
}

/** The report while it grows. */
class Running {
  readonly #options: Options;
  #report: FuzzReport;
  /** Slices that ended before one that began sooner. */
  readonly #ahead = new Set<number>();
  seconds = 0;

  constructor(options: Options, begun: FuzzReport | undefined) {
    this.#options = options;
    this.#report = begun ?? {
      command: "npm run fuzz -- frames",
      node: process.version,
      seed: options.seed,
      corpus: "",
      framesWanted: 0,
      frames: 0,
      nextCase: 0,
      crashes: 0,
      acceptedWithoutMending: 0,
      outcomes: {},
      types: {},
      mutators: {},
      slowestFrameMs: 0,
      heapBytes: { first: 0, last: 0 },
      rssBytesMax: 0,
      seconds: 0,
      violations: [],
    };
    this.#report = { ...this.#report, framesWanted: options.frames };
  }

  get frames(): number {
    return this.#report.frames;
  }
  get violations(): readonly Violation[] {
    return this.#report.violations;
  }
  get isDone(): boolean {
    return this.frames >= this.#options.frames || this.violations.length >= 20;
  }

  isOf(corpus: string): void {
    const { corpus: known } = this.#report;
    if (known !== "" && known !== corpus)
      throw new Error(`the corpus is ${corpus} now, not ${known}: begin anew, without --resume`);
    this.#report = { ...this.#report, corpus };
  }

  add(sum: Sum, firstHeapBytes: number): void {
    const report = this.#report;
    const violations = [...report.violations, ...sum.violations];
    if (sum.heapBytes > firstHeapBytes + heapGrowthMax) {
      const what = `the heap grew from ${firstHeapBytes} to ${sum.heapBytes} bytes`;
      violations.push({ index: sum.from, scenario: "", victim: "callee", type: 0, mutator: "", what });
    }
    this.#ahead.add(sum.from);
    let { nextCase } = report;
    while (this.#ahead.delete(nextCase)) nextCase += casesPerSlice;
    const outcomes = added(report.outcomes, sum.outcomes);
    this.#report = {
      ...report,
      frames: report.frames + sum.frames,
      nextCase,
      outcomes,
      acceptedWithoutMending: violations.filter(({ what }) => what === "a changed frame was taken").length,
      types: added(report.types, sum.types),
      mutators: added(report.mutators, sum.mutators),
      slowestFrameMs: Math.max(report.slowestFrameMs, Math.round(sum.slowestMs)),
      heapBytes: { first: firstHeapBytes, last: sum.heapBytes },
      rssBytesMax: Math.max(report.rssBytesMax, sum.rssBytes),
      violations,
    };
  }

  crashed({ from, count }: Slice, how: string): void {
    const what = `the process ${how} in one of ${count} cases from here`;
    const violation: Violation = { index: from, scenario: "", victim: "callee", type: 0, mutator: "", what };
    const { crashes, violations } = this.#report;
    this.#report = { ...this.#report, crashes: crashes + 1, violations: [...violations, violation] };
  }

  now(): FuzzReport {
    return { ...this.#report, seconds: Math.round(this.seconds) };
  }

  /** Whole or not at all, after every slice; of a long run only. */
  keep(): void {
    if (this.#options.frames < keptFramesMin) return;
    mkdirSync(path.dirname(kept), { recursive: true });
    writeFileSync(`${kept}.new`, `${JSON.stringify(this.now(), undefined, 2)}\n`);
    renameSync(`${kept}.new`, kept);
  }
}

function added(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>): Record<string, number> {
  const all = { ...one };
  for (const [key, count] of Object.entries(other)) all[key] = (all[key] ?? 0) + count;
  return Object.fromEntries(Object.entries(all).sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true })));
}

async function replay(seed: number, index: number): Promise<number> {
  const corpus = await readCorpus();
  const [verdict] = await runCases(new Targets(corpus), seed, index, 1);
  console.log(JSON.stringify({ seed, corpus: hashOf(corpus), ...verdict }, undefined, 2));
  return verdict?.violation === undefined ? 0 : 1;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      frames: { type: "string", default: "10000000" },
      seed: { type: "string", default: "1" },
      workers: { type: "string", default: String(Math.min(2, availableParallelism())) },
      only: { type: "string" },
      resume: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  if (positionals.join() !== "frames") throw new TypeError("what is fuzzed: frames");
  const [frames = 0, seed = 0, workers = 0] = [values.frames, values.seed, values.workers].map((text) => {
    if (!/^\d{1,12}$/.test(text)) throw new TypeError(`${text} is no number`);
    return Number(text);
  });
  if (values.only !== undefined) return replay(seed, Number(values.only));
  const found = values.resume && existsSync(kept) ? (JSON.parse(readFileSync(kept, "utf8")) as FuzzReport) : undefined;
  if (values.resume && frames < keptFramesMin)
    throw new TypeError(`only runs of ${keptFramesMin} frames and more are resumed`);
  if (found !== undefined && found.seed !== seed) throw new TypeError(`${kept} is of the seed ${found.seed}`);
  const report = await fuzz({ frames, seed, workers }, found);
  if (values.json) console.log(JSON.stringify(report));
  else {
    console.log(
      `${report.frames.toLocaleString("en")} changed frames in ${report.seconds} s, ${report.crashes} crashes,`,
    );
    console.log(
      `${report.acceptedWithoutMending} taken without a mended checksum, ${report.violations.length} violations`,
    );
    for (const { index, what, ...rest } of report.violations) {
      console.log(`  ${what}: npm run fuzz -- frames --seed ${seed} --only ${index} (${JSON.stringify(rest)})`);
    }
  }
  return report.violations.length === 0 && report.crashes === 0 ? 0 : 1;
}

if (import.meta.main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`fuzz: ${error.message}`);
    process.exitCode = 2;
  }
}
