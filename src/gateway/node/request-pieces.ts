/**
 * Owns reading a request's body piece by piece: the socket is read as fast as pieces are asked for, and no faster. It must
 * never close the connection: whoever answers does.
 */
import type { IncomingMessage } from "node:http";
import { freeBytes } from "../../core/free-bytes.ts";
import { skeinError } from "../../errors/index.ts";

const end: IteratorResult<Uint8Array> = Object.freeze({ done: true, value: undefined });
const pieces: unique symbol = Symbol("skein.pieces");

interface Streamed extends IncomingMessage {
  [pieces]?: RequestPieces;
}

/** How a request's body is being read, where it is read piece by piece. */
export function piecesOf(request: IncomingMessage): RequestPieces | undefined {
  return (request as Streamed)[pieces];
}

export class RequestPieces implements AsyncIterableIterator<Uint8Array> {
  readonly #request: IncomingMessage;
  readonly #onFirst: () => void;
  #isBegun = false;
  #isStopped = false;
  #wake: (() => void) | undefined = undefined;
  /** What was given last: lent until the next is asked for. */
  #lent: Buffer | undefined = undefined;

  /** `onFirst` is called before the first piece is waited for. */
  constructor(request: IncomingMessage, onFirst: () => void) {
    this.#request = request;
    this.#onFirst = onFirst;
    (request as Streamed)[pieces] = this;
  }

  /** Whether it is the client's turn: a piece is wanted and has not come. */
  get isWaiting(): boolean {
    return this.#wake !== undefined;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const request = this.#request;
    if (!this.#isBegun && !this.#isStopped) this.#begin();
    if (this.#lent !== undefined) freeBytes(this.#lent);
    this.#lent = undefined;
    for (;;) {
      if (this.#isStopped) return end;
      const piece = request.read() as Buffer | null;
      if (piece !== null) return { done: false, value: (this.#lent = piece) };
      if (request.readableEnded) return end;
      if (request.errored !== null || request.destroyed) {
        throw skeinError("SKEIN_CALL_CANCELED", "the client left before the end of its body");
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.#isStopped = true;
    const request = this.#request;
    request.off("readable", this.#look);
    this.#look();
    return Promise.resolve(end);
  }

  #begin(): void {
    this.#isBegun = true;
    for (const event of ["readable", "end", "error", "close"]) this.#request.on(event, this.#look);
    this.#onFirst();
  }

  readonly #look = (): void => this.#wake?.();
}
