/** Owns the limits of what crosses between processes, each with its unit. */

/** Bytes of one message: an input, a reply, an item. Larger things are streams. */
export const messageBytesMax = 4_194_304;
/** Levels of nesting; the structural copy has the same. */
export const levelsMax = 64;
/** Lists, maps and records of one value together. */
export const containersMax = 1_000_000;
/** Digits of a bigint. */
export const bigintDigitsMax = 4_096;
