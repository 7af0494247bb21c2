/** Each kind of process of the running shop killed once, in short; `kill-processes.ts` is the long form. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runKills } from "./kill-processes.ts";

test("kill -9 of each kind of process under load: nothing left over, nothing started twice, all back", async (t) => {
  const seed = Number(process.env["SKEIN_SEED"] ?? 3);
  const report = await runKills({ kills: 7, seed, rate: 20, placement: "replicated" });
  t.diagnostic(JSON.stringify(report));
  assert.deepEqual(report.violations, [], `seed ${seed}`);
  assert.deepEqual([report.kills, report.orphans, report.doubleStarts], [7, 0, 0]);
  for (const kind of ["supervisor", "holder"] as const) {
    const { figures } = report.kinds[kind] ?? assert.fail(kind);
    assert.ok(figures.requests > 0);
    assert.equal(figures.failed, 0, `${kind}: nobody who asks depends on it`);
  }
});
