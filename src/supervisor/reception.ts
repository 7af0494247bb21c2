/**
 * Owns who talks to the supervisor: the token, whether a process is the one that was started for its place, and where what
 * it says goes. It must never act on a word of a process that was not let in.
 */
import type { Socket } from "node:net";
import { isSkeinError, skeinError } from "../errors/index.ts";
import { directoryOf } from "./build.ts";
import type { Undone } from "./changes.ts";
import { type HostSays, type RollWish, type Status, type SupervisorSays, type Wish, Wire } from "./control.ts";
import type { GatewaySocket } from "./gateway-socket.ts";
import { mark } from "./judgement.ts";
import type { HostTable, HostWire } from "./host-table.ts";
import { isGateway } from "./replica.ts";
import type { Silence } from "./silence.ts";
import type { Mover } from "./mover.ts";
import type { Roller } from "./roller.ts";
import type { Starter } from "./starter.ts";
import type { Watch } from "./watch.ts";

type Hello = Extract<HostSays, { readonly is: "hello" }>;

interface Parts {
  readonly table: HostTable;
  readonly starter: Starter;
  readonly watch: Watch;
  readonly silence: Silence;
  readonly socket: GatewaySocket;
  readonly mover: Mover;
  readonly roller: Roller;
  readonly token: string;
  readonly status: () => Status;
}

/** A process that connects says at once who it is. */
const helloMs = 5_000;
/** Connections that are no host's: command lines, and those that have not said who they are. */
const guestsMax = 256;

export class Reception {
  readonly #parts: Parts;
  readonly #open = new Set<Socket>();
  #guests = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** One too many is closed: whoever is meant to come tries again. */
  accept(socket: Socket): void {
    if (this.#guests >= guestsMax) {
      socket.destroy();
      return;
    }
    let id: string | undefined;
    let isGuest = true;
    this.#guests++;
    this.#open.add(socket);
    const late = this.#parts.table.options.clock.after(helloMs, () => socket.destroy());
    const leave = (): void => {
      if (isGuest) this.#guests--;
      isGuest = false;
    };
    const wire: HostWire = new Wire<SupervisorSays, HostSays>(
      socket,
      (message) => {
        if (id !== undefined && isAsking(id)) return this.#asked(wire, message);
        if (id !== undefined) return this.#hear(id, message);
        if (message.is !== "hello" || message.token !== this.#parts.token) return wire.close();
        // A process that was not started for this place finds in the state directory that it is not wanted, and ends.
        if (!isAsking(message.id) && !this.#isExpected(message)) return wire.close();
        ({ id } = message);
        late.cancel();
        if (isAsking(id)) return;
        leave();
        this.#welcome(id, wire);
      },
      () => {
        late.cancel();
        leave();
        this.#open.delete(socket);
        if (id !== undefined && this.#parts.table.wires.get(id) === wire) this.#gone(id);
      },
    );
  }

  /** Whoever is still there: a client that was stopped, or that never said anything, must not keep the supervisor. */
  close(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #isExpected({ id, pid, socket }: Hello): boolean {
    if (id === "holder") return this.#parts.socket.expects(pid);
    const replica = this.#parts.table.find(id);
    if (replica === undefined) return false;
    // A gateway may be faster than the holder that tells of it.
    if (socket === replica.socket) this.#parts.starter.spawned(id, pid);
    return replica.identity?.pid === pid;
  }

  #welcome(id: string, wire: HostWire): void {
    const { table, starter, socket } = this.#parts;
    table.wires.set(id, wire);
    if (id === "holder") socket.holder(wire);
    else wire.say({ is: "routes", routes: table.routes });
    // What it was told by a supervisor that died in the middle of a change: it stays after all.
    const replica = table.find(id);
    if (replica !== undefined && isGateway(replica) && !replica.isLeaving) wire.say({ is: "yield", withinMs: 0 });
    table.notify();
    starter.next();
  }

  #asked(wire: HostWire, message: HostSays): void {
    if (message.is === "status") wire.say({ is: "status", status: this.#parts.status() });
    if (message.is === "stop") this.#parts.table.options.onStop();
    if (message.is === "place") void this.#place(wire, message.wish, message.isDry);
    if (message.is === "roll") void this.#roll(wire, message);
  }

  #place(wire: HostWire, wish: Wish, isDry: boolean): Promise<void> {
    const { mover, table } = this.#parts;
    return tell(wire, "SKEIN_PLACE_UNDONE", async (step) => {
      const moved = await mover.move(wish, isDry, step);
      return { is: "placed", moved, epoch: table.routes.epoch };
    });
  }

  #roll(wire: HostWire, wish: RollWish): Promise<void> {
    const { roller, table } = this.#parts;
    return tell(wire, "SKEIN_ROLL_UNDONE", async (step) => {
      const build = directoryOf(await roller.roll(wish, step));
      return { is: "rolled", build, epoch: table.routes.epoch };
    });
  }

  #gone(id: string): void {
    const { table, starter, watch, socket } = this.#parts;
    table.wires.delete(id);
    if (id === "holder") {
      socket.holder(undefined);
      starter.lost();
    }
    watch.look();
  }

  #hear(id: string, message: HostSays): void {
    const { table, starter, watch, socket } = this.#parts;
    if (message.is === "spawned")
      return message.id === "holder" ? socket.remember(message.pid) : starter.spawned(message.id, message.pid);
    if (message.is === "exited") return watch.look();
    const replica = table.find(id);
    if (replica === undefined) return;
    this.#parts.silence.heard(replica);
    switch (message.is) {
      case "ready":
        starter.ready(replica, message.address);
        break;
      case "leading":
        table.led(replica, message.epoch);
        break;
      case "health":
        replica.inFlight = message.inFlight;
        replica.rss = message.rss;
        replica.http = message.http;
        replica.epoch = message.epoch;
        replica.answered = message.answered;
        replica.failed = message.failed;
        replica.requests = message.requests ?? 0;
        replica.failedRequests = message.failedRequests ?? 0;
        replica.clients = message.clients ?? 0;
        replica.refusedClients = message.refusedClients ?? 0;
        replica.methods = message.methods ?? {};
        mark(replica, table.options.clock.monotonic());
        replica.sent = message.sent;
        break;
      case "draining":
        replica.state = "draining";
        replica.drainingMs ??= table.options.clock.monotonic();
        table.publish();
        break;
      case "failed":
        replica.lastError = message.message;
        break;
      default:
    }
    table.notify();
  }
}

/** Whoever asked may have gone meanwhile: what was begun is finished all the same. */
async function tell(
  wire: HostWire,
  unexpected: Undone,
  change: (step: (text: string) => void) => Promise<SupervisorSays>,
): Promise<void> {
  try {
    wire.say(await change((text) => wire.say({ is: "step", text })));
  } catch (error) {
    const { code, message } = isSkeinError(error) ? error : skeinError(unexpected, String(error));
    wire.say({ is: "refused", code, message });
  }
}

/** A command line has no host's name. */
function isAsking(id: string): boolean {
  return id === "cli";
}
