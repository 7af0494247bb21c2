/**
 * `npm run faults -- <case>`: the replicated shop in real processes, customers who ask in open loop, a fault, and a verdict
 * from the history and the databases. Owns order and results; it must never judge.
 */
import { build } from "../../../bench/lib/prepare.ts";
import { runBuilt } from "../../shop/placed.ts";
import { defaults, readArguments, type Wanted } from "./arguments.ts";
import type { FaultCase } from "./case.ts";
import { cases } from "./cases.ts";
import { peers } from "./peer/moleculer.ts";
import { reportPage, table, writePage } from "./report.ts";
import { type FaultResult, Kept, resultFile, toResult } from "./results.ts";
import { runSeed, type SeedResult } from "./run-seed.ts";

const nameWidth = Math.max(...Object.keys(cases).map(({ length }) => length)) + 2;
const usage = `usage: npm run faults -- <case | all> [options]
       npm run faults -- report

  --seeds n      seeds 1 to n, ${defaults.seeds} unless given; the verdict is the worst of them
  --requests n   requests of each, ${defaults.requests} unless given
  --rate n       requests a second; unless given the case's own, most often ${defaults.rate}
  --resume       keep the seeds that the result file has already
  --peer name    the same with ${peers.join(" or ")} under test; what it misses is said, and is no violation
  --history dir  write each request as a line of JSON to <dir>/<case>-<seed>.jsonl
  --json         the last line of stdout is the result; progress goes to stderr
  --help         this

"all" runs every case. With at least ${defaults.requests} requests at the case's own rate the results are kept in
test/faults/harness/results/<case>.json, <case>.<peer>.json for a peer, and times are judged too. "report"
prints what is kept beside the goals, as ${reportPage} has it.

cases
${Object.entries(cases)
  .map(([name, { summary }]) => `  ${name.padEnd(nameWidth)}${summary}`)
  .join("\n")}`;

async function main(args: readonly string[]): Promise<number> {
  let wanted: Wanted;
  try {
    wanted = readArguments(args, Object.keys(cases));
  } catch (error) {
    // Node's own words may have several lines.
    const [message = ""] = (error as Error).message.split("\n");
    console.error(`faults: ${message}; npm run faults -- --help`);
    return 2;
  }
  if (wanted.isHelp) {
    console.log(usage);
    return 0;
  }
  if (wanted.isReport) {
    writePage();
    console.log(table());
    return 0;
  }
  return runCases(wanted);
}

async function runCases({ names, peer, isJson, ...options }: Wanted): Promise<number> {
  if (peer === undefined) {
    // What is judged is what users run.
    build((line) => console.error(line));
    runBuilt();
  }
  let violations = 0;
  let notRun = 0;
  for (const one of names) {
    const noPeer = cases[one]?.noPeer;
    if (peer !== undefined && noPeer !== undefined) {
      const said = `${one}: ${peer} cannot play: ${noPeer}`;
      console.log(isJson ? JSON.stringify({ case: one, peer, cannotPlay: noPeer }) : said);
      continue;
    }
    const result = await runCase(one, { ...options, peer });
    console.log(isJson ? JSON.stringify(result) : render(result));
    violations += result.violations;
    if (result.notRun !== undefined) notRun++;
  }
  writePage();
  // What the runner of the tests says, so that whoever counts can count these too.
  if (!isJson) console.log(`${names.length} cases, ${violations} violations, ${notRun} not run`);
  return violations === 0 ? 0 : 1;
}

type CaseOptions = Pick<Wanted, "seeds" | "requests" | "rate" | "resumes" | "history" | "peer">;

async function runCase(
  name: string,
  { seeds, requests, rate, resumes, history, peer }: CaseOptions,
): Promise<FaultResult> {
  const fault = cases[name] as FaultCase;
  const perSecond = rate ?? fault.rate ?? defaults.rate;
  const isWhole = requests >= defaults.requests && rate === undefined;
  const runs = { case: name, summary: fault.summary, ...(peer && { peer }), requests, rate: perSecond };
  const notRun = fault.missing?.();
  if (notRun !== undefined) return { ...toResult(runs, []), notRun };
  const kept = new Kept(resultFile(name, peer), runs, resumes && isWhole);
  const results: SeedResult[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const say = (line: string): void => console.error(`${name} seed ${seed}: ${line}`);
    const known = kept.get(seed);
    const options = { name, fault, peer, seed, requests, rate: perSecond, isWhole, say, historyDirectory: history };
    const result = known ?? (await runSeed(options));
    results.push(result);
    if (known === undefined && isWhole) kept.add(result);
    if (known === undefined) say(describe(result));
  }
  return toResult(runs, results);
}

function describe({ figures, violations, missed = [], own, lateness, errors }: SeedResult): string {
  const { requests, failed, success, resends, p50, p99, p999 } = figures;
  const extra = Object.entries(own).map(([key, value]) => `, ${key} ${value}`);
  const head = `${requests} requests, ${failed} failed (${(success * 100).toFixed(3)} %), ${resends} resent, p50 ${p50} p99 ${p99} p99.9 ${p999} ms, sent late p99 ${lateness.p99} ms${extra.join("")}`;
  const failures = Object.entries(errors).map(([error, count]) => `${error} x ${count}`);
  const lines = [
    ...(failures.length > 0 ? [`  tries that failed: ${failures.join(", ")}`] : []),
    ...violations.map((one) => `  VIOLATION ${one}`),
    ...missed.map((one) => `  misses: ${one}`),
  ];
  return [head, ...lines].join("\n");
}

function render(result: FaultResult): string {
  if (result.notRun !== undefined) return `${result.case}: ${result.summary}\nNOT RUN: ${result.notRun}`;
  const lines = result.seeds.map((seed) => `seed ${seed.seed}: ${describe(seed)}`);
  const { success, failed, p99, p999 } = result.worst;
  return [
    `${result.case}${result.peer === undefined ? "" : `, ${result.peer}`}: ${result.summary}`,
    ...lines,
    `worst of ${result.seeds.length}: success ${(success * 100).toFixed(3)} %, failed ${failed}, p99 ${p99} ms, p99.9 ${p999} ms; violations ${result.violations}`,
  ].join("\n");
}

// Everything is told and kept. Without this Node 24 sometimes turns for ever in its own clean-up after sockets that were cut.
process.exit(await main(process.argv.slice(2)));
