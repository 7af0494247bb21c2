/** A supervisor that is killed at any point of writing its state: the next one finds all of it, old or new. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock } from "../../src/core/index.ts";
import { askStatus, askStop, State } from "../../src/supervisor/asking.ts";
import { identify } from "../../src/supervisor/process-identity.ts";
import { ProcessWatch } from "../faults/process-watch.ts";

const at = (file: string) => path.join(import.meta.dirname, file);
const stopMs = 60_000;
const readyMs = 60_000;
/** As kill-in-write.ts names them. Filled, but not flushed, and closed are the same to whoever comes next. */
const steps = ["before making", "before flushing", "before renaming", "after renaming"];
/** Each file, which time it is written, and who has died before so that it is. */
const writes: readonly (readonly [string, number, readonly string[]])[] = [
  ["token", 1, []],
  ["supervisor.json", 1, ["worker-1"]],
  ["gateway.json", 1, ["holder", "front-1"]],
  ["hosts/holder.json", 1, ["holder", "front-1"]],
  ["hosts/worker-1.json", 1, ["worker-1"]],
  ["hosts/worker-1.json", 2, ["worker-1"]],
  ["hosts/front-1.json", 1, ["front-1"]],
  ["routes.json", 1, ["worker-1"]],
  ["routes.json", 2, ["worker-1"]],
];
const places = ["front-1", "holder", "worker-1"];

describe(
  "kill -9 in the middle of a state write",
  { skip: process.platform === "linux" ? false : "it counts processes in /proc" },
  () => {
    let home: string;
    let state: State;
    let watch: ProcessWatch;
    let current: ChildProcess | undefined;

    before(() => {
      home = mkdtempSync(path.join(tmpdir(), "skein-writes-"));
      state = new State(home);
      watch = new ProcessWatch(home);
      const groups = { front: { services: ["gateway", "front"] }, worker: { services: ["worker", "leaky"] } };
      writeFileSync(path.join(home, "placement.json"), JSON.stringify({ groups }));
    });
    after(async () => {
      current?.kill("SIGKILL");
      for (const { pid } of watch.processes()) process.kill(pid, "SIGKILL");
      watch.close();
      await pause(100);
      rmSync(home, { recursive: true, maxRetries: 5 });
    });

    /** Says whether it was killed; else everything is ready. */
    async function start(killAt: string): Promise<boolean> {
      const args = ["start", at("stubborn.system.ts"), "--placement", path.join(home, "placement.json")];
      const bin = at("../../src/cli/bin.ts");
      const child = spawn(
        process.execPath,
        [
          "--conditions=skein-src",
          `--import=${at("kill-in-write.ts")}`,
          bin,
          ...args,
          "--mode",
          "development",
          "--port",
          "0",
        ],
        {
          env: { ...process.env, SKEIN_HOME: home, TEST_KILL_AT: killAt },
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
      current = child;
      let noise = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => (noise += text));
      const ready = new Promise<boolean>((resolve) =>
        child.stdout.setEncoding("utf8").on("data", (text: string) => text.includes(" ready") && resolve(false)),
      );
      const ended = once(child, "close").then(([code, signal]) => {
        assert.equal(signal, "SIGKILL", `ended with ${code}: ${noise}`);
        return true;
      });
      ended.catch(() => undefined);
      const limit = AbortSignal.timeout(readyMs);
      const late = once(limit, "abort").then(() => assert.fail(`neither ready nor killed: ${noise}`));
      return Promise.race([ready, ended, late]);
    }

    test("at every step: the epoch never goes back, nothing is left over, nothing is started twice", async () => {
      let epoch = 0;
      for (const [file, time, victims] of writes) {
        for (const step of steps) {
          const point = `${step} ${file} ${time}`;
          // Otherwise there is nothing to start, and nothing of it is written.
          for (const { pid } of watch.processes().filter(({ place }) => victims.includes(place))) {
            process.kill(pid, "SIGKILL");
            while (identify(pid) !== undefined) await pause(5);
          }
          const isKilled = await start(point);
          const now = state.routes()?.epoch ?? 0;
          assert.ok(now >= epoch, `${point}: from epoch ${epoch} to ${now}`);
          epoch = now;
          assert.ok(isKilled, `it never came to ${point}`);
        }
      }
      assert.equal(await start(""), false);
      const { hosts } = await askStatus(state, systemClock);
      assert.deepEqual(
        hosts.map((host) => host.state),
        ["ready", "ready"],
      );
      const left = () =>
        watch
          .processes()
          .map(({ place }) => place)
          .toSorted();
      for (const endMs = performance.now() + readyMs; left().length > places.length; await pause(50))
        assert.ok(performance.now() < endMs, String(left()));
      assert.deepEqual(left(), places);
      assert.deepEqual([...watch.doubles], []);
      assert.ok((state.routes()?.epoch ?? 0) >= epoch);
      await askStop(state, systemClock, stopMs);
      assert.deepEqual(left(), []);
      const aside = readdirSync(path.join(home, "run"), { recursive: true }).filter((name) =>
        String(name).endsWith(".tmp"),
      );
      assert.deepEqual(aside, []);
    });
  },
);
