/** Owns what is said where what runs was started with other options than those of the supervisor that takes it over. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { createVirtualClock } from "../core/virtual-clock.ts";
import { createLog } from "../observe/index.ts";
import type { Mode } from "../system/index.ts";
import { groupOf, optionsOf } from "./fixtures/options.ts";
import { adoptRecords, assertSameMode } from "./adopt.ts";
import { GatewaySocket } from "./gateway-socket.ts";
import { HostTable } from "./host-table.ts";
import { identify } from "./process-identity.ts";
import { State } from "./state.ts";

const identity = identify(process.pid) ?? assert.fail("this process runs");
const clock = createVirtualClock();
let state: State;
beforeEach(() => {
  state = new State(mkdtempSync(path.join(tmpdir(), "skein-adopt-")));
  state.open();
});
afterEach(() => rmSync(state.home, { recursive: true }));

function tableIn(mode: Mode): HostTable {
  return new HostTable(optionsOf(state, { a: groupOf(["a"]) }, { clock, mode }));
}

test("hosts that run in another mode are not taken over, and nothing is changed", () => {
  const [one] = tableIn("development").replicas;
  tableIn("development").remember(one ?? assert.fail("a replica"), identity);
  assert.throws(() => assertSameMode(state, "production"), {
    code: "SKEIN_SUPERVISOR_MODE",
    message: "a-1 runs in development, and production is asked for",
  });
  assert.doesNotThrow(() => assertSameMode(state, "development"));
  assert.equal(adoptRecords(tableIn("development")), true);
  // One that has ended says nothing of what runs.
  const record = state.host("a-1") ?? assert.fail("it is kept");
  state.write({ ...record, identity: { ...identity, start: "1" } });
  assert.doesNotThrow(() => assertSameMode(state, "production"));
});

test("of hosts with another memory than they should have those that have it are taken over first", () => {
  const tableOf = (memory?: number) =>
    new HostTable(optionsOf(state, { a: groupOf(["a"], memory === undefined ? {} : { memory }) }, { clock }));
  const ids = (of: readonly { readonly id: string }[]) => of.map(({ id }) => id);
  const [before] = tableOf().replicas;
  tableOf().remember(before ?? assert.fail("a replica"), identity);
  // Better than nobody.
  const alone = tableOf(2 ** 28);
  assert.equal(adoptRecords(alone), true);
  assert.deepEqual(ids(alone.leaving), []);
  const after = tableOf(2 ** 28);
  after.remember({ ...(after.replicas[0] ?? assert.fail("a replica")), id: "a-2", replica: 2 }, identity);
  const both = tableOf(2 ** 28);
  adoptRecords(both);
  assert.deepEqual([ids(both.replicas), ids(both.leaving)], [["a-2"], ["a-1"]]);
});

test("a gateway that is taken over keeps its address; another one that is asked for is said to count later", async () => {
  state.rememberUrl("http://127.0.0.1:4810");
  const warned: string[] = [];
  const log = createLog({ clock, sink: (_level, line) => void warned.push(line) });
  const open = (port: number, hostname = "127.0.0.1") =>
    new GatewaySocket({ state, clock, log, port, hostname }).open(true);
  for (const same of [4_810, 0]) await open(same);
  assert.deepEqual(warned, []);
  await open(4_999);
  await open(4_810, "::1");
  const [port, host] = warned.map((line) => (JSON.parse(line) as { readonly message: string }).message);
  assert.match(port ?? "", /listens on 127\.0\.0\.1:4810: 127\.0\.0\.1:4999 counts after skein stop/);
  assert.match(host ?? "", /listens on 127\.0\.0\.1:4810: \[::1\]:4810 counts/);
});
