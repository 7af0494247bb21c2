/**
 * Owns which hosts a simulated cluster has, their starts and ends, and what each is told of the others: what the
 * supervisor does between processes. It must never tell a host more than the supervisor would.
 */
import { type Clock, nearest, type Random, sleep } from "../../core/index.ts";
import { isSkeinError, skeinError } from "../../errors/index.ts";
import type { Routes } from "../../host/remote/index.ts";
import { gatewayService, type Placement, readPlacement, type System } from "../../system/index.ts";
import { SimulatedHost, type World } from "./host.ts";

export const clientName = "client";
/** How late a host hears of new routes at most, in milliseconds. */
export const newsMsMax = 20;
/** Starts of a host that fail before it is given up, and the first pause between two, doubled. */
const startAttemptsMax = 8;
const startPauseMs = 100;
/** How long a host that does not lead any more may take to end. */
const lostMs = 500;

export interface MembersOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly note: (what: string) => void;
}

export class Members {
  readonly hosts: readonly SimulatedHost[];
  /** Where clients are: it runs nothing and is called by nobody. */
  readonly client: SimulatedHost;
  readonly #options: MembersOptions;
  readonly #starting = new Map<SimulatedHost, Promise<void>>();
  readonly #ending = new Set<Promise<void>>();
  #routes: Routes = { epoch: 0, groups: {} };

  constructor({ groups }: Placement, world: Omit<World, "routes" | "onLead" | "onLost">, options: MembersOptions) {
    this.#options = options;
    const informed: World = {
      ...world,
      routes: () => this.#routes,
      onLead: (host, epoch) => this.#leads(host, epoch),
      onLost: (host) => void this.#replace(host).catch(() => undefined),
    };
    const client = { name: clientName, group: undefined, services: [], isSingleton: false };
    this.client = new SimulatedHost(informed, client);
    this.hosts = Object.entries(groups).flatMap(([group, { services, replicas, isSingleton }]) => {
      const numbers = Array.from({ length: services.length === 0 ? 0 : replicas }, (_, i) => i + 1);
      const own = services.filter((name) => name !== gatewayService);
      return numbers.map((number) => {
        const place = { name: `${group}-${number}`, group, services: own, isSingleton };
        return new SimulatedHost(informed, place);
      });
    });
  }

  /** Whether each group that has one leader has it. */
  get isLed(): boolean {
    const led = new Set(this.hosts.filter(({ isServing }) => isServing).map(({ group }) => group));
    return this.hosts.every(({ group, isSingleton }) => !isSingleton || led.has(group));
  }

  get epoch(): number {
    return this.#routes.epoch;
  }

  /** @throws `SKEIN_SIMULATION_INVALID` for a name that no host has. */
  find(name: string): SimulatedHost {
    const host = this.hosts.find((one) => one.name === name);
    if (host !== undefined) return host;
    const near = nearest(
      name,
      this.hosts.map((one) => one.name),
    );
    const hint = near === undefined ? "" : `; did you mean "${near}"?`;
    throw skeinError("SKEIN_SIMULATION_INVALID", `no host is named "${name}"${hint}`);
  }

  /** Starts all that are down; resolves when none is starting or ending any more. */
  async startAll(attemptsMax = startAttemptsMax): Promise<void> {
    await Promise.all(this.#ending);
    for (const host of this.hosts) if (host.state === "down") void this.start(host, attemptsMax).catch(() => undefined);
    const started = await Promise.allSettled(this.#starting.values());
    for (const one of started) if (one.status === "rejected") throw one.reason;
  }

  /** Resolves when the host is ready, or was killed first. Starts that fail are repeated after a pause. */
  start(host: SimulatedHost, attemptsMax = startAttemptsMax): Promise<void> {
    const starting = this.#start(host, attemptsMax).finally(() => this.#starting.delete(host));
    this.#starting.set(host, starting);
    return starting;
  }

  kill(host: SimulatedHost, isSilent: boolean): void {
    host.kill(isSilent);
    this.#options.clock.after(this.#options.random.float() * newsMsMax, () => this.#publish());
  }

  /** Others hear of it first. */
  async drain(host: SimulatedHost): Promise<void> {
    const ending = host.end();
    this.#ending.add(ending);
    this.#publish();
    await ending;
    this.#ending.delete(ending);
  }

  async #start(host: SimulatedHost, attemptsMax: number): Promise<void> {
    const { clock, note } = this.#options;
    for (let attempt = 1; ; attempt++) {
      note(`start ${host.name}`);
      try {
        if (!(await host.start())) return;
        break;
      } catch (error) {
        host.kill(false);
        if (attempt >= attemptsMax) throw error;
        note(`${host.name} did not start: ${isSkeinError(error) ? error.code : "?"}`);
        await sleep(clock, startPauseMs * 2 ** attempt);
      }
    }
    note(`ready ${host.name}`);
    this.#publish();
  }

  /** One that was stopped may say so late: the greater epoch is the younger. */
  #leads(host: SimulatedHost, epoch: number): void {
    const others = this.hosts.filter((one) => one.group === host.group && one !== host);
    if (others.some(({ leads = 0 }) => leads > epoch)) return;
    for (const other of others) other.leads = undefined;
    host.leads = epoch;
    this.#options.note(`${host.name} leads in epoch ${epoch}`);
    this.#publish();
  }

  /** A fresh process follows one that has lost its leases, as by the supervisor. */
  async #replace(host: SimulatedHost): Promise<void> {
    this.#options.note(`${host.name} does not lead any more`);
    await Promise.race([this.drain(host), sleep(this.#options.clock, lostMs)]);
    if (host.state === "draining") this.kill(host, false);
    if (host.state === "down" && !this.#starting.has(host)) await this.start(host);
  }

  /** Each host hears of it after a time of its own, so that an older word may come last. */
  #publish(): void {
    const { clock, random, note } = this.#options;
    const groups: Record<string, { services: readonly string[]; addresses: string[]; hasLeader?: true }> = {};
    for (const { group = "", services, address, isServing, isSingleton } of this.hosts) {
      const one = (groups[group] ??= { services, addresses: [], ...(isSingleton && { hasLeader: true }) });
      if (isServing) one.addresses.push(address);
    }
    const routes = (this.#routes = { epoch: this.#routes.epoch + 1, groups });
    note(`routes ${routes.epoch}`);
    for (const host of [this.client, ...this.hosts]) clock.after(random.float() * newsMsMax, () => host.hear(routes));
  }
}

/** A placement as it was given; without one each service has a host of its own. */
export function placementOf(system: System, value: unknown): Placement {
  if (value !== undefined) return readPlacement(value, system);
  const groups = system.services.map(({ declaration: { name } }) => {
    return [name, { services: [name], replicas: 1, memory: undefined, isSingleton: false }] as const;
  });
  return { groups: Object.fromEntries(groups), pins: {} };
}
