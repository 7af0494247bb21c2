/** Who is started while another start takes long. The processes are the test's own, and what they would do is said for them. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { getPriority, tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { createVirtualClock, type VirtualClock } from "../core/virtual-clock.ts";
import { gatewayService } from "../system/placement/placement.ts";
import { groupOf, optionsOf } from "./fixtures/options.ts";
import { Changes } from "./changes.ts";
import type { GatewaySocket } from "./gateway-socket.ts";
import { HostTable } from "./host-table.ts";
import { signal } from "./process-identity.ts";
import { type Replica, replacementOf } from "./replica.ts";
import { mayRaise } from "./spawn.ts";
import { Starter } from "./starter.ts";
import { State } from "./state.ts";

let home: string;
let clock: VirtualClock;
let table: HostTable;
let starter: Starter;

const processors = { restMs: 0 };

beforeEach(() => {
  processors.restMs = 0;
  home = mkdtempSync(path.join(tmpdir(), "skein-starter-"));
  const state = new State(home);
  state.open();
  const file = path.join(home, "system.ts");
  writeFileSync(file, "await new Promise((resolve) => setTimeout(resolve, 600_000));");
  clock = createVirtualClock();
  const groups = {
    alpha: groupOf(["alpha"]),
    beta: groupOf(["beta"]),
    gamma: groupOf(["gamma"], { replicas: 2 }),
  };
  table = new HostTable(optionsOf(state, groups, { given: { file }, build: { file }, clock }));
  // There is no gateway here.
  starter = new Starter(table, { isHeld: false } as GatewaySocket, processors);
});
afterEach(() => {
  for (const { identity } of table.replicas) if (identity !== undefined) signal(identity, "SIGKILL");
  rmSync(home, { recursive: true, maxRetries: 5 });
});

const find = (id: string): Replica => table.find(id) ?? assert.fail(`there is no ${id}`);
const starting = () => table.replicas.filter(({ state }) => state === "starting").map(({ id }) => id);
const serve = (...ids: readonly string[]) => {
  for (const id of ids) find(id).state = "ready";
};
async function pass(ms: number): Promise<void> {
  await clock.advance(ms);
  starter.next();
}

test("one at a time; one that hangs holds up others for 3 s, and its own group for as long as it hangs", async () => {
  serve("alpha-1", "beta-1");
  starter.next();
  assert.deepEqual(starting(), ["gamma-1"]);
  find("beta-1").state = "waiting";
  await pass(2_900);
  assert.deepEqual(starting(), ["gamma-1"]);
  await pass(200);
  assert.deepEqual(starting(), ["beta-1", "gamma-1"]);
  starter.ready(find("beta-1"));
  await pass(30_000);
  assert.deepEqual(starting(), ["gamma-1"]);
});

test("what nobody else does starts beside the newcomer of a change at once, also one of its own group", () => {
  serve("alpha-1", "beta-1", "gamma-1", "gamma-2");
  table.replicas.push(replacementOf(find("beta-1")));
  starter.next();
  assert.deepEqual(starting(), ["beta-1.b"]);
  find("gamma-2").state = "waiting";
  starter.next();
  // Another one of its group serves.
  assert.deepEqual(starting(), ["beta-1.b"]);
  find("beta-1").state = "waiting";
  starter.next();
  assert.deepEqual(starting(), ["beta-1", "beta-1.b"]);
});

/** Newcomers of a change, each of a group of its own unless one is given. */
function come(ids: readonly string[], group?: string): Replica[] {
  const of = (id: string): Replica => ({
    ...find("alpha-1"),
    id,
    group: group ?? id,
    state: "waiting",
    isRouted: false,
  });
  const newcomers = ids.map(of);
  table.replicas.push(...newcomers);
  return newcomers;
}

test("newcomers of a change never start side by side, however long a start takes; what is missing starts beside them", async () => {
  serve("alpha-1", "beta-1", "gamma-1", "gamma-2");
  come(["new-1", "new-2"]);
  starter.next();
  await pass(50_000);
  assert.deepEqual(starting(), ["new-1"]);
  find("gamma-2").state = "waiting";
  starter.next();
  assert.deepEqual(starting(), ["gamma-2", "new-1"]);
});

test("what nobody else serves is awaited, though a newcomer of its group be ready that gets no calls yet", () => {
  serve("alpha-1", "beta-1", "gamma-1", "gamma-2");
  const [ready] = come(["new-1", "new-2"], "beta");
  Object.assign(ready ?? assert.fail(), { state: "ready" });
  starter.next();
  assert.deepEqual(starting(), ["new-2"]);
  find("beta-1").state = "waiting";
  starter.next();
  assert.deepEqual(starting(), ["beta-1", "new-2"]);
  assert.equal(getPriority(find("beta-1").identity?.pid), getPriority());
});

test("a gateway that nobody else is for is started at the usual priority, another one is not", () => {
  const asked: unknown[] = [];
  const spawn = (id: string, _args: unknown, _log: string, isAwaited: boolean) => void asked.push([id, isAwaited]);
  const socket = { isHeld: true, spawn } as unknown as GatewaySocket;
  starter = new Starter(table, socket, processors);
  serve("alpha-1", "beta-1", "gamma-1", "gamma-2");
  const gateOf = (id: string): Replica => ({
    ...find("alpha-1"),
    id,
    group: "gate",
    services: [gatewayService],
    state: "waiting",
  });
  const [first, second] = [gateOf("gate-1"), gateOf("gate-2")];
  table.replicas.push(first, second);
  starter.next();
  starter.ready(first);
  assert.deepEqual(asked, [
    ["gate-1", true],
    ["gate-2", false],
  ]);
});

test("the next newcomer of a change waits for as long as the processors need; what is missing does not", async () => {
  serve("alpha-1", "beta-1", "gamma-1", "gamma-2");
  come(["alpha-2", "alpha-3", "alpha-4"]);
  processors.restMs = 6_000;
  starter.next();
  assert.deepEqual(starting(), ["alpha-2"]);
  starter.ready(find("alpha-2"));
  find("gamma-2").state = "waiting";
  starter.next();
  assert.deepEqual(starting(), ["gamma-2"]);
  starter.ready(find("gamma-2"));
  await pass(5_900);
  assert.deepEqual(starting(), []);
  await pass(200);
  assert.deepEqual(starting(), ["alpha-3"]);
  starter.ready(find("alpha-3"));
  processors.restMs = 3_000;
  await pass(2_900);
  assert.deepEqual(starting(), []);
  await pass(200);
  assert.deepEqual(starting(), ["alpha-4"]);
});

test("the newcomer of a change starts at low priority, also as the first of its group; what nobody else does, at the usual one", () => {
  serve("alpha-1", "gamma-1", "gamma-2");
  const newcomer = { ...find("beta-1"), id: "delta-1", group: "delta", services: ["beta"], isRouted: false };
  table.replicas.push(newcomer);
  starter.next();
  starter.ready(find("beta-1"));
  starter.next();
  const priorities = ["beta-1", "delta-1"].map((id) => getPriority(find(id).identity?.pid));
  assert.deepEqual(priorities, [getPriority(), mayRaise ? 10 : getPriority()]);
});

test("where an old one ends while its replacement waits for its turn, this one is what is missing: at once, with calls", () => {
  serve("alpha-1", "beta-1", "gamma-1", "gamma-2");
  come(["new-1"]);
  processors.restMs = 6_000;
  starter.next();
  starter.ready(find("new-1"));
  const next = { ...replacementOf(find("beta-1")), isRouted: false };
  table.replicas.push(next);
  starter.ended(find("beta-1"));
  const { absent } = table.routes.groups["beta"] ?? {};
  assert.equal(absent, "starting", "calls wait for it");
  starter.next();
  assert.deepEqual(starting(), ["beta-1.b"]);
  assert.equal(getPriority(next.identity?.pid), getPriority());
  starter.ready(next);
  assert.deepEqual(table.routes.groups["beta"]?.addresses, [next.address]);
});

test("what ends again and again is started after pauses that double, from 100 ms to 30 s", async () => {
  serve("alpha-1", "beta-1", "gamma-1", "gamma-2");
  for (let pauseMs = 100; pauseMs < 100_000; pauseMs *= 2) {
    starter.ended(find("alpha-1"));
    await pass(Math.min(30_000, pauseMs) - 1);
    assert.deepEqual(starting(), [], `before ${pauseMs} ms`);
    await pass(1);
    assert.deepEqual(starting(), ["alpha-1"], `after ${pauseMs} ms`);
    signal(find("alpha-1").identity ?? assert.fail("it was started"), "SIGKILL");
  }
});

test("what a change that is taken back has not started yet is not started any more", async () => {
  serve("alpha-1", "beta-1", "gamma-1", "gamma-2");
  const newcomers = ["alpha-2", "alpha-3"].map((id) => ({ ...find("alpha-1"), id, isRouted: false }));
  for (const one of newcomers) one.state = "waiting";
  table.replicas.push(...newcomers);
  const changes = new Changes(table, starter);
  const ended = changes.ended(newcomers);
  starter.next();
  assert.deepEqual([starting(), newcomers.filter((one) => table.replicas.includes(one))], [[], []]);
  await clock.advance(1_000);
  await ended;
});
