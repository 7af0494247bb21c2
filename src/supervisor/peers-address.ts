/**
 * Owns where a host answers its peers, and what they are told of it. It must never be an address that another machine can
 * reach, unless the two show each other certificates.
 */
import { isIP } from "node:net";
import type { Clock, Random } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";
import type { Log } from "../system/index.ts";
import {
  assertSafe,
  type CertificateFiles,
  type Certificates,
  type Listener,
  openHostCertificates,
  type SocketAddress,
  toSocketAddress,
} from "../transport/index.ts";

const portMax = 65_535;

export type PeersAddress = { readonly path: string } | PeersTcp;

interface PeersTcp {
  readonly host: string;
  /** Ports to choose from; 0 and 0 where the system picks one. */
  readonly first: number;
  readonly last: number;
  /** What stands in front of the port in the address that others are told. */
  readonly announced: string;
  readonly tls: Required<CertificateFiles> | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

/** `socket` is the path of a unix socket, for where nothing else is asked for. Throws `SKEIN_CONFIG_INVALID`. */
export function peersAddress(env: Env, socket: string): PeersAddress {
  const transport = set(env["SKEIN_TRANSPORT"]) ?? "unix";
  const listen = set(env["SKEIN_PEERS_LISTEN"]);
  const announced = set(env["SKEIN_PEERS_ANNOUNCE"]);
  const tls = tlsFiles(env);
  if (transport === "unix") {
    if (listen === undefined && announced === undefined && tls === undefined) return { path: socket };
    throw invalid("SKEIN_PEERS_LISTEN, SKEIN_PEERS_ANNOUNCE and SKEIN_PEERS_TLS_* are of SKEIN_TRANSPORT=tcp");
  }
  if (transport !== "tcp") throw invalid(`SKEIN_TRANSPORT is "${transport}", which is neither unix nor tcp`);
  const { host, first, last } = toListen(listen ?? "127.0.0.1");
  if (announced !== undefined && isIP(announced) === 0)
    throw invalid(`SKEIN_PEERS_ANNOUNCE is "${announced}", which is no IP address`);
  if (announced === undefined && (host === "0.0.0.0" || host === "::"))
    throw invalid(`hosts that listen on ${host} need SKEIN_PEERS_ANNOUNCE: nobody can be told to call ${host}`);
  if (tls === undefined) for (const one of [host, announced ?? host]) assertSafe({ host: one, port: first });
  return { host, first, last, announced: announced ?? host, tls };
}

/** Binds the first port that is free, beginning at a random one, and says what peers are told of it. */
export async function listenToPeers(
  address: PeersAddress,
  tls: Certificates | undefined,
  random: Random,
  listen: (address: SocketAddress) => Promise<Listener>,
): Promise<{ readonly listener: Listener; readonly address: string }> {
  if ("path" in address) return { listener: await listen(address), address: address.path };
  const { host, first, last, announced } = address;
  const ports = last - first + 1;
  // Those who know the last one that had a port need not find the next one there at once.
  const offset = random.int(ports);
  for (let i = 0; i < ports; i++) {
    const port = first + ((offset + i) % ports);
    try {
      const listener = await listen({ host, port, ...(tls !== undefined && { tls }) });
      return {
        listener,
        address: `${bracketed(announced)}${listener.address.slice(listener.address.lastIndexOf(":"))}`,
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
  throw invalid(`no port from ${first} to ${last} of ${host} is free for a host: SKEIN_PEERS_LISTEN names too few`);
}

/** The certificate of this host, where hosts have one. Rejects with `SKEIN_TLS_CERTIFICATE`. */
export async function openPeersTls(
  address: PeersAddress,
  system: string,
  clock: Clock,
  log: Log,
): Promise<Certificates | undefined> {
  if ("path" in address || address.tls === undefined) return undefined;
  return openHostCertificates(address.tls, system, clock, log);
}

/** How an address that a peer has announced is reached. */
export function reachPeersWith(tls: Certificates | undefined): (address: string) => SocketAddress {
  return (text) => {
    const address = toSocketAddress(text);
    return tls === undefined || "path" in address ? address : { ...address, tls };
  };
}

/** `127.0.0.1`, `[::1]:7400`, `10.0.0.7:7400-7499`. */
function toListen(text: string): { readonly host: string; readonly first: number; readonly last: number } {
  const [, bare = "", from, to] = /^(\[[^\]]+\]|[^:]+|[0-9a-f:]*)(?::(\d{1,5})(?:-(\d{1,5}))?)?$/i.exec(text) ?? [];
  const host = bare.replace(/^\[|\]$/g, "");
  const [first, last] = [Number(from ?? 0), Number(to ?? from ?? 0)];
  if (isIP(host) !== 0 && first <= last && last <= portMax && (first > 0 || last === 0)) return { host, first, last };
  throw invalid(`SKEIN_PEERS_LISTEN is "${text}", which is no IP address, alone or with a port or a range of ports`);
}

function tlsFiles(env: Env): Required<CertificateFiles> | undefined {
  const cert = set(env["SKEIN_PEERS_TLS_CERT"]);
  const key = set(env["SKEIN_PEERS_TLS_KEY"]);
  const ca = set(env["SKEIN_PEERS_TLS_CA"]);
  if (cert === undefined && key === undefined && ca === undefined) return undefined;
  if (cert !== undefined && key !== undefined && ca !== undefined) return { cert, key, ca };
  throw invalid("TLS between hosts needs SKEIN_PEERS_TLS_CERT, SKEIN_PEERS_TLS_KEY and SKEIN_PEERS_TLS_CA");
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

function set(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function invalid(message: string): Error {
  return skeinError("SKEIN_CONFIG_INVALID", message);
}
