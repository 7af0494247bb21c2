/** The guide says what the kept results say. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { cases } from "./cases.ts";
import { peers } from "./peer/moleculer.ts";
import { page, reportPage } from "./report.ts";
import { resultFile } from "./results.ts";

test("the table of the guide is that of the kept results: `npm run faults -- report` writes it", () => {
  assert.equal(readFileSync(path.join(import.meta.dirname, "../../..", reportPage), "utf8"), page());
});

test("each kept result is of a case that there is", () => {
  const known = Object.keys(cases).flatMap((name) => [undefined, ...peers].map((peer) => resultFile(name, peer)));
  const kept = globSync(path.join(import.meta.dirname, "results/*.json"));
  assert.deepEqual(
    kept.filter((file) => !known.includes(file)),
    [],
  );
});
