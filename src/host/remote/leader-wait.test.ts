/** Owns how long a call waits for a leader. Time is virtual. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSeededRandom, createVirtualClock } from "../../core/index.ts";
import { isSkeinError, skeinError } from "../../errors/index.ts";
import type { Connection } from "../../transport/index.ts";
import { LeaderWait } from "./leader-wait.ts";
import { Replicas } from "./replicas.ts";

const unreachable = () => Promise.reject<never>(skeinError("SKEIN_TRANSPORT_UNREACHABLE"));

test("a call waits until a leader can be reached", async () => {
  const clock = createVirtualClock();
  let isThere = false;
  const waiting = new LeaderWait(clock).until(10_000, () => (isThere ? Promise.resolve("the leader") : unreachable()));
  await clock.advance(3_300);
  isThere = true;
  await clock.advance(150);
  assert.equal(await waiting, "the leader");
});

for (const [what, timeoutMs, endMs] of [
  ["five seconds", 10_000, 5_000],
  ["less than its deadline", 1_000, 900],
  ["five seconds, without a deadline", undefined, 5_000],
] as const) {
  test(`and no longer than ${what}`, async () => {
    const clock = createVirtualClock();
    let failedMs = 0;
    const failed = new LeaderWait(clock).until(timeoutMs, unreachable).catch((error: unknown) => {
      failedMs = clock.monotonic();
      return error;
    });
    await clock.advance(20_000);
    const error = await failed;
    assert.ok(isSkeinError(error));
    assert.deepEqual([error.code, error.outcome, error.retry], ["SKEIN_LEADER_NONE", "not_started", true]);
    assert.equal(failedMs, endMs);
  });
}

test("a thousand may wait, and the next one is told at once", async () => {
  const clock = createVirtualClock();
  const wait = new LeaderWait(clock);
  const thousand = Array.from({ length: 1_000 }, () => wait.until(undefined, unreachable).catch(() => undefined));
  await assert.rejects(wait.until(undefined, unreachable), { code: "SKEIN_LEADER_NONE", message: /1000 calls wait/ });
  await clock.advance(5_100);
  await Promise.all(thousand);
  const again = assert.rejects(wait.until(10, unreachable), { code: "SKEIN_LEADER_NONE" });
  await clock.advance(50);
  await again;
});

test("only a group with a leader is waited for", async () => {
  const clock = createVirtualClock();
  const connect = (): Promise<Connection> => unreachable();
  const replicas = new Replicas({ clock, random: createSeededRandom(1), connect });
  replicas.update([]);
  await assert.rejects(replicas.reach(1_000), { code: "SKEIN_TRANSPORT_UNREACHABLE" });
  replicas.update([], true);
  const waiting = assert.rejects(replicas.reach(1_000), { code: "SKEIN_LEADER_NONE" });
  await clock.advance(1_000);
  await waiting;
});
