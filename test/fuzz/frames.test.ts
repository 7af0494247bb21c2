/** The frame fuzzer in short, and that it would find something; `npm run fuzz -- frames` is the long one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { frame } from "../../src/transport/frames.ts";
import { Targets } from "./case.ts";
import { readCorpus } from "./corpus.ts";
import { runSlice, watchStray } from "./worker.ts";

const corpus = await readCorpus();
const targets = new Targets(corpus);

test("the corpus has every type of frame", () => {
  const types = new Set(corpus.flatMap(({ frames }) => frames.map((one) => one[4])));
  assert.deepEqual(
    Object.values(frame).filter((type) => !types.has(type)),
    [],
  );
  assert.ok(corpus.length >= 80);
});

test(
  "changed frames are refused with a typed error, or give what their layout allows",
  { timeout: 100_000 },
  async (t) => {
    watchStray();
    Error.stackTraceLimit = 0;
    const sum = await runSlice(targets, { seed: 7, from: 0, count: 20_480 });
    t.diagnostic(JSON.stringify(sum));
    assert.deepEqual(sum.violations, [], "npm run fuzz -- frames --seed 7 --only <index>");
    assert.ok(sum.frames > 30_000);
    // Both modes, and frames that get past the first look.
    for (const outcome of ["left refused", "mended refused", "mended answered", "mended quiet"])
      assert.ok((sum.outcomes[outcome] ?? 0) > 100, outcome);
  },
);
