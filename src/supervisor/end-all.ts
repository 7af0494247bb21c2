/** Owns the order in which everything ends. It must never leave a process, nor wait for one without a limit. */
import { sleep } from "../core/index.ts";
import type { GatewaySocket } from "./gateway-socket.ts";
import type { HostTable, Leaving } from "./host-table.ts";
import { isRunning, signal } from "./process-identity.ts";
import { isGateway, type Replica } from "./replica.ts";
import { drainLimitMs } from "./settings.ts";
import type { Starter } from "./starter.ts";

const lookMs = 25;

/** Gateways first, so that no request meets a half that is gone; then the hosts behind them, each after what it has in flight. */
export async function endHosts(table: HostTable, starter: Starter, socket: GatewaySocket): Promise<void> {
  const { clock } = table.options;
  const endMs = clock.monotonic() + drainLimitMs;
  // Also while the holder was asked for it and has not said its number yet.
  const isThere = (one: Replica): boolean =>
    one.identity === undefined ? starter.isStarting(one) && socket.isHeld : isRunning(one.identity);
  for (const wanted of [isGateway, (one: Replica) => !isGateway(one)]) {
    const ending = table.replicas.filter(wanted);
    while (ending.some(isThere)) {
      for (const one of ending) {
        if (one.identity === undefined) continue;
        if (one.state !== "draining") starter.drain(one, false);
        if (table.isHurried || clock.monotonic() > endMs) signal(one.identity, "SIGKILL");
      }
      await sleep(clock, lookMs);
    }
  }
  for (const one of table.leaving) {
    if (!one.isTold) tellToLeave(table, one, false);
    while (isRunning(one.identity)) {
      if (table.isHurried || clock.monotonic() > endMs) signal(one.identity, "SIGKILL");
      await sleep(clock, lookMs);
    }
  }
}

/** It ends after what it has in flight, which its record says how long may take: it is read at the signal. */
export function tellToLeave(table: HostTable, one: Leaving, hasSuccessor = one.hasSuccessor): void {
  const { state, clock } = table.options;
  if (state.host(one.id)?.identity.pid === one.identity.pid) table.mark(one, { isRetired: true, hasSuccessor });
  signal(one.identity, "SIGTERM");
  one.isTold = true;
  one.sinceMs = clock.monotonic();
}

/** The holder last: until then a gateway could be started on its socket. */
export async function endHolder(table: HostTable, socket: GatewaySocket): Promise<void> {
  const { clock } = table.options;
  const endMs = clock.monotonic() + drainLimitMs;
  while (socket.end() && clock.monotonic() < endMs) await sleep(clock, lookMs);
}
