/** Owns what a supervisor says when something cannot be. What it does to processes that live is tested with real ones. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { type Clock, createVirtualClock, systemClock } from "../core/index.ts";
import { gatewayService } from "../system/placement/placement.ts";
import { groupOf, optionsOf } from "./fixtures/options.ts";
import { identify } from "./process-identity.ts";
import { askStatus, askStop } from "./ask.ts";
import type { Placement } from "../system/index.ts";
import { State } from "./state.ts";
import { Supervisor } from "./supervisor.ts";

let home: string;
let state: State;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), "skein-supervisor-"));
  state = new State(home);
  state.open();
  assert.equal(state.claim(), true);
});
afterEach(() => rmSync(home, { recursive: true }));

function supervisorOf(groups: Placement["groups"], clock: Clock = systemClock): Supervisor {
  const nowhere = { file: path.join(home, "nowhere.ts") };
  return new Supervisor(optionsOf(state, groups, { given: nowhere, build: nowhere, clock }));
}

async function connected(): Promise<Socket> {
  const socket = connect(state.control);
  await once(socket, "connect");
  return socket;
}

test("a host that ends three times before it is ready ends the start; nothing to ask is said so", async () => {
  const supervisor = supervisorOf({
    one: { services: ["orders"], replicas: 1, isSingleton: false, memory: undefined },
  });
  await supervisor.open();
  await assert.rejects(supervisor.ready(), { code: "SKEIN_SUPERVISOR_START", message: /one-1 did not start/ });
  await supervisor.stop();
  assert.deepEqual(state.hosts(), []);
  await assert.rejects(askStatus(state, systemClock), { code: "SKEIN_SUPERVISOR_NONE" });
  await assert.rejects(askStop(state, systemClock, 1_000), { code: "SKEIN_SUPERVISOR_NONE" });
});

test("it ends also while somebody is connected: one that says nothing, and one that has said who it is", async () => {
  const supervisor = supervisorOf({});
  await supervisor.open();
  const [silent, stopped] = [await connected(), await connected()];
  stopped.write(`${JSON.stringify({ is: "hello", id: "cli", pid: process.pid, token: state.token() })}\n`);
  stopped.write(`${JSON.stringify({ is: "status" })}\n`);
  await once(stopped, "data");
  const closed = [silent, stopped].map((one) => (one.resume(), once(one, "close")));
  await supervisor.stop();
  await Promise.all(closed);
  assert.equal(state.supervisor, undefined);
});

test(
  "a gateway that is taken over is told to keep its clients: who told it to send them on may have died",
  { timeout: 20_000 },
  async () => {
    const child = spawn(process.execPath, ["--eval", "setInterval(() => undefined, 2 ** 30)"], { stdio: "ignore" });
    const socket = state.newSocketOf("front-1");
    const what = { id: "front-1", group: "front", replica: 1, services: [gatewayService], socket };
    const identity = identify(child.pid ?? -1) ?? assert.fail("it runs");
    state.write({ ...what, identity, isReady: true, isRetired: false, startedAt: Date.now(), restarts: 0 });
    const supervisor = supervisorOf({ front: groupOf([gatewayService]) });
    await supervisor.open();
    const gateway = await connected();
    gateway.write(`${JSON.stringify({ is: "hello", id: "front-1", pid: child.pid, socket, token: state.token() })}\n`);
    const said: unknown[] = [];
    for await (const line of createInterface({ input: gateway })) {
      said.push(JSON.parse(line));
      if (said.length === 2) break;
    }
    assert.deepEqual(said[1], { is: "yield", withinMs: 0 });
    const stopping = supervisor.stop();
    child.kill("SIGKILL");
    gateway.destroy();
    await stopping;
  },
);

test("a connection that does not say who it is, is closed after 5 s; more than 256 of them at once", async () => {
  const clock = createVirtualClock();
  const supervisor = supervisorOf({}, clock);
  await supervisor.open();
  const guests: Socket[] = [];
  for (let i = 0; i < 256; i++) guests.push(await connected());
  const oneTooMany = (await connected()).resume();
  await once(oneTooMany, "close");
  const closed = guests.map((one) => (one.resume(), once(one, "close")));
  assert.equal(
    guests.every(({ destroyed }) => !destroyed),
    true,
  );
  await clock.advance(5_000);
  await Promise.all(closed);
  // There is room again.
  assert.equal((await askStatus(state, systemClock)).hosts.length, 0);
  const stopping = supervisor.stop();
  await clock.advance(1_000);
  await stopping;
});
