/**
 * Owns a simulated cluster: its hosts on one clock, one network and one disk, and what a test does to them. It must never
 * let real time, or the order in which a real disk answers, decide anything.
 */
import type { AnyContract, Client } from "../../contract/index.ts";
import {
  type Clock,
  createSeededRandom,
  createVirtualClock,
  type Duration,
  nearest,
  sleep,
  toMs,
  type VirtualClock,
} from "../../core/index.ts";
import { limitsOf } from "../../data/engine.ts";
import { skeinError } from "../../errors/index.ts";
import { Operations } from "../../host/remote/index.ts";
import { createLog } from "../../observe/index.ts";
import { system as createSystem, type System } from "../../system/index.ts";
import { type EmittedEvent, readEvents } from "../internal/capture.ts";
import { withShared } from "../internal/shared.ts";
import type { LogLine } from "../system-test.ts";
import { Clients } from "./clients.ts";
import { Disk } from "./disk.ts";
import { networkFaults, Trouble, type Victims } from "./faults.ts";
import type { SimulatedHost } from "./host.ts";
import { clientName, Members, newsMsMax, placementOf } from "./members.ts";
import { calm, SimulatedNetwork } from "./network.ts";
import type { Cluster, HostView, SimulationOptions, SimulationReport } from "./simulate.ts";
import { Recording } from "./trace.ts";

const withinDefault = "60s";

export async function openCluster<Who>(system: System, options: SimulationOptions<Who>): Promise<Cluster<Who>> {
  // Everything that is loaded is loaded before the first event.
  await Promise.all([import("#engines"), ...system.services.map((entry) => entry.load())]);
  const cluster = new RunningCluster<Who>(system, await operationsOf(system), options);
  try {
    await cluster.open();
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

/** The methods of a system as the wire knows them, put together once however many clusters run it. */
const operationsKnown = new WeakMap<System, Promise<Operations>>();

function operationsOf(system: System): Promise<Operations> {
  let known = operationsKnown.get(system);
  if (known === undefined) {
    const making = new Operations(system);
    known = making.makeAll(system.services.map(({ declaration }) => declaration.name)).then(() => making);
    operationsKnown.set(system, known);
  }
  return known;
}

class RunningCluster<Who> implements Cluster<Who> {
  readonly seed: number;
  readonly clock: VirtualClock;
  readonly log: LogLine[] = [];
  readonly trace: Recording;
  readonly #options: SimulationOptions<Who>;
  readonly #network: SimulatedNetwork;
  readonly #disk: Disk;
  readonly #members: Members;
  readonly #clients: Clients;
  readonly #faults = { crashes: 0, drains: 0, pauses: 0, partitions: 0, cuts: 0 };
  #trouble: Trouble | undefined;
  #isRolling = false;
  #isDriven = false;
  #isClosed = false;

  constructor(system: System, operations: Operations, options: SimulationOptions<Who>) {
    const { seed = 1, startMs, env = {} } = options;
    this.seed = seed;
    this.#options = options;
    // Nothing but promises waits for each other here, and they have settled after one turn.
    const clock = (this.clock = createVirtualClock({ settleTurns: 1, ...(startMs !== undefined && { startMs }) }));
    const { note } = (this.trace = new Recording(clock));
    const disk = (this.#disk = new Disk(this.#random("disk")));
    const network = (this.#network = new SimulatedNetwork({ clock, random: this.#random("network"), note }));
    const onDisk = system.services.map((entry) => withShared(entry, (context) => disk.share(context)));
    const world = {
      system: createSystem(system.name, { services: onDisk }),
      clock,
      seed,
      network,
      disk,
      operations,
      env,
      logFor: (host: string, own: Clock) => this.#logFor(host, own),
    };
    const placement = placementOf(system, options.placement);
    this.#members = new Members(placement, world, { clock, random: this.#random("members"), note });
    this.#clients = new Clients(() => this.#members.client.host, note);
  }

  get hosts(): readonly HostView[] {
    return this.#members.hosts.map(({ name, group = "", services, state, role, inFlight, epoch }) => ({
      name,
      group,
      services,
      state,
      role,
      inFlight,
      epoch,
    }));
  }

  get events(): Promise<readonly EmittedEvent[]> {
    const engines = this.#disk.names.flatMap((name) => this.#disk.engine(name) ?? []);
    return this.#committed().then(() => readEvents(engines, this.clock));
  }

  get report(): SimulationReport {
    return {
      seed: this.seed,
      hash: this.trace.hash,
      virtualMs: this.clock.monotonic(),
      events: this.trace.length,
      calls: this.#clients.calls,
      failures: { ...this.#clients.failures },
      network: this.#network.counts,
      faults: { ...this.#faults },
      epochs: this.#members.epoch,
    };
  }

  /** Starts all hosts, then what goes wrong. */
  async open(): Promise<void> {
    const { faults = {} } = this.#options;
    const network = networkFaults(faults);
    await this.run(async () => {
      await this.#members.client.start();
      await this.#members.startAll(1);
      while (!this.#members.isLed) await sleep(this.clock, newsMsMax);
      // Until the last of them has heard of the last of them.
      await sleep(this.clock, newsMsMax);
    });
    this.#network.faults = network;
    this.#trouble = new Trouble(this.clock, this.#random("faults"), this.#victims(), faults);
  }

  client<C extends AnyContract>(contract: C): Client<C> {
    return this.#clients.of(contract, this.#options.as);
  }

  as(principal: Who | undefined): { client<C extends AnyContract>(contract: C): Client<C> } {
    return { client: (contract) => this.#clients.of(contract, principal) };
  }

  async run<T>(work: Promise<T> | (() => Promise<T>), options: { readonly within?: Duration } = {}): Promise<T> {
    const promise = typeof work === "function" ? work() : work;
    let isOver = false;
    const over = (): void => void (isOver = true);
    promise.then(over, over);
    await this.#until(() => isOver, options.within);
    return promise;
  }

  idle(options: { readonly within?: Duration } = {}): Promise<void> {
    const all = [this.#members.client, ...this.#members.hosts];
    return this.#until(() => all.every(({ inFlight }) => inFlight === 0), options.within);
  }

  crash(name: string, { power = false }: { readonly power?: boolean } = {}): void {
    const host = this.#members.find(name);
    if (host.state === "down") throw invalid(`${name} is down already`);
    this.#faults.crashes++;
    this.trace.note(`crash ${name}${power ? ", power" : ""}`);
    this.#members.kill(host, power);
  }

  async restart(name: string): Promise<void> {
    const host = this.#members.find(name);
    if (host.state !== "down") throw invalid(`${name} is not down`);
    await this.#members.start(host);
  }

  async drain(name: string): Promise<void> {
    const host = this.#members.find(name);
    if (host.state !== "running") throw invalid(`${name} is ${host.state}`);
    this.#faults.drains++;
    this.trace.note(`drain ${name}`);
    await this.#members.drain(host);
    this.trace.note(`down ${name}`);
  }

  pause(name: string): void {
    const host = this.#members.find(name);
    if (host.state === "down" || host.state === "paused") throw invalid(`${name} is ${host.state} already`);
    this.#faults.pauses++;
    this.trace.note(`pause ${name}`);
    host.pause();
  }

  resume(name: string): void {
    const host = this.#members.find(name);
    if (host.state !== "paused") throw invalid(`${name} is not paused`);
    this.trace.note(`resume ${name}`);
    host.resume();
  }

  partition(a: string, b: string, { oneWay = false }: { readonly oneWay?: boolean } = {}): void {
    this.#assertKnown(a, b);
    this.#faults.partitions++;
    this.#network.partition(a, b, oneWay);
  }

  heal(a?: string, b?: string): void {
    if (a !== undefined && b !== undefined) this.#assertKnown(a, b);
    this.#network.heal(a, b);
  }

  cut(a: string, b: string): void {
    this.#assertKnown(a, b);
    this.#faults.cuts++;
    this.#network.cut(a, b);
  }

  calm(): Promise<void> {
    this.trace.note("calm");
    this.#trouble?.stop();
    this.#network.faults = calm;
    this.#network.heal();
    for (const { name, state } of this.#members.hosts) if (state === "paused") this.resume(name);
    return this.run(async () => {
      await this.#members.startAll();
      while (!this.#members.isLed) await sleep(this.clock, newsMsMax);
      await sleep(this.clock, newsMsMax);
    });
  }

  async rows(database: string, sql: string, parameters: readonly unknown[] = []) {
    const engine = this.#disk.engine(database);
    if (engine === undefined) {
      const near = nearest(database, this.#disk.names);
      throw invalid(`no host has opened a database "${database}"${near === undefined ? "" : `; "${near}" is there`}`);
    }
    await this.#committed(database);
    return (await engine.read({ sql, parameters }, limitsOf(this.clock, 1_000))).rows;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#trouble?.stop();
    for (const host of [this.#members.client, ...this.#members.hosts]) host.kill(true);
    this.#disk.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A transaction that is open needs time to end; inside of `run` time goes on anyway. */
  async #committed(database?: string): Promise<void> {
    if (!this.#isDriven && this.#disk.isBusy(database)) await this.#until(() => !this.#disk.isBusy(database));
  }

  async #until(isOver: () => boolean, within: Duration = withinDefault): Promise<void> {
    this.#isDriven = true;
    await this.clock.advance(within, { until: isOver }).finally(() => (this.#isDriven = false));
    if (isOver()) return;
    const busy = this.#members.hosts.filter(({ state, inFlight }) => inFlight > 0 || state !== "running");
    const waiting = [
      `${this.#members.client.inFlight} calls of clients wait`,
      ...busy.map(({ name, state, inFlight }) => `${name} is ${state} with ${inFlight} calls in flight`),
    ];
    const detail = `not over after ${toMs(within)} ms of virtual time: ${waiting.join("; ")}`;
    throw skeinError("SKEIN_SIMULATION_STUCK", detail);
  }

  /** Each user of randomness has its own, so that one more draw here does not change everything there. */
  #random(user: string) {
    return createSeededRandom(`${this.seed}/${user}`);
  }

  #logFor(host: string, clock: Clock) {
    const sink = (_: string, line: string): void => void this.log.push({ ...(JSON.parse(line) as LogLine), host });
    return createLog({ clock, level: "debug", sink });
  }

  /** One at a time, the next once everybody has heard of the last. */
  async #roll(name: string): Promise<void> {
    this.#isRolling = true;
    await this.drain(name);
    if (this.#members.find(name).state === "down") await this.restart(name).catch(() => undefined);
    await sleep(this.clock, 2 * newsMsMax);
    this.#isRolling = false;
  }

  /** What happens by itself happens only where it can. */
  #victims(): Victims {
    const find = (name: string): SimulatedHost => this.#members.find(name);
    return {
      hosts: this.#members.hosts.map(({ name }) => name),
      clients: clientName,
      crash: (name, power) => find(name).state !== "down" && this.crash(name, { power }),
      restart: (name) => find(name).state === "down" && void this.restart(name).catch(() => undefined),
      roll: (name) => find(name).state === "running" && !this.#isRolling && void this.#roll(name),
      pause: (name) => find(name).state === "running" && this.pause(name),
      resume: (name) => find(name).state === "paused" && this.resume(name),
      partition: (a, b, oneWay) => this.partition(a, b, { oneWay }),
      heal: (a, b) => this.heal(a, b),
      cut: (a, b) => this.cut(a, b),
    };
  }

  #assertKnown(...names: readonly string[]): void {
    for (const name of names) if (name !== clientName) this.#members.find(name);
  }
}

function invalid(detail: string) {
  return skeinError("SKEIN_SIMULATION_INVALID", detail);
}
