/**
 * Owns a bad network between the hosts of a placed system: they listen on 127.0.0.1 and tell each other 127.0.0.2, where
 * this listens on the same ports. It must never look into what it carries, nor end a connection that it was told to cut.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Random } from "../../../src/core/index.ts";
import type { Network } from "./case.ts";
import { type Delay, Pipe } from "./pipe.ts";

/** The way from one process to a port of another. */
export interface Link {
  /** Who made the connection; `undefined` if it was gone before it could be asked. */
  readonly caller: number | undefined;
  /** The port of who answers. */
  readonly port: number;
}

export interface LinkFault {
  /** Whose bytes do not arrive. Nobody hears of it, and they arrive when it is healed. */
  readonly cut?: "caller" | "callee" | "both";
  readonly delay?: Delay;
  /** New connections are reset. */
  readonly isRefused?: boolean;
}

export type Rule = (link: Link) => LinkFault | undefined;

const hosts = { listen: "127.0.0.1", announce: "127.0.0.2" } as const;
/** Twice as many as any placement of the shop has processes. */
const ports = 40;
/** Below those that the system gives to whoever asks for any. */
const firstPorts = { from: 20_000, to: 30_000 } as const;
const triesMax = 20;

interface Carried {
  readonly link: Link;
  readonly calls: Pipe;
  readonly replies: Pipe;
  readonly sockets: readonly [Socket, Socket];
}

export class FaultProxy implements Network {
  readonly env: Readonly<Record<string, string>>;
  readonly #random: Random;
  readonly #servers: readonly Server[];
  readonly #carried = new Set<Carried>();
  #rule: Rule = () => undefined;

  private constructor(random: Random, first: number, servers: readonly Server[]) {
    this.#random = random;
    this.#servers = servers;
    this.env = {
      SKEIN_TRANSPORT: "tcp",
      SKEIN_PEERS_LISTEN: `${hosts.listen}:${first}-${first + ports - 1}`,
      SKEIN_PEERS_ANNOUNCE: hosts.announce,
    };
    for (const [index, server] of servers.entries())
      server.on("connection", (socket) => this.#accept(socket, first + index));
  }

  /** On a range of ports that nobody else has, by chance. */
  static async open(random: Random): Promise<FaultProxy> {
    for (let tries = 1; ; tries++) {
      const first = firstPorts.from + random.int(firstPorts.to - firstPorts.from);
      const all = await Promise.allSettled(Array.from({ length: ports }, (_, index) => listen(first + index)));
      const servers = all.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      if (servers.length === ports) return new FaultProxy(random, first, servers);
      for (const server of servers) server.close();
      if (tries === triesMax) throw new Error(`no ${ports} ports in a row are free on ${hosts.announce}`);
    }
  }

  /** Of every link, those that are there and those to come; whatever was before is over. */
  apply(rule: Rule): void {
    this.#rule = rule;
    for (const one of this.#carried) this.#set(one);
  }

  heal(): void {
    this.apply(() => undefined);
  }

  /** The links that carry something now. */
  get links(): readonly Link[] {
    return [...this.#carried].map(({ link }) => link);
  }

  async close(): Promise<void> {
    const closed = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const { sockets } of this.#carried) for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  }

  #accept(socket: Socket, port: number): void {
    const link: Link = { caller: ownerOf(socket), port };
    if (this.#rule(link)?.isRefused === true) {
      socket.on("error", () => undefined);
      return void socket.resetAndDestroy();
    }
    const other = connect({ host: hosts.listen, port, allowHalfOpen: true });
    for (const one of [socket, other]) one.setNoDelay(true);
    const calls = new Pipe(socket, other, this.#random);
    const replies = new Pipe(other, socket, this.#random);
    const carried: Carried = { link, calls, replies, sockets: [socket, other] };
    this.#carried.add(carried);
    this.#set(carried);
    const forget = (): void => {
      if (!socket.destroyed || !other.destroyed) return;
      this.#carried.delete(carried);
      calls.close();
      replies.close();
    };
    socket.once("close", forget);
    other.once("close", forget);
  }

  #set({ link, calls, replies }: Carried): void {
    const { cut, delay } = this.#rule(link) ?? {};
    calls.set(cut === "caller" || cut === "both", delay);
    replies.set(cut === "callee" || cut === "both", delay);
  }
}

function listen(port: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: hosts.announce, port }, () => resolve(server.off("error", reject)));
  });
}

/** The process with the other end of a connection on this machine, as Linux tells it. */
function ownerOf({ remoteAddress = "", remotePort = 0, localAddress = "", localPort = 0 }: Socket): number | undefined {
  const [theirs, ours] = [hexOf(remoteAddress, remotePort), hexOf(localAddress, localPort)];
  try {
    const row = readFileSync("/proc/net/tcp", "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .find(([, local, remote]) => local === theirs && remote === ours);
    const inode = row?.[9];
    return inode === undefined ? undefined : processWith(`socket:[${inode}]`);
  } catch {
    return undefined;
  }
}

function processWith(target: string): number | undefined {
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const directory = `/proc/${name}/fd`;
      if (readdirSync(directory).some((fd) => linkOf(`${directory}/${fd}`) === target)) return Number(name);
    } catch {
      // It has ended, or is somebody else's.
    }
  }
  return undefined;
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** As the kernel writes an address: the bytes of the number from right to left, and the port. */
function hexOf(address: string, port: number): string {
  const bytes = address.split(".").toReversed().map(Number);
  return `${Buffer.from(bytes).toString("hex")}:${port.toString(16).padStart(4, "0")}`.toUpperCase();
}
