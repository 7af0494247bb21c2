/** What happens when a process lives and does nothing: calls go elsewhere, it is taken back or replaced, nothing waits for it. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { identify } from "../../src/supervisor/process-identity.ts";
import { type Placed, startPlaced } from "../shop/placed.ts";
import { ask, type Asked, type Load, startLoad } from "./open-loop.ts";

const limitMs = 40_000;
const rate = 20;
/** A caller drops a connection that does not answer after 2 s; the looks of a busy machine are later. */
const noticedMs = 4_000;

describe("two of each, gateways too", () => {
  let placed: Placed | undefined;
  let load: Load | undefined;
  const running = (): Placed => placed ?? assert.fail("nothing runs");
  const at = (file: string) => path.join(import.meta.dirname, file);
  const hosts = async (group: string) => (await running().status()).hosts.filter((host) => host.group === group);
  const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    const endMs = performance.now() + limitMs;
    while (!(await holds())) {
      assert.ok(
        performance.now() < endMs,
        `not within ${limitMs} ms: ${what}: ${JSON.stringify(await running().status())}`,
      );
      await pause(50);
    }
  };
  const pidOf = async (group: string): Promise<number> => (await hosts(group))[0]?.pid ?? assert.fail(`no ${group}`);
  const stateOf = async (group: string, pid: number) => (await hosts(group)).find((host) => host.pid === pid)?.state;
  const allReady = async () => (await running().status()).hosts.every(({ state }) => state === "ready");
  const failures = (asked: readonly Asked[]) =>
    asked.flatMap(({ failure, met }) => (failure === undefined ? [] : [...met, failure]));

  before(async () => {
    placed = await startPlaced(at("stubborn.system.ts"), at("stubborn.json"));
  });
  afterEach(() => load?.stop());
  after(() => placed?.close());

  test("a host that is stopped gets no calls, and gets them again when it goes on", async (t) => {
    const pid = await pidOf("worker");
    load = startLoad({ url: () => `${running().url}/pid`, rate });
    process.kill(pid, "SIGSTOP");
    const stoppedMs = performance.now();
    try {
      await until("it is silent", async () => (await stateOf("worker", pid)) === "silent");
      t.diagnostic(`out of the routes after ${Math.round(performance.now() - stoppedMs)} ms`);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await until("it is back", async () => (await stateOf("worker", pid)) === "ready");
    const seen = load.asked.length;
    await until("it answers", async () => load?.asked.slice(seen).some(({ body }) => body === String(pid)) === true);
    const asked = await load.stop();
    assert.deepEqual(failures(asked), []);
    const late = asked.filter(({ dueMs, doneMs }) => doneMs - dueMs > noticedMs);
    assert.deepEqual(late, []);
    assert.equal(identify(pid) === undefined, false);
  });

  test("a host that computes for ever is killed after 10 s and replaced; who did not wait for it goes on", async (t) => {
    load = startLoad({ url: () => `${running().url}/pid`, rate });
    const before = (await hosts("worker")).map(({ pid }) => pid);
    const spinning = fetch(`${running().url}/spin`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ms: 1_000_000_000 }),
    }).then((answer) => answer.status);
    const hung = async () => (await hosts("worker")).find(({ state }) => state === "silent")?.pid ?? undefined;
    await until("it is silent", async () => (await hung()) !== undefined);
    const pid = (await hung()) ?? assert.fail("none is silent");
    assert.ok(before.includes(pid));
    const beganMs = performance.now();
    await until("it has gone", async () => identify(pid) === undefined);
    await until("another is ready", async () => (await hosts("worker")).length === 2 && (await allReady()));
    t.diagnostic(`replaced ${Math.round(performance.now() - beganMs)} ms after it was seen to be silent`);
    assert.ok((await spinning) >= 500);
    assert.deepEqual(failures(await load.stop()), []);
  });

  test("a gateway that is stopped keeps only the connections it has: new ones are answered by the other", async (t) => {
    const pid = await pidOf("front");
    process.kill(pid, "SIGSTOP");
    try {
      const beganMs = performance.now();
      const answers: Awaited<ReturnType<typeof ask>>[] = [];
      // A few at a time: more than it can begin it refuses, by right.
      for (let i = 0; i < 100; i += 5) {
        const asks = Array.from({ length: 5 }, () => ask(`${running().url}/own`, false, limitMs));
        answers.push(...(await Promise.all(asks)));
      }
      t.diagnostic(`100 new connections were answered within ${Math.round(performance.now() - beganMs)} ms`);
      const other = (await hosts("front")).find((host) => host.pid !== pid)?.pid;
      assert.deepEqual(new Set(answers.map(({ failure, body }) => failure ?? body)), new Set([String(other)]));
      await until("it has gone", async () => identify(pid) === undefined);
      await until("another is ready", allReady);
    } finally {
      if (identify(pid) !== undefined) process.kill(pid, "SIGCONT");
    }
  });
});
