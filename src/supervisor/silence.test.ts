/** Owns when a host is taken for hung. Its processes are made up: what real ones do is in test/supervisor. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { createVirtualClock, type VirtualClock } from "../core/virtual-clock.ts";
import { groupOf, optionsOf } from "./fixtures/options.ts";
import { HostTable } from "./host-table.ts";
import { identify, isRunning } from "./process-identity.ts";
import { statusOf } from "./replica.ts";
import { Silence } from "./silence.ts";
import { State } from "./state.ts";

const everyMs = 250;
let home: string;
let clock: VirtualClock;
let table: HostTable;
let silence: Silence;

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), "skein-silence-"));
  const state = new State(home);
  state.open();
  clock = createVirtualClock();
  table = new HostTable(optionsOf(state, { worker: groupOf(["worker"], { replicas: 4 }) }, { clock }));
  for (const one of table.replicas) {
    one.state = "ready";
    one.address = one.id;
  }
  table.publish();
  silence = new Silence(table);
});
afterEach(() => rmSync(home, { recursive: true }));

/** Looks every 250 ms; the hosts at these places say nothing. */
async function pass(ms: number, silent: readonly number[]): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += everyMs) {
    await clock.advance(everyMs);
    table.replicas.forEach((one, index) => silent.includes(index) || silence.heard(one));
    silence.look(clock.monotonic(), everyMs);
  }
}
const routed = () => table.routes.groups["worker"]?.addresses;

test("one that says nothing for 2 s gets no calls, and gets them again with its first word", async () => {
  await pass(2_000, [0]);
  assert.deepEqual(routed(), ["worker-1", "worker-2", "worker-3", "worker-4"]);
  await pass(everyMs, [0]);
  assert.deepEqual(routed(), ["worker-2", "worker-3", "worker-4"]);
  const said = table.replicas.map((one) => statusOf(one, clock)).map(({ state, silentMs }) => [state, silentMs]);
  assert.deepEqual(said.slice(0, 2), [
    ["silent", 2_000 + everyMs],
    ["ready", undefined],
  ]);
  await pass(everyMs, []);
  assert.deepEqual(routed(), ["worker-1", "worker-2", "worker-3", "worker-4"]);
});

test("time in which the supervisor itself was held up is nobody's silence", async () => {
  await pass(1_000, []);
  await clock.advance("1h");
  silence.look(clock.monotonic(), everyMs);
  assert.equal(routed()?.length, 4);
  await pass(2_250, [0]);
  assert.equal(routed()?.length, 3);
});

test("when most are silent together it is the machine that is slow: they keep their calls", async () => {
  await pass(9_000, [0, 1, 2]);
  assert.equal(routed()?.length, 4);
  await pass(everyMs, [1, 2]);
  assert.deepEqual(routed(), ["worker-1", "worker-4"]);
});

test("one that says nothing for 10 s is killed, and not before; most of them together after a minute", async () => {
  const children: ChildProcess[] = table.replicas.map(() =>
    spawn(process.execPath, ["--eval", "setInterval(() => {}, 1_000)"], { stdio: "ignore" }),
  );
  try {
    const ends = children.map((child) => once(child, "exit"));
    table.replicas.forEach((one, index) => (one.identity = identify(children[index]?.pid ?? -1)));
    const alive = () => table.replicas.map(({ identity }) => identity !== undefined && isRunning(identity));
    await pass(10_000, [0]);
    assert.deepEqual(alive(), [true, true, true, true]);
    await pass(everyMs, [0]);
    await ends[0];
    assert.equal(children[0]?.signalCode, "SIGKILL");
    table.replicas.shift();
    await pass(59_000, [0, 1, 2]);
    assert.deepEqual(alive(), [true, true, true]);
    await pass(2_000, [0, 1, 2]);
    await Promise.all(ends);
  } finally {
    for (const child of children) child.kill("SIGKILL");
  }
});
