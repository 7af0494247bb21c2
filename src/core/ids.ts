/**
 * Identifiers made of randomness alone. On the hot path of every call.
 * Must never carry meaning: no time, no host, no counter.
 */
import type { Random } from "./random.ts";

const wordRange = 2 ** 32;
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** Two url-safe characters for each 12 bits, and two hex digits for each byte: lookups beat formatting tenfold. */
const pairs: readonly string[] = Array.from({ length: 4_096 }, (_, i) => `${alphabet[i >>> 6]}${alphabet[i & 63]}`);
const hex: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

/** 16 url-safe characters, 96 random bits, in no order. @since 0.1.0 */
export function createId(random: Random): string {
  const a = random.int(wordRange);
  const b = random.int(wordRange);
  const c = random.int(wordRange);
  // Three words are 96 bits: two groups of 12 bits from each, and two more from the 8 bits each has left.
  const rest = ((a & 0xff) << 16) | ((b & 0xff) << 8) | (c & 0xff);
  return (
    (pairs[a >>> 20] as string) +
    (pairs[(a >>> 8) & 0xfff] as string) +
    (pairs[b >>> 20] as string) +
    (pairs[(b >>> 8) & 0xfff] as string) +
    (pairs[c >>> 20] as string) +
    (pairs[(c >>> 8) & 0xfff] as string) +
    (pairs[rest >>> 12] as string) +
    (pairs[rest & 0xfff] as string)
  );
}

/** A W3C trace id: 32 lower-case hex digits, never all zero. @since 0.1.0 */
export function createTraceId(random: Random): string {
  return hexOf(random.int(wordRange)) + hexOf(random.int(wordRange)) + createSpanId(random);
}

/** A W3C span id: 16 lower-case hex digits, never all zero. @since 0.1.0 */
export function createSpanId(random: Random): string {
  return hexOf(random.int(wordRange) || 1) + hexOf(random.int(wordRange));
}

function hexOf(word: number): string {
  return (
    (hex[word >>> 24] as string) +
    (hex[(word >>> 16) & 0xff] as string) +
    (hex[(word >>> 8) & 0xff] as string) +
    (hex[word & 0xff] as string)
  );
}
