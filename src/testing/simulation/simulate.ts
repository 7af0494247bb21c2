/**
 * Owns the door to simulation: what a test asks for and what it gets. It must never load the simulation on import, which
 * loads SQLite.
 */
import type { AnyContract, Client } from "../../contract/index.ts";
import type { Duration, VirtualClock } from "../../core/index.ts";
import type { System } from "../../system/index.ts";
import type { EmittedEvent } from "../internal/capture.ts";
import type { LogLine } from "../system-test.ts";
import type { Faults } from "./faults.ts";
import type { HostState } from "./host.ts";
import type { Trace } from "./trace.ts";

/** How a cluster is simulated. @since 0.1.0 */
export interface SimulationOptions<Who = unknown> {
  /**
   * Which services share a host, as a placement file says it (an import of one will do). Each service in a host of its own
   * unless given. Hosts are named by group and number: `orders-1`.
   */
  readonly placement?: unknown;
  /** Seed of every random choice, 1 unless given: the same seed makes the same run, event by event. */
  readonly seed?: number;
  /** What goes wrong by itself from the moment that all hosts are ready; nothing unless given. */
  readonly faults?: Faults;
  /** Who calls; anonymous unless given. */
  readonly as?: Who | undefined;
  /** Environment that services' configuration reads; empty unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Wall time at the start, in milliseconds since the epoch; 2025-01-01 UTC unless given. */
  readonly startMs?: number;
}

/** What a simulation was, in numbers. Times are virtual. @since 0.1.0 */
export interface SimulationReport {
  readonly seed: number;
  readonly hash: string;
  readonly virtualMs: number;
  readonly events: number;
  /** Calls of clients that began, and how many failed by code. */
  readonly calls: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly network: { readonly segments: number; readonly bytes: number; readonly lost: number };
  readonly faults: {
    readonly crashes: number;
    readonly drains: number;
    readonly pauses: number;
    readonly partitions: number;
    readonly cuts: number;
  };
  /** Routes that were made known. */
  readonly epochs: number;
}

/** One host as a test sees it. @since 0.1.0 */
export interface HostView {
  readonly name: string;
  readonly group: string;
  readonly services: readonly string[];
  readonly state: HostState;
  /** In a singleton group, while it runs. */
  readonly role: "leader" | "standby" | undefined;
  /** Calls from other hosts and clients that have not ended here. */
  readonly inFlight: number;
  /** The newest routes that this host has heard of; -1 while it is down. */
  readonly epoch: number;
}

/** A system of many hosts in this process, whose time stands still until it is told to go on. @since 0.1.0 */
export interface Cluster<Who = unknown> extends AsyncDisposable {
  readonly seed: number;
  /** `await cluster.clock.advance("5s")`. */
  readonly clock: VirtualClock;
  readonly hosts: readonly HostView[];
  /** A client outside every host, which calls over the network; its name in partitions is `client`. Internal methods answer too. */
  client<C extends AnyContract>(contract: C): Client<C>;
  /** The same clients as somebody else, or as nobody. */
  as(principal: Who | undefined): { client<C extends AnyContract>(contract: C): Client<C> };
  /**
   * Lets time go on until `work` is over, and gives what it gave. Fails with `SKEIN_SIMULATION_STUCK` when it is not over
   * `within` so much virtual time, 60 s unless given.
   */
  run<T>(work: Promise<T> | (() => Promise<T>), options?: { readonly within?: Duration }): Promise<T>;
  /** Lets time go on until no client waits and no host has a call in flight. Fails as `run` does. */
  idle(options?: { readonly within?: Duration }): Promise<void>;
  /**
   * Kills a host: what it had in memory and open transactions are gone, databases stay. Its kernel closes its connections;
   * with `power: true` its machine is off and nobody is told. It is not started again by itself.
   */
  crash(host: string, options?: { readonly power?: boolean }): void;
  /** Starts a host that is down; resolves when it is ready, so `run` it. */
  restart(host: string): Promise<void>;
  /** Ends a host as production does: routed around first, then what it has in flight, then closed. Resolves when it is down. */
  drain(host: string): Promise<void>;
  /** Stops a host as SIGSTOP does: it keeps its connections and answers nothing. */
  pause(host: string): void;
  resume(host: string): void;
  /** Nothing from `a` reaches `b` until healed, nor back unless `oneWay`. */
  partition(a: string, b: string, options?: { readonly oneWay?: boolean }): void;
  /** Ends the partition between two, or all partitions. */
  heal(a?: string, b?: string): void;
  /** Resets the connections between two. */
  cut(a: string, b: string): void;
  /** Ends everything that is wrong: faults, partitions, pauses; hosts that are down are started. They are ready when it resolves, and led where one leads. */
  calm(): Promise<void>;
  /** Rows of a database of the cluster, as it is now on its disk. */
  rows(database: string, sql: string, parameters?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** Events that transactions have committed. */
  readonly events: Promise<readonly EmittedEvent[]>;
  /** Lines that hosts logged, with the host's name in `host`. */
  readonly log: readonly LogLine[];
  readonly trace: Trace;
  readonly report: SimulationReport;
  /** Ends everything at once. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Runs every host of a placement in this process: the code of production over a simulated network, a virtual clock and
 * databases in memory, all from one seed. Resolves when all hosts are ready. Fails with `SKEIN_PLACEMENT_INVALID`,
 * `SKEIN_SIMULATION_INVALID`, `SKEIN_SIMULATION_STUCK` when hosts do not start within 60 s of virtual time, or as
 * `createHost` does. Mounted applications are left out.
 * @since 0.1.0
 */
export async function simulate<Who = unknown>(
  system: System,
  options: SimulationOptions<Who> = {},
): Promise<Cluster<Who>> {
  const { openCluster } = await import("./cluster.ts");
  return openCluster(system, options);
}
