/**
 * Giving memory back before the collector comes: it looks at bytes outside of its heap only every 64 MB or so, which a
 * stream of gigabytes then costs.
 * Must never be given bytes that somebody else may still read: they have none afterwards.
 */

/** Smaller arrays cost less than the asking. */
const worthwhileBytes = 4_096;

/** Frees the memory of an array that is over, if the array is all of its buffer; else, and where it cannot be, does nothing. */
export function freeBytes(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (bytes.length < worthwhileBytes || bytes.length !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  try {
    buffer.transfer(0);
  } catch {
    // Memory of a pool is not ours to give back.
  }
}
