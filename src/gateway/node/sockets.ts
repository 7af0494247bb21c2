/**
 * Owns which connections there are, from where, and which are busy, so that a drain can tell an idle one from one whose
 * client is about to send. A drain must never close a connection that has a request in flight.
 */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "../../core/index.ts";
import { requestsPerSocketMax } from "../limits.ts";

interface State {
  inFlight: number;
  /** On the monotonic clock; meaningful while nothing is in flight. */
  idleSince: number;
  response: ServerResponse | undefined;
  /** Requests so far. */
  served: number;
  /** The first of them was answered. */
  hasAnswer: boolean;
}

/** What new clients are told. @since 0.1.0 */
export interface FirstAnswers {
  /** Connections whose first answer is over. */
  readonly clients: number;
  /** Those of them whose first was a 4xx. */
  readonly refusedClients: number;
}

export class Sockets {
  readonly #clock: Clock;
  readonly #states = new Map<Socket, State>();
  #clients = 0;
  #refusedClients = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#states.size;
  }

  get firstAnswers(): FirstAnswers {
    return { clients: this.#clients, refusedClients: this.#refusedClients };
  }

  opened(socket: Socket): void {
    const idleSince = this.#clock.monotonic();
    this.#states.set(socket, { inFlight: 0, idleSince, response: undefined, served: 0, hasAnswer: false });
    socket.on("close", () => this.#states.delete(socket));
  }

  /** Connections with a request in flight, and the answer to the last one that began. */
  *busy(): Generator<readonly [Socket, ServerResponse]> {
    for (const [socket, { response }] of this.#states) if (response !== undefined) yield [socket, response];
  }

  /** How many requests of the connection are now in flight. */
  began(socket: Socket, response: ServerResponse): number {
    const state = this.#states.get(socket);
    if (state === undefined) return 1;
    state.response = response;
    state.served++;
    return ++state.inFlight;
  }

  /** The connection is a WebSocket now: `stand` takes its answer's place, which is over and not to be kept. */
  upgraded(socket: Socket, stand: ServerResponse): void {
    const state = this.#states.get(socket);
    if (state !== undefined) state.response = stand;
  }

  /** Whether the connection has had as many requests as one may have, so that its last answer closes it. */
  isWorn(socket: Socket): boolean {
    return (this.#states.get(socket)?.served ?? 0) >= requestsPerSocketMax;
  }

  /** Whether part of an answer has been sent, and not all of it. */
  isAnswering(socket: Socket): boolean {
    const response = this.#states.get(socket)?.response;
    return response !== undefined && response.headersSent && !response.writableFinished;
  }

  /** `status` of its answer, where it had any. */
  ended(socket: Socket, status: number | undefined): void {
    const state = this.#states.get(socket);
    if (state === undefined) return;
    if (!state.hasAnswer && status !== undefined) {
      state.hasAnswer = true;
      this.#clients++;
      if (status >= 400 && status < 500) this.#refusedClients++;
    }
    if (--state.inFlight === 0) state.response = undefined;
    state.idleSince = this.#clock.monotonic();
  }

  /** Closes what has been idle for `idleMs`: a client that is about to send has most likely sent by then. */
  closeIdle(idleMs: number): void {
    const before = this.#clock.monotonic() - idleMs;
    for (const [socket, state] of this.#states) {
      if (state.inFlight === 0 && state.idleSince <= before) socket.end();
    }
  }

  closeAll(): void {
    for (const socket of this.#states.keys()) socket.destroy();
  }
}
