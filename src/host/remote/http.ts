/**
 * Owns a host's door for callers that speak HTTP + JSON: services in other languages, meshes, `curl`. It must never be open
 * without a token.
 */
import { createHmac } from "node:crypto";
import { createInternalTokens } from "../../call/index.ts";
import { type Clock, Secret, systemRandom } from "../../core/index.ts";
import { foreignTokens } from "../../external/index.ts";
import type { System } from "../../system/index.ts";
import { type Greeting, type Listener, listenHttp, reachHttp, type SocketAddress } from "../../transport/index.ts";
import type { Host } from "../host.ts";
import { admitted } from "./admission.ts";
import { answerOf } from "./answer.ts";
import type { PeersOptions } from "./peers.ts";
import type { Operations } from "./operations.ts";

export interface HttpDoorOptions {
  readonly address: SocketAddress;
  /** What hosts show; see `principalSecret` for what signs principals. */
  readonly token: string;
  /** Tokens of foreign services: `SCORES_TOKEN`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/**
 * Answers every method of the system: with this host where the service is here, else by the way its own calls go. Rejects with
 * `SKEIN_CONFIG_INVALID`.
 */
export async function openHttpDoor(
  system: System,
  operations: Operations,
  host: Host,
  { address, token, env, clock }: HttpDoorOptions,
): Promise<Listener> {
  const services = foreignTokens(system, env);
  await operations.makeAll(system.services.map(({ declaration }) => declaration.name));
  const options = {
    clock,
    random: systemRandom,
    system: system.name,
    tokens: createInternalTokens(system.name, principalSecret(token)),
    bearers: { hosts: new Secret(token), services },
  };
  const find = (service: string, method: string) => operations.get(service, method);
  return listenHttp(address, options, find, admitted(system, answerOf(host)));
}

/** What the hosts of this start sign principals with: from their token, which no other service is given. */
export function principalSecret(token: string): Secret<Uint8Array> {
  return new Secret(new Uint8Array(createHmac("sha256", token).update("skein principals v1").digest()));
}

/** How the hosts of a system reach each other by HTTP + JSON instead of frames, where only that gets through between them. */
export function httpCarrier({ system, token }: Greeting): Required<Pick<PeersOptions, "connect" | "listen">> {
  const common = { random: systemRandom, system, tokens: createInternalTokens(system, principalSecret(token)) };
  const hosts = new Secret(token);
  return {
    connect: (address, { clock }) => reachHttp(address, { ...common, clock, token: hosts }),
    listen: (address, { clock }, find, answer) =>
      listenHttp(address, { ...common, clock, bearers: { hosts, services: new Map() } }, find, answer),
  };
}
