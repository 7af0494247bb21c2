/** Owns the limits of calls to external services, each with its unit. It must never hold what a declaration may say. */

/** Time for a TCP connection; resolving its name is part of it. */
export const connectTimeoutMs = 1_000;
/** Time for the TLS handshake, after that. */
export const handshakeTimeoutMs = 3_000;
/** Bytes of a reply's body. */
export const replyBytesMax = 4_194_304;
/** Bytes of a reply's headers; the parser refuses more. */
export const replyHeaderBytesMax = 16_384;
/** Bytes of a request's JSON body. */
export const requestBytesMax = 4_194_304;
/** Connections to one external service, unless its declaration says otherwise. */
export const connectionsDefault = 64;
/** Calls that may wait for one of them. */
export const waitingMax = 1_024;
/** An idle connection is closed: most servers close theirs after 5 s or more. */
export const idleMs = 4_000;
/** Attempts that a declaration may ask for. */
export const attemptsMax = 10;
