/** Proves when a change may go on: what the processors did is given, and the time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock } from "../core/index.ts";
import { Processors } from "./processors.ts";

function open() {
  const clock = createVirtualClock();
  let count = { idle: 0, all: 0 };
  const processors = new Processors(clock, () => count);
  /** A quarter of a second each. */
  const pass = async (...idle: readonly number[]): Promise<boolean> => {
    let isIdle = false;
    for (const one of idle) {
      count = { idle: count.idle + one, all: count.all + 500 };
      await clock.advance(250);
      ({ isIdle } = processors);
    }
    return isIdle;
  };
  assert.equal(processors.isIdle, false, "nothing is known yet");
  return { clock, processors, pass };
}

test("a third idle is something to spare, counted over a second at least", async () => {
  const { pass } = open();
  assert.equal(await pass(500, 500, 500), false, "too soon");
  assert.equal(await pass(0), true);
});

test("it is the average of two seconds that counts, not a moment of them", async () => {
  const { pass } = open();
  assert.equal(await pass(0, 0, 0, 0, 0, 0, 400, 500), false);
  assert.equal(await pass(433), false);
  assert.equal(await pass(1), true);
  assert.equal(await pass(0, 0, 0, 0, 0, 0), false);
});

test("too soon for another count, the last ones count", async () => {
  const { clock, processors, pass } = open();
  assert.equal(await pass(500, 500, 500, 500), true);
  await clock.advance(249);
  assert.equal(processors.isIdle, true);
});

test("what they did while nobody asked is not known", async () => {
  const { clock, processors, pass } = open();
  assert.equal(await pass(500, 500, 500, 500), true);
  await clock.advance(2_001);
  assert.equal(processors.isIdle, false);
  assert.equal(await pass(167, 167, 167), false);
  assert.equal(await pass(167), true);
});

test("a platform that counts nothing is not busy", async () => {
  const clock = createVirtualClock();
  const processors = new Processors(clock, () => ({ idle: 0, all: 0 }));
  for (let span = 0; span < 4; span++) {
    assert.equal(processors.isIdle, false);
    await clock.advance(250);
  }
  assert.equal(processors.isIdle, true);
});
