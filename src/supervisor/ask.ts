/** Owns asking a running supervisor. It must never wait longer than a person would. */
import { connect } from "node:net";
import { type Clock, sleep } from "../core/index.ts";
import { type SkeinError, skeinError } from "../errors/index.ts";
import { type HostSays, type Status, type SupervisorSays, Wire } from "./control.ts";
import { directoryOf } from "./build.ts";
import { isRunning, signal } from "./process-identity.ts";
import { isGateway } from "./replica.ts";
import { drainLimitMs } from "./settings.ts";
import type { HostRecord } from "./records.ts";
import type { State } from "./state.ts";

/** A supervisor that runs says something within this. */
export const answerMs = 3_000;
/** A process that was killed is gone within this, whatever it did. */
const killedMs = 5_000;

/**
 * What runs now. Without a supervisor, what its last one has left; rejects with `SKEIN_SUPERVISOR_NONE` where nothing is, and
 * with `SKEIN_SUPERVISOR_SILENT` where one runs that does not answer.
 */
export async function askStatus(state: State, clock: Clock): Promise<Status> {
  if (isSupervised(state)) return (await ask(state, clock, { is: "status" })) as Status;
  const hosts = running(state).filter(({ id }) => id !== "holder");
  if (hosts.length === 0) throw none(state);
  const url = state.url();
  return {
    supervisor: null,
    epoch: state.routes()?.epoch ?? 0,
    gateway: url === undefined ? null : { url },
    hosts: hosts.map(({ group, replica, identity, services, build, isReady, startedAt, restarts }) => ({
      group,
      replica,
      pid: identity.pid,
      state: isReady ? "ready" : "starting",
      services,
      build: build === undefined ? "" : directoryOf(build),
      inFlight: 0,
      sent: { calls: 0, attempts: 0 },
      rss: 0,
      http: null,
      memory: null,
      uptimeMs: Math.max(0, clock.now() - startedAt),
      restarts,
    })),
  };
}

/**
 * Asks for the end and resolves once everything has ended. Where the supervisor was killed it ends what that left, as the
 * supervisor would. Rejects with `SKEIN_SUPERVISOR_NONE` where nothing runs, and with `SKEIN_SUPERVISOR_SILENT` where
 * something does not end.
 */
export async function askStop(state: State, clock: Clock, withinMs: number): Promise<void> {
  const record = state.supervisor;
  if (record !== undefined && isSupervised(state)) {
    await ask(state, clock, { is: "stop" });
    const left = await gone([{ id: "supervisor", identity: record.identity }], clock, clock.monotonic() + withinMs);
    if (left.length > 0) throw lasting(left);
    return;
  }
  const left = running(state);
  if (left.length === 0) throw none(state);
  const endMs = clock.monotonic() + Math.min(withinMs, drainLimitMs);
  // Gateways first, so that no request meets a half that is gone; the holder last.
  for (const wanted of [isGateway, isService, isHolder]) await end(left.filter(wanted), state, clock, endMs);
  state.rememberUrl(undefined);
  state.supervisor = undefined;
}

/** After what they have in flight, and from `endMs` on whatever they have. */
async function end(ending: readonly HostRecord[], state: State, clock: Clock, endMs: number): Promise<void> {
  for (const one of ending) {
    state.retire(one);
    signal(one.identity, "SIGTERM");
  }
  const hung = await gone(ending, clock, endMs);
  for (const { identity } of hung) signal(identity, "SIGKILL");
  const left = await gone(hung, clock, clock.monotonic() + killedMs);
  if (left.length > 0) throw lasting(left);
  for (const { id, identity } of ending) state.remove(id, identity.pid);
}

type Named = Pick<HostRecord, "id" | "identity">;

/** Those that are still there at `endMs`. */
async function gone<T extends Named>(processes: readonly T[], clock: Clock, endMs: number): Promise<readonly T[]> {
  for (;;) {
    const left = processes.filter(({ identity }) => isRunning(identity));
    if (left.length === 0 || clock.monotonic() > endMs) return left;
    await sleep(clock, 50);
  }
}

function lasting(left: readonly Named[]): SkeinError {
  const names = left.map(({ id, identity }) => `${id} (process ${identity.pid})`);
  return skeinError("SKEIN_SUPERVISOR_SILENT", `not ended in time: ${names.join(", ")}`);
}

function running(state: State): HostRecord[] {
  return state.hosts().filter(({ identity }) => isRunning(identity));
}

const isHolder = ({ id }: HostRecord): boolean => id === "holder";
const isService = (record: HostRecord): boolean => !isHolder(record) && !isGateway(record);

function isSupervised(state: State): boolean {
  const record = state.supervisor;
  return record !== undefined && isRunning(record.identity);
}

/** What is said where nobody answers: somebody runs and is silent, or nobody runs. */
export function unanswered(state: State): SkeinError {
  const record = state.supervisor;
  if (record === undefined || !isRunning(record.identity)) return none(state);
  return skeinError(
    "SKEIN_SUPERVISOR_SILENT",
    `process ${record.identity.pid} runs the system of ${state.home} and does not answer`,
  );
}

export function none(state: State): SkeinError {
  return skeinError("SKEIN_SUPERVISOR_NONE", `no supervisor runs the system of ${state.home}`);
}

/** The answer; for what has none, `undefined` once it was heard. */
function ask(state: State, clock: Clock, question: HostSays): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(state.control);
    const timer = clock.after(answerMs, () => finish(() => reject(unanswered(state))));
    const finish = (settle: () => void): void => {
      timer.cancel();
      wire.close();
      settle();
    };
    const wire = new Wire<HostSays, SupervisorSays>(
      socket,
      (message) => message.is === "status" && finish(() => resolve(message.status)),
      () => finish(() => (question.is === "stop" ? resolve(undefined) : reject(unanswered(state)))),
    );
    socket.on("connect", () => {
      wire.say({ is: "hello", id: "cli", pid: process.pid, token: state.token() });
      wire.say(question);
      if (question.is === "stop") socket.end();
    });
  });
}
