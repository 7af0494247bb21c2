/** Owns a running system of tiny hosts, its supervisor the real one. It must never leave a process behind. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock } from "../../../src/core/index.ts";
import { isSkeinError } from "../../../src/errors/index.ts";
import { askPlace, askRoll, askStatus, askStop, State, type Wish } from "../../../src/supervisor/asking.ts";
import { sameBuild } from "../../../src/supervisor/index.ts";
import { parseMemory } from "../../../src/system/placement/memory.ts";
import { processesOf } from "../../shop/placed.ts";
import { placement } from "./builds.ts";

export interface TinyPlacement {
  readonly groups: Readonly<
    Record<string, { readonly services: readonly string[]; readonly replicas?: number; readonly memory?: string }>
  >;
}

const readyMs = 90_000;
const stopMs = 60_000;

/** One system with a state directory of its own. */
export class Tiny {
  readonly home = mkdtempSync(path.join(tmpdir(), "skein-t-"));
  readonly state = new State(this.home);
  readonly #file: string;
  #noise = "";
  #child: ChildProcess | undefined;

  /** `file`: the system file of a build. */
  constructor(file: string) {
    this.#file = file;
  }

  /** False where it was killed before everything was ready. */
  async start(killAt = ""): Promise<boolean> {
    const bin = path.join(import.meta.dirname, "../../../src/cli/bin.ts");
    const preload = `--import=${path.join(import.meta.dirname, "../kill-in-write.ts")}`;
    const file = path.join(this.home, "placement.json");
    writeFileSync(file, JSON.stringify(placement));
    const args = ["start", this.#file, "--placement", file, "--port", "0", "--json"];
    const env = { ...process.env, SKEIN_HOME: this.home, TEST_KILL_AT: killAt };
    const child = spawn(process.execPath, ["--conditions=skein-src", preload, bin, ...args], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#noise += text));
    const ready = new Promise<boolean>((resolve) =>
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        this.#noise += text;
        if (text.includes('"event":"ready"')) resolve(true);
      }),
    );
    return Promise.race([ready, this.#killed().then(() => false), this.#late()]);
  }

  async #killed(): Promise<void> {
    const child = this.#child ?? assert.fail("it was not started");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    assert.equal(child.signalCode, "SIGKILL", `it ended by itself: ${this.#noise}`);
  }

  async #late(): Promise<never> {
    await pause(readyMs, undefined, { ref: false });
    return assert.fail(`not in time: ${this.#noise}`);
  }

  /** False where it was killed meanwhile. What a tiny build promises is nothing, so that it breaks what was promised. */
  roll(build: string): Promise<boolean> {
    const wish = { path: path.dirname(build), isDry: false, isBreaking: true };
    return this.#done(askRoll(this.state, systemClock, wish, () => undefined));
  }

  /** The same of a move. */
  move(to: TinyPlacement): Promise<boolean> {
    return this.#done(this.place({ placement: to }, false));
  }

  async #done(work: Promise<unknown>): Promise<boolean> {
    try {
      await work;
      return true;
    } catch (error) {
      if (!isSkeinError(error) || error.code !== "SKEIN_SUPERVISOR_NONE") throw error;
      await Promise.race([this.#killed(), this.#late()]);
      return false;
    }
  }

  /** What was said of it. */
  async place(wish: Wish, isDry: boolean): Promise<readonly string[]> {
    const steps: string[] = [];
    await askPlace(this.state, systemClock, wish, isDry, (text) => steps.push(text));
    return steps;
  }

  /** Every place of the placement that counts has one process of the build that counts, nothing else runs, and no roll or move is left. */
  async assertWhole(what: string): Promise<void> {
    const given = { file: this.#file, skein: path.join(path.dirname(this.#file), "node_modules/skein") };
    const build = this.state.keptBuild?.build ?? given;
    const endMs = performance.now() + readyMs;
    for (let seen = ""; seen !== "whole"; await pause(50)) {
      assert.ok(performance.now() < endMs, `${what}: ${seen}\n${this.#noise}`);
      seen = await this.#look(path.dirname(build.file));
    }
    for (const { build: its } of this.state.hosts()) assert.ok(its === undefined || sameBuild(its, build), what);
  }

  /** Whether it is killed before everything is whole. */
  async isCutOff(what: string): Promise<boolean> {
    const whole = this.assertWhole(what);
    // It has been given up, if it was killed.
    whole.catch(() => undefined);
    await Promise.race([this.#killed(), whole]);
    return this.#child?.signalCode === "SIGKILL";
  }

  async #look(directory: string): Promise<string> {
    const status = await askStatus(this.state, systemClock).catch(() => undefined);
    if (status === undefined) return "nobody answers";
    const { hosts } = status;
    // As it was started, which is not what the status says of it.
    const memoryOf = new Map(this.state.hosts().map(({ identity, memory }) => [identity.pid, memory]));
    // After a move the numbers of a group need not begin at 1.
    const places = hosts.map(({ group, pid, state, build }) =>
      [group, memoryOf.get(pid ?? 0) ?? 0, state, build].join(" "),
    );
    const { groups } = (this.state.keptPlacement?.placement ?? placement) as TinyPlacement;
    const wanted = Object.entries(groups).flatMap(([group, { replicas = 1, memory }]) =>
      Array<string>(replicas).fill([group, parseMemory(memory) ?? 0, "ready", directory].join(" ")),
    );
    const pids = hosts.map(({ pid }) => pid);
    const found = processesOf(this.home).filter(({ id }) => id !== "other");
    const strange = found.filter(({ id, pid }) => id !== "holder" && !pids.includes(pid));
    const holders = found.filter(({ id }) => id === "holder");
    const isSo =
      places.toSorted().join() === wanted.toSorted().join() &&
      strange.length === 0 &&
      holders.length === 1 &&
      this.state.roll === undefined &&
      this.state.move === undefined &&
      this.state.hosts().length === wanted.length + 1;
    return isSo ? "whole" : `${places.join()}; beside them ${JSON.stringify(strange)}`;
  }

  async stop(): Promise<void> {
    await askStop(this.state, systemClock, stopMs);
    // The last thing that a process does is to remove its record.
    for (const endMs = performance.now() + readyMs; processesOf(this.home).length > 0; await pause(20))
      assert.ok(performance.now() < endMs, JSON.stringify(processesOf(this.home)));
    assert.deepEqual(this.state.hosts(), []);
    await this.clear();
  }

  async clear(): Promise<void> {
    this.#child?.kill("SIGKILL");
    for (const { pid } of processesOf(this.home)) process.kill(pid, "SIGKILL");
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}
