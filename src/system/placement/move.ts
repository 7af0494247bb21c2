/**
 * Owns the difference between two placements as steps: what starts, what stays, what drains. It must never run them, nor
 * put new services into a process that runs: an imported module cannot be taken out again.
 */
import type { Placement, PlacementGroup } from "./placement.ts";

/** Replicas of one group that start or end. */
export interface GroupStep {
  readonly group: string;
  readonly services: readonly string[];
  readonly replicas: number;
}

/** How one placement becomes another. Routes change once, when everything that starts is ready. */
export interface Move {
  /** Before the routes change. */
  readonly start: readonly GroupStep[];
  /** Of these, those that get calls beside the old ones first. A leader's successor has none before that has ended. */
  readonly prove: readonly GroupStep[];
  /** As they are, in both. */
  readonly keep: readonly GroupStep[];
  /** After the routes have changed. */
  readonly drain: readonly GroupStep[];
  /** Services that are in another process afterwards. */
  readonly moved: readonly string[];
}

/** Empty groups have no processes. */
export function planMove(from: Placement, to: Placement): Move {
  const start: GroupStep[] = [];
  const keep: GroupStep[] = [];
  const drain: GroupStep[] = [];
  const moved = new Set<string>();
  for (const [name, group] of Object.entries(to.groups)) {
    const old = from.groups[name];
    const stays = old !== undefined && isSame(old, group);
    const kept = stays ? Math.min(old.replicas, group.replicas) : 0;
    add(keep, name, group, kept);
    add(start, name, group, group.replicas - kept);
    if (!stays) for (const service of group.services) moved.add(service);
  }
  for (const [name, group] of Object.entries(from.groups)) {
    const now = to.groups[name];
    const kept = now !== undefined && isSame(group, now) ? Math.min(group.replicas, now.replicas) : 0;
    add(drain, name, group, group.replicas - kept);
  }
  const leading = drain.filter(({ group }) => from.groups[group]?.isSingleton === true).flatMap((one) => one.services);
  const prove = start.filter(({ services }) => !services.some((name) => leading.includes(name)));
  return { start, prove, keep, drain, moved: [...moved].toSorted() };
}

/** The processes of the one can be those of the other: how many there are is no property of a process. */
function isSame(a: PlacementGroup, b: PlacementGroup): boolean {
  const { replicas: _, services, ...others } = a;
  const { replicas: __, services: otherServices, ...otherOthers } = b;
  return (
    services.length === otherServices.length &&
    services.every((name) => otherServices.includes(name)) &&
    JSON.stringify(others) === JSON.stringify(otherOthers)
  );
}

function add(steps: GroupStep[], group: string, { services }: PlacementGroup, replicas: number): void {
  if (replicas > 0 && services.length > 0) steps.push({ group, services, replicas });
}

/** As the supervisor has it (`mover.ts`). */
const proof =
  "they get more and more calls, for 15 s and a rest of up to 6 s for each new process, and are taken back if they end or fail more than the old ones";

/** A step a line, in order, for people who want to know before they do. */
export function describeMove({ start, prove, keep, drain, moved }: Move): string[] {
  if (start.length === 0 && drain.length === 0) return ["nothing to do: this is the placement that runs"];
  const text = ({ group, services, replicas }: GroupStep): string => `${replicas} x ${group} (${services.join(", ")})`;
  return [
    ...start.map((step) => `start ${text(step)}`),
    ...(start.length === 0 ? [] : ["wait until each of them is ready"]),
    ...(prove.length === 0 ? [] : [`prove ${prove.map(({ group }) => group).join(", ")}: ${proof}`]),
    ...(moved.length === 0 ? [] : [`send all calls of ${moved.join(", ")} there`]),
    ...drain.map((step) => `drain ${text(step)}: what is in flight is finished, then it ends`),
    ...keep.map((step) => `keep ${text(step)}`),
  ];
}
