/**
 * The process that keeps the gateway's listening socket, so that it outlives every gateway and the supervisor; it starts
 * gateways on it. It must never accept a connection.
 */
import { systemClock } from "../core/index.ts";
import { Adoption, type SupervisorSays } from "./control.ts";
import type { HolderSettings } from "./settings.ts";
import { raise, startGateway } from "./spawn.ts";
import { State } from "./state.ts";

const descriptor = 3;
const settings = JSON.parse(process.argv[2] ?? "{}") as HolderSettings;
const state = new State(settings.home);
const token = state.token();

const adoption = new Adoption(
  () => state.control,
  systemClock,
  () => ({ is: "hello", id: "holder", pid: process.pid, token }),
  hear,
  () => {
    // Like a host: without a supervisor the state directory decides.
    const record = state.host("holder");
    if (record === undefined || record.isRetired || record.identity.pid !== process.pid) process.exit(0);
  },
);

process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => process.exit(0));
raise();
adoption.say({ is: "ready" });

function hear(message: SupervisorSays): void {
  if (message.is === "drain") {
    state.remove("holder", process.pid);
    process.exit(0);
  }
  if (message.is !== "spawn") return;
  const { id, isAwaited } = message;
  const child = startGateway(message.arguments, message.log, descriptor, isAwaited);
  child.on("exit", () => adoption.say({ is: "exited", id }));
  adoption.say({ is: "spawned", id, pid: child.pid ?? -1 });
}
