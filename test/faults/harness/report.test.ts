/** The guide says what the kept results say. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { cases } from "./cases.ts";
import { peers } from "./peer/moleculer.ts";
import { figuresOf } from "./figures.ts";
import { describe, page, reportPage } from "./report.ts";
import { resultFile, toResult } from "./results.ts";
import type { SeedResult } from "./run-seed.ts";

test("the table of the guide is that of the kept results: `npm run faults -- report` writes it", () => {
  assert.equal(readFileSync(path.join(import.meta.dirname, "../../..", reportPage), "utf8"), page());
});

test("a cell has the case's own figures at their worst, the requests that were made, and in words what was not kept", () => {
  const seed = (number: number, ratio: number, violations: readonly string[]): SeedResult => ({
    seed: number,
    figures: { ...figuresOf([]), requests: 50_000, failed: 0, success: 1, p99: 55, p999: 144 },
    kinds: {},
    spans: { steady: { ...figuresOf([]), p99: 10 }, changing: { ...figuresOf([]), p99: 10 * ratio } },
    own: { moves: 10 },
    errors: {},
    lateness: { p99: 0, max: 0 },
    notes: [],
    violations,
  });
  const runs = { case: "place", summary: "", requests: 20_000, rate: 200 };
  const missed = "p99 while moving over steady p99 is 3.3529411764705883, and must be at most 2";
  const result = toResult(runs, [seed(1, 1.5, []), seed(2, 3.3529411764705883, [missed])]);
  assert.equal(
    describe(result, cases["place"] ?? assert.fail("a case")),
    "100.000 %, 0 failed, p99 55 ms, p99.9 144 ms (2 x 50,000); p99 while moving over steady p99: 3.353; moves: 10; " +
      "**violation, seed 2: p99 while moving over steady p99 is 3.353, and must be at most 2**",
  );
  const many = toResult(runs, [seed(1, 1.5, ["a", "b", "c", "d", "e", "f"])]);
  assert.match(
    describe(many, cases["place"] ?? assert.fail("a case")),
    /seed 1: d\*\*; \*\*violation, seed 1: and 2 more\*\*$/,
  );
});

test("each kept result is of a case that there is", () => {
  const known = Object.keys(cases).flatMap((name) => [undefined, ...peers].map((peer) => resultFile(name, peer)));
  const kept = globSync(path.join(import.meta.dirname, "results/*.json"));
  assert.deepEqual(
    kept.filter((file) => !known.includes(file)),
    [],
  );
});
