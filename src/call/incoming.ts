/**
 * Owns what a caller sends to a running method, item by item: each one copied, pulled when the handler asks for it. It
 * must never read ahead, and never be read twice.
 */
import { copyValue, ValueSetError } from "../core/index.ts";
import { type SkeinError, skeinError } from "../errors/index.ts";
import type { CallScope } from "./scope.ts";
import { Waiter } from "./waiter.ts";

const over: IteratorResult<unknown> = Object.freeze({ done: true, value: undefined });

/** One inbound stream; it ends with the call that it came with. */
export class Incoming implements AsyncIterableIterator<unknown> {
  readonly #scope: CallScope;
  readonly #source: AsyncIterable<unknown>;
  #items: AsyncIterator<unknown> | undefined;
  #waiter: Waiter | undefined;
  /** Settles when the item before has been given. */
  #turn: Promise<unknown> = Promise.resolve();
  #isTaken = false;
  #isOver = false;
  /** Over because the call is, and not because the sender or the handler had enough. */
  #isCut = false;

  constructor(scope: CallScope, source: AsyncIterable<unknown>) {
    this.#scope = scope;
    this.#source = source;
  }

  /** Throws a `TypeError` the second time: what was read is gone. */
  [Symbol.asyncIterator](): this {
    if (this.#isTaken) throw new TypeError(`what ${this.#scope.endpoint.id} is sent can be read once`);
    this.#isTaken = true;
    return this;
  }

  /**
   * The next item. Rejects with `SKEIN_CALL_INCOMING` when the caller's stream fails, `SKEIN_VALUE_SET` for an item outside
   * the value set, and with what ended the call.
   */
  next(): Promise<IteratorResult<unknown>> {
    // One after the other, as with a generator, whoever asks for two at once.
    const turn = this.#turn.then(() => this.#next());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #next(): Promise<IteratorResult<unknown>> {
    if (this.#isOver) return this.#afterTheEnd();
    try {
      const waiter = (this.#waiter ??= new Waiter(this.#scope));
      const items = (this.#items ??= this.#source[Symbol.asyncIterator]());
      const item = await waiter.wait(() => items.next());
      this.#scope.moved();
      if (this.#isOver) return this.#afterTheEnd();
      if (item.done !== true) return { done: false, value: copyValue(item.value) };
    } catch (thrown) {
      const failure = this.#failure(thrown);
      this.#stop();
      throw failure;
    }
    this.#isOver = true;
    return over;
  }

  /** The handler wants no more. */
  return(): Promise<IteratorResult<unknown>> {
    this.#stop();
    return Promise.resolve(over);
  }

  /** The call is over: tells the sender to stop, and a wait that was left behind that nothing comes. Safe to call twice. */
  end(): void {
    if (this.#isOver) return;
    this.#isCut = true;
    this.#stop();
    this.#waiter?.end(this.#cutBy());
  }

  #stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    stop(() => this.#items ?? this.#source[Symbol.asyncIterator]());
  }

  #cutBy(): SkeinError {
    return this.#scope.lifetime.error ?? skeinError("SKEIN_CALL_CANCELED");
  }

  /** A handler that left work behind, which reads on when its call is over, must not take the end for the sender's. */
  #afterTheEnd(): IteratorResult<unknown> {
    if (this.#isCut) throw this.#cutBy();
    return over;
  }

  #failure(thrown: unknown): SkeinError {
    const { endpoint, lifetime } = this.#scope;
    if (this.#isCut || lifetime.error !== undefined) return this.#cutBy();
    if (thrown instanceof ValueSetError) {
      const detail = `an item sent to ${endpoint.id}: ${thrown.path} is ${thrown.found}`;
      return skeinError("SKEIN_VALUE_SET", detail, { cause: thrown, outcome: "unknown" });
    }
    return skeinError("SKEIN_CALL_INCOMING", undefined, { cause: thrown });
  }
}

/** Tells the sender of a call that never began to stop: what it holds open (a file, a socket) is closed. */
export function dismiss(source: AsyncIterable<unknown> | undefined): void {
  if (source !== undefined) stop(() => source[Symbol.asyncIterator]());
}

/** Not awaited, and nobody's failure: a sender that hangs in its own wait would hang the call. */
function stop(find: () => AsyncIterator<unknown>): void {
  try {
    void Promise.resolve(find().return?.()).catch(() => undefined);
  } catch {
    // A source that cannot even be opened has nothing to stop.
  }
}
