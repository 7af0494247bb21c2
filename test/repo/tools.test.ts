// Owns the proof that the repository's own tools can fail: budgets, browser bundle, runner, verify.
// Must call the tools as they are; nothing here may touch a file of the repository.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { layerProblem, LAYERS } from "../../scripts/lint/layers.ts";
import { run, temporaryPrefix } from "../../scripts/lib/repository.ts";
import { bundleForBrowser } from "../../scripts/package/browser-bundle.ts";
import { compare, tightened } from "../../scripts/package/budgets.ts";

suite("budgets", () => {
  test("a figure above its limit, or without one, is over", () => {
    assert.equal(compare({ fooBytes: 100 }, "fooBytes", 101).over, true);
    assert.equal(compare({ fooBytes: 100 }, "fooBytes", 100).over, false);
    assert.equal(compare({}, "fooBytes", 1).over, true);
  });

  test("writing lowers a limit, adds a new one, never raises one, and leaves times alone", () => {
    const before = { highBytes: 1000, tightBytes: 100, someCheckMs: 5000 };
    const after = tightened(before, { highBytes: 100, tightBytes: 200, newBytes: 100, someCheckMs: 10 });
    assert.deepEqual(after, { highBytes: 105, tightBytes: 100, newBytes: 105, someCheckMs: 5000 });
  });
});

suite("browser bundle", () => {
  test("an import of Node is found and named; an empty module is small", async () => {
    const directory = mkdtempSync(temporaryPrefix("bundle"));
    try {
      const guilty = join(directory, "guilty.js");
      writeFileSync(
        join(directory, "deep.js"),
        `import { readFileSync } from "node:fs";\nexport const read = readFileSync;\n`,
      );
      writeFileSync(guilty, `export { read } from "./deep.js";\n`);
      const { nodeImports } = await bundleForBrowser(guilty);
      assert.equal(nodeImports.length, 1);
      assert.match(nodeImports[0] ?? "", /^node:fs from .*deep\.js$/);
      const innocent = join(directory, "innocent.js");
      writeFileSync(innocent, `export const x = 1;\n`);
      const clean = await bundleForBrowser(innocent);
      assert.deepEqual(clean.nodeImports, []);
      assert.ok(clean.minifiedBytes < 100 && clean.gzipBytes > 0);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

suite("layers", () => {
  test("each layer may import those above it and none below", () => {
    for (const [at, layer] of LAYERS.entries()) {
      for (const [other, target] of LAYERS.entries()) {
        assert.equal(layerProblem(layer, target) === undefined, other <= at, `${layer} -> ${target}`);
      }
    }
    assert.equal(layerProblem(undefined, "cli"), undefined, "the front door may name any layer");
    assert.match(layerProblem("core", undefined) ?? "", /front door/);
    assert.match(layerProblem("unheard-of", "core") ?? "", /not in the list/);
  });
});

suite("runner and verify", () => {
  test("a run that matches no test file fails and counts as a failure", () => {
    const { status, stderr } = run("node", ["scripts/test.ts", "unit", "no-file-of-this-name"]);
    assert.equal(status, 1);
    assert.match(stderr, /^0 passed, 1 failed/m);
  });

  test("verify refuses a step it does not know, with the list of those it does", () => {
    const { status, stderr } = run("node", ["scripts/verify.ts", "--only", "lint,nonsense"]);
    assert.equal(status, 2);
    assert.match(stderr, /steps: format, lint, types, /);
  });
});
