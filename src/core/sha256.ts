/**
 * SHA-256 at once (FIPS 180-4): the web's own digest answers later, and a cache's key cannot wait. Node's where there is
 * one, else ours.
 * Must never be used for passwords, which need a slow hash.
 */
import { toBase64Url } from "./base64.ts";
import { builtin } from "./platform.ts";

/** Loaded at the first use, once: who imports a declaration hashes nothing, and Node's module takes milliseconds. */
const found = (() => {
  let native: ReturnType<typeof builtin<"node:crypto">>;
  let isAsked = false;
  return () => {
    if (!isAsked) native = builtin("node:crypto");
    isAsked = true;
    return native;
  };
})();
const blockBytes = 64;

/** The digest of the text's UTF-8, or of bytes, as 43 characters of base64url. */
export function sha256(data: string | Uint8Array): string {
  const native = found();
  return native === undefined ? toBase64Url(portableSha256(data)) : native.hash("sha256", data, "base64url");
}

/** The same as 32 bytes, without Node; a test compares it with Node's. */
export function portableSha256(data: string | Uint8Array): Uint8Array {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const padded = pad(bytes);
  const view = new DataView(padded.buffer);
  const state = initial.slice();
  const words = new Uint32Array(blockBytes);
  for (let at = 0; at < padded.length; at += blockBytes) compress(state, words, view, at);
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, i) => digest.setUint32(i * 4, word));
  return new Uint8Array(digest.buffer);
}

/** The message, a 1 bit, zeros, and its length in bits: a whole number of blocks. */
function pad(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / blockBytes) * blockBytes);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(padded.length - 4, (bytes.length << 3) >>> 0);
  return padded;
}

function compress(state: Uint32Array, words: Uint32Array, view: DataView, start: number): void {
  const w = (i: number): number => words[i] as number;
  for (let i = 0; i < 16; i++) words[i] = view.getUint32(start + i * 4);
  for (let i = 16; i < blockBytes; i++) {
    const low = rotate(w(i - 15), 7) ^ rotate(w(i - 15), 18) ^ (w(i - 15) >>> 3);
    const high = rotate(w(i - 2), 17) ^ rotate(w(i - 2), 19) ^ (w(i - 2) >>> 10);
    words[i] = w(i - 16) + low + w(i - 7) + high;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as Eight;
  for (let i = 0; i < blockBytes; i++) {
    const choice = (e & f) ^ (~e & g);
    const first = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choice + (rounds[i] as number) + w(i);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] = (state[i] as number) + word));
}

type Eight = [number, number, number, number, number, number, number, number];

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

/** The first 32 bits of the fractional part of a root of each of the first primes. */
function fractions(count: number, root: (prime: number) => number): Uint32Array {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (isPrime(n)) found.push((root(n) % 1) * 2 ** 32);
  return Uint32Array.from(found);
}

function isPrime(n: number): boolean {
  for (let by = 2; by * by <= n; by++) if (n % by === 0) return false;
  return true;
}

const initial = fractions(8, Math.sqrt);
const rounds = fractions(64, Math.cbrt);
