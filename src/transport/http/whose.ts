/**
 * Owns who may speak HTTP to a host: whoever shows a token, and no browser. It must never say which part of a proof was
 * wrong, nor take a time that depends on it.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Secret } from "../../core/index.ts";

/** Tokens of those who may call: the hosts' own, and one of each service in another language, by its name. */
export interface Bearers {
  readonly hosts: Secret;
  readonly services: ReadonlyMap<string, Secret>;
}

/** Whose token it is: `""` is a host's, `undefined` nobody's. */
export type Whose = (authorization: string | undefined) => string | undefined;

export function whoseOf({ hosts, services }: Bearers): Whose {
  const known = [["", hosts] as const, ...services].map(([name, secret]) => [name, digest(secret.reveal())] as const);
  return (authorization) => {
    const token = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization ?? "")?.[1];
    // Digests have one length, and all of them are looked at.
    const given = digest(token ?? "");
    let whose: string | undefined;
    for (const [name, right] of known) if (timingSafeEqual(given, right) && token !== undefined) whose = name;
    return whose;
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}

/**
 * Whether it has what only a browser sends, or a `Host` that is not this listener's: a page whose name was bound to this
 * address would send its own (DNS rebinding). `authorities` is undefined where a browser cannot connect.
 */
export function isBrowsers({ headers }: IncomingMessage, authorities: ReadonlySet<string> | undefined): boolean {
  if (headers.origin !== undefined || headers["sec-fetch-site"] !== undefined) return true;
  return authorities !== undefined && !authorities.has((headers.host ?? "").toLowerCase());
}

/** The names by which a listener on loopback may be addressed. */
export function loopbackAuthorities(port: number): ReadonlySet<string> {
  return new Set(["127.0.0.1", "localhost", "[::1]"].map((host) => `${host}:${port}`));
}
