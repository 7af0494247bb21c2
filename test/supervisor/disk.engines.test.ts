/** A running system whose disk is full, or read-only: what serves goes on, and every command does what it is for or says why not. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, rmSync } from "node:fs";
import path from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type Placed, processesOf, startPlaced } from "../shop/placed.ts";
import { Disk } from "./disk.ts";
import { type Load, startLoad } from "./open-loop.ts";
import { makeDirectory } from "./roll-builds.ts";

const at = (file: string) => path.join(import.meta.dirname, file);
const [system, placement] = [at("stubborn.system.ts"), at("stubborn.json")];
const bin = at("../../src/cli/bin.ts");
const limitMs = 60_000;

describe("a system on a disk", { skip: Disk.lack }, () => {
  let disk: Disk;
  let placed: Placed;
  let load: Load | undefined;
  // The same again is another build.
  const build = makeDirectory();
  before(() => copyFileSync(system, path.join(build, path.basename(system))));
  after(() => rmSync(build, { recursive: true }));
  beforeEach(async () => {
    disk = new Disk();
    placed = await startPlaced(system, placement, {}, path.join(disk.directory, "home"));
  });
  afterEach(async () => {
    disk.open();
    await load?.stop();
    load = undefined;
    placed.supervisor.kill("SIGKILL");
    await placed.clear();
    disk.remove();
  });

  async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const endMs = performance.now() + limitMs;
    while (!(await holds())) {
      assert.ok(performance.now() < endMs, `not within ${limitMs} ms: ${what}\n${placed.log}`);
      await pause(50);
    }
  }

  /** What a command says, and what it ends with. */
  async function skein(...args: readonly string[]) {
    const env = { ...process.env, SKEIN_HOME: placed.home, NO_COLOR: "1" };
    const child = spawn(process.execPath, ["--conditions=skein-src", bin, ...args], { env });
    let [out, noise] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (noise += text));
    const [code] = (await once(child, "close")) as [number];
    return { code, out, noise };
  }

  async function killSupervisor(): Promise<void> {
    const ended = once(placed.supervisor, "exit");
    placed.supervisor.kill("SIGKILL");
    await ended;
  }

  /** `what` ends it: nothing is left, and nobody has met a bug on the way. */
  async function ends(what: () => Promise<{ code: number; out: string; noise: string }>): Promise<void> {
    assert.deepEqual(await what(), { code: 0, out: "stopped\n", noise: "" });
    // The last thing a process does is to remove its record.
    await until("nothing runs", () => processesOf(placed.home).length === 0);
    const logs = await skein("logs", system);
    assert.equal(logs.code, 0);
    assert.doesNotMatch(logs.out, /node:internal|Unhandled|SKEIN_CLI_FAILED/);
  }

  /** What would change something is refused in one line, and has changed nothing. */
  async function refuses(): Promise<void> {
    const before = await placed.status();
    for (const args of [
      ["place", system, "leaky=own"],
      ["roll", build, system],
      ["start", system, "--placement", placement, "--mode", "development", "--port", "0"],
    ]) {
      const { code, out, noise } = await skein(...args);
      assert.equal(code, 1, out + noise);
      assert.doesNotMatch(out + noise, / {4}at |SKEIN_CLI_FAILED/);
      if (args[0] !== "start") assert.match(noise, /^skein: .* \[SKEIN_STATE_FAILED\]; .*\n$/);
    }
    const after = await placed.status();
    assert.deepEqual(
      after.hosts.map(({ pid, services }) => [pid, services]),
      before.hosts.map(({ pid, services }) => [pid, services]),
    );
    assert.equal(after.epoch, before.epoch);
  }

  /** A host that dies takes nobody with it, and is back as soon as that can be written. */
  async function survivesADeath(again: () => void): Promise<void> {
    load = startLoad({ url: () => `${placed.url}/pid`, rate: 10 });
    const { pid } = (await placed.status()).hosts.find(({ group }) => group === "worker") ?? assert.fail("no worker");
    process.kill(pid ?? assert.fail("it does not run"), "SIGKILL");
    await until("it says so", () => placed.log.includes("SKEIN_STATE_FAILED"));
    const seen = load.asked.length;
    await until("calls go on", () => (load?.asked.length ?? 0) > seen + 20);
    assert.equal(placed.supervisor.exitCode, null);
    again();
    await until("it is back", async () => (await placed.status()).hosts.every(({ state }) => state === "ready"));
    const failed = (await load.stop()).filter(({ failure }) => failure !== undefined);
    assert.deepEqual(failed, []);
  }

  test("full: what serves goes on, what has died comes back once there is room; nothing can be changed, and it ends", async () => {
    disk.fill();
    await refuses();
    await survivesADeath(() => disk.makeRoom());
    disk.fill();
    await ends(() => skein("stop", system));
  });

  test("full, and no supervisor: it ends", async () => {
    await killSupervisor();
    disk.fill();
    const before = (await placed.status()).hosts;
    const { code, noise } = await skein("start", system, "--placement", placement, "--mode", "development");
    assert.equal(code, 1);
    assert.match(noise, /^skein: .* \[SKEIN_STATE_FAILED\]; .*$/m);
    assert.deepEqual(
      (await placed.status()).hosts.map(({ pid }) => pid),
      before.map(({ pid }) => pid),
    );
    assert.equal((await skein("status", system)).code, 0);
    await ends(() => skein("stop", system));
  });

  test("read-only: the same", async () => {
    disk.close();
    await refuses();
    await survivesADeath(() => disk.open());
    disk.close();
    await ends(() => skein("stop", system));
    const { code, noise } = await skein("start", system, "--placement", placement, "--mode", "development");
    assert.equal(code, 1);
    assert.match(noise, /^skein: .* \[SKEIN_STATE_FAILED\]; .*\n$/);
  });

  test("read-only, and no supervisor: it ends, and is started again once it can be", async () => {
    await killSupervisor();
    disk.close();
    assert.equal((await skein("status", system)).code, 0);
    await ends(() => skein("stop", system));
    assert.equal((await skein("status", system)).code, 1);
    disk.open();
    await placed.restart();
  });
});
