/**
 * Owns one host's place among others: it answers their calls and finds where its own go. It must never be loaded by a
 * process whose services are all in it.
 */
import { afterStep, afterTurn, type Clock, type Random, systemClock, systemRandom } from "../../core/index.ts";
import type { System } from "../../system/index.ts";
import {
  type Connection,
  type Greeting,
  type Listener,
  type SessionOptions,
  type SocketAddress,
  connectSocket,
  listenSocket,
  toSocketAddress,
} from "../../transport/index.ts";
import type { Host } from "../host.ts";
import { answerOf } from "./answer.ts";
import { type HttpDoorOptions, openHttpDoor } from "./http.ts";
import { Operations } from "./operations.ts";
import { type Routes, RouteTable } from "./routes.ts";

export interface PeersOptions {
  readonly greeting: Greeting;
  readonly clock?: Clock;
  readonly random?: Random;
  /** How an address of the routes is reached; unless given, a path is a unix socket and a port one of this machine. */
  readonly toAddress?: (address: string) => SocketAddress;
  /** What carries connections, sockets unless given, and what puts together what one turn writes: a simulation has its own. */
  readonly connect?: typeof connectSocket;
  readonly listen?: typeof listenSocket;
  readonly soon?: SessionOptions["soon"];
  /** The methods of the system, where several hosts of one process share them. */
  readonly operations?: Operations;
}

/** The other hosts of a system, as one of them knows them. */
export class Peers {
  readonly routes: RouteTable;
  readonly #operations: Operations;
  readonly #session: SessionOptions;
  readonly #listen: typeof listenSocket;
  readonly #system: System;

  constructor(system: System, options: PeersOptions) {
    this.#system = system;
    const { greeting, connect = connectSocket, soon = afterTurn } = options;
    const sooner = options.soon ?? afterStep;
    const clock = options.clock ?? systemClock;
    const toAddress = options.toAddress ?? toSocketAddress;
    this.#listen = options.listen ?? listenSocket;
    this.#session = { clock, greeting, soon, sooner };
    this.#operations = options.operations ?? new Operations(system);
    this.routes = new RouteTable(system, this.#operations, {
      clock,
      random: options.random ?? systemRandom,
      connect: (address): Promise<Connection> => connect(toAddress(address), this.#session),
    });
  }

  /** Where calls go from now on. */
  update(routes: Routes): void {
    this.routes.update(routes);
  }

  /** Makes the first calls to these services as quick as later ones: their methods known, their hosts connected as far as they answer. */
  async prepare(services: readonly string[]): Promise<void> {
    await Promise.all([this.#operations.makeAll(services), this.routes.open(services)]);
  }

  /** Answers calls of other hosts with `host`, once its methods are known to the wire. */
  async listen(host: Host, address: SocketAddress): Promise<Listener> {
    await this.#operations.makeAll(host.services);
    const find = (service: string, method: string) =>
      host.services.includes(service) ? this.#operations.get(service, method) : undefined;
    return this.#listen(address, this.#session, find, answerOf(host));
  }

  /** Answers calls over HTTP + JSON for every service of the system, here or elsewhere; `env` has the tokens of foreign ones. */
  listenHttp(host: Host, address: SocketAddress, env: HttpDoorOptions["env"]): Promise<Listener> {
    const { clock, greeting } = this.#session;
    return openHttpDoor(this.#system, this.#operations, host, { address, token: greeting.token, env, clock });
  }

  /** Ends the connections that this host has made. */
  close(): void {
    this.routes.close();
  }
}
