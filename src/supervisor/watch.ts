/**
 * Owns the judgement on what runs: every 250 ms it looks for what has ended, takes too long to start, or has used up its
 * memory, and whether the gateway's socket is held. It must never judge by anything but what a process does.
 */
import type { Timer } from "../core/index.ts";
import type { GatewaySocket } from "./gateway-socket.ts";
import type { HostTable } from "./host-table.ts";
import { isRunning, signal } from "./process-identity.ts";
import { isGateway, type Replica } from "./replica.ts";
import type { Starter } from "./starter.ts";

const watchMs = 250;
const startLimitMs = 60_000;
/** After so long without an end the pauses before a start begin anew. */
const healthyMs = 60_000;
const recycleAt = 0.8;

export class Watch {
  readonly #table: HostTable;
  readonly #starter: Starter;
  readonly #socket: GatewaySocket;
  #timer: Timer | undefined;
  #isStopping = false;
  #isOver = false;

  constructor(table: HostTable, starter: Starter, socket: GatewaySocket) {
    this.#table = table;
    this.#starter = starter;
    this.#socket = socket;
  }

  /** From now on only the ends of processes are looked for. */
  stopping(): void {
    this.#isStopping = true;
  }

  close(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  /** Looks now, and from then on every 250 ms. */
  readonly look = (): void => {
    this.#timer?.cancel();
    if (this.#isOver) return;
    const { clock } = this.#table.options;
    const now = clock.monotonic();
    if (!this.#isStopping) this.#keepHolder();
    for (const one of this.#table.replicas) {
      if (one.identity !== undefined && !isRunning(one.identity)) this.#starter.ended(one);
      else if (one.state === "ready") this.#keep(one, now);
      else if (one.state === "starting" && now - one.startedMs > startLimitMs) this.#giveUp(one);
    }
    this.#starter.next();
    this.#timer = clock.after(watchMs, this.look);
  };

  /** The holder died: a gateway has the listening socket too, and starts the next one; without any the port is bound anew. */
  #keepHolder(): void {
    const gateways = this.#table.replicas.filter(isGateway);
    if (gateways.length === 0 || this.#socket.isAlive()) return;
    const { wires } = this.#table;
    const ready = gateways.find((one) => one.state === "ready" && wires.has(one.id));
    if (ready !== undefined) wires.get(ready.id)?.say({ is: "hold", ...this.#socket.order() });
    else if (!gateways.some((one) => one.identity !== undefined)) void this.#socket.reopen();
  }

  #keep(one: Replica, now: number): void {
    if (one.failures > 0 && one.readyMs !== undefined && now - one.readyMs > healthyMs) one.failures = 0;
    if (one.memory !== undefined && one.rss > one.memory * recycleAt && !this.#isStopping) {
      this.#table.options.log.warn(`${one.id} has ${Math.round(one.rss / 2 ** 20)} MiB and is replaced`);
      this.#starter.drain(one);
    }
  }

  #giveUp(one: Replica): void {
    one.lastError = `it was not ready within ${startLimitMs / 1_000} s`;
    if (one.identity === undefined) this.#starter.ended(one);
    else signal(one.identity, "SIGKILL");
  }
}
