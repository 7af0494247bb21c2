/** Owns what is known of one replica of a group. It must never start or end a process. */
import type { Routes } from "../host/remote/index.ts";
import { gatewayService, type Placement } from "../system/index.ts";
import type { HostStatus } from "./control.ts";
import type { ProcessIdentity } from "./process-identity.ts";

export type HostState = HostStatus["state"];

/** One replica that should run, and what is known of it. */
export interface Replica {
  readonly id: string;
  readonly group: string;
  readonly replica: number;
  readonly services: readonly string[];
  readonly isSingleton: boolean;
  readonly memory: number | undefined;
  state: HostState;
  identity: ProcessIdentity | undefined;
  /** Where the process of this start answers its peers. */
  socket: string;
  inFlight: number;
  rss: number;
  /** Where it answers HTTP + JSON of peers. */
  http: string | null;
  /** Ends since it was last healthy for a while. */
  failures: number;
  /** When it was started or taken over, on the monotonic clock. */
  startedMs: number;
  readyMs: number | undefined;
  /** Not started again before. */
  notBeforeMs: number;
  lastError: string | undefined;
  /** The epoch in which it leads; only in groups of which one process does, and there of one at most. */
  leads: number | undefined;
}

/** Every replica that a placement asks for, none of them running. */
export function replicasOf(placement: Placement): Replica[] {
  return Object.entries(placement.groups).flatMap(([group, { services, replicas, memory, isSingleton }]) =>
    services.length === 0
      ? []
      : Array.from({ length: replicas }, (_, index) => ({
          id: `${group}-${index + 1}`,
          group,
          replica: index + 1,
          services,
          isSingleton,
          memory,
          state: "waiting" as const,
          identity: undefined,
          socket: "",
          inFlight: 0,
          rss: 0,
          http: null,
          failures: 0,
          startedMs: 0,
          readyMs: undefined,
          notBeforeMs: 0,
          lastError: undefined,
          leads: undefined,
        })),
  );
}

export function isGateway({ services }: Pick<Replica, "services">): boolean {
  return services.includes(gatewayService);
}

export function sameServices(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}

export function statusOf(one: Replica): HostStatus {
  const { group, replica, identity, state, services, inFlight, rss, http, isSingleton, leads } = one;
  const role = leads === undefined ? ("standby" as const) : ("leader" as const);
  return {
    group,
    replica,
    pid: identity?.pid ?? null,
    state,
    ...(isSingleton && { role }),
    services,
    inFlight,
    rss,
    http,
  };
}

/** Where each group answers: those of its replicas that are ready, or the one of them that leads. */
export function groupsOf(replicas: readonly Replica[]): Routes["groups"] {
  const groups: Record<string, { services: readonly string[]; addresses: string[]; hasLeader?: true }> = {};
  for (const one of replicas) {
    const services = one.services.filter((name) => name !== gatewayService);
    const group = (groups[one.group] ??= { services, addresses: [], ...(one.isSingleton && { hasLeader: true }) });
    if (one.state === "ready" && (!one.isSingleton || one.leads !== undefined)) group.addresses.push(one.socket);
  }
  return groups;
}
