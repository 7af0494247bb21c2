/**
 * `npm run faults -- <case>`: the replicated shop in real processes, customers who ask in open loop, a fault, and a verdict
 * from the history and the databases. Owns arguments, order and results; it must never judge.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import type { FaultCase } from "./case.ts";
import { place } from "./cases/place.ts";
import { killGateway, killService, killSupervisor, steady, stopService } from "./cases/processes.ts";
import { runSeed, type SeedResult } from "./run-seed.ts";

const cases: Readonly<Record<string, FaultCase>> = {
  steady,
  "kill-service": killService,
  "stop-service": stopService,
  "kill-gateway": killGateway,
  "kill-supervisor": killSupervisor,
  place,
};

const defaults = { seeds: 5, requests: 20_000, rate: 200 } as const;
const resultsDirectory = path.join(import.meta.dirname, "results");

const usage = `usage: npm run faults -- <case | all> [options]

  --seeds n      seeds 1 to n, ${defaults.seeds} unless given; the verdict is the worst of them
  --requests n   requests of each, ${defaults.requests} unless given
  --rate n       requests a second, ${defaults.rate} unless given
  --resume       keep the seeds that the result file has already
  --history dir  write each request as a line of JSON to <dir>/<case>-<seed>.jsonl
  --json         the last line of stdout is the result; progress goes to stderr
  --help         this

"all" runs every case. With at least ${defaults.requests} requests at ${defaults.rate} a second the results are kept in
test/faults/harness/results/<case>.json, and times are judged too.

cases
${Object.entries(cases)
  .map(([name, { summary }]) => `  ${name.padEnd(17)}${summary}`)
  .join("\n")}`;

export interface FaultResult {
  readonly case: string;
  readonly summary: string;
  readonly requests: number;
  readonly rate: number;
  readonly node: string;
  readonly seeds: readonly SeedResult[];
  /** The lowest success, the longest p99.9 and so on, each of whichever seed had it. */
  readonly worst: { readonly success: number; readonly failed: number; readonly p99: number; readonly p999: number };
  readonly violations: number;
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seeds: { type: "string", default: String(defaults.seeds) },
      requests: { type: "string", default: String(defaults.requests) },
      rate: { type: "string", default: String(defaults.rate) },
      resume: { type: "boolean", default: false },
      history: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const [name = "", ...more] = positionals;
  const names = name === "all" ? Object.keys(cases) : [name];
  const [seeds, requests, rate] = [values.seeds, values.requests, values.rate].map(Number);
  const isWrong = more.length > 0 || names.some((one) => !Object.hasOwn(cases, one));
  if (isWrong || !isCount(seeds) || !isCount(requests) || !isCount(rate)) {
    console.error(usage);
    return 2;
  }
  let violations = 0;
  for (const one of names) {
    const result = await runCase(one, { seeds, requests, rate, resumes: values.resume, history: values.history });
    console.log(values.json ? JSON.stringify(result) : render(result));
    violations += result.violations;
  }
  // What the runner of the tests says, so that whoever counts can count these too.
  if (!values.json) console.log(`${names.length} cases, ${violations} violations`);
  return violations === 0 ? 0 : 1;
}

interface CaseOptions {
  readonly seeds: number;
  readonly requests: number;
  readonly rate: number;
  readonly resumes: boolean;
  readonly history: string | undefined;
}

async function runCase(name: string, { seeds, requests, rate, resumes, history }: CaseOptions): Promise<FaultResult> {
  const fault = cases[name] as FaultCase;
  const isWhole = requests >= defaults.requests && rate === defaults.rate;
  const file = path.join(resultsDirectory, `${name}.json`);
  const done = resumes && isWhole ? seedsOf(file, requests) : [];
  const results: SeedResult[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const known = done.find((one) => one.seed === seed);
    const say = (line: string): void => console.error(`${name} seed ${seed}: ${line}`);
    const fresh = {
      name,
      fault,
      seed,
      requests,
      rate,
      isWhole,
      say,
      ...(history !== undefined && { historyDirectory: history }),
    };
    const result = known ?? (await runSeed(fresh));
    results.push(result);
    if (isWhole) write(file, toResult(name, fault, requests, rate, results));
    if (known === undefined) say(describe(result));
  }
  return toResult(name, fault, requests, rate, results);
}

function toResult(
  name: string,
  { summary }: FaultCase,
  requests: number,
  rate: number,
  seeds: readonly SeedResult[],
): FaultResult {
  const of = (key: "success" | "failed" | "p99" | "p999") => seeds.map(({ figures }) => figures[key]);
  return {
    case: name,
    summary,
    requests,
    rate,
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

/** None where the file was made by runs of another length. */
function seedsOf(file: string, requests: number): readonly SeedResult[] {
  try {
    const kept = JSON.parse(readFileSync(file, "utf8")) as FaultResult;
    return kept.requests === requests ? kept.seeds : [];
  } catch {
    return [];
  }
}

/** Beside it, then renamed: a run that is killed leaves the seeds it had. */
function write(file: string, result: FaultResult): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(result, undefined, 2)}\n`);
  renameSync(`${file}.new`, file);
}

function describe({ figures, violations, own }: SeedResult): string {
  const { requests, failed, success, resends, p50, p99, p999 } = figures;
  const extra = Object.entries(own).map(([key, value]) => `, ${key} ${value}`);
  const head = `${requests} requests, ${failed} failed (${(success * 100).toFixed(3)} %), ${resends} resent, p50 ${p50} p99 ${p99} p99.9 ${p999} ms${extra.join("")}`;
  return [head, ...violations.map((violation) => `  VIOLATION ${violation}`)].join("\n");
}

function render(result: FaultResult): string {
  const lines = result.seeds.map((seed) => `seed ${seed.seed}: ${describe(seed)}`);
  const { success, failed, p99, p999 } = result.worst;
  return [
    `${result.case}: ${result.summary}`,
    ...lines,
    `worst of ${result.seeds.length}: success ${(success * 100).toFixed(3)} %, failed ${failed}, p99 ${p99} ms, p99.9 ${p999} ms; violations ${result.violations}`,
  ].join("\n");
}

function isCount(value: number | undefined): value is number {
  return Number.isInteger(value) && (value as number) >= 1;
}

process.exitCode = await main(process.argv.slice(2));
