/**
 * Owns which addresses are public. It must never look at names: what is checked is what a socket connects to, since a name
 * may mean another address a moment later. What IANA's registries of special addresses do not call globally reachable is not public.
 */
import { BlockList, isIP } from "node:net";

const special4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
] as const;
/** Inside 2000::/3, the only part of IPv6 that is given out as public. */
const special6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"] as const;

const blocked = new BlockList();
/** What may hold an IPv4 address at its end, and means it. */
const translated = new BlockList();
const global6 = new BlockList();
const loopback = new BlockList();

for (const range of special4) {
  const [address = "", bits] = range.split("/");
  blocked.addSubnet(address, Number(bits), "ipv4");
  blocked.addSubnet(`64:ff9b::${address}`, 96 + Number(bits), "ipv6");
}
for (const range of special6) {
  const [address = "", bits] = range.split("/");
  blocked.addSubnet(address, Number(bits), "ipv6");
}
translated.addSubnet("64:ff9b::", 96, "ipv6");
translated.addSubnet("::ffff:0:0", 96, "ipv6");
global6.addSubnet("2000::", 3, "ipv6");
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether an address, as a socket or a resolver writes it, is public. False for what is no address. */
export function isPublic(address: string): boolean {
  const plain = withoutZone(address);
  const family = isIP(plain);
  if (family === 4) return !blocked.check(plain, "ipv4");
  if (family !== 6 || plain !== address) return false;
  // A block list holds an IPv4 rule against the same address mapped into IPv6.
  if (blocked.check(plain, "ipv6")) return false;
  return global6.check(plain, "ipv6") || translated.check(plain, "ipv6");
}

/** Whether it is this machine's own. */
export function isLoopback(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** A scope (`fe80::1%eth0`) belongs to one link: such an address is never public. */
function withoutZone(address: string): string {
  return address.split("%", 1)[0] ?? address;
}
