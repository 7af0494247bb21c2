/**
 * Owns the gateway's listening socket on its way: made here, handed to the holder, closed here. It must never accept a
 * connection, and never let the port go while a gateway can still answer on it.
 */
import { type AddressInfo, createServer, type Server } from "node:net";
import type { Clock } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";
import { findPortOwner } from "../gateway/index.ts";
import type { Log } from "../system/index.ts";
import type { HostSays, SupervisorSays, Wire } from "./control.ts";
import { identify, isRunning, type ProcessIdentity, signal } from "./process-identity.ts";
import { holderArguments, startHolder } from "./spawn.ts";
import type { HostRecord } from "./records.ts";
import type { State } from "./state.ts";

interface GatewaySocketOptions {
  readonly state: State;
  readonly log: Log;
  readonly port: number;
  readonly hostname: string;
  readonly clock: Clock;
}

const backlogMax = 4_096;
/** How long an ordered holder has to appear before another is ordered. */
const orderMs = 2_000;

export class GatewaySocket {
  readonly #options: GatewaySocketOptions;
  /** The holder that was told to end. */
  #ending: ProcessIdentity | undefined;
  #holder: Wire<SupervisorSays, HostSays> | undefined;
  #url: string | undefined;
  #orderedUntilMs = 0;

  constructor(options: GatewaySocketOptions) {
    this.#options = options;
  }

  get url(): string | undefined {
    return this.#url;
  }

  /** Whether gateways can be started. */
  get isHeld(): boolean {
    return this.#holder !== undefined;
  }

  /** Whether a holder runs, or was just ordered. */
  isAlive(): boolean {
    const record = this.#options.state.host("holder");
    if (record !== undefined && isRunning(record.identity)) return true;
    const now = this.#options.clock.monotonic();
    if (now < this.#orderedUntilMs) return true;
    this.#orderedUntilMs = now + orderMs;
    return false;
  }

  /** What a gateway needs to start a holder. */
  order(): { readonly arguments: readonly string[]; readonly log: string } {
    const { state } = this.#options;
    return { arguments: holderArguments({ home: state.home }), log: state.logOf("holder") };
  }

  /** Finds the holder of an earlier supervisor, or a gateway that has the socket; else binds the port and starts a holder. */
  async open(hasGateways: boolean): Promise<void> {
    const { state } = this.#options;
    const record = state.host("holder");
    this.#url = state.url();
    if (hasGateways || (record !== undefined && isRunning(record.identity))) return this.#warnOfOther();
    await this.#start(this.#options.port);
  }

  /** The socket that is there stays: its connections would be lost with it. */
  #warnOfOther(): void {
    const { port, hostname, log } = this.#options;
    if (this.#url === undefined) return;
    const wanted = new URL(toUrl(hostname, port));
    const { host } = new URL(this.#url);
    if (port === 0) wanted.port = new URL(this.#url).port;
    if (host === wanted.host) return;
    log.warn(`the gateway that runs is taken over, and listens on ${host}: ${wanted.host} counts after skein stop`);
  }

  /** Nobody has the socket any more: the same port, bound anew. What fails is tried again at the next look. */
  async reopen(): Promise<void> {
    const port = this.#url === undefined ? this.#options.port : Number(new URL(this.#url).port);
    await this.#start(port).catch((error: unknown) =>
      this.#options.log.error("the gateway's port could not be bound", { error }),
    );
  }

  async #start(wanted: number): Promise<void> {
    const { state, hostname } = this.#options;
    const server = await this.#bind(wanted);
    const { port } = server.address() as AddressInfo;
    this.#url = toUrl(hostname, port);
    state.rememberUrl(this.#url);
    // The descriptor has no public name in Node; `listen({ fd })` takes it, and nothing gives it.
    const descriptor = (server as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
    const order = this.order();
    this.remember(startHolder(order.arguments, order.log, descriptor).pid ?? -1);
    // Before the loop turns, so that nothing was accepted here; the holder has a descriptor of its own.
    server.close();
  }

  /** Whether it is the holder; a new one may be faster than the gateway that tells of it. */
  expects(pid: number): boolean {
    if (this.#options.clock.monotonic() < this.#orderedUntilMs) this.remember(pid);
    return this.#options.state.host("holder")?.identity.pid === pid;
  }

  /** A second one beside one that runs is not taken: the state directory tells it that it is not wanted. */
  remember(pid: number): void {
    const known = this.#options.state.host("holder");
    if (known !== undefined && isRunning(known.identity)) return;
    const identity = identify(pid);
    if (identity === undefined)
      return this.#options.log.error("the process that holds the gateway's socket did not start");
    this.#keep(identity);
  }

  /** One whose record could not be written sees that it has none, and ends. */
  #keep(identity: ProcessIdentity): void {
    const record: HostRecord = {
      id: "holder",
      group: "holder",
      replica: 1,
      services: [],
      identity,
      socket: "",
      isReady: true,
      isRetired: false,
      startedAt: this.#options.clock.now(),
      restarts: 0,
    };
    try {
      this.#options.state.write(record);
    } catch (error) {
      this.#options.log.error("the record of the process that holds the gateway's socket could not be written", {
        error,
      });
    }
  }

  holder(wire: Wire<SupervisorSays, HostSays> | undefined): void {
    this.#holder = wire;
  }

  spawn(id: string, args: readonly string[], log: string, isAwaited: boolean): void {
    this.#holder?.say({ is: "spawn", id, arguments: args, log, isAwaited });
  }

  /** Tells the holder to end; false once it has. */
  end(): boolean {
    const { state } = this.#options;
    const record = state.host("holder");
    // It removes its record before it ends.
    const identity = record?.identity ?? this.#ending;
    if (identity === undefined || !isRunning(identity)) {
      state.remove("holder");
      return false;
    }
    if (record === undefined || this.#ending?.pid === identity.pid) return true;
    this.#ending = identity;
    state.retire(record);
    this.#holder?.say({ is: "drain" });
    signal(record.identity, "SIGTERM");
    return true;
  }

  async #bind(port: number): Promise<Server> {
    const { hostname } = this.#options;
    const server = createServer();
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ port, host: hostname, backlog: backlogMax }, resolve);
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      const owner = await findPortOwner(port);
      const by = owner === undefined ? "another process" : `process ${owner.pid} (${owner.command})`;
      throw skeinError("SKEIN_PORT_TAKEN", `port ${port} is in use by ${by}`, { cause: error });
    }
    return server;
  }
}

function toUrl(hostname: string, port: number): string {
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
