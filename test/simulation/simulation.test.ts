/** The repository's simulation in short: 150 seeds under faults, and the same run again in another process. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { runSeed } from "./seed.ts";
import { runSeeds, type SimulationSummary } from "./run.ts";

const root = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

test("150 seeds under faults: each effect once, each reply its own, each deadline kept", async (t) => {
  const { failed, faults, outcomes, seedsPerMinute } = await runSeeds({ seeds: 150, from: 1 });
  assert.deepEqual(failed, [], "replay one with: npm run sim -- --seed <seed>");
  // The faults were there, and were felt.
  for (const fault of ["crashes", "drains", "pauses", "partitions", "cuts", "lost"])
    assert.ok((faults[fault] ?? 0) >= 50, `${faults[fault]} ${fault}`);
  const unknown = Object.entries(outcomes).filter(([end]) => end.endsWith(" unknown"));
  assert.ok(unknown.reduce((sum, [, times]) => sum + times, 0) >= 40, JSON.stringify(outcomes));
  // Streams went on at another host, in order and without a gap.
  assert.ok((outcomes["moved"] ?? 0) >= 10, JSON.stringify(outcomes));
  t.diagnostic(`${seedsPerMinute} seeds a minute`);
});

test("a seed is the same run whatever ran before it, in this process and in another", async () => {
  const seeds = [41, 7, 23, 7];
  const hashes: string[] = [];
  for (const seed of seeds) hashes.push((await runSeed(seed)).report.hash);
  assert.equal(hashes[1], hashes[3]);
  assert.equal(new Set(hashes).size, 3);
  const args = ["--conditions=skein-src", "test/simulation/run.ts", "--json", "--seeds", "15", "--from", "500"];
  const [here, there] = await Promise.all([
    runSeeds({ seeds: 15, from: 500 }),
    run(process.execPath, args, { cwd: root, env: { ...process.env, NODE_TEST_CONTEXT: undefined } }),
  ]);
  const { hash, events } = JSON.parse(there.stdout) as SimulationSummary;
  assert.deepEqual([hash, events], [here.hash, here.events]);
});

test("the bugs that planted.engines.test.ts plants still apply", () => {
  for (const patch of readdirSync(resolve(import.meta.dirname, "planted"))) {
    const args = ["apply", "--check", `test/simulation/planted/${patch}`];
    const { status, stderr } = spawnSync("git", args, { cwd: root, encoding: "utf8" });
    assert.equal(status, 0, `${patch} no longer applies; plant the bug anew:\n${stderr}`);
  }
});
