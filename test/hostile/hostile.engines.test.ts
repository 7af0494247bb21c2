/** The whole corpus against the shop while a normal user goes on; `run.ts` is the same as a command. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readCorpus } from "./corpus.ts";
import { runHostile } from "./run.ts";

test("at least 80 hostile requests: refused, nothing else answered, nobody disturbed", async (t) => {
  const entries = readCorpus();
  assert.ok(entries.filter(({ expect }) => expect === "refused").length >= 80);
  assert.equal(new Set(entries.map(({ name }) => name)).size, entries.length);
  const report = await runHostile({ entries });
  t.diagnostic(JSON.stringify({ ...report, verdicts: report.verdicts.length }));
  // Times on a shared machine are the command's verdict; answers are this test's.
  assert.deepEqual(
    report.violations.filter((line) => !/^the user's p99|blocks the event loop/.test(line)),
    [],
  );
});
