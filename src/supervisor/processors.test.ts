/** Proves when a change may go on: what the processors did is given, and the time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock } from "../core/index.ts";
import { Processors } from "./processors.ts";

test("a quarter idle is something to spare, counted over a quarter of a second", async () => {
  const clock = createVirtualClock();
  let count = { idle: 0, all: 0 };
  const processors = new Processors(clock, () => count);
  assert.equal(processors.isIdle, false);
  const counted = async (idle: number, busy: number): Promise<boolean> => {
    count = { idle: count.idle + idle, all: count.all + idle + busy };
    await clock.advance(250);
    return processors.isIdle;
  };
  assert.equal(await counted(300, 200), true);
  count = { idle: count.idle, all: count.all + 1_000 };
  await clock.advance(249);
  assert.equal(processors.isIdle, true, "too soon for another count");
  assert.equal(await counted(0, 0), false);
  assert.equal(await counted(126, 374), true);
  assert.equal(await counted(124, 376), false);
  count = { idle: count.idle + 9_000, all: count.all + 9_000 };
  await clock.advance(1_000);
  assert.equal(processors.isIdle, false, "too long ago");
  assert.equal(await counted(126, 374), true);
  assert.equal(await counted(0, 0), true, "a platform that counts nothing is not busy");
});
