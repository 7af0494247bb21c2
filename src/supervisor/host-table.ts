/**
 * Owns what the supervisor knows of its hosts: each replica, the way to its process, and the routes made of those that are
 * ready. It must never start, judge or end a process.
 */
import type { Clock } from "../core/index.ts";
import type { Routes } from "../host/remote/index.ts";
import type { Log, Mode, Placement, System } from "../system/index.ts";
import type { Build } from "./build.ts";
import type { HostSays, SupervisorSays, Wire } from "./control.ts";
import type { ProcessIdentity } from "./process-identity.ts";
import { groupsOf, type Replica, replicasOf } from "./replica.ts";
import type { HostRecord } from "./records.ts";
import type { State } from "./state.ts";

export interface SupervisorOptions {
  /** The one that `skein start` was given, and the one to run: another one after a roll. */
  readonly given: Build;
  readonly build: Build;
  readonly system: System;
  readonly placement: Placement;
  /** Hosts that are not taken over, whatever they run: those that a move has replaced. */
  readonly leaving: readonly string[];
  readonly state: State;
  readonly clock: Clock;
  readonly log: Log;
  readonly mode: Mode;
  readonly port: number;
  readonly hostname: string;
  /** Somebody asks from outside for the end. */
  readonly onStop: () => void;
}

const complainEveryMs = 10_000;

export type HostWire = Wire<SupervisorSays, HostSays>;

/** A process that runs and has no place any more. */
export interface Leaving {
  readonly id: string;
  readonly identity: ProcessIdentity;
  readonly services: readonly string[];
  /** Others have its place; nobody leads until a leader has ended. */
  readonly hasSuccessor: boolean;
  /** Since it was found, and since it was told to end. */
  sinceMs: number;
  isTold: boolean;
}

export class HostTable {
  readonly options: SupervisorOptions;
  /** What should run; another one after a move. */
  placement: Placement;
  /** What new processes are started from; another one when a roll is over. */
  build: Build;
  /** One for each place of the placement, while one is replaced its replacement, and during a move those of both placements. */
  readonly replicas: Replica[];
  /** Nothing that is in flight is waited for any more. */
  isHurried = false;
  /** A move is about to end hosts, or to take new ones back: none is given another process for its memory's sake meanwhile. */
  isMoving = false;
  leaving: Leaving[] = [];
  /** By host, the holder among them. */
  readonly wires = new Map<string, HostWire>();
  #routes: Routes = { epoch: 0, groups: {} };
  #routesText = "";
  #complainMs = 0;
  #changed = Promise.withResolvers<void>();

  constructor(options: SupervisorOptions) {
    this.options = options;
    this.placement = options.placement;
    this.build = options.build;
    this.replicas = replicasOf(options.placement, options.build);
  }

  get routes(): Routes {
    return this.#routes;
  }

  find(id: string): Replica | undefined {
    return this.replicas.find((one) => one.id === id);
  }

  remove(one: Replica): void {
    const at = this.replicas.indexOf(one);
    if (at >= 0) this.replicas.splice(at, 1);
  }

  /** Keeps who runs a replica, so that the next supervisor finds it. */
  remember(one: Replica, identity: ProcessIdentity): boolean {
    const { id, group, replica, services, isSingleton, memory, build, socket, startedAt, restarts } = one;
    const record = { id, group, replica, services, isSingleton, memory, build, identity, socket, startedAt, restarts };
    const { state, mode } = this.options;
    return this.#keep(() =>
      state.write({ ...record, mode, replaces: one.replaces?.id, isReady: false, isRetired: false }),
    );
  }

  /** The one that is started because this one is to end. */
  replacementOf(one: Replica): Replica | undefined {
    return this.replicas.find(({ replaces }) => replaces === one);
  }

  /** Keeps one more thing that is true of it from now on. */
  mark(
    { id }: Pick<Replica, "id">,
    what: Partial<Pick<HostRecord, "isReady" | "address" | "isRetired" | "hasSuccessor" | "leads" | "replaces">>,
  ): void {
    const record = this.options.state.host(id);
    if (record !== undefined) this.#keep(() => this.options.state.write({ ...record, ...what }));
  }

  /** It says that it leads its group. One that was stopped may say so late: the greater epoch is the younger. */
  led(one: Replica, epoch: number): void {
    const others = this.replicas.filter(({ group, id }) => group === one.group && id !== one.id);
    if (!one.isSingleton || others.some(({ leads = 0 }) => leads > epoch)) return;
    for (const other of others) other.leads = undefined;
    one.leads = epoch;
    this.mark(one, { leads: epoch });
    this.publish();
  }

  /** Whether every host that speaks knows the present routes, so that none calls where nobody will be. */
  get isKnown(): boolean {
    const { epoch } = this.#routes;
    return this.replicas.every((one) => one.state !== "ready" || one.isSilent || one.epoch >= epoch);
  }

  /**
   * Tells every host where the others are, if that is not what they know. Routes that could not be kept are told to nobody:
   * a later supervisor would give their number to others. Tried again at every look. Says whether hosts were told of what is.
   */
  publish(): boolean {
    const groups = groupsOf(this.replicas);
    const text = JSON.stringify(groups);
    if (text === this.#routesText) return true;
    if (!this.#keep(() => (this.#routes = this.options.state.publish(groups)))) return false;
    this.#routesText = text;
    for (const [id, wire] of this.wires) if (id !== "holder") wire.say({ is: "routes", routes: this.#routes });
    return true;
  }

  /** A disk that is full is no reason to end: what it says is whether it was written. */
  #keep(write: () => void): boolean {
    try {
      write();
      return true;
    } catch (error) {
      const { clock, log } = this.options;
      const now = clock.monotonic();
      if (now >= this.#complainMs) log.error("the state could not be written", { error });
      if (now >= this.#complainMs) this.#complainMs = now + complainEveryMs;
      return false;
    }
  }

  /** Resolves at the next change of anything. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
