/** A quarter of a gigabyte up, down and in ranges, by real processes; `bench/big-bodies.ts` is the same as a command. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { growthBytesMax, runBigBodies } from "../../bench/big-bodies/run.ts";

test("256 MiB each way, every byte right, in flat memory", async (t) => {
  const result = await runBigBodies(256 * 1024 * 1024);
  t.diagnostic(JSON.stringify(result));
  assert.ok(result.ok);
  assert.ok(result.rssGrowthBytes <= growthBytesMax, `the server grew by ${result.rssGrowthBytes} bytes`);
});
