/**
 * Owns the judgement on what runs: every 250 ms it looks for what has ended, takes too long to start or to end, hangs,
 * or has used up its memory, and whether the gateway's socket is held. It must never judge by anything but what a process does.
 */
import type { Timer } from "../core/index.ts";
import type { GatewaySocket } from "./gateway-socket.ts";
import { tellToLeave } from "./end-all.ts";
import type { HostTable } from "./host-table.ts";
import { logBytesMax, trimLog } from "./log-file.ts";
import { Memory } from "./memory.ts";
import { isRunning, signal } from "./process-identity.ts";
import { isGateway, placeOf, type Replica } from "./replica.ts";
import { drainLimitMs, transferDrainLimitMs } from "./settings.ts";
import type { Silence } from "./silence.ts";
import type { Starter } from "./starter.ts";

const watchMs = 250;
/** How long hosts have to say that they know the routes: they look for a supervisor every 500 ms. */
const knownLimitMs = 3_000;
/** Hosts speak every 500 ms. */
const spokenMs = 1_000;
const startLimitMs = 60_000;
/** After so long without an end the pauses before a start begin anew. */
const healthyMs = 60_000;
/** A holder answers an order at once. */
const orderLimitMs = 10_000;
const trimEveryMs = 5_000;

export class Watch {
  readonly #table: HostTable;
  readonly #starter: Starter;
  readonly #socket: GatewaySocket;
  readonly #silence: Silence;
  readonly #memory: Memory;
  #timer: Timer | undefined;
  #isStopping = false;
  #trimMs = 0;
  #isOver = false;

  constructor(table: HostTable, starter: Starter, socket: GatewaySocket, silence: Silence) {
    this.#table = table;
    this.#starter = starter;
    this.#socket = socket;
    this.#silence = silence;
    this.#memory = new Memory(table, starter);
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
    if (!this.#isStopping) {
      this.#keepHolder();
      this.#silence.look(now, watchMs);
    }
    // One that has ended may leave the table meanwhile.
    const present = [...this.#table.replicas];
    for (const one of present) this.#judge(one, now);
    this.#endLeaving(now);
    this.#trimLogs(now);
    this.#table.publish();
    this.#starter.next();
    this.#timer = clock.after(watchMs, this.look);
  };

  #judge(one: Replica, now: number): void {
    if (one.identity !== undefined && !this.#hasSpoken(one, now) && !isRunning(one.identity))
      return this.#starter.ended(one);
    switch (one.state) {
      case "ready":
        if (one.readyMs !== undefined && now - one.readyMs > healthyMs) one.failures = 0;
        if (!this.#isStopping) this.#memory.look(one);
        break;
      case "starting":
        if (one.identity === undefined && now - one.startedMs > orderLimitMs) this.#giveUpHolder(one);
        else if (now - one.startedMs > startLimitMs) this.#giveUp(one);
        break;
      case "draining":
        if (one.identity !== undefined && now - (one.drainingMs ?? now) > one.drainLimitMs)
          signal(one.identity, "SIGKILL");
        break;
      case "waiting":
        break;
    }
  }

  /** What has just spoken, and whose connection is open, runs: reading that from the system, for all, four times a second, costs more. */
  #hasSpoken(one: Replica, now: number): boolean {
    return one.state === "ready" && now - one.heardMs < spokenMs && this.#table.wires.has(one.id);
  }

  /** The holder died: a gateway has the listening socket too, and starts the next one; without any the port is bound anew. */
  #keepHolder(): void {
    const gateways = this.#table.replicas.filter(isGateway);
    if (gateways.length === 0 || this.#socket.isAlive()) return;
    const { wires } = this.#table;
    const ready = gateways.find((one) => one.state === "ready" && wires.has(one.id));
    if (ready !== undefined) wires.get(ready.id)?.say({ is: "hold", ...this.#socket.order() });
    else if (!gateways.some((one) => one.identity !== undefined)) void this.#socket.reopen();
  }

  #giveUp(one: Replica): void {
    one.lastError = `it was not ready within ${startLimitMs / 1_000} s`;
    if (one.identity !== undefined) signal(one.identity, "SIGKILL");
  }

  /** It was told to start a gateway and has not said that it did: another one is made, by who has the socket. */
  #giveUpHolder(one: Replica): void {
    const { state, log } = this.#table.options;
    log.warn("the holder of the gateway's socket does not answer and is killed");
    const holder = state.host("holder");
    if (holder !== undefined) signal(holder.identity, "SIGKILL");
    this.#starter.ended(one);
  }

  /** Each process cuts its own; one that does nothing but write does not come to it. */
  #trimLogs(now: number): void {
    if (now < this.#trimMs) return;
    this.#trimMs = now + trimEveryMs;
    const { state } = this.#table.options;
    for (const place of ["holder", ...this.#table.replicas.map(placeOf)]) trimLog(state.logOf(place), 2 * logBytesMax);
  }

  /** What has no place any more and was told to end. */
  #endLeaving(now: number): void {
    const { state } = this.#table.options;
    // Gateways first: what they have in flight goes by the routes that they know, to the others that leave.
    const next = this.#table.leaving.some(isGateway) ? isGateway : () => true;
    this.#table.leaving = this.#table.leaving.filter((one) => {
      const { id, identity } = one;
      const isTime = this.#table.isKnown || now - one.sinceMs > knownLimitMs;
      if (!one.isTold && isTime && next(one)) tellToLeave(this.#table, one);
      const limitMs = one.hasSuccessor ? transferDrainLimitMs : drainLimitMs;
      if (one.isTold && now - one.sinceMs > limitMs) signal(identity, "SIGKILL");
      const isThere = isRunning(identity);
      if (!isThere) state.remove(id, identity.pid);
      return isThere;
    });
  }
}
