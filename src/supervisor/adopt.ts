/** Owns taking over what an earlier supervisor has left. It must never start anything. */
import type { HostTable } from "./host-table.ts";
import { isRunning, signal } from "./process-identity.ts";
import { sameServices } from "./replica.ts";

/** What runs and fits the placement is taken over, what does not fit is told to end. Says whether anything was taken over. */
export function adoptRecords(table: HostTable): boolean {
  const { state, clock, log } = table.options;
  let hasAdopted = false;
  for (const record of state.hosts()) {
    if (record.id === "holder") continue;
    const replica = table.find(record.id);
    const fits =
      replica !== undefined &&
      sameServices(replica.services, record.services) &&
      replica.isSingleton === (record.isSingleton ?? false) &&
      !record.isRetired;
    if (!isRunning(record.identity)) state.remove(record.id);
    else if (fits) {
      hasAdopted = true;
      replica.identity = record.identity;
      replica.socket = record.socket;
      replica.startedMs = clock.monotonic();
      replica.state = record.isReady ? "ready" : "starting";
      if (record.leads !== undefined) table.led(replica, record.leads);
      log.info(`${replica.id} is taken over`);
    } else {
      state.write({ ...record, isRetired: true });
      signal(record.identity, "SIGTERM");
    }
  }
  return hasAdopted;
}
