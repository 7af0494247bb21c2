/** Owns what is known of one replica of a group. It must never start or end a process. */
import type { Clock } from "../core/index.ts";
import type { Absence, Routes } from "../host/remote/index.ts";
import { gatewayService, type Placement } from "../system/placement/placement.ts";
import { type Build, directoryOf } from "./build.ts";
import type { HostStatus, MethodCounts, Sent } from "./control.ts";
import type { ProcessIdentity } from "./process-identity.ts";
import type { Mark } from "./judgement.ts";
import { drainLimitMs, silentMs } from "./settings.ts";

/** One replica that should run, and what is known of it. */
export interface Replica {
  /** `orders-1`; the process that replaces it while it serves is `orders-1.b`, and the one after that `orders-1` again. */
  readonly id: string;
  readonly group: string;
  readonly replica: number;
  readonly services: readonly string[];
  readonly isSingleton: boolean;
  readonly memory: number | undefined;
  /** What its next process is started from. */
  build: Build;
  /** It is a new build's, beside the one that it replaces, and is not trusted yet. */
  isProving: boolean;
  state: "waiting" | "starting" | "ready" | "draining";
  /** Calls go to it when it is ready; not before the routes change in a move, and not after. */
  isRouted: boolean;
  /** It ends once others have proved that they can take its place: calls go over little by little. */
  isLeaving: boolean;
  /** It has no place any more: when its process has ended, none follows. */
  isGoing: boolean;
  /** The one that ends once this one is ready. */
  replaces: Replica | undefined;
  identity: ProcessIdentity | undefined;
  /** The unix socket of this start, which is known before its process says where it answers. */
  socket: string;
  /** Where it answers its peers. */
  address: string;
  inFlight: number;
  /** The routes that it says it knows. */
  epoch: number;
  /** Calls that its services have answered since it was started, and those of them that failed by its own fault. */
  answered: number;
  failed: number;
  methods: MethodCounts;
  /** The same of requests, at its gateway: with a 5xx, whoever's fault that was. */
  requests: number;
  failedRequests: number;
  /** Connections whose first answer its gateway has sent, and those of them whose first was a 4xx. */
  clients: number;
  refusedClients: number;
  /** What it had answered a while ago, for whoever judges by it. */
  marks: readonly Mark[];
  sent: Sent;
  rss: number;
  /** Where it answers HTTP + JSON of peers. */
  http: string | null;
  /** Ends since it was last healthy for a while. */
  failures: number;
  /** Processes of its place that came after the first. */
  restarts: number;
  /** When the present process was started, in wall time. */
  startedAt: number;
  /** When it was started or taken over, on the monotonic clock. */
  startedMs: number;
  readyMs: number | undefined;
  drainingMs: number | undefined;
  /** How long it may take from then on. */
  drainLimitMs: number;
  /** When its process last said anything. */
  heardMs: number;
  /** It has said nothing for so long that no call goes to it. */
  isSilent: boolean;
  /** Not started again before. */
  notBeforeMs: number;
  lastError: string | undefined;
  /** The epoch in which it leads; only in groups of which one process does, and there of one at most. */
  leads: number | undefined;
}

/** Every replica that a placement asks for, none of them running. */
export function replicasOf(placement: Placement, build: Build): Replica[] {
  return Object.entries(placement.groups).flatMap(([group, { services, replicas, memory, isSingleton }]) =>
    services.length === 0
      ? []
      : Array.from({ length: replicas }, (_, index) =>
          fresh({ group, replica: index + 1, services, isSingleton, memory, build }, ""),
        ),
  );
}

/** Further replicas of a group, beside those whose numbers are taken; no call goes to them yet. */
export function newcomersOf(place: Omit<Place, "replica">, count: number, taken: readonly number[]): Replica[] {
  const numbers: number[] = [];
  for (let number = 1; numbers.length < count; number++) if (!taken.includes(number)) numbers.push(number);
  return numbers.map((replica) => ({ ...fresh({ ...place, replica }, ""), isRouted: false }));
}

/** The other process of the same place: it takes over what `one` does once it is ready. */
export function replacementOf(one: Replica, build = one.build): Replica {
  const other = fresh({ ...one, build }, one.id.endsWith(spare) ? "" : spare);
  other.replaces = one;
  other.restarts = one.restarts + 1;
  return other;
}

/** The same place, whose process has another name: that of a replacement which has taken over. */
export function named(one: Replica, id: string, replica: number): Replica {
  return { ...one, id, replica };
}

const spare = ".b";

type Place = Pick<Replica, "group" | "replica" | "services" | "isSingleton" | "memory" | "build">;

/** What its processes are called, and where they write their log. */
export function placeOf({ group, replica }: Pick<Replica, "group" | "replica">): string {
  return `${group}-${replica}`;
}

function fresh({ group, replica, services, isSingleton, memory, build }: Place, suffix: string): Replica {
  return {
    id: placeOf({ group, replica }) + suffix,
    group,
    replica,
    services,
    isSingleton,
    memory,
    build,
    isProving: false,
    state: "waiting",
    isRouted: true,
    isLeaving: false,
    isGoing: false,
    replaces: undefined,
    identity: undefined,
    socket: "",
    address: "",
    inFlight: 0,
    epoch: 0,
    answered: 0,
    failed: 0,
    methods: {},
    requests: 0,
    failedRequests: 0,
    clients: 0,
    refusedClients: 0,
    marks: [],
    sent: { calls: 0, attempts: 0 },
    rss: 0,
    http: null,
    failures: 0,
    restarts: 0,
    startedAt: 0,
    startedMs: 0,
    readyMs: undefined,
    drainingMs: undefined,
    drainLimitMs,
    heardMs: 0,
    isSilent: false,
    notBeforeMs: 0,
    lastError: undefined,
    leads: undefined,
  };
}

export function isGateway({ services }: Pick<Replica, "services">): boolean {
  return services.includes(gatewayService);
}

/** Of what it may have. */
const nearLimitAt = 0.8;

/** Whether it has used most of the memory that it may have: it is to be replaced before the system ends it. */
export function isNearLimit({ memory, rss }: Pick<Replica, "memory" | "rss">): boolean {
  return memory !== undefined && rss >= memory * nearLimitAt;
}

export function sameServices(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}

export function statusOf(one: Replica, clock: Clock): HostStatus {
  const quietMs = clock.monotonic() - one.heardMs;
  const { group, replica, identity, services, inFlight, sent, rss, http, memory, restarts, startedAt } = one;
  return {
    group,
    replica,
    pid: identity?.pid ?? null,
    state: one.state === "ready" && one.isSilent ? "silent" : one.state,
    ...(quietMs > silentMs && one.state === "ready" && { silentMs: Math.round(quietMs) }),
    ...(one.isSingleton && { role: one.leads === undefined ? "standby" : "leader" }),
    services,
    build: directoryOf(one.build),
    inFlight,
    sent,
    rss,
    http,
    memory: memory ?? null,
    uptimeMs: identity === undefined ? 0 : Math.max(0, clock.now() - startedAt),
    restarts,
  };
}

interface Routed {
  readonly services: readonly string[];
  readonly addresses: string[];
  readonly hasLeader?: true;
  readonly leaving?: readonly string[];
  readonly absent?: Absence;
}

interface Part extends Routed {
  readonly group: string;
  readonly leaving: string[];
  absent?: Absence;
}

/**
 * Where each group answers: those of its replicas that are ready and have been heard lately, or the one of them that leads.
 * While a service is in two groups, the old one and the new one of a move, its calls may go to the hosts of both: services
 * that share their hosts are a group of their own then.
 */
export function groupsOf(replicas: readonly Replica[]): Routes["groups"] {
  const parts = new Map<string, Part>();
  for (const one of replicas) {
    if (!one.isRouted) continue;
    const { group } = one;
    const services = one.services.filter((name) => name !== gatewayService);
    const key = [group, ...services].join(" ");
    let part = parts.get(key);
    if (part === undefined)
      parts.set(
        key,
        (part = { group, services, addresses: [], leaving: [], ...(one.isSingleton && { hasLeader: true }) }),
      );
    if (one.state === "waiting" || one.state === "starting") part.absent = "starting";
    else if (one.isSilent) part.absent ??= "silent";
    if (one.state !== "ready" || one.isSilent) continue;
    if (one.isSingleton && one.leads === undefined) continue;
    part.addresses.push(one.address);
    if (one.isLeaving) part.leaving.push(one.address);
  }
  return cellsOf([...parts.values()]);
}

/** Waiting for a leader has rules of its own. */
function absenceOf(parts: readonly Routed[]): { readonly absent?: Absence } {
  const absences = parts.flatMap(({ hasLeader, absent }) => (hasLeader === true ? [] : (absent ?? [])));
  const absent = absences.find((one) => one === "starting") ?? absences[0];
  return absent === undefined ? {} : { absent };
}

/** The parts as they are, or where they overlap what they have in common and what is left of each. */
function cellsOf(parts: readonly Part[]): Record<string, Routed> {
  const groups: Record<string, Routed> = {};
  const cells = new Map<string, { readonly of: typeof parts; readonly services: string[] }>();
  for (const service of new Set(parts.flatMap(({ services }) => services))) {
    const of = parts.filter(({ services }) => services.includes(service));
    const key = of.map((part) => parts.indexOf(part)).join(" ");
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, { of, services: [service] });
    else cell.services.push(service);
  }
  // A gateway has no services: nobody calls it, and who is told of it sees that it is there.
  for (const { group, services, addresses } of parts)
    if (services.length === 0)
      groups[group] = { services, addresses: [...(groups[group]?.addresses ?? []), ...addresses] };
  for (const { of, services } of cells.values()) {
    let name = of.map(({ group }) => group).join("+");
    while (Object.hasOwn(groups, name)) name += "'";
    const hasLeader = of.some((part) => part.hasLeader === true);
    const addresses = of.flatMap((part) => part.addresses);
    const leaving = of.flatMap((part) => part.leaving);
    groups[name] = {
      services,
      addresses,
      ...(hasLeader && { hasLeader }),
      ...(leaving.length > 0 && { leaving }),
      ...(addresses.length === 0 && absenceOf(of)),
    };
  }
  return groups;
}
