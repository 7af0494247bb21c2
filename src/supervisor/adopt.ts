/** Owns taking over what an earlier supervisor has left. It must never start anything. */
import type { HostTable } from "./host-table.ts";
import { isRunning, signal } from "./process-identity.ts";
import { named, replacementOf, type Replica, sameServices } from "./replica.ts";
import type { HostRecord } from "./state.ts";

/** What runs and fits the placement is taken over, what does not fit is told to end. Says whether anything was taken over. */
export function adoptRecords(table: HostTable): boolean {
  const { state, clock, log } = table.options;
  let hasAdopted = false;
  // Replacements last: then it is known whether what they replace still runs.
  const records = state.hosts().toSorted((a, b) => Number(a.replaces !== undefined) - Number(b.replaces !== undefined));
  for (const record of records) {
    if (record.id === "holder") continue;
    if (!isRunning(record.identity)) {
      state.remove(record.id);
      continue;
    }
    const one = record.isRetired ? undefined : roomFor(record, table);
    if (one === undefined) {
      state.write({ ...record, isRetired: true });
      signal(record.identity, "SIGTERM");
      table.leaving.push({ id: record.id, identity: record.identity, sinceMs: clock.monotonic() });
      continue;
    }
    hasAdopted = true;
    // What it was started for has ended.
    if (record.replaces !== undefined && one.replaces === undefined) state.write({ ...record, replaces: undefined });
    one.identity = record.identity;
    one.socket = record.socket;
    one.address = record.address ?? record.socket;
    one.startedMs = one.heardMs = clock.monotonic();
    one.startedAt = record.startedAt;
    one.restarts = record.restarts;
    one.state = record.isReady ? "ready" : "starting";
    if (record.leads !== undefined) table.led(one, record.leads);
    log.info(`${one.id} is taken over`);
  }
  return hasAdopted;
}

/** The replica that this process is of; a replacement beside the one that it replaces is one of its own. */
function roomFor(record: HostRecord, table: HostTable): Replica | undefined {
  const { id, group, replica, services, replaces, isSingleton = false } = record;
  const index = table.replicas.findIndex((one) => one.group === group && one.replica === replica);
  const one = table.replicas[index];
  if (one === undefined || !sameServices(one.services, services) || one.isSingleton !== isSingleton) return undefined;
  if (one.identity === undefined) return (table.replicas[index] = named(one, id));
  if (one.id !== replaces) return undefined;
  const replacement = replacementOf(one);
  table.replicas.push(replacement);
  return replacement;
}
