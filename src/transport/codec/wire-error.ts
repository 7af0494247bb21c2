/** Owns the one thing that reading or writing bytes can say: that they are not what they should be. */

/** Bytes that no peer of this version writes. The connection or message they came with is given up. */
export class WireError extends Error {
  static {
    this.prototype.name = "WireError";
  }
}
