/**
 * Owns finding clients that hold a connection without using it: bodies that drip in, answers that nobody reads. It must
 * never look at a request that has arrived and whose answer is not being refused: a slow handler is not a slow client.
 */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Clock, Timer } from "../../core/index.ts";
import {
  bodyBytesPerSecondMin,
  readBytesPerSecondMin,
  requestTimeoutMs,
  slowBodyAfterMs,
  slowReadAfterMs,
  timeoutCheckMs,
} from "../limits.ts";
import { piecesOf } from "./request-pieces.ts";

/** What was seen of one connection at the last looks. */
interface Seen {
  response: ServerResponse | undefined;
  /** When its body was first found incomplete, and the bytes read by then. */
  sendingSince: number | undefined;
  readBytes: number;
  /** When its answer was first found waiting for the client, and the bytes taken since. */
  waitingSince: number | undefined;
  takenBytes: number;
  handedBytes: number;
  queuedBytes: number;
}

export interface SlowClientsOptions {
  readonly clock: Clock;
  /** The connections that carry a request. */
  readonly busy: () => Iterable<readonly [Socket, ServerResponse]>;
  /** The body came too slowly. */
  readonly onSlowBody: (socket: Socket) => void;
  /** The answer is read too slowly. */
  readonly onSlowRead: (socket: Socket) => void;
}

export class SlowClients {
  readonly #options: SlowClientsOptions;
  readonly #seen = new WeakMap<Socket, Seen>();
  #timer: Timer | undefined;

  constructor(options: SlowClientsOptions) {
    this.#options = options;
  }

  /** Looks once per second until stopped. */
  start(): void {
    this.#timer = this.#options.clock.after(
      timeoutCheckMs,
      () => {
        this.look();
        this.start();
      },
      { unref: true },
    );
  }

  stop(): void {
    this.#timer?.cancel();
  }

  look(): void {
    const now = this.#options.clock.monotonic();
    for (const [socket, response] of this.#options.busy()) {
      // Nothing to find out: most connections of streams and channels, most of the time.
      if (socket.writableLength === 0 && response.req.complete && !this.#seen.has(socket)) continue;
      const seen = this.#of(socket);
      if (seen.response !== response) {
        seen.response = response;
        seen.sendingSince = undefined;
      }
      if (isSlowBody(seen, socket, response, now)) this.#options.onSlowBody(socket);
      else if (isSlowRead(seen, socket, now)) this.#options.onSlowRead(socket);
    }
  }

  #of(socket: Socket): Seen {
    const known = this.#seen.get(socket);
    if (known !== undefined) return known;
    const fresh: Seen = {
      response: undefined,
      sendingSince: undefined,
      readBytes: 0,
      waitingSince: undefined,
      takenBytes: 0,
      handedBytes: 0,
      queuedBytes: 0,
    };
    this.#seen.set(socket, fresh);
    return fresh;
  }
}

function isSlowBody(seen: Seen, socket: Socket, response: ServerResponse, now: number): boolean {
  const streamed = piecesOf(response.req);
  // Where pieces are asked for one by one, a client that is not asked has its rest.
  if (response.req.complete || response.headersSent || streamed?.isWaiting === false) {
    seen.sendingSince = undefined;
    return false;
  }
  if (seen.sendingSince === undefined) {
    seen.sendingSince = now;
    seen.readBytes = socket.bytesRead;
    return false;
  }
  const elapsedMs = now - seen.sendingSince;
  if (elapsedMs < slowBodyAfterMs) return false;
  if (socket.bytesRead - seen.readBytes < (elapsedMs / 1_000) * bodyBytesPerSecondMin) return true;
  // Node's own limit of a whole request knows no streams, which may last; so it is here.
  if (streamed === undefined) return elapsedMs >= requestTimeoutMs;
  // What came fast at first must not buy hours of dripping.
  seen.sendingSince = now;
  seen.readBytes = socket.bytesRead;
  return false;
}

function isSlowRead(seen: Seen, socket: Socket, now: number): boolean {
  const handed = socket.bytesWritten - socket.writableLength;
  const queued = queuedBytesOf(socket);
  if (socket.writableLength === 0) {
    seen.waitingSince = undefined;
    return false;
  }
  if (seen.waitingSince === undefined) {
    seen.waitingSince = now;
    seen.takenBytes = 0;
  } else if (handed > seen.handedBytes) seen.takenBytes += handed - seen.handedBytes;
  else seen.takenBytes += Math.max(0, seen.queuedBytes - queued);
  seen.handedBytes = handed;
  seen.queuedBytes = queued;
  const elapsedMs = now - seen.waitingSince;
  return elapsedMs >= slowReadAfterMs && seen.takenBytes < (elapsedMs / 1_000) * readBytesPerSecondMin;
}

/**
 * What the kernel has not taken of the write that is under way. Node's own socket time-out reads the same number; there
 * is no public one, and without it one big write to a slow reader would look like no progress at all.
 */
function queuedBytesOf(socket: Socket): number {
  const handle = (socket as { _handle?: { writeQueueSize?: number } | null })._handle;
  return handle?.writeQueueSize ?? socket.writableLength;
}
