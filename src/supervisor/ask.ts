/** Owns asking a running supervisor. It must never wait longer than a person would. */
import { connect } from "node:net";
import type { Clock } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";
import { type HostSays, type Status, type SupervisorSays, Wire } from "./control.ts";
import { directoryOf } from "./build.ts";
import { isRunning, type ProcessIdentity, signal } from "./process-identity.ts";
import { isGateway } from "./replica.ts";
import type { HostRecord, State } from "./state.ts";

const answerMs = 3_000;

/** What runs now. Without a supervisor, what its last one has left; rejects with `SKEIN_SUPERVISOR_NONE` where nothing is. */
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
 * Asks for the end and resolves once everything has ended. Where the supervisor was killed it ends what that left.
 * Rejects with `SKEIN_SUPERVISOR_NONE` where nothing runs.
 */
export async function askStop(state: State, clock: Clock, withinMs: number): Promise<void> {
  const record = state.supervisor;
  const endMs = clock.monotonic() + withinMs;
  if (record !== undefined && isSupervised(state)) {
    await ask(state, clock, { is: "stop" });
    return gone([record.identity], clock, endMs);
  }
  const left = running(state);
  if (left.length === 0) throw none(state);
  // Gateways first, so that no request meets a half that is gone; the holder last.
  for (const wanted of [isGateway, isService, isHolder]) {
    const ending = left.filter(wanted);
    for (const one of ending) {
      state.write({ ...one, isRetired: true });
      signal(one.identity, "SIGTERM");
    }
    await gone(
      ending.map(({ identity }) => identity),
      clock,
      endMs,
    );
    for (const { id, identity } of ending) state.remove(id, identity.pid);
  }
  state.rememberUrl(undefined);
  state.supervisor = undefined;
}

async function gone(processes: readonly ProcessIdentity[], clock: Clock, endMs: number): Promise<void> {
  for (;;) {
    const one = processes.find(isRunning);
    if (one === undefined) return;
    if (clock.monotonic() > endMs) throw skeinError("SKEIN_CLI_FAILED", `process ${one.pid} has not ended in time`);
    await new Promise<void>((resolve) => void clock.after(50, resolve));
  }
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

function none(state: State) {
  return skeinError("SKEIN_SUPERVISOR_NONE", `no supervisor runs the system of ${state.home}`);
}

/** The answer; for what has none, `undefined` once it was heard. */
function ask(state: State, clock: Clock, question: HostSays): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(state.control);
    const timer = clock.after(answerMs, () => finish(() => reject(none(state))));
    const finish = (settle: () => void): void => {
      timer.cancel();
      wire.close();
      settle();
    };
    const wire = new Wire<HostSays, SupervisorSays>(
      socket,
      (message) => message.is === "status" && finish(() => resolve(message.status)),
      () => finish(() => (question.is === "stop" ? resolve(undefined) : reject(none(state)))),
    );
    socket.on("connect", () => {
      wire.say({ is: "hello", id: "cli", pid: process.pid, token: state.token() });
      wire.say(question);
      if (question.is === "stop") socket.end();
    });
  });
}
