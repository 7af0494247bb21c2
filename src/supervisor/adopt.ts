/** Owns taking over what an earlier supervisor has left. It must never start anything. */
import { skeinError } from "../errors/index.ts";
import type { Mode } from "../system/index.ts";
import { sameBuild } from "./build.ts";
import type { HostTable } from "./host-table.ts";
import { isRunning } from "./process-identity.ts";
import { named, replacementOf, type Replica, sameServices } from "./replica.ts";
import type { HostRecord } from "./records.ts";
import type { State } from "./state.ts";

/**
 * Throws `SKEIN_SUPERVISOR_MODE` where what an earlier supervisor has left runs in another mode: taken over it would stay in
 * that one, and what is started beside it would not be.
 */
export function assertSameMode(state: State, mode: Mode): void {
  const other = state.hosts().find((one) => one.mode !== undefined && one.mode !== mode && isRunning(one.identity));
  if (other !== undefined)
    throw skeinError("SKEIN_SUPERVISOR_MODE", `${other.id} runs in ${other.mode}, and ${mode} is asked for`);
}

/** What runs and fits the placement is taken over, what does not fit will be told to end. Says whether anything was taken over. */
export function adoptRecords(table: HostTable): boolean {
  const { state, clock, log } = table.options;
  let hasAdopted = false;
  // Replacements last: then it is known whether what they replace still runs. And of a move to another memory the new ones first.
  const rankOf = ({ group, memory, replaces }: HostRecord): number =>
    replaces !== undefined ? 2 : memory === table.placement.groups[group]?.memory ? 0 : 1;
  const records = state.hosts().toSorted((a, b) => rankOf(a) - rankOf(b));
  for (const record of records) {
    if (record.id === "holder") continue;
    if (!isRunning(record.identity)) {
      state.remove(record.id);
      continue;
    }
    const isLeaving = record.isRetired || table.options.leaving.includes(record.id);
    const one = isLeaving ? undefined : roomFor(record, table);
    if (one === undefined) {
      // It serves until the others know that it will not: whoever looks after it tells it then.
      const { id, identity, services, isSingleton } = record;
      const hasSuccessor = isSingleton !== true;
      table.leaving.push({ id, identity, services, hasSuccessor, sinceMs: clock.monotonic(), isTold: false });
      continue;
    }
    hasAdopted = true;
    // What it was started for has ended.
    if (record.replaces !== undefined && one.replaces === undefined) state.write({ ...record, replaces: undefined });
    one.identity = record.identity;
    one.build = record.build ?? one.build;
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
  const fits = (one: Replica): boolean =>
    one.group === group && sameServices(one.services, services) && one.isSingleton === isSingleton;
  const exact = table.replicas.find((one) => one.replica === replica && fits(one));
  if (exact?.identity !== undefined) {
    // A build that was about to be tried beside the one that is to run has nobody who would judge it.
    const isTrial = record.build !== undefined && !sameBuild(record.build, table.build);
    if (exact.id !== replaces || isTrial) return undefined;
    const replacement = replacementOf(exact);
    table.replicas.push(replacement);
    return replacement;
  }
  // After a move the numbers of a group need not begin at 1: any place of it that nobody has will do.
  const free = exact ?? table.replicas.find((one) => fits(one) && one.identity === undefined);
  if (free === undefined) return undefined;
  return (table.replicas[table.replicas.indexOf(free)] = named(free, id, replica));
}
