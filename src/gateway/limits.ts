/**
 * Owns the gateway's limits and time-outs, each with its unit. It must never hold one that a service could need to change:
 * those are policies.
 */

/** Bytes of a request's body. */
export const bodyBytesMax = 1_048_576;
/** Levels of nesting of a JSON body. */
export const jsonDepthMax = 64;
/** Keys of all objects of a JSON body together. */
export const jsonKeysMax = 10_000;
/** Items of all arrays and objects of a JSON body together: what a validator walks. */
export const jsonItemsMax = 50_000;
/** Pieces in which a body may come: a chunk of one byte costs as much as one of 64 KiB. */
export const bodyPiecesMax = 10_000;
/** Bytes of all request headers with the request line; the parser refuses more. */
export const headerBytesMax = 16_384;
export const headersMax = 100;
/** Characters of path and query. */
export const targetMax = 8_192;
export const queryParametersMax = 100;
export const headersTimeoutMs = 5_000;
/** Time for the whole request to arrive, once its head has; a body that streams into its handler has no such limit. */
export const requestTimeoutMs = 10_000;
export const timeoutCheckMs = 1_000;
/**
 * A body that has been arriving for this long must have come at `bodyBytesPerSecondMin` on average; one that streams must
 * do so again and again, counted while its handler waits for it.
 */
export const slowBodyAfterMs = 5_000;
export const bodyBytesPerSecondMin = 1_024;
/** An answer that has waited for its reader for this long must have been taken at `readBytesPerSecondMin` on average. */
export const slowReadAfterMs = 10_000;
export const readBytesPerSecondMin = 1_024;
/** Time for a TLS handshake. */
export const tlsHandshakeMs = 3_000;
/** How long a client may take up a TLS session again without a whole handshake, and so without its certificate being asked for. */
export const tlsSessionSeconds = 300;
export { tlsFileBytesMax, tlsPollMs, tlsSettleMs } from "../transport/limits.ts";
/** Bytes below which an answer is not compressed: it fits one packet anyway. */
export const compressBytesMin = 1_400;
/** Answers of one gateway that are being compressed; beyond it they go out as they are. */
export const compressingMax = 16;
/** How many times larger than it was sent a compressed body may become, once it is larger than `inflateRatioFromBytes`. */
export const inflateRatioMax = 100;
export const inflateRatioFromBytes = 65_536;
/** Longer than the 55 to 60 s of usual clients and load balancers, so that they close first. */
export const keepAliveMs = 65_000;
/** Requests of one connection in flight: a client that pipelines more makes answers pile up that nobody reads. */
export const pipelinedMax = 8;
export const requestsPerSocketMax = 10_000;
export const connectionsMax = 10_000;
/**
 * Connections that wait to be accepted. Beyond it the kernel drops them, and their clients try again after 1, 3 and 7 s:
 * Node's 511 let a crowd of a thousand delay everybody. The kernel's own limit (`somaxconn`) may be lower.
 */
export const backlogMax = 4_096;
/** Connections of one address; behind trusted proxies, requests in flight of one forwarded address. */
export const connectionsPerAddressMax = 1_000;
/** Buckets that one rate limit remembers; beyond that the one used longest ago goes. */
export const rateBucketsMax = 10_000;
/** Tokens of a shared rate limit that a gateway takes at once: a tenth of the burst, at most this. */
export const rateBatchMax = 100;
/** How long a gateway counts by itself before it asks again, when a shared rate limit could not be asked. */
export const rateAloneMs = 10_000;
/** How often it says so. */
export const rateLogMs = 60_000;
/** How long a drain waits for requests in flight. */
export const drainMs = 20_000;
/** In a drain, how long a connection must have been idle before it is closed under its client. */
export const drainIdleMs = 250;
/** How long a refused upload is still read (and dropped), so that its sender gets to read the answer. */
export const lingerMs = 1_000;
/** And at most so many bytes of it. */
export const lingerBytesMax = 4_194_304;
/** How long an answer of `/health/ready` is kept. */
export const readyCacheMs = 500;
/** Longest wait for the host to say that it is ready. */
export const readyMs = 2_000;
/** How long a stream waits for its first item, and so for an error with a status of its own, before it answers 200. */
export const firstItemMs = 500;
/** Characters of an idempotency key. */
export const keyMax = 255;
/** Fewest characters of an anonymous caller's key: shorter ones could be guessed, and replies read with them. */
export const anonymousKeyMin = 16;
/** Sent with 503, and with 409 and 429 that may be retried. */
export const retryAfterSeconds = 1;
/** Characters of a header that a reply sets. */
export const replyHeaderMax = 8_192;
/** Characters of a cookie's name and value together: what browsers keep. */
export const replyCookieMax = 4_096;
/** Bytes of one message of a channel; a larger one closes it. */
export const channelMessageMax = 1_048_576;
/** Pieces in which one message may come. */
export const channelFragmentsMax = 1_024;
/** Items that a client has sent and the handler has not taken: then the client is not read, and held back by its socket. */
export const channelUntakenMax = 64;
/** The same with those that had arrived already; beyond it the channel is closed. */
export const channelQueueMax = 4_096;
/** How long a channel's client may be silent before it is asked whether it is there, and how long it has to answer. */
export const channelPingMs = 30_000;
export const channelPongMs = 10_000;
/** How often the channels are looked at. */
export const channelSweepMs = 5_000;
/** How long a channel may live; its client then connects again, and shows its credential again. */
export const channelTotalMs = 3_600_000;
/** Longest wait for a channel's access and guard. */
export const channelOpenMs = 10_000;
/** How long a handler has to refuse with a status of its own, once it was reached, before the channel opens. */
export const channelRefusalMs = 20;
/** How long a client has to answer the closing of a channel. */
export const channelCloseMs = 5_000;
/** How long a stream of server-sent events is silent before it sends a comment. */
export const heartbeatMs = 15_000;
/** What a stream of server-sent events tells its client to wait before it connects again. */
export const reconnectMs = 1_000;
/** The same of one whose gateway makes room: a random time below it, or all its readers would come to the next one at once. */
export const moveReconnectMs = 500;
/** How long the streams that the end of a drain ends have to say so, and the answer to an upload to be sent. */
export const lastWordMs = 250;
/** How long a mounted application's event stream may be silent; other answers have its own time limit. */
export const mountedStreamIdleMs = 300_000;
