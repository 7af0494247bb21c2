/**
 * Owns items under way in one direction of one call: how many bytes may be, and who waits for whom. It must never hold
 * more than the window.
 */
import { WireError } from "./codec/wire-error.ts";
import { windowBytes } from "./limits.ts";

const over: IteratorResult<unknown> = Object.freeze({ done: true, value: undefined });

/** The reader's end: items that have come, and whoever waits for the next one. */
export class Inflow implements AsyncIterableIterator<unknown> {
  readonly #grant: (bytes: number) => void;
  readonly #left: () => void;
  readonly #items: { readonly value: unknown; readonly bytes: number }[] = [];
  #waiting: PromiseWithResolvers<IteratorResult<unknown>>[] = [];
  #windowLeft = windowBytes;
  #owed = 0;
  #end: { readonly error: unknown } | "well" | undefined;

  /** `grant` asks the sender for more; `left` tells it that nobody reads any more. */
  constructor(grant: (bytes: number) => void, left: () => void) {
    this.#grant = grant;
    this.#left = left;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** An item came. Throws `WireError` when it was not asked for. */
  push(value: unknown, bytes: number): void {
    if (this.#windowLeft <= 0) throw new WireError("more items than were asked for");
    if (this.#end !== undefined) return;
    this.#windowLeft -= bytes;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#items.push({ value, bytes });
    else {
      waiting.resolve({ done: false, value });
      this.#read(bytes);
    }
  }

  /** No more will come, because of `error` where there is one. What has come is still read first. */
  finish(error?: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = error === undefined ? "well" : { error };
    for (const waiting of this.#waiting.splice(0)) this.#settle(waiting);
  }

  next(): Promise<IteratorResult<unknown>> {
    const item = this.#items.shift();
    if (item !== undefined) {
      this.#read(item.bytes);
      return Promise.resolve({ done: false, value: item.value });
    }
    const waiting = Promise.withResolvers<IteratorResult<unknown>>();
    if (this.#end === undefined) this.#waiting.push(waiting);
    else this.#settle(waiting);
    return waiting.promise;
  }

  return(): Promise<IteratorResult<unknown>> {
    if (this.#end === undefined) {
      this.finish();
      this.#left();
    }
    this.#items.length = 0;
    return Promise.resolve(over);
  }

  #settle(waiting: PromiseWithResolvers<IteratorResult<unknown>>): void {
    const end = this.#end;
    if (typeof end !== "object") return waiting.resolve(over);
    waiting.reject(end.error);
    // Once: who reads on after a failure finds the end.
    this.#end = "well";
  }

  #read(bytes: number): void {
    this.#owed += bytes;
    // Half a window at a time: a word for each item would double the frames.
    if (this.#owed < windowBytes / 2 || this.#end !== undefined) return;
    this.#windowLeft += this.#owed;
    this.#grant(this.#owed);
    this.#owed = 0;
  }
}

/** The sender's end: how much may still go, and the wait for more. */
export class Outflow {
  #credit = windowBytes;
  #more: PromiseWithResolvers<void> | undefined;
  /** Nobody reads any more, or the connection is gone. */
  isStopped = false;

  /** Bytes were sent. */
  spend(bytes: number): void {
    this.#credit -= bytes;
  }

  /** The reader asks for more. Throws `WireError` beyond what it can have read. */
  grant(bytes: number): void {
    if (bytes < 1 || this.#credit + bytes > windowBytes) throw new WireError("credit for what was never sent");
    this.#credit += bytes;
    if (this.#credit > 0) this.#wake();
  }

  stop(): void {
    this.isStopped = true;
    this.#wake();
  }

  /** `undefined` when an item may go at once; else a promise of when to look again. */
  room(): Promise<void> | undefined {
    if (this.#credit > 0 || this.isStopped) return undefined;
    return (this.#more ??= Promise.withResolvers()).promise;
  }

  #wake(): void {
    this.#more?.resolve();
    this.#more = undefined;
  }
}

/** Sends what `items` gives, at its reader's pace, until it ends, fails or nobody reads. Rejects with its failure. */
export async function pump(
  items: AsyncIterator<unknown>,
  flow: Outflow,
  send: (item: unknown) => number,
): Promise<void> {
  try {
    for (;;) {
      const next = await items.next();
      if (flow.isStopped || next.done === true) return;
      const room = flow.room();
      if (room !== undefined) await room;
      if (flow.isStopped) return;
      flow.spend(send(next.value));
    }
  } finally {
    // Not awaited: a source that hangs in its own wait would hang the call.
    void Promise.resolve(items.return?.()).catch(() => undefined);
  }
}
