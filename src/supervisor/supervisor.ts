/**
 * Owns what runs on this machine, put together from its parts: it takes over or starts the hosts of a placement, keeps them
 * running, and ends them. It must never serve a request: hosts go on without it.
 */
import type { Server } from "node:net";
import { skeinError } from "../errors/index.ts";
import { Changes } from "./changes.ts";
import { adoptRecords } from "./adopt.ts";
import { listenControl, type Status } from "./control.ts";
import { endHolder, endHosts } from "./end-all.ts";
import { GatewaySocket } from "./gateway-socket.ts";
import { HostTable, type SupervisorOptions } from "./host-table.ts";
import { identify } from "./process-identity.ts";
import { Mover } from "./mover.ts";
import { Processors } from "./processors.ts";
import { Reception } from "./reception.ts";
import { isGateway, placeOf, type Replica, statusOf } from "./replica.ts";
import { Roller } from "./roller.ts";
import { Silence } from "./silence.ts";
import { Starter } from "./starter.ts";
import { Watch } from "./watch.ts";

const startAttempts = 3;

export class Supervisor {
  readonly #table: HostTable;
  readonly #socket: GatewaySocket;
  readonly #starter: Starter;
  readonly #watch: Watch;
  readonly #reception: Reception;
  readonly #changes: Changes;
  readonly #roller: Roller;
  #control: Server | undefined;
  #hasAdopted = false;
  #stopping: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    const token = options.state.token();
    const table = new HostTable(options);
    const socket = new GatewaySocket(options);
    const starter = new Starter(table, socket, new Processors(options.clock));
    const silence = new Silence(table);
    const watch = new Watch(table, starter, socket, silence);
    this.#table = table;
    this.#socket = socket;
    this.#starter = starter;
    this.#watch = watch;
    const changes = new Changes(table, starter);
    this.#changes = changes;
    const mover = new Mover(table, changes);
    const roller = new Roller(table, starter, changes);
    this.#roller = roller;
    const status = (): Status => this.status();
    this.#reception = new Reception({ table, starter, watch, silence, socket, mover, roller, token, status });
  }

  get url(): string | undefined {
    return this.#socket.url;
  }
  get replicas(): readonly Replica[] {
    return this.#table.replicas;
  }

  /**
   * Takes over what an earlier supervisor has left running, and starts the rest. The directory must be claimed. Rejects with
   * `SKEIN_PORT_TAKEN` and `SKEIN_STATE_FAILED`, and then leaves what runs as it was.
   */
  async open(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      await this.#leave();
      throw error;
    }
  }

  async #open(): Promise<void> {
    const { state, given } = this.#table.options;
    const identity = identify(process.pid);
    if (identity !== undefined) state.supervisor = { identity, file: given.file };
    this.#hasAdopted = adoptRecords(this.#table);
    this.#control = await listenControl(state.control, (socket) => this.#reception.accept(socket));
    const gateways = this.replicas.filter(isGateway);
    if (gateways.length > 0) await this.#socket.open(gateways.some(({ identity }) => identity !== undefined));
    this.#table.publish();
    this.#watch.look();
    this.#roller.settle();
  }

  /**
   * Resolves when every replica is ready and has been told where the others are. Rejects with `SKEIN_SUPERVISOR_START` when one could not be started three times;
   * never where hosts were taken over, since what serves must not end for what does not start.
   */
  async ready(): Promise<void> {
    while (!this.replicas.every((one) => one.state === "ready" && this.#table.wires.has(one.id))) {
      const broken = this.#hasAdopted ? undefined : this.replicas.find((one) => one.failures >= startAttempts);
      if (broken !== undefined) {
        throw skeinError(
          "SKEIN_SUPERVISOR_START",
          `${broken.id} did not start: ${broken.lastError ?? "it ended at once"}; see ${this.#table.options.state.logOf(placeOf(broken))}`,
        );
      }
      await this.#table.changed;
    }
  }

  /** Gateways first, then the hosts behind them, each after what it has in flight; then the holder. Safe to call twice. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  /** From now on what is in flight is not waited for. */
  hurry(): void {
    this.#table.isHurried = true;
  }

  async #stop(): Promise<void> {
    const { state } = this.#table.options;
    this.#changes.close();
    this.#starter.close();
    this.#watch.stopping();
    await endHosts(this.#table, this.#starter, this.#socket);
    this.#watch.close();
    await endHolder(this.#table, this.#socket);
    for (const { id } of this.replicas) state.remove(id);
    state.rememberUrl(undefined);
    await this.#leave();
  }

  async #leave(): Promise<void> {
    const { state } = this.#table.options;
    this.#watch.close();
    const control = this.#control;
    const closed = control && new Promise<void>((resolve) => void control.close(() => resolve()));
    this.#reception.close();
    await closed;
    state.supervisor = undefined;
    state.release();
  }

  status(): Status {
    return {
      supervisor: { pid: process.pid },
      epoch: this.#table.routes.epoch,
      gateway: this.url === undefined ? null : { url: this.url },
      ...(this.#changes.underWay !== undefined && { change: this.#changes.underWay }),
      hosts: this.replicas.map((one) => statusOf(one, this.#table.options.clock)),
    };
  }
}
