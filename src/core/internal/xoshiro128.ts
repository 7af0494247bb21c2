/**
 * The generator behind seeded randomness: xoshiro128** 1.1 by David Blackman and Sebastiano Vigna
 * (public domain, https://prng.di.unimi.it/xoshiro128starstar.c).
 * Must never be used for secrets: its state can be computed from its output.
 */

/** The next unsigned 32-bit word, from four state words of which at least one is not zero. */
export function createXoshiro128(a: number, b: number, c: number, d: number): () => number {
  let s0 = a | 0;
  let s1 = b | 0;
  let s2 = c | 0;
  let s3 = d | 0;
  return () => {
    const scrambled = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9);
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = rotateLeft(s3, 11);
    return scrambled >>> 0;
  };
}

function rotateLeft(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
