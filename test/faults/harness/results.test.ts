/** What is kept of long runs: the seeds of a run that was killed, and no seed of another length. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { figuresOf } from "./figures.ts";
import { type FaultResult, Kept } from "./results.ts";
import type { SeedResult } from "./run-seed.ts";

let directory = "";
before(() => (directory = mkdtempSync(path.join(tmpdir(), "skein-results-"))));
after(() => rmSync(directory, { recursive: true }));

const runs = { case: "any", summary: "", requests: 20_000, rate: 200 };
const seedResult = (seed: number, note = ""): SeedResult => ({
  seed,
  figures: figuresOf([]),
  kinds: {},
  spans: {},
  own: {},
  errors: {},
  lateness: { p99: 0, max: 0 },
  notes: [note],
  violations: [],
});

test("resumed, the seeds that are there stay, also those behind the one that is run next", () => {
  const file = path.join(directory, "resumed.json");
  const first = new Kept(file, runs, false);
  for (const seed of [1, 3]) first.add(seedResult(seed));
  const second = new Kept(file, runs, true);
  assert.equal(second.get(2), undefined);
  second.add(seedResult(2));
  const kept = JSON.parse(readFileSync(file, "utf8")) as FaultResult;
  assert.deepEqual(
    kept.seeds.map(({ seed }) => seed),
    [1, 2, 3],
  );
});

test("a seed that is run again replaces itself; runs of another length or rate are not counted", () => {
  const file = path.join(directory, "again.json");
  new Kept(file, runs, false).add(seedResult(1, "old"));
  const again = new Kept(file, runs, true);
  again.add(seedResult(1, "new"));
  assert.deepEqual(again.get(1)?.notes, ["new"]);
  assert.equal(new Kept(file, runs, false).get(1), undefined);
  assert.equal(new Kept(file, { ...runs, requests: 30_000 }, true).get(1), undefined);
  assert.equal(new Kept(file, { ...runs, rate: 300 }, true).get(1), undefined);
  assert.equal(new Kept(path.join(directory, "none.json"), runs, true).get(1), undefined);
});
