/** When a process leaves a file to others, on a clock that stands still: never for nothing, and so that nobody starves. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSeededRandom, createVirtualClock, sleep, type VirtualClock } from "../../../core/index.ts";
import { type Limits, limitsOf } from "../../engine.ts";
import { createSharing, type Sharing } from "./sharing.ts";

const seed = process.env["SEED"] ?? 7;

function setup() {
  const clock = createVirtualClock({ settleTurns: 1 });
  const random = createSeededRandom(seed);
  // In 64ths, so that sums of times are exact.
  const sharing = createSharing(clock, { ...random, float: () => random.int(64) / 64 });
  const plenty: Limits = limitsOf(clock, 1e6);
  /** How long `wait` took, and that nothing of it is left. */
  const took = async (wait: Promise<void> | undefined): Promise<number> => {
    const fromMs = clock.monotonic();
    let over = false;
    const settled = Promise.resolve(wait).finally(() => (over = true));
    settled.catch(() => undefined);
    await clock.advance("1s", { until: () => over });
    await settled;
    assert.equal(clock.pending, 0);
    return clock.monotonic() - fromMs;
  };
  /** Writes for `ms` without a pause, in transactions of 1 ms. */
  const write = async (ms: number): Promise<void> => {
    for (let i = 0; i < ms; i++) {
      assert.equal(sharing.giveWay(plenty), undefined, `seed ${seed}: paused after ${i} ms of ${ms}`);
      await clock.advance("1ms");
      sharing.ended();
    }
  };
  return { clock, sharing, plenty, took, write };
}

test("a process that has seen nobody else never pauses, however long it writes", async () => {
  const { clock, write } = setup();
  await write(3_000);
  assert.equal(clock.pending, 0);
});

test("once another was seen, a turn of 5 ms is followed by a pause of 1 to 3 ms, for a second", async () => {
  const { clock, sharing, plenty, took, write } = setup();
  const lookMs = await took(sharing.look(plenty));
  assert.ok(lookMs >= 1 && lookMs < 3, `seed ${seed}: ${lookMs}`);
  const seenMs = clock.monotonic() - lookMs;
  const pauses: number[] = [];
  while (clock.monotonic() - seenMs < 990) {
    await write(5);
    const pauseMs = await took(sharing.giveWay(plenty));
    assert.ok(pauseMs >= 1 && pauseMs < 3, `seed ${seed}: ${pauseMs}`);
    pauses.push(pauseMs);
  }
  assert.ok(new Set(pauses).size > 20, "full jitter");
  await clock.advance(`${Math.ceil(1_000 - (clock.monotonic() - seenMs))}ms`);
  await write(50);
});

test("whoever has left the file alone for as long as a pause has a whole turn again", async () => {
  const { clock, sharing, plenty, took, write } = setup();
  await took(sharing.look(plenty));
  await write(4);
  await clock.advance("3ms");
  await write(5);
  assert.ok((await took(sharing.giveWay(plenty))) >= 1);
  await write(5);
  assert.ok((await took(sharing.giveWay(plenty))) >= 1);
});

test("no pause is longer than what a call has left, and one that is over is told at once", async () => {
  const { clock, sharing, took, plenty, write } = setup();
  assert.equal(await took(sharing.look(limitsOf(clock, 0.25))), 0.25);
  assert.equal(await took(sharing.look(limitsOf(clock, 0))), 0);
  await write(5);
  assert.equal(await took(sharing.giveWay(limitsOf(clock, 0.5))), 0.5);
  const controller = new AbortController();
  const limits: Limits = { ...plenty, signal: () => controller.signal };
  const waiting = sharing.look(limits);
  controller.abort(new Error("the call is over"));
  await assert.rejects(waiting, /the call is over/);
  await assert.rejects(sharing.look(limits), /the call is over/);
  assert.equal(clock.pending, 0);
});

/** A file's lock as SQLite has it, without a queue: who asks while it is free has it. */
function processOn(clock: VirtualClock, lock: { isHeld: boolean }, sharing: Sharing, holdMs: number) {
  const limits = limitsOf(clock, 1e9);
  return async (): Promise<void> => {
    await sharing.giveWay(limits);
    // The way to the thread.
    await sleep(clock, 0.1);
    while (lock.isHeld) await sharing.look(limits);
    lock.isHeld = true;
    await sleep(clock, holdMs);
    lock.isHeld = false;
    sharing.ended();
  };
}

/** One process writes without a break, another now and then: how often the first commits while the other waits. */
async function overtaken(change: (greedy: Sharing) => Sharing): Promise<(share: number) => number> {
  const clock = createVirtualClock({ settleTurns: 1 });
  const random = createSeededRandom(seed);
  const lock = { isHeld: false };
  let commits = 0;
  let isOver = false;
  const greedy = processOn(clock, lock, change(createSharing(clock, random)), 1.5);
  const modest = createSharing(clock, random);
  const modestly = processOn(clock, lock, modest, 1.5);
  const counts: number[] = [];
  const running = Promise.all([
    (async () => {
      while (!isOver) {
        await greedy();
        commits++;
      }
    })(),
    (async () => {
      for (let i = 0; i < 300; i++) {
        await sleep(clock, 10 + random.float() * 10);
        const before = commits;
        await modestly();
        counts.push(commits - before);
      }
      isOver = true;
    })(),
  ]);
  await clock.advance("10m", { until: () => isOver });
  await clock.advance("1s");
  await running;
  counts.sort((a, b) => a - b);
  return (share) => counts[Math.min(counts.length - 1, Math.floor(share * counts.length))] as number;
}

test("who writes now and then is not starved by who writes without a break", async (context) => {
  const shared = await overtaken((greedy) => greedy);
  const starved = await overtaken((greedy) => ({ ...greedy, giveWay: () => undefined }));
  const told = (of: (share: number) => number) => [0.5, 0.9, 0.99, 1].map(of).join(" / ");
  context.diagnostic(`commits before it, p50 / p90 / p99 / max: ${told(shared)}; without giving way: ${told(starved)}`);
  assert.ok(shared(0.5) <= 4 && shared(0.99) <= 15, `seed ${seed}: ${told(shared)}`);
  assert.ok(starved(0.5) > 4 && starved(0.99) > 15, `seed ${seed}: ${told(starved)}: the test shows nothing`);
});
