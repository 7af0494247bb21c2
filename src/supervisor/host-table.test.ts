/** Owns who leads, as a supervisor hears it. It must never start a process. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { systemClock } from "../core/index.ts";
import { silentLog } from "../observe/index.ts";
import { system } from "../system/index.ts";
import { HostTable } from "./host-table.ts";
import { statusOf } from "./replica.ts";
import { State } from "./state.ts";

test("calls go to the leader with the greatest epoch, and to nobody between two", () => {
  const home = mkdtempSync(path.join(tmpdir(), "skein-table-"));
  try {
    const state = new State(home);
    state.open();
    const group = { services: ["erp"], replicas: 2, isSingleton: true, memory: undefined };
    const table = new HostTable({
      given: { file: "/system.ts" },
      build: { file: "/system.ts" },
      system: system("none", { services: [] }),
      leaving: [],
      placement: { groups: { sync: group }, pins: {} },
      state,
      clock: systemClock,
      log: silentLog,
      mode: "development",
      port: 0,
      hostname: "127.0.0.1",
      onStop: () => undefined,
    });
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
      table.replicas.map((replica) => statusOf(replica, 0).role),
      ["standby", "leader"],
    );
    two.state = "draining";
    table.publish();
    assert.deepEqual(heard(), []);
  } finally {
    rmSync(home, { recursive: true });
  }
});
