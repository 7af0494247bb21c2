/**
 * Owns a stream that comes to a host from elsewhere: when it begins and when it is over, for whoever counts what is in
 * flight, and its end between two items when the host drains. It must never hold an item, or change one.
 */
import type { AbortListener, Cancellation } from "../call/index.ts";
import { itemId } from "../contract/shapes.ts";
import { isSkeinError, type SkeinError, skeinError } from "../errors/index.ts";

/** What a host is told of its streams, and of them wants to know. */
export interface StreamKind {
  /** The field of an item that is its id. */
  readonly id: string | undefined;
  /** It goes on elsewhere after its last item, whoever resumes it: nothing is done twice. */
  readonly goesOn: boolean;
  /** A body comes, or bytes go: it is over some time, and cannot begin again. */
  readonly isTransfer: boolean;
}

/** A generator that hands another one on would do, and cost three times as much for as long as the stream has nothing to say. */
export class CountedItems implements AsyncIterableIterator<unknown, void, undefined>, Cancellation {
  readonly kind: StreamKind;
  /** Told at the first item that is asked for, and once more when it is over. */
  readonly #count: (items: CountedItems, isOver: boolean) => void;
  /** Its caller's. */
  readonly #signal: Cancellation | undefined;
  #source: AsyncIterable<unknown> | undefined;
  #items: AsyncIterator<unknown, void, undefined> | undefined;
  #listener: AbortListener | undefined;
  #lastId: string | undefined;
  #hasMoved = false;
  #isOver = false;

  /** It is the signal that its call is made with. */
  constructor(
    kind: StreamKind,
    signal: Cancellation | undefined,
    lastId: string | undefined,
    count: (items: CountedItems, isOver: boolean) => void,
  ) {
    this.kind = kind;
    this.#signal = signal;
    this.#lastId = lastId;
    this.#count = count;
  }

  of(source: AsyncIterable<unknown>): this {
    this.#source = source;
    return this;
  }

  /** Ends it between two items; its reader's next wait fails with `SKEIN_MOVED`. */
  move(): void {
    if (this.#hasMoved || this.#isOver) return;
    this.#hasMoved = true;
    this.#listener?.handleEvent();
  }

  get aborted(): boolean {
    return this.#hasMoved || this.#signal?.aborted === true;
  }
  get reason(): unknown {
    return this.#hasMoved ? undefined : this.#signal?.reason;
  }
  addEventListener(type: "abort", listener: AbortListener, options?: { once?: boolean }): void {
    this.#listener = listener;
    this.#signal?.addEventListener(type, listener, options);
  }
  removeEventListener(type: "abort", listener: AbortListener): void {
    this.#listener = undefined;
    this.#signal?.removeEventListener(type, listener);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown, void>> {
    if (this.#isOver || this.#source === undefined) return Promise.resolve({ done: true, value: undefined });
    if (this.#items === undefined) {
      this.#items = this.#source[Symbol.asyncIterator]() as AsyncIterator<unknown, void, undefined>;
      this.#count(this, false);
    }
    return this.#items.next().then(this.#look, this.#failed);
  }

  /** A stream that was never begun begins no more. */
  return(): Promise<IteratorResult<unknown, void>> {
    if (this.#items === undefined) this.#isOver = true;
    const left = this.#items?.return?.();
    if (left === undefined) return Promise.resolve({ done: true, value: undefined });
    left.then(this.#over, this.#over);
    return left;
  }

  readonly #look = (next: IteratorResult<unknown, void>): IteratorResult<unknown, void> => {
    if (next.done === true) this.#over();
    else this.#lastId = itemId(this.kind.id, next.value);
    return next;
  };

  readonly #failed = (error: unknown): never => {
    this.#over();
    throw this.#failure(error);
  };

  /** Of what a handler reads, or of what could not go on elsewhere, the token is another one's. */
  #failure(error: unknown): unknown {
    if (this.#signal?.aborted === true) return error;
    if (this.#hasMoved) return this.#moved(isSkeinError(error) && error.outcome === "not_started" ? error : undefined);
    return isSkeinError(error) && error.code === "SKEIN_MOVED" ? this.#moved(error) : error;
  }

  #moved(why: SkeinError | undefined): SkeinError {
    const { outcome, attempts } = why ?? {};
    return skeinError("SKEIN_MOVED", undefined, {
      ...(outcome !== undefined && { outcome }),
      ...(this.#lastId !== undefined && { data: { lastId: this.#lastId } }),
      attempts,
      cause: why,
    });
  }

  readonly #over = (): void => {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#count(this, true);
  };
}
