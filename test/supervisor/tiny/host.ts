/**
 * A host that says all that a supervisor wants to hear and serves nobody: a process of 50 ms instead of a second, so that a
 * roll can be cut off at every line. It must never do by itself what a real one does not.
 */
import { systemClock } from "../../../src/core/index.ts";
import { Adoption, type SupervisorSays } from "../../../src/supervisor/control.ts";
import type { HostSettings } from "../../../src/supervisor/settings.ts";
import { State } from "../../../src/supervisor/state.ts";

const healthMs = 100;
/** Enough to have proved itself at the first look. */
const answeredEach = 100;

const { id, socket, home } = JSON.parse(process.argv[2] ?? "{}") as HostSettings;
const state = new State(home);
const token = state.token();
let epoch = 0;
let answered = 0;
let isEnding = false;

const adoption = new Adoption(
  () => state.control,
  systemClock,
  () => ({ is: "hello", id, pid: process.pid, socket, token }),
  hear,
  () => {
    const record = state.host(id);
    if (record === undefined || record.isRetired || record.identity.pid !== process.pid) end();
  },
);
process.on("SIGTERM", end);
adoption.say({ is: "ready", address: socket });
setInterval(sayHealth, healthMs);

function hear(message: SupervisorSays): void {
  if (message.is === "drain") end();
  if (message.is !== "routes") return;
  ({ epoch } = message.routes);
  sayHealth();
}

function sayHealth(): void {
  answered += answeredEach;
  const sent = { calls: 0, attempts: 0 };
  const none = { requests: 0, failedRequests: 0 };
  if (!isEnding)
    adoption.say({ is: "health", inFlight: 0, rss: 1, http: null, epoch, answered, failed: 0, ...none, sent });
}

function end(): void {
  if (isEnding) return;
  isEnding = true;
  adoption.say({ is: "draining" });
  setTimeout(() => {
    state.remove(id, process.pid);
    process.exit(0);
  }, healthMs / 2);
}
