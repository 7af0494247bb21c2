/** How a running system ends: asked twice, in a hurry; and what it does when its disk is full, which is not to end. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock } from "../../src/core/index.ts";
import { askStop, State } from "../../src/supervisor/index.ts";
import { type Placed, processesOf, startPlaced } from "../shop/placed.ts";
import { type Load, startLoad } from "./open-loop.ts";

const at = (file: string) => path.join(import.meta.dirname, file);
const limitMs = 60_000;

describe("a running system", { skip: process.platform === "linux" ? false : "it counts processes in /proc" }, () => {
  let placed: Placed | undefined;
  let load: Load | undefined;
  afterEach(async () => {
    await load?.stop();
    load = undefined;
    placed?.supervisor.kill("SIGKILL");
    await placed?.clear();
    placed = undefined;
  });
  const start = async (env = {}, home?: string): Promise<Placed> =>
    (placed = await startPlaced(at("stubborn.system.ts"), at("stubborn.json"), env, home));
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

  test("a disk that is full: what serves goes on, what has died comes back once there is room", async (t) => {
    const disk = mkdtempSync(path.join(tmpdir(), "skein-full-"));
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk]);
    if (mounted.status !== 0) return t.skip("it needs the right to mount a small disk");
    try {
      const system = await start({}, path.join(disk, "home"));
      load = startLoad({ url: () => `${system.url}/pid`, rate: 10 });
      const ballast = path.join(disk, "ballast");
      fillUp(ballast);
      const { pid } = (await system.status()).hosts.find(({ group }) => group === "worker") ?? assert.fail("no worker");
      process.kill(pid ?? assert.fail("it does not run"), "SIGKILL");
      await until("it says so", () => system.log.includes("SKEIN_STATE_FAILED"));
      const seen = load.asked.length;
      await until("calls go on", () => (load?.asked.length ?? 0) > seen + 20);
      assert.equal(system.supervisor.exitCode, null);
      rmSync(ballast);
      await until("it is back", async () => (await system.status()).hosts.every(({ state }) => state === "ready"));
      assert.deepEqual(
        (await load.stop()).filter(({ failure }) => failure !== undefined),
        [],
      );
    } finally {
      await load?.stop();
      placed?.supervisor.kill("SIGKILL");
      await placed?.clear();
      placed = undefined;
      spawnSync("umount", ["--lazy", disk]);
      rmSync(disk, { recursive: true });
    }
  });
});

/** To the last byte. */
function fillUp(file: string): void {
  const descriptor = openSync(file, "a");
  try {
    for (let bytes = 65_536; bytes >= 1;) {
      try {
        if (writeSync(descriptor, Buffer.alloc(bytes)) === 0) bytes = Math.floor(bytes / 2);
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
        bytes = Math.floor(bytes / 2);
      }
    }
  } finally {
    closeSync(descriptor);
  }
}
