/** Proves when a change may go on: what the processors did is given, and the time. */
import assert from "node:assert/strict";
import os from "node:os";
import { test } from "node:test";
import { createVirtualClock } from "../core/index.ts";
import { counted, Processors } from "./processors.ts";

function open() {
  const clock = createVirtualClock();
  let count = { idle: 0, all: 0 };
  const processors = new Processors(clock, () => count);
  /** A quarter of a second each, of two processors. */
  const pass = async (...idle: readonly number[]): Promise<number> => {
    let restMs = 0;
    for (const one of idle) {
      count = { idle: count.idle + one, all: count.all + 500 };
      await clock.advance(250);
      ({ restMs } = processors);
    }
    return restMs;
  };
  assert.equal(processors.restMs, 6_000, "nothing is known yet");
  return { clock, processors, pass };
}

test("a quarter of what is idle is a second of one processor, counted over a second at least", async () => {
  const { pass } = open();
  assert.equal(await pass(500, 500, 500), 6_000, "too soon");
  assert.equal(await pass(500), 2_000);
  assert.equal(await pass(0, 0, 0, 0), 4_000);
});

test("it is the average of two seconds that counts, not a moment of them", async () => {
  const { pass } = open();
  assert.equal(await pass(0, 0, 0, 0, 0, 500, 500, 500), 16_000 / 3);
  assert.equal(await pass(500), 4_000);
  assert.equal(await pass(0, 0, 0, 0, 0, 0, 0, 0), 6_000);
});

test("however much is idle, half a second: a container may have less than its machine", async () => {
  assert.equal(await open().pass(64 * 250, 64 * 250, 64 * 250, 64 * 250), 500);
});

test("a count of idle time that goes back is no time", async () => {
  const { pass } = open();
  assert.equal(await pass(0, -1, 0, 0, 0), 6_000);
});

test("too soon for another count, the last ones count", async () => {
  const { clock, processors, pass } = open();
  assert.equal(await pass(500, 500, 500, 500), 2_000);
  await clock.advance(249);
  assert.equal(processors.restMs, 2_000);
});

test("what they did while nobody asked is not known", async () => {
  const { clock, processors, pass } = open();
  assert.equal(await pass(500, 500, 500, 500), 2_000);
  await clock.advance(2_001);
  assert.equal(processors.restMs, 6_000);
  assert.equal(await pass(250, 250, 250), 6_000);
  assert.equal(await pass(250), 4_000);
});

test("this machine's own count has no less idle time than Node's, which leaves out who waits for a disk", () => {
  const share = Math.min(1, os.availableParallelism() / os.cpus().length);
  const ofNode = os.cpus().reduce((sum, { times }) => sum + times.idle, 0);
  const { idle, all } = counted();
  assert.ok(idle > 0 && all >= idle, `${idle} of ${all} ms`);
  assert.ok(idle >= ofNode * share, `${idle} ms, and Node says ${ofNode} of its ${share}`);
});

test("a platform that counts nothing is not busy", async () => {
  const clock = createVirtualClock();
  const processors = new Processors(clock, () => ({ idle: 0, all: 0 }));
  for (let span = 0; span < 4; span++) {
    assert.equal(processors.restMs, 6_000);
    await clock.advance(250);
  }
  assert.equal(processors.restMs, 1_000);
});
