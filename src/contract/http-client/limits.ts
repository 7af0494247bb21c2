/** Owns the limits of calls from outside, each with its unit. It must never hold one that a caller needs to change: those are options. */

/** How long a call may take with its attempts, unless the client or the call says otherwise. */
export const timeoutMs = 10_000;
/** Bytes of an answer in one piece, decompressed; what is larger is a stream. */
export const responseBytesMax = 4_194_304;
/** Bytes of an error's answer. */
export const problemBytesMax = 262_144;
/** Characters of one item of a stream. */
export const itemCharsMax = 1_048_576;
/** Longest wait for the next item of a stream: what the server allows its handler, and a little. */
export const streamIdleMs = 310_000;
/** Between two looks at a workflow that runs: grows from the first to the last, with jitter. */
export const pollFirstMs = 100;
export const pollMaxMs = 1_000;
/** Characters of an idempotency key. */
export const keyMax = 255;
/** Items of a channel that are sent before one has to be acknowledged. */
export const channelWindow = 64;
/** Items that came and were not read: with so many, the connection is closed until half of them are. */
export const channelHeldMax = 1_024;
/** Connections of a channel that do not open, one after the other. */
export const channelAttemptsMax = 5;
export const channelBackoffFirstMs = 250;
export const channelBackoffMaxMs = 10_000;
