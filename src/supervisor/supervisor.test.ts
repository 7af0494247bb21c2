/** Owns what a supervisor says when something cannot be. What it does to processes that live is tested with real ones. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { systemClock } from "../core/index.ts";
import { createLog } from "../observe/index.ts";
import { askStatus, askStop } from "./ask.ts";
import { system } from "../system/index.ts";
import { State } from "./state.ts";
import { Supervisor } from "./supervisor.ts";

test("a host that ends three times before it is ready ends the start; nothing to ask is said so", async () => {
  const home = mkdtempSync(path.join(tmpdir(), "skein-supervisor-"));
  try {
    const state = new State(home);
    state.open();
    assert.equal(state.claim(), true);
    const supervisor = new Supervisor({
      given: { file: path.join(home, "nowhere.ts") },
      build: { file: path.join(home, "nowhere.ts") },
      system: system("none", { services: [] }),
      leaving: [],
      placement: {
        groups: { one: { services: ["orders"], replicas: 1, isSingleton: false, memory: undefined } },
        pins: {},
      },
      state,
      clock: systemClock,
      log: createLog({ clock: systemClock, sink: () => undefined }),
      mode: "development",
      port: 0,
      hostname: "127.0.0.1",
      onStop: () => undefined,
    });
    await supervisor.open();
    await assert.rejects(supervisor.ready(), { code: "SKEIN_SUPERVISOR_START", message: /one-1 did not start/ });
    await supervisor.stop();
    assert.deepEqual(state.hosts(), []);
    await assert.rejects(askStatus(state, systemClock), { code: "SKEIN_SUPERVISOR_NONE" });
    await assert.rejects(askStop(state, systemClock, 1_000), { code: "SKEIN_SUPERVISOR_NONE" });
  } finally {
    rmSync(home, { recursive: true });
  }
});
