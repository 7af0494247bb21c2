/**
 * Many seeds of the repository's simulation, one after the other in one process: a small system of hosts under faults, and
 * an oracle. Must never forgive: a violation prints its seed, the command that replays it and its last events, and exits 1.
 *
 *   npm run sim -- [--seeds 1000] [--from 1] [--seed 7] [--until-failure] [--lines 40] [--json] [--write]
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runSeed } from "./seed.ts";

export interface SimulationSummary {
  readonly seeds: number;
  readonly from: number;
  readonly failed: readonly { readonly seed: number; readonly hash: string; readonly violations: readonly string[] }[];
  /** Over the hashes of all seeds: equal wherever and whenever they run. */
  readonly hash: string;
  readonly calls: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly events: number;
  readonly virtualSeconds: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly seedsPerMinute: number;
}

export interface RunOptions {
  readonly seeds: number;
  readonly from: number;
  /** No seed after the first that fails. */
  readonly untilFailure?: boolean;
  /** Told of each failing seed as it is found. */
  readonly onFailure?: (seed: number, violations: readonly string[], lines: readonly string[]) => void;
}

export async function runSeeds({
  seeds,
  from,
  untilFailure = false,
  onFailure,
}: RunOptions): Promise<SimulationSummary> {
  const startedAt = performance.now();
  const startedCpu = process.cpuUsage();
  const failed: { seed: number; hash: string; violations: readonly string[] }[] = [];
  const outcomes: Record<string, number> = {};
  const faults: Record<string, number> = {};
  const totals = { calls: 0, events: 0, virtualMs: 0, hash: 0n };
  let ran = 0;
  for (let seed = from; seed < from + seeds && !(untilFailure && failed.length > 0); seed++, ran++) {
    const { report, violations, lines, outcomes: ends } = await runSeed(seed);
    if (violations.length > 0) {
      failed.push({ seed, hash: report.hash, violations });
      onFailure?.(seed, violations, lines);
    }
    for (const [end, times] of Object.entries(ends)) outcomes[end] = (outcomes[end] ?? 0) + times;
    const { segments, lost } = report.network;
    for (const [fault, times] of Object.entries({ ...report.faults, segments, lost }))
      faults[fault] = (faults[fault] ?? 0) + times;
    totals.calls += report.calls;
    totals.events += report.events;
    totals.virtualMs += report.virtualMs;
    totals.hash = BigInt.asUintN(64, totals.hash * 31n + BigInt(`0x${report.hash}`));
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const cpu = process.cpuUsage(startedCpu);
  const rounded = (value: number): number => Math.round(value * 100) / 100;
  return {
    seeds: ran,
    from,
    failed,
    hash: totals.hash.toString(16).padStart(16, "0"),
    calls: totals.calls,
    outcomes: Object.fromEntries(Object.entries(outcomes).toSorted(([a], [b]) => a.localeCompare(b))),
    faults,
    events: totals.events,
    virtualSeconds: Math.round(totals.virtualMs / 1_000),
    seconds: rounded(seconds),
    cpuSeconds: rounded((cpu.user + cpu.system) / 1_000_000),
    seedsPerMinute: Math.round((ran / seconds) * 60),
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "1000" },
      from: { type: "string", default: "1" },
      seed: { type: "string" },
      lines: { type: "string", default: "40" },
      "until-failure": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
    },
  });
  const isOne = values.seed !== undefined;
  const linesMax = Number(values.lines);
  const summary = await runSeeds({
    seeds: isOne ? 1 : Number(values.seeds),
    from: Number(values.seed ?? values.from),
    untilFailure: values["until-failure"],
    onFailure(seed, violations, lines) {
      const head = `seed ${seed} fails; replay it with: npm run sim -- --seed ${seed}`;
      console.error([head, ...violations, "its last events:", ...lines.slice(-linesMax), ""].join("\n"));
    },
  });
  if (values.write) writeFileSync(join(import.meta.dirname, "result.json"), `${JSON.stringify(summary, null, 2)}\n`);
  if (values.json) console.log(JSON.stringify(summary));
  else {
    const { seeds, failed, hash, calls, seconds, seedsPerMinute } = summary;
    console.log(`${seeds} seeds, ${failed.length} failed, ${calls} calls, trace ${hash}`);
    console.log(JSON.stringify({ ...summary.outcomes, ...summary.faults }, null, 2));
    console.log(`${seconds} s, ${seedsPerMinute} seeds a minute`);
  }
  process.exitCode = summary.failed.length > 0 ? 1 : 0;
}

if (process.argv[1] === import.meta.filename) await main();
