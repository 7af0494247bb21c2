/**
 * Owns the port for services in other languages under `skein dev`. It must never be loaded where `SKEIN_PEERS_HTTP` asks for
 * none: it brings the whole transport.
 */
import { systemClock, systemRandom } from "../../core/index.ts";
import type { Host } from "../../host/index.ts";
import { Door, doorPort, Peers, principalSecret } from "../../host/remote/index.ts";
import type { Log } from "../../system/index.ts";

/** There are no other hosts: nobody has to know it. */
const token = Buffer.from(systemRandom.bytes(32)).toString("base64url");

/** What the host signs principals with. */
export const secret = principalSecret(token);

/** Rejects with `SKEIN_CONFIG_INVALID` for what is no port. */
export async function openDoor(host: Host, port: string, log: Log): Promise<Door> {
  const peers = new Peers(host.system, { greeting: { system: host.system.name, token } });
  const address = { host: "127.0.0.1", port: doorPort(port) ?? 0 };
  return Door.open({ clock: systemClock, log, open: () => peers.listenHttp(host, address, process.env) });
}
