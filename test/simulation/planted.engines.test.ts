/**
 * Bugs planted in production code by a patch: the simulation finds each, replays its seed exactly, and the same seed passes
 * without the patch. A patch that no longer applies fails, with its name.
 */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { cp, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import type { SimulationSummary } from "./run.ts";

const root = resolve(import.meta.dirname, "../..");
const patches = join(import.meta.dirname, "planted");
/** Seeds in which a planted bug must show. */
const seedsMax = 1_000;

/** What the command says of its seeds; a run with findings ends with exit code 1. */
function simulate(directory: string, ...args: string[]): Promise<SimulationSummary> {
  const given = ["--conditions=skein-src", "test/simulation/run.ts", "--json", ...args];
  const options = { cwd: directory, env: { ...process.env, NODE_TEST_CONTEXT: undefined }, maxBuffer: 2 ** 26 };
  return new Promise((done, fail) => {
    execFile(process.execPath, given, options, (error, stdout, stderr) => {
      if (error !== null && error.code !== 1) fail(new Error(`${error.message}\n${stderr}`));
      else done(JSON.parse(stdout) as SimulationSummary);
    });
  });
}

/** The sources with one patch applied. */
async function plant(patch: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "skein-planted-"));
  for (const part of ["src", "test/simulation", "package.json", "tsconfig.json"])
    await cp(join(root, part), join(directory, part), { recursive: true });
  await symlink(join(root, "node_modules"), join(directory, "node_modules"));
  const applied = spawnSync("git", ["apply", join(patches, patch)], { cwd: directory, encoding: "utf8" });
  assert.equal(applied.status, 0, `planted/${patch} no longer applies; plant the bug anew:\n${applied.stderr}`);
  return directory;
}

describe("planted bugs", async () => {
  const all = await readdir(patches);
  it("there are some", () => assert.ok(all.length >= 2));
  for (const patch of all) {
    it(`${patch} is found, and its seed replayed`, async (t) => {
      const directory = await plant(patch);
      t.after(() => rm(directory, { recursive: true, force: true }));
      const { failed, seeds } = await simulate(directory, "--until-failure", "--seeds", String(seedsMax));
      const [found] = failed;
      assert.ok(found !== undefined, `${seedsMax} seeds did not show it`);
      t.diagnostic(`seed ${found.seed}, after ${seeds}: ${found.violations[0]}`);
      const replayed = await simulate(directory, "--seed", String(found.seed));
      assert.deepEqual(replayed.failed, [found]);
      const healthy = await simulate(root, "--seed", String(found.seed));
      assert.deepEqual(healthy.failed, []);
    });
  }
});
