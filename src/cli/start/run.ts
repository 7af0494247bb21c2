/**
 * Owns the commands that run a system in processes: `start` and `migrate`. It must never run a service
 * itself.
 */
import { openSync } from "node:fs";
import path from "node:path";
import { systemClock } from "../../core/index.ts";
import { createLog } from "../../observe/index.ts";
import type { State } from "../../supervisor/asking.ts";
import {
  assertKeptIsThere,
  assertSameMode,
  type Build,
  buildOf,
  buildToRun,
  countConnections,
  directoryOf,
  environmentOf,
  lineSink,
  migrateAll,
  migrateTo,
  openPeersTls,
  peersAddress,
  placementToRun,
  sameBuild,
  settleBuild,
  Supervisor,
  trimLog,
} from "../../supervisor/index.ts";
import { checkSystem } from "../../system/check.ts";
import { type Log, type Mode, onePlacement, type System, toPlacementValue } from "../../system/index.ts";
import { skeinError } from "../../errors/index.ts";
import type { Given } from "../command.ts";
import { assertBudget, assertBudgetElsewhere } from "../connections.ts";
import { renderFinding } from "../finding.ts";
import { loadPlacement } from "../load-placement.ts";
import { findSystemFile } from "../find-system.ts";
import { loadSystem } from "../load-system.ts";
import { usage } from "../parse.ts";
import { createPaint, escapeControl, wantsColour } from "../terminal.ts";
import { stateOf, toPort } from "./home.ts";

export async function runStart(given: Given): Promise<number> {
  const file = findSystemFile(given.arguments[0]);
  const isJson = given.options["json"] === true;
  const state = stateOf(file, process.env);
  const own = buildOf(file);
  const build = buildToRun(own, state);
  assertKeptIsThere(own, build, state);
  const system = await loadSound(build.file);
  const named = given.options["placement"];
  const placement = typeof named === "string" ? loadPlacement(path.resolve(named), system) : onePlacement(system);
  const mode = modeOf(given.options["mode"]);
  // Hosts read it themselves; what it cannot be is said once and here.
  const peers = peersAddress(process.env, "");
  state.open();
  const show = (line: string, event: object): void =>
    void process.stdout.write(isJson ? `${JSON.stringify(event)}\n` : `${line}\n`);
  const asked = Promise.withResolvers<void>();
  if (!state.claim()) {
    const pid = state.supervisor?.identity.pid;
    throw skeinError(
      "SKEIN_SUPERVISOR_RUNNING",
      `${pid === undefined ? "another process" : `process ${pid}`} runs the system of ${state.home}`,
    );
  }
  const log = supervisorLog(state);
  (await openPeersTls(peers, system.name, systemClock, log))?.close();
  assertSameMode(state, mode);
  settleBuild(own, state, log);
  const toRun = placementToRun(placement, system, state, log);
  const supervisor = new Supervisor({
    given: own,
    build,
    system,
    ...toRun,
    state,
    clock: systemClock,
    log,
    mode,
    port: toPort(given.options["port"], process.env["PORT"]),
    hostname: typeof given.options["host"] === "string" ? given.options["host"] : "127.0.0.1",
    onStop: asked.resolve,
  });
  const signals = onSignals(asked.resolve, () => supervisor.hurry());
  const judgement = { env: process.env, mode, warn: (message: string) => log.warn(message) };
  // Only the Skein that a build declares its databases with knows what they are.
  if (build.skein === undefined) await assertBudget(system, toRun.placement, judgement);
  else await assertBudgetElsewhere(() => countConnections(build, toPlacementValue(toRun.placement), state), judgement);
  // What an earlier supervisor left serving must not end for a migration that fails.
  const env = environmentOf({ mayBeAhead: state.keptBuild !== undefined });
  if (build.skein === undefined) await migrateAll(system, { home: state.home, env, clock: systemClock, log, mode });
  else await migrateElsewhere(build, state);
  signals.isOpen = true;
  await supervisor.open();
  try {
    await Promise.race([supervisor.ready(), asked.promise]);
    const count = supervisor.replicas.length;
    const where = supervisor.url === undefined ? "" : ` on ${supervisor.url}`;
    const rolled = sameBuild(build, own) ? "" : `, of ${directoryOf(build)}, to which it was rolled`;
    show(`${system.name}: ${count} ${count === 1 ? "process" : "processes"} ready${where}${rolled}`, {
      event: "ready",
      ...supervisor.status(),
    });
    await asked.promise;
    show("stopping: what is in flight is finished first", { event: "stopping" });
  } finally {
    await supervisor.stop();
  }
  show("stopped", { event: "stopped" });
  return signals.hurried ?? 0;
}

/** By the Skein that the build has. */
async function migrateElsewhere(build: Build, state: State): Promise<void> {
  try {
    await migrateTo(build, state);
  } catch (error) {
    throw skeinError("SKEIN_MIGRATION_FAILED", error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}

/** Throws `SKEIN_SYSTEM_INVALID` when it does not check, once every error is said. */
async function loadSound(file: string): Promise<System> {
  const system = await loadSystem(file);
  const errors = (await checkSystem(system)).filter(({ level }) => level === "error");
  if (errors.length === 0) return system;
  const colour = wantsColour(process.stderr);
  process.stderr.write(errors.map((one) => `${renderFinding(one, createPaint(colour))}\n`).join(""));
  throw skeinError(
    "SKEIN_SYSTEM_INVALID",
    `${system.name} has ${errors.length} ${errors.length === 1 ? "error" : "errors"}`,
  );
}

/** The first asks for the end; the second does not wait for what is in flight, and before anything runs for nothing at all. */
function onSignals(ask: () => void, hurry: () => void) {
  const signals: { isOpen: boolean; hurried: number | undefined } = { isOpen: false, hurried: undefined };
  let isAsked = false;
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.on(signal, () => {
      if (!isAsked) {
        isAsked = true;
        return ask();
      }
      if (!signals.isOpen) process.exit(code);
      signals.hurried = code;
      hurry();
    });
  }
  return signals;
}

/** To whoever looks, and beside the logs of the hosts. */
function supervisorLog(state: State): Log {
  const file = state.logOf("supervisor");
  // Without room for a log it says what it has to say all the same.
  let toFile: ReturnType<typeof lineSink> = () => undefined;
  try {
    toFile = lineSink(openSync(file, "a", 0o600));
  } catch (error) {
    process.stderr.write(`${escapeControl(String(error))}\n`);
  }
  return createLog({
    clock: systemClock,
    sink: (level, line) => {
      process.stderr.write(`${line}\n`);
      toFile(level, line);
      trimLog(file);
    },
  });
}

function modeOf(option: string | true | undefined): Mode {
  if (option === undefined || option === "production") return "production";
  if (option === "development") return "development";
  throw usage(`there is no mode "${String(option)}"`, "give development or production");
}

export async function runMigrate(given: Given): Promise<number> {
  const file = findSystemFile(given.arguments[0]);
  const system = await loadSystem(file);
  const { home } = stateOf(file, process.env);
  const log = createLog({ clock: systemClock, sink: (_level, line) => void process.stderr.write(`${line}\n`) });
  await migrateAll(system, { home, env: process.env, clock: systemClock, log, mode: "production" });
  const done = given.options["json"] === true ? JSON.stringify({ migrated: system.name }) : `${system.name}: migrated`;
  process.stdout.write(`${done}\n`);
  return 0;
}
