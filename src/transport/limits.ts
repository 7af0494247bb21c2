/** Owns the limits of what crosses between processes, each with its unit. */

/** Bytes of one message: an input, a reply, an item. Larger things are streams. */
export const messageBytesMax = 4_194_304;
/** Levels of nesting; the structural copy has the same. */
export const levelsMax = 64;
/** Lists, maps and records of one value together. */
export const containersMax = 1_000_000;
/** Digits of a bigint. */
export const bigintDigitsMax = 4_096;
/** Bytes of one coalesced write, the largest message and its heads with it. */
export const batchBytesMax = messageBytesMax + 65_536;
/** Gathered bytes that are sent without waiting for the turn to end. */
export const flushBytes = 65_536;
/** Gathered frames that are sent without waiting for the turn to end: the other side has something to do meanwhile. */
export const flushFrames = 64;
/** Bytes that wait to go out to a peer that reads slowly; beyond it callers are refused, and a callee reads no further. */
export const waitingBytesMax = messageBytesMax * 2;
/** Connections of one listener, greeted or not; one more is closed at once. */
export const connectionsMax = 1_024;
/** Calls of one connection that have not ended; one more is refused. */
export const callsInFlightMax = 1_024;
/** Frames of so few calls do not wait for each other: a turn of the loop is more than they could save. */
export const fewCalls = 4;
/** Methods, paths and principals that one connection remembers for each side. */
export const remembered = { methodsMax: 10_000, valuesMax: 4_096 } as const;
/** Bytes of items that may be under way to a reader that has not asked for more. */
export const windowBytes = 262_144;
/** Replies after which a connection says anew what its hop takes, and the share of a call's time that this may take off. */
export const hopCalls = 256;
export const hopShareMax = 0.05;
/** Characters of a service's or method's name. */
export const nameMax = 128;
/** How long a connection may take to greet. */
export const greetMs = 3_000;
/**
 * Without a frame for `quietMs` the other side is asked whether it is there, and has `pongMs` to answer that: while idle, and with
 * calls outstanding. With a look more it is ten seconds at most, and two.
 */
export const idle = { quietMs: 4_500, pongMs: 4_500, lookMs: 500 } as const;
export const outstanding = { quietMs: 750, pongMs: 1_000, lookMs: 250 } as const;
/** A look that is later than this was held up by its own process, for as long as it is later. */
export const lateMs = 100;
/** How long a caller that has nothing under way may take to hear that its callee leaves, and to end the connection. */
export const leavingMs = 2_000;
/** How long a leaving listener waits for calls in flight. */
export const drainMs = 20_000;
export const connectMs = 1_000;
export const handshakeMs = 3_000;
/** Bytes of a certificate, key or authorities file. */
export const tlsFileBytesMax = 1_048_576;
/** How often those files are read to see whether they changed, where nothing says so. */
export const tlsPollMs = 10_000;
/** How long after a change they are read: a renewal writes several. */
export const tlsSettleMs = 100;

/** What a message as JSON may have, beside its bytes. */
export const jsonLimits = { depthMax: levelsMax, keysMax: 50_000, itemsMax: 200_000 } as const;
/** Bytes of an HTTP head: a principal's token alone may have 16 KiB. */
export const httpHeadBytesMax = 32_768;
export const httpHeadersMax = 100;
/** How long an HTTP request's head, and all of it, may take to arrive. */
export const httpHeadersMs = 5_000;
export const httpRequestMs = 10_000;
export const httpTimeoutCheckMs = 1_000;
/** An idle HTTP connection: kept by who answers, and closed sooner by who calls, since a request may cross the closing. */
export const httpKeepAliveMs = 65_000;
export const httpIdleMs = 4_000;
export const httpConnectionsMax = 1_024;
/** Connections of one caller; further calls wait for one, within their deadlines. */
export const httpSocketsMax = 128;
/** How long, and how many bytes of, a refused request are still read, so that its sender can read the answer. */
export const httpLingerMs = 1_000;
export const httpLingerBytesMax = 8_388_608;
/** Most endpoints in a path: deeper calls are refused anyway. */
export const httpPathMax = 64;
/** How much longer than its call a principal's token holds: clocks differ. */
export const principalSkewMs = 30_000;
/** How long it holds for a call without a deadline. */
export const principalMs = 3_600_000;
