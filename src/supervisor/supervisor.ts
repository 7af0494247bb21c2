/**
 * Owns what runs on this machine: it starts the hosts of a placement one after the other, watches them, starts again what
 * ended, and tells all of them where each service is. It must never serve a request: hosts go on without it.
 */
import type { Server, Socket } from "node:net";
import type { Clock, Timer } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";
import type { Routes } from "../host/remote/index.ts";
import type { Log, Mode, Placement } from "../system/index.ts";
import { type HostSays, listenControl, type Status, type SupervisorSays, Wire } from "./control.ts";
import { GatewaySocket } from "./gateway-socket.ts";
import { identify, isRunning, signal } from "./process-identity.ts";
import { groupsOf, isGateway, type Replica, replicasOf, sameServices, statusOf } from "./replica.ts";
import { hostArguments, startHost } from "./spawn.ts";
import type { State } from "./state.ts";

export interface SupervisorOptions {
  readonly file: string;
  readonly placement: Placement;
  readonly state: State;
  readonly clock: Clock;
  readonly log: Log;
  readonly mode: Mode;
  readonly port: number;
  readonly hostname: string;
  /** Somebody asks from outside for the end. */
  readonly onStop: () => void;
}

type HostWire = Wire<SupervisorSays, HostSays>;
type Hello = Extract<HostSays, { readonly is: "hello" }>;

const restart = { firstMs: 100, longestMs: 30_000, healthyMs: 60_000 } as const;
const startLimitMs = 60_000;
const watchMs = 250;
const drainLimitMs = 30_000;
const recycleAt = 0.8;
const startAttempts = 3;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #replicas: Replica[];
  readonly #wires = new Map<string, HostWire>();
  readonly #token: string;
  readonly #socket: GatewaySocket;
  #control: Server | undefined;
  #routes: Routes = { epoch: 0, groups: {} };
  #routesText = "";
  #starting: Replica | undefined;
  #watch: Timer | undefined;
  #hasAdopted = false;
  #isStopping = false;
  #isOver = false;
  #changed = Promise.withResolvers<void>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#token = options.state.token();
    this.#replicas = replicasOf(options.placement);
    this.#socket = new GatewaySocket({ ...options, token: this.#token });
  }

  get url(): string | undefined {
    return this.#socket.url;
  }
  get replicas(): readonly Replica[] {
    return this.#replicas;
  }

  /** Takes over what an earlier supervisor has left running, and starts the rest. The directory must be claimed. */
  async open(): Promise<void> {
    const { state, clock, file } = this.#options;
    const identity = identify(process.pid);
    if (identity !== undefined) state.supervisor = { identity, file };
    this.#adoptRecords();
    this.#control = await listenControl(state.control, (socket) => this.#accept(socket));
    if (this.#replicas.some(isGateway))
      await this.#socket.open(this.#replicas.some((one) => isGateway(one) && one.identity !== undefined));
    this.#publish();
    this.#watch = clock.after(0, this.#look);
  }

  /**
   * Resolves when every replica is ready and has been told where the others are. Rejects with `SKEIN_SUPERVISOR_START` when one could not be started three times;
   * never where hosts were taken over, since what serves must not end for what does not start.
   */
  async ready(): Promise<void> {
    while (!this.#replicas.every((one) => one.state === "ready" && this.#wires.has(one.id))) {
      const broken = this.#hasAdopted ? undefined : this.#replicas.find((one) => one.failures >= startAttempts);
      if (broken !== undefined) {
        throw skeinError(
          "SKEIN_SUPERVISOR_START",
          `${broken.id} did not start: ${broken.lastError ?? "it ended at once"}; see ${this.#options.state.logOf(broken.id)}`,
        );
      }
      await this.#changed.promise;
    }
  }

  /** Gateways first, then the hosts behind them, each after what it has in flight; then the holder. Safe to call twice. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }
  #stopping: Promise<void> | undefined;

  async #stop(): Promise<void> {
    this.#isStopping = true;
    const { state, clock } = this.#options;
    const endMs = clock.monotonic() + drainLimitMs;
    for (const wanted of [isGateway, (one: Replica) => !isGateway(one)]) {
      const ending = this.#replicas.filter(wanted);
      while (ending.some((one) => this.#isThere(one))) {
        for (const one of ending) {
          if (one.identity === undefined) continue;
          if (one.state !== "draining") this.#drain(one);
          if (clock.monotonic() > endMs) signal(one.identity, "SIGKILL");
        }
        await this.#pause();
      }
    }
    this.#isOver = true;
    this.#watch?.cancel();
    while (this.#socket.end() && clock.monotonic() < endMs + drainLimitMs) await this.#pause();
    for (const wire of this.#wires.values()) wire.close();
    await new Promise<void>((resolve) =>
      this.#control === undefined ? resolve() : this.#control.close(() => resolve()),
    );
    for (const { id } of this.#replicas) state.remove(id);
    state.rememberUrl(undefined);
    state.supervisor = undefined;
    state.release();
  }

  /** Also while the holder was asked for it and has not said its number yet. */
  #isThere(one: Replica): boolean {
    if (one.identity !== undefined) return isRunning(one.identity);
    return this.#starting === one && this.#socket.isHeld;
  }

  status(): Status {
    return {
      supervisor: { pid: process.pid },
      epoch: this.#routes.epoch,
      gateway: this.url === undefined ? null : { url: this.url },
      hosts: this.#replicas.map(statusOf),
    };
  }

  #adoptRecords(): void {
    const { state, clock, log } = this.#options;
    for (const record of state.hosts()) {
      if (record.id === "holder") continue;
      const replica = this.#replicas.find(({ id }) => id === record.id);
      const fits = replica !== undefined && sameServices(replica.services, record.services) && !record.isRetired;
      if (!isRunning(record.identity)) state.remove(record.id);
      else if (fits) {
        this.#hasAdopted = true;
        replica.identity = record.identity;
        replica.socket = record.socket;
        replica.startedMs = clock.monotonic();
        replica.state = record.isReady ? "ready" : "starting";
        log.info(`${replica.id} is taken over`);
      } else {
        state.write({ ...record, isRetired: true });
        signal(record.identity, "SIGTERM");
      }
    }
  }

  #accept(socket: Socket): void {
    let id: string | undefined;
    const wire: HostWire = new Wire<SupervisorSays, HostSays>(
      socket,
      (message) => {
        if (id !== undefined && isAsking(id)) return this.#asked(wire, message);
        if (id !== undefined) return this.#hear(id, message);
        if (message.is !== "hello" || message.token !== this.#token) return wire.close();
        // A process that was not started for this place finds in the state directory that it is not wanted, and ends.
        if (!isAsking(message.id) && !this.#isExpected(message)) return wire.close();
        ({ id } = message);
        if (!isAsking(id)) this.#welcome(message, wire);
      },
      () => id !== undefined && this.#wires.get(id) === wire && this.#gone(id),
    );
  }

  #isExpected({ id, pid, socket }: Hello): boolean {
    if (id === "holder") return this.#socket.expects(pid);
    const replica = this.#replicas.find((one) => one.id === id);
    if (replica === undefined) return false;
    // A gateway may be faster than the holder that tells of it.
    if (socket === replica.socket) this.#spawned(id, pid);
    return replica.identity?.pid === pid;
  }

  #welcome({ id }: Hello, wire: HostWire): void {
    this.#wires.set(id, wire);
    if (id === "holder") this.#socket.holder(wire);
    else wire.say({ is: "routes", routes: this.#routes });
    this.#notify();
    this.#next();
  }

  #asked(wire: HostWire, message: HostSays): void {
    if (message.is === "status") wire.say({ is: "status", status: this.status() });
    if (message.is === "stop") this.#options.onStop();
  }

  #gone(id: string): void {
    this.#wires.delete(id);
    if (id === "holder") {
      this.#socket.holder(undefined);
      // What it was asked for it may never have done.
      const lost = this.#starting;
      if (lost !== undefined && isGateway(lost) && lost.identity === undefined) this.#ended(lost);
    }
    this.#look();
  }

  #hear(id: string, message: HostSays): void {
    if (message.is === "spawned") return this.#spawned(message.id, message.pid);
    if (message.is === "exited") return this.#look();
    const replica = this.#replicas.find((one) => one.id === id);
    if (replica === undefined) return;
    switch (message.is) {
      case "ready":
        this.#isReady(replica);
        break;
      case "health":
        replica.inFlight = message.inFlight;
        replica.rss = message.rss;
        break;
      case "draining":
        replica.state = "draining";
        this.#publish();
        break;
      case "failed":
        replica.lastError = message.message;
        break;
      default:
    }
    this.#notify();
  }

  #spawned(id: string, pid: number): void {
    if (id === "holder") return this.#socket.remember(pid);
    const replica = this.#replicas.find((one) => one.id === id);
    // One that is known already, or was given up, or ordered by a supervisor that died: it finds that it is not wanted.
    if (replica === undefined || replica.identity !== undefined || this.#starting !== replica) return;
    this.#started(replica, pid);
    this.#notify();
  }

  #isReady(one: Replica): void {
    // One that is taken over says so again; one that was told to end meanwhile is not.
    if (one.state !== "starting") return;
    const { state, clock, log } = this.#options;
    one.state = "ready";
    one.readyMs = clock.monotonic();
    const record = state.host(one.id);
    if (record !== undefined) state.write({ ...record, isReady: true });
    log.info(`${one.id} is ready`);
    if (this.#starting === one) this.#starting = undefined;
    this.#publish();
    this.#next();
  }

  /** What ended is started again; what has too much memory is drained; what should run and does not is started. */
  readonly #look = (): void => {
    this.#watch?.cancel();
    if (this.#isOver) return;
    const now = this.#options.clock.monotonic();
    this.#keepHolder();
    for (const one of this.#replicas) {
      if (one.identity !== undefined && !isRunning(one.identity)) this.#ended(one);
      else if (one.state === "ready") this.#keep(one, now);
      else if (one.state === "starting" && now - one.startedMs > startLimitMs) this.#giveUp(one);
    }
    this.#next();
    this.#watch = this.#options.clock.after(watchMs, this.#look);
  };

  /** The holder died: a gateway has the listening socket too, and starts the next one; without any the port is bound anew. */
  #keepHolder(): void {
    if (this.#isStopping || !this.#replicas.some(isGateway) || this.#socket.isAlive()) return;
    const gateway = this.#replicas.find((one) => isGateway(one) && one.state === "ready" && this.#wires.has(one.id));
    if (gateway !== undefined) this.#wires.get(gateway.id)?.say({ is: "hold", ...this.#socket.order() });
    else if (!this.#replicas.some((one) => isGateway(one) && one.identity !== undefined)) void this.#socket.reopen();
  }

  #keep(one: Replica, now: number): void {
    if (one.failures > 0 && one.readyMs !== undefined && now - one.readyMs > restart.healthyMs) one.failures = 0;
    if (one.memory !== undefined && one.rss > one.memory * recycleAt && !this.#isStopping) {
      this.#options.log.warn(`${one.id} has ${Math.round(one.rss / 2 ** 20)} MiB and is replaced`);
      this.#drain(one);
    }
  }

  #ended(one: Replica): void {
    const { state, log, clock } = this.#options;
    state.remove(one.id);
    const wasAsked = one.state === "draining";
    if (!wasAsked) log.warn(`${one.id} ended`, { reason: one.lastError });
    if (!wasAsked) one.failures++;
    one.identity = undefined;
    one.state = "waiting";
    one.readyMs = undefined;
    if (this.#starting === one) this.#starting = undefined;
    one.rss = 0;
    one.inFlight = 0;
    const pauseMs = one.failures === 0 ? 0 : Math.min(restart.longestMs, restart.firstMs * 2 ** (one.failures - 1));
    one.notBeforeMs = clock.monotonic() + pauseMs;
    if (pauseMs > 0) clock.after(pauseMs, () => this.#next(), { unref: true });
    this.#publish();
    this.#notify();
  }

  /** One at a time: ten that start together make those that serve wait. */
  #next(): void {
    if (this.#isStopping || this.#starting !== undefined) return;
    const { state, file, mode, clock } = this.#options;
    const now = clock.monotonic();
    const due = this.#replicas.find(
      (one) => one.state === "waiting" && one.notBeforeMs <= now && (!isGateway(one) || this.#socket.isHeld),
    );
    if (due === undefined) return;
    this.#starting = due;
    due.state = "starting";
    due.startedMs = now;
    due.lastError = undefined;
    const { id, group, replica, services, memory } = due;
    due.socket = state.newSocketOf(id);
    const { socket } = due;
    const settings = { id, group, replica, services, file, home: state.home, socket, token: this.#token, mode };
    const args = hostArguments(settings, memory);
    if (isGateway(due)) this.#socket.spawn(id, args, state.logOf(id));
    else this.#started(due, startHost(args, state.logOf(id)).pid ?? -1);
  }

  #giveUp(one: Replica): void {
    one.lastError = `it was not ready within ${startLimitMs / 1_000} s`;
    if (one.identity === undefined) this.#ended(one);
    else signal(one.identity, "SIGKILL");
  }

  #started(one: Replica, pid: number): void {
    const identity = identify(pid);
    if (identity === undefined) return this.#ended(one);
    one.identity = identity;
    const { id, group, replica, services, socket } = one;
    this.#options.state.write({ id, group, replica, services, identity, socket, isReady: false, isRetired: false });
  }

  #drain(one: Replica): void {
    one.state = "draining";
    const { state } = this.#options;
    const record = state.host(one.id);
    if (record !== undefined) state.write({ ...record, isRetired: true });
    this.#publish();
    const wire = this.#wires.get(one.id);
    if (wire !== undefined) wire.say({ is: "drain" });
    else if (one.identity !== undefined) signal(one.identity, "SIGTERM");
  }

  #publish(): void {
    const groups = groupsOf(this.#replicas);
    const text = JSON.stringify(groups);
    if (text === this.#routesText) return;
    this.#routesText = text;
    this.#routes = this.#options.state.publish(groups);
    for (const [id, wire] of this.#wires) if (id !== "holder") wire.say({ is: "routes", routes: this.#routes });
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.after(25, resolve));
  }
}

/** A command line has no host's name. */
function isAsking(id: string): boolean {
  return id === "cli";
}
