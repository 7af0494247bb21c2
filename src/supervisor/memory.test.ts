/** Owns when a host is replaced for its memory, and that a later supervisor goes on with it. Real ones are in test/supervisor. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { groupOf, optionsOf } from "./fixtures/options.ts";
import { adoptRecords } from "./adopt.ts";
import { HostTable } from "./host-table.ts";
import { Memory } from "./memory.ts";
import { identify } from "./process-identity.ts";
import type { Replica } from "./replica.ts";
import type { Starter } from "./starter.ts";
import { State } from "./state.ts";

const mib = 2 ** 20;
const identity = identify(process.pid) ?? assert.fail("this process runs");
let home: string;
let drained: string[];
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), "skein-memory-"));
  drained = [];
});
afterEach(() => rmSync(home, { recursive: true }));

function open(): { table: HostTable; memory: Memory } {
  const state = new State(home);
  state.open();
  const table = new HostTable(optionsOf(state, { worker: groupOf(["worker"], { replicas: 2, memory: 100 * mib }) }));
  // What it does to processes is not what is asked here.
  const starter = { next: () => undefined, drain: (one: Replica) => drained.push(one.id) } as unknown as Starter;
  return { table, memory: new Memory(table, starter) };
}

function ready(table: HostTable): Replica[] {
  for (const one of table.replicas) one.state = "ready";
  return [...table.replicas];
}
const ids = ({ replicas }: HostTable) => replicas.map(({ id }) => id);

test("at 80 % a replacement is started, one at a time; the old one ends when that is ready, and not before", () => {
  const { table, memory } = open();
  const [first, second] = ready(table) as [Replica, Replica];
  first.rss = 79 * mib;
  memory.look(first);
  assert.deepEqual(ids(table), ["worker-1", "worker-2"]);
  first.rss = second.rss = 80 * mib;
  for (const one of [first, second, first]) memory.look(one);
  assert.deepEqual(ids(table), ["worker-1", "worker-2", "worker-1.b"]);
  assert.deepEqual(drained, []);
  const replacement = table.find("worker-1.b") ?? assert.fail();
  replacement.state = "ready";
  memory.look(replacement);
  assert.deepEqual(drained, ["worker-1"]);
});

test("at 95 % it is told to end, with or without a replacement", () => {
  const { table, memory } = open();
  const [first] = ready(table) as [Replica];
  first.rss = 95 * mib;
  memory.look(first);
  assert.deepEqual(drained, ["worker-1"]);
  assert.deepEqual(ids(table), ["worker-1", "worker-2"]);
});

test("without a limit nothing is judged", () => {
  const { table, memory } = open();
  const one = { ...(ready(table)[0] as Replica), memory: undefined, rss: 1e12 };
  memory.look(one);
  assert.deepEqual([ids(table), drained], [["worker-1", "worker-2"], []]);
});

test("a later supervisor takes over both, or the replacement alone under its own name", () => {
  const { table } = open();
  const record = {
    group: "worker",
    replica: 1,
    services: ["worker"],
    identity,
    isRetired: false,
    startedAt: 0,
    restarts: 0,
  };
  const { state } = table.options;
  state.write({ ...record, id: "worker-1.b", socket: "/b", isReady: false, replaces: "worker-1" });
  state.write({ ...record, id: "worker-1", socket: "/a", isReady: true });
  assert.equal(adoptRecords(table), true);
  assert.deepEqual(
    table.replicas.map((one) => [one.id, one.state, one.replaces?.id]),
    [
      ["worker-1", "ready", undefined],
      ["worker-2", "waiting", undefined],
      ["worker-1.b", "starting", "worker-1"],
    ],
  );
  state.remove("worker-1");
  const next = open().table;
  adoptRecords(next);
  assert.deepEqual(ids(next), ["worker-1.b", "worker-2"]);
  assert.equal(state.host("worker-1.b")?.replaces, undefined);
});
