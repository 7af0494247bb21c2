/**
 * Owns connections between hosts over sockets: unix on one machine, TCP with mutual TLS between machines. It must never
 * speak plain TCP to another machine.
 */
import { rm } from "node:fs/promises";
import {
  type AddressInfo,
  connect as connectPlain,
  createServer as createPlainServer,
  isIP,
  isIPv4,
  type Server,
  type Socket,
} from "node:net";
import { constants } from "node:crypto";
import type { SecureContextOptions } from "node:tls";
import { loadTls } from "../core/node-modules.ts";
import { skeinError } from "../errors/index.ts";
import type { FindOperation } from "./callee.ts";
import { Callees } from "./callees.ts";
import { greetOver } from "./greet.ts";
import { connectionsMax, connectMs, drainMs, handshakeMs } from "./limits.ts";
import type { Answer, Connection, Listener } from "./port.ts";
import type { SessionOptions } from "./session.ts";
import { DirectRead, readDirectly, socketChannel } from "./socket-channel.ts";
import type { Certificates, Pair } from "./tls/certificates.ts";
import { strangerError, strangerProblem } from "./tls/identity.ts";

/** `{ path }` is a unix socket; `{ host, port }` is TCP, in the clear on loopback only. */
export type SocketAddress = { readonly path: string } | TcpAddress;

interface TcpAddress {
  readonly host: string;
  readonly port: number;
  /** Of `openHostCertificates`: new connections use the newest. */
  readonly tls?: Certificates;
}

/** How the address of a listener is reached: `127.0.0.1:4100`, or the path of a unix socket. */
export function toSocketAddress(address: string): SocketAddress {
  const [, bare = "", port] = /^(\d[\d.]+|\[[0-9a-f:.]+\]):(\d{1,5})$/i.exec(address) ?? [];
  const host = bare.replace(/[[\]]/g, "");
  return isIP(host) === 0 ? { path: address } : { host, port: Number(port) };
}

/** Connects and greets. Rejects with `SKEIN_TRANSPORT_UNREACHABLE` or `SKEIN_TRANSPORT_PROTOCOL`. */
export async function connectSocket(address: SocketAddress, options: SessionOptions): Promise<Connection> {
  const read = new DirectRead();
  const socket = openSocket(address, options.greeting.system, read)();
  // A handshake of TLS has the time of the greeting, which it delays.
  return greetOver(socketChannel(socket, read), () => socket.connecting, connectMs, options);
}

/** How connections to an address are opened. Throws `SKEIN_CONFIG_INVALID` for one that may not be spoken to. */
export function openSocket(address: SocketAddress, system: string, read?: DirectRead): () => Socket {
  assertSafe(address);
  return () => open(address, system, read);
}

function open(address: SocketAddress, system: string, read: DirectRead | undefined): Socket {
  const direct = read === undefined ? {} : { onread: read.onread };
  if ("path" in address) return connectPlain({ path: address.path, ...direct });
  const { host, port, tls } = address;
  if (tls === undefined) return connectPlain({ host, port, ...direct });
  return loadTls().connect({
    host,
    port,
    ...contextOf(tls.pair),
    // Hosts are known by their id, whatever address they have today.
    checkServerIdentity: (_, { subjectaltname }) => strangerError(subjectaltname, system),
  });
}

/** The newest certificate, as TLS takes it. */
export function contextOf({ cert, key, ca }: Pair): SecureContextOptions {
  // A session taken up again would not look at the certificate anew; connections here are few and last.
  return { cert, key, ca, minVersion: "TLSv1.3", secureOptions: constants.SSL_OP_NO_TICKET };
}

/** Waits for connections and answers calls. A path that was left behind by a dead process is taken over. */
export async function listenSocket(
  address: SocketAddress,
  options: SessionOptions,
  find: FindOperation,
  answer: Answer,
): Promise<Listener> {
  assertSafe(address);
  const callees = new Callees(options, find, answer);
  const server = serverOf(address, options.greeting.system, (socket, read) =>
    callees.accept(socketChannel(socket, read)),
  );
  server.maxConnections = connectionsMax;
  await bind(server, address);
  let closing: Promise<void> | undefined;
  return {
    address: "path" in address ? address.path : addressOf(server),
    close: (waitMs = drainMs, mayWait) => (closing ??= close(server, callees, waitMs, mayWait)),
  };
}

function serverOf(address: SocketAddress, system: string, accept: (socket: Socket, read?: DirectRead) => void): Server {
  if (!("tls" in address) || address.tls === undefined)
    return createPlainServer({ pauseOnConnect: true }, (socket) => {
      const read = new DirectRead();
      accept(readDirectly(socket, read), read);
    });
  const { tls } = address;
  const secure = { requestCert: true, rejectUnauthorized: true, handshakeTimeout: handshakeMs };
  const server = loadTls().createServer({ ...contextOf(tls.pair), ...secure }, (socket) => {
    if (strangerProblem(socket.getPeerX509Certificate()?.subjectAltName, system) === undefined) return accept(socket);
    socket.on("error", () => undefined);
    socket.destroy();
  });
  server.on("tlsClientError", (_, socket) => socket.destroy());
  server.on(
    "close",
    tls.follow((pair) => server.setSecureContext(contextOf(pair))),
  );
  return server;
}

/** Binds a server; a path that was left behind by a dead process is taken over. */
export async function bind(server: Server, address: SocketAddress): Promise<void> {
  if ("path" in address) await removeDead(address.path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen("path" in address ? { path: address.path } : { host: address.host, port: address.port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  // Too many open files, for one: it goes on with what it has.
  server.on("error", () => undefined);
}

/** A socket file that nobody listens on any more is in the way of its next owner. */
async function removeDead(path: string): Promise<void> {
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = connectPlain(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
  if (!isAlive) await rm(path, { force: true });
}

async function close(server: Server, callees: Callees, waitMs: number, mayWait?: () => boolean): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await callees.close(waitMs, mayWait);
  await closed;
}

export function addressOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Throws `SKEIN_CONFIG_INVALID`. */
export function assertSafe(address: SocketAddress): void {
  if ("path" in address) return;
  const { host, tls } = address;
  if (tls !== undefined) {
    if (tls.pair.ca !== undefined) return;
    // Without one, whoever any public authority knows would be believed.
    throw skeinError("SKEIN_CONFIG_INVALID", "TLS between hosts needs the file of their authority");
  }
  // All of 127.0.0.0/8 is this machine (RFC 1122, section 3.2.1.3).
  if ((isIPv4(host) && host.startsWith("127.")) || host === "::1" || host === "localhost") return;
  throw skeinError("SKEIN_CONFIG_INVALID", `hosts speak to ${host} over mutual TLS only`);
}
