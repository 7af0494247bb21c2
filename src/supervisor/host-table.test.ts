/** Owns what a supervisor knows of its hosts: who leads, and who has to leave. It must never start a process that serves. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { skeinError } from "../errors/index.ts";
import { createVirtualClock } from "../core/virtual-clock.ts";
import { groupOf, optionsOf } from "./fixtures/options.ts";
import { tellToLeave } from "./end-all.ts";
import { HostTable } from "./host-table.ts";
import { identify } from "./process-identity.ts";
import { statusOf } from "./replica.ts";
import { State } from "./state.ts";

function tableWith(state: State): HostTable {
  state.open();
  return new HostTable(optionsOf(state, { sync: groupOf(["erp"], { replicas: 2, isSingleton: true }) }));
}

class FullDisk extends State {
  override write(): void {
    throw skeinError("SKEIN_STATE_FAILED", "it could not be written: ENOSPC");
  }
}

test("what has to leave is told so on a full disk too", async () => {
  const home = mkdtempSync(path.join(tmpdir(), "skein-table-"));
  const child = spawn(process.execPath, ["-e", "setInterval(() => undefined, 1_000)"], { stdio: "ignore" });
  try {
    const identity = identify(child.pid ?? -1) ?? assert.fail("it runs");
    const { id, services } = { id: "old-1", services: ["erp"] };
    const record = { id, group: "old", replica: 1, services, identity, socket: "/old.sock" };
    const state = new State(home);
    state.open();
    state.write({ ...record, isReady: true, isRetired: false, startedAt: 0, restarts: 0 });
    const gone = once(child, "exit");
    tellToLeave(tableWith(new FullDisk(home)), {
      id,
      identity,
      services,
      hasSuccessor: true,
      sinceMs: 0,
      isTold: false,
    });
    assert.deepEqual(await gone, [null, "SIGTERM"]);
  } finally {
    child.kill("SIGKILL");
    rmSync(home, { recursive: true });
  }
});

test("calls go to the leader with the greatest epoch, and to nobody between two", () => {
  const home = mkdtempSync(path.join(tmpdir(), "skein-table-"));
  try {
    const table = tableWith(new State(home));
    const [one, two] = table.replicas;
    assert.ok(one !== undefined && two !== undefined);
    const heard = (): readonly string[] => table.routes.groups["sync"]?.addresses ?? assert.fail("it has no route");
    for (const replica of [one, two]) Object.assign(replica, { state: "ready", address: `/${replica.id}.sock` });
    table.publish();
    assert.equal(table.routes.groups["sync"]?.hasLeader, true);
    assert.deepEqual(heard(), []);
    table.led(one, 4);
    assert.deepEqual(heard(), ["/sync-1.sock"]);
    table.led(two, 5);
    assert.deepEqual(heard(), ["/sync-2.sock"]);
    // It was stopped, and says late what was true before.
    table.led(one, 4);
    assert.deepEqual(heard(), ["/sync-2.sock"]);
    assert.deepEqual(
      table.replicas.map((replica) => statusOf(replica, createVirtualClock()).role),
      ["standby", "leader"],
    );
    two.state = "draining";
    table.publish();
    assert.deepEqual(heard(), []);
  } finally {
    rmSync(home, { recursive: true });
  }
});
