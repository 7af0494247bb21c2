/**
 * Owns whose address a request counts for: the peer's, or the one that trusted proxies say it came from. It must never
 * believe a header that a trusted proxy did not write.
 */
import { skeinError } from "../errors/index.ts";
import { isInRange, parseIp } from "./ip.ts";

/**
 * Which proxies stand in front: their addresses or CIDR ranges (`["10.0.0.0/8", "::1"]`), or how many of them there are.
 * @since 0.1.0
 */
export type TrustProxy = readonly string[] | number;

/** What is known of the proxies in front. */
export interface Proxies {
  /** The client's address, from the peer's and `X-Forwarded-For`. */
  clientOf(peer: string | undefined, forwarded: string | string[] | undefined): string;
  /** Whether a peer is a proxy, whose connections carry many clients. */
  includes(peer: string | undefined): boolean;
}

const hopsMax = 16;

/** Strict: anything that is no address, no range and no small whole number is refused with `SKEIN_CONFIG_INVALID`. */
export function toProxies(trust: TrustProxy): Proxies {
  return typeof trust === "number" ? byHops(trust) : byList(trust);
}

/** An address as counted: IPv4 in its own form, IPv6 by its /64, which is what one subscriber has. */
export function countedAddress(address: string): string {
  const plain = unmapped(address);
  if (!plain.includes(":")) return plain;
  const [head, tail] = (plain.split("%", 1)[0] ?? "").toLowerCase().split("::", 2) as [string, string?];
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  const groups = [...left, ...zeros, ...right].slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ""));
  return `${groups.join(":")}::/64`;
}

function byHops(hops: number): Proxies {
  if (!Number.isInteger(hops) || hops < 1 || hops > hopsMax) {
    throw invalid(`trustProxy as a number is the count of proxies, 1 to ${hopsMax}`);
  }
  return {
    clientOf(peer, forwarded) {
      const chain = chainOf(forwarded);
      const named = chain[Math.max(0, chain.length - hops)];
      return (named === undefined ? undefined : addressOf(named)) ?? unmapped(peer ?? "");
    },
    includes: () => true,
  };
}

function byList(trusted: readonly string[]): Proxies {
  const ranges = trusted.map(toRange);
  const isTrusted = (address: string): boolean => {
    const bytes = parseIp(address);
    return bytes !== undefined && ranges.some(({ base, bits }) => isInRange(bytes, base, bits));
  };
  return {
    clientOf(peer, forwarded) {
      let client = unmapped(peer ?? "");
      if (!isTrusted(client)) return client;
      // From the right: each proxy appends whom it spoke to, and only what a trusted one appended is believed.
      for (const entry of chainOf(forwarded).toReversed()) {
        const address = addressOf(entry);
        if (address === undefined) return client;
        client = address;
        if (!isTrusted(client)) return client;
      }
      return client;
    },
    includes: (peer) => isTrusted(unmapped(peer ?? "")),
  };
}

function toRange(entry: string): { readonly base: Uint8Array; readonly bits: number } {
  const [address = "", bits, ...rest] = entry.split("/");
  const base = parseIp(address);
  const most = (base?.length ?? 0) * 8;
  if (
    base === undefined ||
    rest.length > 0 ||
    (bits !== undefined && !/^\d{1,3}$/.test(bits)) ||
    Number(bits ?? 0) > most
  ) {
    throw invalid(`trustProxy: ${JSON.stringify(entry)} is neither an IP address nor a CIDR range`);
  }
  return { base, bits: bits === undefined ? most : Number(bits) };
}

function chainOf(forwarded: string | string[] | undefined): string[] {
  if (forwarded === undefined) return [];
  const text = typeof forwarded === "string" ? forwarded : forwarded.join(",");
  return text.split(",").map((part) => part.trim());
}

/** `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]`, `[::1]:80`; anything else is no address. */
function addressOf(text: string): string | undefined {
  const bare =
    /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(text)?.[1] ?? text;
  return parseIp(bare) === undefined ? undefined : unmapped(bare);
}

/** `::ffff:1.2.3.4` is 1.2.3.4 on a socket that speaks both. */
function unmapped(address: string): string {
  const four = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return four ?? address;
}

function invalid(detail: string) {
  return skeinError("SKEIN_CONFIG_INVALID", detail);
}
