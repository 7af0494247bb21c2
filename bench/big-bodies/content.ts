/**
 * Owns content of any length that nobody keeps: the same bytes for the same place in it, made when they are asked for. It
 * must never be random: a hash has to come out the same twice.
 */

const blockBytes = 65_536;
const pattern = makePattern();

/** Blocks of the content from `start` up to and without `end`. */
export function* contentOf(start: number, end: number): Generator<Uint8Array> {
  let at = start;
  while (at < end) {
    const index = Math.floor(at / blockBytes);
    const from = at - index * blockBytes;
    const to = Math.min(blockBytes, from + end - at);
    yield blockAt(index).subarray(from, to);
    at += to - from;
  }
}

/** A block is a pattern that no compression shrinks, with its number in front, so that no two are alike. */
function blockAt(index: number): Uint8Array {
  const block = new Uint8Array(pattern);
  new DataView(block.buffer).setUint32(0, index);
  return block;
}

function makePattern(): Uint8Array {
  const words = new Uint32Array(blockBytes / 4);
  let state = 0x9e3779b9;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer);
}
