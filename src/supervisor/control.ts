/**
 * Owns what supervisor and hosts say to each other: one JSON value a line over a unix socket that only their owner can
 * open. It must never believe a peer that has not shown the token.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { rmSync } from "node:fs";
import type { Clock, Timer } from "../core/index.ts";
import type { Routes } from "../host/remote/index.ts";

/** What runs, as `skein status` says it. @since 0.1.0 */
export interface Status {
  readonly supervisor: { readonly pid: number } | null;
  readonly epoch: number;
  readonly gateway: { readonly url: string } | null;
  readonly hosts: readonly HostStatus[];
  /** A change that is under way; absent where there is none. */
  readonly change?: ChangeStatus;
}

/** A move of the placement, or a roll to another build. @since 0.1.0 */
export interface ChangeStatus {
  readonly what: "move" | "roll";
  /** Wall time of its beginning, in milliseconds since 1970. */
  readonly since: number;
}

/** One host. @since 0.1.0 */
export interface HostStatus {
  readonly group: string;
  readonly replica: number;
  /** `null` while it is not running. */
  readonly pid: number | null;
  /** `silent`: it lives and says nothing, so no call goes to it. */
  readonly state: "waiting" | "starting" | "ready" | "silent" | "draining";
  /**
   * For how long it has said nothing, in milliseconds; only where that is more than 2 s. After 10 s it is killed and replaced. Where
   * most are silent at once, as on a machine that is slow, they stay `ready` and are killed after 60 s.
   */
  readonly silentMs?: number;
  /** Only in groups with `singleton`: calls go to the leader. */
  readonly role?: "leader" | "standby";
  readonly services: readonly string[];
  /** The directory of the system file that it runs. */
  readonly build: string;
  readonly inFlight: number;
  readonly sent: Sent;
  /** Bytes it has; 0 while nobody has said. */
  readonly rss: number;
  /** Where it answers HTTP + JSON of peers; `null` where it does not. */
  readonly http: string | null;
  /** Bytes it may have; `null` where the placement sets no limit. */
  readonly memory: number | null;
  readonly uptimeMs: number;
  /** Processes of this place that came after the first. */
  readonly restarts: number;
}

/** What a process has sent to other hosts so far, counted when a call is over. @since 0.1.0 */
export interface Sent {
  readonly calls: number;
  /** How often those were sent: what is more than `calls` are repeats, and second attempts of hedged calls. */
  readonly attempts: number;
}

/** What a host says. */
export type HostSays =
  | {
      readonly is: "hello";
      readonly id: string;
      readonly pid: number;
      readonly token: string;
      /** The one of its start. */
      readonly socket?: string;
    }
  | {
      readonly is: "ready";
      /** Where it answers its peers. */
      readonly address?: string;
      readonly url?: string;
    }
  /** It holds the leases of its services, since this epoch. */
  | { readonly is: "leading"; readonly epoch: number }
  | ({ readonly is: "health" } & Health)
  | { readonly is: "draining" }
  | { readonly is: "failed"; readonly message: string; readonly code: string }
  /** The holder's: a gateway was started, or ended. */
  | { readonly is: "spawned"; readonly id: string; readonly pid: number }
  | { readonly is: "exited"; readonly id: string }
  /** A command line's questions. */
  | { readonly is: "status" }
  | { readonly is: "stop" }
  | { readonly is: "place"; readonly wish: Wish; readonly isDry: boolean }
  | ({ readonly is: "roll" } & RollWish);

/** How a host is. */
export interface Health {
  readonly inFlight: number;
  /** Bytes. */
  readonly rss: number;
  readonly http: string | null;
  /** Of the routes it knows. */
  readonly epoch: number;
  /** Calls that its services have answered, and those of them that failed by its own fault. */
  readonly answered: number;
  readonly failed: number;
  /** Requests that its gateway has answered, and those of them with a 5xx, whoever's fault that was; a host of an older Skein says nothing of them. */
  readonly requests?: number;
  readonly failedRequests?: number;
  /** Connections of clients whose first answer it has sent, and those of them whose first was a 4xx. */
  readonly clients?: number;
  readonly refusedClients?: number;
  /** `answered` and `failed` by method. */
  readonly methods?: MethodCounts;
  readonly sent: Sent;
}

/** By `service.method`: how many calls were answered, and how many of them failed. */
export type MethodCounts = Readonly<Record<string, readonly [answered: number, failed: number]>>;

/** What somebody would like to have: services in groups, or another placement as its file says it. */
export type Wish = { readonly services: Readonly<Record<string, string>> } | { readonly placement: unknown };

/** Another build that is to run. */
export interface RollWish {
  /** Absolute: a directory, or the system file in it. */
  readonly path: string;
  readonly isDry: boolean;
  /** Also where its contracts break what the running build promises. */
  readonly isBreaking: boolean;
}

/** What it is told. */
export type SupervisorSays =
  | { readonly is: "status"; readonly status: Status }
  /** On the way to what was wished for. */
  | { readonly is: "step"; readonly text: string }
  | { readonly is: "placed"; readonly moved: readonly string[]; readonly epoch: number }
  | { readonly is: "rolled"; readonly build: string; readonly epoch: number }
  | { readonly is: "refused"; readonly code: string; readonly message: string }
  | { readonly is: "routes"; readonly routes: Routes }
  /** `hasSuccessor`: another process has its place, and uploads may take their time. */
  | { readonly is: "drain"; readonly hasSuccessor?: boolean }
  /** To a gateway that is about to go: clients should come to the others within this time; 0 takes it back. */
  | { readonly is: "yield"; readonly withinMs: number }
  /** `isAwaited`: nobody else of its group serves, so that it starts at the usual priority. */
  | {
      readonly is: "spawn";
      readonly id: string;
      readonly arguments: readonly string[];
      readonly log: string;
      readonly isAwaited?: boolean;
    }
  /** To a gateway: start a holder with the listening socket that you have. */
  | { readonly is: "hold"; readonly arguments: readonly string[]; readonly log: string };

/** One line at most: routes of every group there may be have less. */
const lineBytesMax = 1_048_576;
const reconnectMs = 500;

/** Lines of JSON over a socket. */
export class Wire<Says, Hears> {
  readonly #socket: Socket;
  #rest = "";

  constructor(socket: Socket, hear: (message: Hears) => void, closed: () => void) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("error", () => socket.destroy());
    socket.on("close", closed);
    socket.on("data", (text: string) => {
      this.#rest += text;
      const lines = this.#rest.split("\n");
      this.#rest = lines.pop() ?? "";
      if (this.#rest.length > lineBytesMax) {
        socket.destroy();
        return;
      }
      for (const line of lines) {
        const message = parse(line);
        if (message === undefined) {
          socket.destroy();
          return;
        }
        hear(message as Hears);
      }
    });
  }

  say(message: Says): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Waits for hosts; a path left behind by a dead supervisor is taken over. */
export function listenControl(path: string, accept: (socket: Socket) => void): Promise<Server> {
  rmSync(path, { force: true });
  const server = createServer(accept);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve(server));
  });
}

/** A host's way to its supervisor, tried again every 500 ms for as long as the host lives. */
export class Adoption {
  readonly #path: () => string;
  readonly #clock: Clock;
  readonly #hello: () => HostSays;
  readonly #hear: (message: SupervisorSays) => void;
  readonly #alone: () => void;
  #wire: Wire<HostSays, SupervisorSays> | undefined;
  #timer: Timer | undefined;
  #isOver = false;
  /** Said again to whoever adopts, in the order in which it became true. */
  readonly #lasting = new Map<HostSays["is"], HostSays>();

  /** `alone` is called whenever there is nobody to connect to, which is also where `path` throws. */
  constructor(
    path: () => string,
    clock: Clock,
    hello: () => HostSays,
    hear: (message: SupervisorSays) => void,
    alone: () => void,
  ) {
    this.#path = path;
    this.#clock = clock;
    this.#hello = hello;
    this.#hear = hear;
    this.#alone = alone;
    this.#connect();
  }

  say(message: HostSays): void {
    if (message.is !== "health" && message.is !== "spawned" && message.is !== "exited")
      this.#lasting.set(message.is, message);
    this.#wire?.say(message);
  }

  close(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#wire?.close();
  }

  #connect(): void {
    const lost = (): void => {
      this.#wire = undefined;
      if (this.#isOver) return;
      this.#alone();
      this.#timer = this.#clock.after(reconnectMs, () => this.#connect());
    };
    let path: string;
    try {
      path = this.#path();
    } catch {
      // Not before whoever has made this is made itself.
      this.#timer = this.#clock.after(0, lost);
      return;
    }
    const socket = connect(path);
    const wire = new Wire<HostSays, SupervisorSays>(socket, this.#hear, lost);
    socket.on("connect", () => {
      this.#wire = wire;
      wire.say(this.#hello());
      for (const message of this.#lasting.values()) wire.say(message);
    });
  }
}

function parse(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
