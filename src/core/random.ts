/**
 * The seam for randomness: the platform's cryptographic source, and a seeded one for simulation.
 * Must never be bypassed with Math.random, or a failing seed does not replay.
 */
import { assert } from "./assert.ts";
import { createXoshiro128 } from "./internal/xoshiro128.ts";

/** Where randomness comes from. @since 0.1.0 */
export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  float(): number;
  /** A uniform whole number from 0 to `exclusiveMax - 1`; `exclusiveMax` is a whole number from 1 to 2^32. */
  int(exclusiveMax: number): number;
  /** `length` random bytes, at most 1 MiB, in memory of their own. */
  bytes(length: number): Uint8Array;
}

const wordRange = 2 ** 32;
const bytesMax = 2 ** 20;
/** The platform refuses to fill more than this at once. */
const platformFillMax = 65_536;
/** Words fetched at once: one call to the platform costs as much as some 100 words. */
const poolWords = 1_024;

/** The platform's cryptographic source. Words are fetched in batches and wiped when used. @since 0.1.0 */
export const systemRandom: Random = createSystemRandom();

/**
 * A deterministic source: the same seed gives the same values on every machine. `7` and `"7"` are the same seed,
 * so that a seed printed by a failing test can be given back through the environment. Never use it for secrets.
 * @since 0.1.0
 */
export function createSeededRandom(seed: number | string): Random {
  const text = String(seed);
  // Four lanes of FNV-1a, each finished with MurmurHash3's mixer; `| 1` keeps the state from being all zero.
  const lane = (basis: number): number => mix(hash(text, basis));
  const word = createXoshiro128(lane(0x811c9dc5), lane(0x9e3779b9), lane(0x85ebca6b), lane(0xc2b2ae35) | 1);
  return fromWords(word, (target) => {
    for (let i = 0; i < target.length; i++) target[i] = word() >>> 24;
  });
}

function createSystemRandom(): Random {
  const pool = new Uint32Array(poolWords);
  let next = poolWords;
  const word = (): number => {
    if (next === poolWords) {
      crypto.getRandomValues(pool);
      next = 0;
    }
    const value = pool[next] as number;
    pool[next++] = 0; // what was handed out must not be found in memory later
    return value;
  };
  return fromWords(word, (target) => {
    for (let from = 0; from < target.length; from += platformFillMax) {
      crypto.getRandomValues(target.subarray(from, from + platformFillMax));
    }
  });
}

function fromWords(word: () => number, fill: (target: Uint8Array<ArrayBuffer>) => void): Random {
  return {
    float: () => ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) * 2 ** -53,
    int(exclusiveMax) {
      if (exclusiveMax === wordRange) return word();
      assert(
        Number.isInteger(exclusiveMax) && exclusiveMax >= 1 && exclusiveMax < wordRange,
        `a random whole number needs a bound from 1 to 2^32, not ${exclusiveMax}`,
      );
      // Words at or above the largest multiple of the bound would favour small results; at most half are thrown away.
      const usable = wordRange - (wordRange % exclusiveMax);
      let value = word();
      while (value >= usable) value = word();
      return value % exclusiveMax;
    },
    bytes(length) {
      assert(
        Number.isInteger(length) && length >= 0 && length <= bytesMax,
        `random bytes: 0 to ${bytesMax}, not ${length}`,
      );
      const target = new Uint8Array(length);
      fill(target);
      return target;
    },
  };
}

function hash(text: string, basis: number): number {
  let state = basis;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    state = Math.imul(state ^ (unit & 0xff), 0x01000193);
    state = Math.imul(state ^ (unit >>> 8), 0x01000193);
  }
  return state;
}

function mix(word: number): number {
  let state = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return state ^ (state >>> 16);
}
