/** Owns IP addresses as bytes, and ranges of them. It must never take text that two readers could understand differently. */

/** The 4 or 16 bytes of an address, or `undefined` for what is none. A zone (`%eth0`) is left out. */
export function parseIp(text: string): Uint8Array | undefined {
  if (text.length > textMax) return undefined;
  return text.includes(":") ? parseSix(text.replace(zone, "")) : parseFour(text);
}

/** Whether an address lies in the range that shares its first `bits` bits with `base`. */
export function isInRange(address: Uint8Array, base: Uint8Array, bits: number): boolean {
  const given = address.length > base.length ? (fourIn(address) ?? address) : address;
  if (given.length !== base.length) return false;
  for (let at = 0; at * 8 < bits; at++) {
    const ignored = Math.max(0, 8 - (bits - at * 8));
    if ((given[at] as number) >>> ignored !== (base[at] as number) >>> ignored) return false;
  }
  return true;
}

/** Longest text: a whole IPv6 address with an IPv4 tail and a zone. */
const textMax = 100;
const zone = /%[0-9A-Za-z.:-]+$/;
const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** The IPv4 address that an IPv6 one stands for on a socket that speaks both. */
function fourIn(address: Uint8Array): Uint8Array | undefined {
  return mapped.every((byte, i) => address[i] === byte) ? address.subarray(12) : undefined;
}

function parseFour(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  // No leading zeros: some readers take them for octal.
  if (!parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return Uint8Array.from(parts, Number);
}

function parseSix(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [left, right] = halves.map((half, i) => (half === "" ? [] : groups(half, i === halves.length - 1)));
  if (left === undefined) return undefined;
  if (halves.length === 1) return left.length === 16 ? Uint8Array.from(left) : undefined;
  // At least one group stands for the colons.
  if (right === undefined || left.length + right.length > 14) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(left);
  bytes.set(right, 16 - right.length);
  return bytes;
}

/** The bytes of groups between single colons; the last may be an IPv4 address. */
function groups(text: string, isLast: boolean): number[] | undefined {
  const bytes: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (/^[0-9A-Fa-f]{1,4}$/.test(part)) bytes.push(Number.parseInt(part, 16) >>> 8, Number.parseInt(part, 16) & 0xff);
    else {
      const four = isLast && i === parts.length - 1 ? parseFour(part) : undefined;
      if (four === undefined) return undefined;
      bytes.push(...four);
    }
  }
  return bytes;
}
