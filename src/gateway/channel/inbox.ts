/**
 * Owns what a client has sent and the handler has not taken yet. It must never grow beyond its limit: when it fills, the
 * socket is not read.
 */
import { createBoundedQueue } from "../../core/index.ts";
import { channelQueueMax, channelUntakenMax } from "../limits.ts";

export interface InboxOwner {
  /** The client shall wait, or may go on. */
  pause(): void;
  resume(): void;
  /** The handler has asked for an item after this one, so that it is done with it. */
  taken(n: number): void;
}

/** Read once, by the call path, one item at a time. */
export class Inbox implements AsyncIterable<unknown>, AsyncIterator<unknown> {
  readonly #owner: InboxOwner;
  readonly #queue = createBoundedQueue<{ readonly n: number; readonly item: unknown }>(channelQueueMax);
  #waiting: ((item: IteratorResult<unknown>) => void) | undefined;
  #given = 0;
  #isPaused = false;
  #isEnded = false;
  #isLeft = false;

  constructor(owner: InboxOwner) {
    this.#owner = owner;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** False when there are too many: the client sends on though nothing was read from it for long. */
  offer(n: number, item: unknown): boolean {
    // A handler that has heard enough is sent no more; the client learns it from what it is sent.
    if (this.#isLeft) return true;
    if (this.#waiting !== undefined) {
      const resolve = this.#waiting;
      this.#waiting = undefined;
      this.#given = n;
      resolve({ done: false, value: item });
      return true;
    }
    if (!this.#queue.offer({ n, item })) return false;
    if (!this.#isPaused && this.#queue.size >= channelUntakenMax) {
      this.#isPaused = true;
      this.#owner.pause();
    }
    return true;
  }

  /** The client has said that it sends nothing more. */
  end(): void {
    this.#isEnded = true;
    this.#waiting?.({ done: true, value: undefined });
    this.#waiting = undefined;
  }

  next(): Promise<IteratorResult<unknown>> {
    if (this.#given > 0) this.#owner.taken(this.#given);
    this.#given = 0;
    const next = this.#queue.take();
    if (next !== undefined) {
      this.#given = next.n;
      if (this.#isPaused && this.#queue.size <= channelUntakenMax / 2) {
        this.#isPaused = false;
        this.#owner.resume();
      }
      return Promise.resolve({ done: false, value: next.item });
    }
    if (this.#isEnded || this.#isLeft) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => (this.#waiting = resolve));
  }

  return(): Promise<IteratorResult<unknown>> {
    this.#isLeft = true;
    while (this.#queue.take() !== undefined) continue;
    if (this.#isPaused) this.#owner.resume();
    this.#isPaused = false;
    return Promise.resolve({ done: true, value: undefined });
  }
}
