/** Owns where a host answers its peers on this machine. It must never be an address that another machine can reach. */
import { skeinError } from "../errors/index.ts";
import type { SocketAddress } from "../transport/index.ts";

/**
 * `transport` is `SKEIN_TRANSPORT`: `unix` unless set, or `tcp`, which is a free port of this machine. Throws
 * `SKEIN_CONFIG_INVALID`.
 */
export function peersAddress(transport: string | undefined, socket: string): SocketAddress {
  if (transport === "tcp") return { host: "127.0.0.1", port: 0 };
  if (transport === undefined || transport === "" || transport === "unix") return { path: socket };
  throw skeinError("SKEIN_CONFIG_INVALID", `SKEIN_TRANSPORT is "${transport}", which is neither unix nor tcp`);
}
