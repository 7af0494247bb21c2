/** Randomness from a seed, for what is made once and shipped. Must never be used for secrets. */

/** Uniform in [0, 1): Tommy Ettinger's Mulberry32 (public domain). The same seed gives the same values everywhere. */
export function createSeeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}
