/**
 * Owns one host of a simulated cluster, through its starts and ends: the host, the peers and the listener of production
 * on a simulated process. It must never do what a host of production would not.
 */
import { type Clock, createSeededRandom, type Random } from "../../core/index.ts";
import { Leader } from "../../data/index.ts";
import { type Host, openHost } from "../../host/host.ts";
import { type Operations, Peers, type Routes } from "../../host/remote/index.ts";
import type { Leadership, Log, System } from "../../system/index.ts";
import type { Listener } from "../../transport/index.ts";
import type { Disk } from "./disk.ts";
import { Machine } from "./machine.ts";
import type { SimulatedNetwork } from "./network.ts";

/** @since 0.1.0 */
export type HostState = "starting" | "running" | "draining" | "paused" | "down";

/** What all hosts of a cluster stand on. */
export interface World {
  readonly system: System;
  readonly clock: Clock;
  readonly seed: number;
  readonly network: SimulatedNetwork;
  readonly disk: Disk;
  readonly operations: Operations;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logFor: (name: string, clock: Clock) => Log;
  /** The routes of now. */
  readonly routes: () => Routes;
  /** A host of a singleton group leads from now on, or does not any more. */
  readonly onLead: (host: SimulatedHost, epoch: number) => void;
  readonly onLost: (host: SimulatedHost) => void;
}

/** What runs between a start and its end. */
interface Life {
  readonly machine: Machine;
  readonly peers: Peers;
  host: Host | undefined;
  listener: Listener | undefined;
  isEnding: boolean;
  leads: number | undefined;
  readonly over: PromiseWithResolvers<void>;
}

export interface Place {
  readonly name: string;
  /** `undefined` for clients, which nobody calls. */
  readonly group: string | undefined;
  readonly services: readonly string[];
  readonly isSingleton: boolean;
}

export class SimulatedHost {
  readonly name: string;
  readonly group: string | undefined;
  readonly services: readonly string[];
  readonly isSingleton: boolean;
  readonly #world: World;
  #life: Life | undefined;
  #starts = 0;

  constructor(world: World, { name, group, services, isSingleton }: Place) {
    this.name = name;
    this.group = group;
    this.services = services;
    this.isSingleton = isSingleton;
    this.#world = world;
  }

  get state(): HostState {
    if (this.#life === undefined) return "down";
    if (this.#life.machine.state === "paused") return "paused";
    if (this.#life.isEnding) return "draining";
    return this.#isReady(this.#life) ? "running" : "starting";
  }
  /** Of this start. */
  get address(): string {
    return `${this.name}/${this.#starts}`;
  }
  /** Whether others may be sent here. */
  get isServing(): boolean {
    const life = this.#life;
    return (
      life !== undefined && this.#isReady(life) && !life.isEnding && (life.leads !== undefined || !this.isSingleton)
    );
  }
  /** The epoch in which it leads, as far as it is known: one that hangs does not say that it does no more. */
  get leads(): number | undefined {
    return this.#life?.leads;
  }
  set leads(epoch: number | undefined) {
    if (this.#life !== undefined) this.#life.leads = epoch;
  }
  /** Of a host in a singleton group. */
  get role(): "leader" | "standby" | undefined {
    if (!this.isSingleton || this.#life === undefined) return undefined;
    return this.leads === undefined ? "standby" : "leader";
  }
  get host(): Host | undefined {
    return this.#life?.host;
  }
  /** Calls from outside it that have not ended. */
  get inFlight(): number {
    return this.#life?.host?.inFlight ?? 0;
  }
  get epoch(): number {
    return this.#life?.peers.routes.epoch ?? -1;
  }

  /** Resolves once it answers; `false` when it was killed first. */
  async start(): Promise<boolean> {
    const { system, network, seed, disk, operations } = this.#world;
    this.#starts++;
    const machine = new Machine(this.name, this.#world.clock);
    const { clock } = machine;
    network.revive(this.name);
    disk.join(machine);
    const random = createSeededRandom(`${seed}/${this.address}`);
    const peers = new Peers(system, {
      greeting: { system: system.name, token: "simulated" },
      clock,
      random,
      ...network.join(machine),
      soon: (run) => void clock.after(0, run),
      operations,
    });
    const over = Promise.withResolvers<void>();
    const life: Life = {
      machine,
      peers,
      host: undefined,
      listener: undefined,
      isEnding: false,
      leads: undefined,
      over,
    };
    this.#life = life;
    peers.update(this.#others(this.#world.routes()));
    // What a killed process began never comes to an end.
    await Promise.race([this.#open(life, random), over.promise]);
    return this.#life === life;
  }

  async #open(life: Life, random: Random): Promise<void> {
    const { system, env, logFor } = this.#world;
    const {
      peers,
      machine: { clock },
    } = life;
    const log = logFor(this.name, clock);
    const host = await openHost(system, {
      services: this.services,
      mode: "test",
      inMemory: true,
      clock,
      random,
      env,
      log,
      remote: peers.routes,
      ...(this.isSingleton && { leader: this.#toLead(life, random, log) }),
    });
    life.host = host;
    if (this.group !== undefined) life.listener = await peers.listen(host, { path: this.address });
  }

  /** Hears of routes when it runs. */
  hear(routes: Routes): void {
    const life = this.#life;
    life?.machine.run(() => life.peers.update(this.#others(routes)));
  }

  kill(isSilent: boolean): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#life = undefined;
    life.over.resolve();
    life.machine.kill();
    this.#world.network.bury(life.machine, isSilent);
    this.#world.disk.bury(life.machine);
  }

  pause(): void {
    this.#life?.machine.pause();
  }

  resume(): void {
    this.#life?.machine.resume();
  }

  #toLead(life: Life, random: Random, log: Log): Leadership {
    const { disk, onLead, onLost } = this.#world;
    const leader = new Leader({
      clock: life.machine.clock,
      random,
      log,
      onLead: (epoch) => onLead(this, epoch),
      onLost: () => onLost(this),
    });
    return {
      get isLeading() {
        return leader.isLeading;
      },
      join: (service, place, leases) => leader.join(service, place, leases),
      // The leases of services without a database are on the disk that all share.
      joinFile: (context) => leader.joinFile({ ...context, shared: disk.share(context) }),
      run: (lead, lose) => leader.run(lead, lose),
      close: () => leader.close(),
    };
  }

  /** As a host that is told to end: what peers have sent is finished first. Resolves when it is down, however. */
  async end(): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    life.isEnding = true;
    await Promise.race([this.#close(life), life.over.promise]);
    if (this.#life === life) this.kill(false);
  }

  async #close({ listener, host, peers }: Life): Promise<void> {
    host?.moveStreams();
    await listener?.close();
    await host?.close();
    peers.close();
  }

  #isReady(life: Life): boolean {
    return life.host !== undefined && (this.group === undefined || life.listener !== undefined);
  }

  /** A host calls what is in its own group as a function. */
  #others(routes: Routes): Routes {
    if (this.group === undefined) return routes;
    const { [this.group]: _, ...groups } = routes.groups;
    return { epoch: routes.epoch, groups };
  }
}
