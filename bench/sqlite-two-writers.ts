/**
 * Two processes write one SQLite file at once, now and then holding a transaction open for 100 ms. Prints what was lost
 * (nothing may be) and the longest event-loop stall in either. usage: node bench/sqlite-two-writers.ts [--json] [count]
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { DatabaseSync } from "node:sqlite";
import { startWriter } from "../src/data/fixtures/writers.ts";

const stallMsMax = 20;
if (process.argv.includes("--control")) await control();
const json = process.argv.includes("--json");
const count = Number(process.argv.find((argument) => /^\d+$/.test(argument)) ?? 2_000);
const rounds = 5;

const results: Array<{ stallMaxMs: number; perSecond: number; lost: number; controlMs: number }> = [];
for (let round = 0; round < rounds; round++) results.push(await once());
const figures = {
  stallMaxMs: summary(results.map((item) => item.stallMaxMs)),
  commitsPerSecond: summary(results.map((item) => item.perSecond)),
  lost: summary(results.map((item) => item.lost)),
};
// What the machine does to a process that does nothing, at the same time: a stall beyond it is ours.
const idle = { stallMaxMs: summary(results.map((item) => item.controlMs)) };
const headline = { stallMaxMs: figures.stallMaxMs.max, lost: figures.lost.max };
if (json)
  console.log(
    JSON.stringify({
      bench: "sqlite-two-writers",
      node: process.version,
      rounds,
      results: { skein: figures, idle },
      headline,
    }),
  );
else console.log({ skein: figures, idle });
process.exitCode = headline.lost > 0 || headline.stallMaxMs > stallMsMax ? 1 : 0;

async function once() {
  const home = await mkdtemp(join(tmpdir(), "skein-two-"));
  try {
    const writers = ["a", "b"].map((name) => startWriter(home, name, count, 500));
    await Promise.all(writers.map((writer) => writer.ready));
    const watcher = spawn(process.execPath, [import.meta.filename, "--control"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await new Promise((resolve) => watcher.stdout.once("data", resolve));
    for (const writer of writers) writer.go();
    const reports = await Promise.all(writers.map((writer) => writer.ended));
    const told = new Promise<string>((resolve) =>
      watcher.stdout.once("data", (data: Buffer) => resolve(data.toString())),
    );
    watcher.stdin.end("stop\n");
    const controlMs = Number(await told);
    const file = new DatabaseSync(join(home, "data", "ledger.sqlite"), { readOnly: true });
    const rows = (file.prepare("select count(*) as n from ledger").get() as { n: number }).n;
    const keys = (file.prepare("select count(*) as n from skein_keys").get() as { n: number }).n;
    file.close();
    const acked = writers.reduce((sum, writer) => sum + writer.acked.size, 0);
    const seconds = Math.max(...reports.map((report) => report?.seconds ?? Number.NaN));
    if (!json) console.log(reports, { rows, keys, acked });
    return {
      stallMaxMs: Math.max(...reports.map((report) => report?.stallMaxMs ?? Number.POSITIVE_INFINITY)),
      controlMs,
      perSecond: acked / seconds,
      // Everything asked for must be there: a refused write would count as lost too.
      lost: Math.abs(2 * count - rows) + Math.abs(rows - keys) + Math.abs(rows - acked),
    };
  } finally {
    await rm(home, { recursive: true });
  }
}

/** An idle process that measures its own event loop until it is told to stop. */
async function control(): Promise<never> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  process.stdout.write("ready\n");
  await new Promise((resolve) => process.stdin.once("data", resolve));
  process.stdout.write(`${histogram.max / 1e6}\n`);
  process.exit(0);
}

function summary(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    median: sorted[Math.floor(sorted.length / 2)] as number,
    min: sorted[0] as number,
    max: sorted.at(-1) as number,
  };
}
