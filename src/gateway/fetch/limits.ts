/** Owns the limits of the fetch door, each with its unit. It must never hold one that every gateway has. */

/** Bytes of a streamed answer that wait for their reader; there is one piece more at most. */
export const answerBufferBytesMax = 65_536;
/** How long a request waits for what another request has begun to open before it opens a host itself. */
export const openingPatienceMs = 2_000;
/** How often a request does so before it gives up. */
export const openingsMax = 5;
/** How long requests are answered with the failure of an opening before it is tried again. */
export const openingRetryMs = 1_000;
