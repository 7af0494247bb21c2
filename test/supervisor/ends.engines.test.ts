/** How a running system ends: asked twice, in a hurry. */
import assert from "node:assert/strict";
import { once } from "node:events";
import path from "node:path";
import { afterEach, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock } from "../../src/core/index.ts";
import { askStop, State } from "../../src/supervisor/asking.ts";
import { type Placed, processesOf, startPlaced } from "../shop/placed.ts";

const at = (file: string) => path.join(import.meta.dirname, file);
const limitMs = 60_000;

describe("a running system", { skip: process.platform === "linux" ? false : "it counts processes in /proc" }, () => {
  let placed: Placed | undefined;
  afterEach(async () => {
    placed?.supervisor.kill("SIGKILL");
    await placed?.clear();
    placed = undefined;
  });
  const start = async (): Promise<Placed> =>
    (placed = await startPlaced(at("stubborn.system.ts"), at("stubborn.json")));
  const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
    const endMs = performance.now() + limitMs;
    while (!(await holds())) {
      assert.ok(performance.now() < endMs, `not within ${limitMs} ms: ${what}`);
      await pause(50);
    }
  };

  test("a second Ctrl+C ends it at once, with 130, whatever is in flight", async () => {
    const system = await start();
    const asked = fetch(`${system.url}/spin`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ms: 60_000 }),
    }).then(
      ({ status }) => status,
      () => 0,
    );
    await pause(500);
    const ended = once(system.supervisor, "exit");
    system.supervisor.kill("SIGINT");
    await until("it ends", async () => (await system.status()).hosts.every(({ state }) => state !== "ready"));
    const beganMs = performance.now();
    system.supervisor.kill("SIGINT");
    assert.deepEqual(await ended, [130, null]);
    assert.ok(performance.now() - beganMs < 15_000, "not after what is in flight");
    assert.notEqual(await asked, 200);
    assert.deepEqual(processesOf(system.home), []);
  });

  test("asked to end by two at once it ends once; a third is told that nothing runs", async () => {
    const system = await start();
    const state = new State(system.home);
    await Promise.all([askStop(state, systemClock, limitMs), askStop(state, systemClock, limitMs)]);
    assert.deepEqual(processesOf(system.home), []);
    await assert.rejects(askStop(state, systemClock, limitMs), { code: "SKEIN_SUPERVISOR_NONE" });
  });
});
