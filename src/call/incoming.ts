/**
 * Owns what a caller sends to a running method, item by item: each one copied, pulled when the handler asks for it. It
 * must never read ahead, and never be read twice.
 */
import { copyValue, ValueSetError } from "../core/index.ts";
import { type SkeinError, skeinError } from "../errors/index.ts";
import type { CallScope } from "./scope.ts";
import { Waiter, type WaiterOwner } from "./waiter.ts";

const over: IteratorResult<unknown> = Object.freeze({ done: true, value: undefined });

/** One inbound stream; it ends with the call that it came with. */
export class Incoming implements AsyncIterableIterator<unknown>, WaiterOwner {
  readonly #scope: CallScope;
  readonly #source: AsyncIterable<unknown>;
  #items: AsyncIterator<unknown> | undefined;
  #waiter: Waiter | undefined;
  /** The last item that was asked for, and how many have not been given. */
  #turn: Promise<IteratorResult<unknown>> | undefined;
  #asked = 0;
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
    const next = (): Promise<IteratorResult<unknown>> => this.#next();
    // One after the other, as with a generator, whoever asks for two at once; most ask for one, and wait with one promise.
    const turn = this.#asked++ === 0 ? this.#next() : (this.#turn as Promise<unknown>).then(next, next);
    this.#turn = turn;
    return turn;
  }

  #next(): Promise<IteratorResult<unknown>> {
    if (this.#isOver) {
      const answer = this.#isCut ? Promise.reject<never>(this.#cutBy()) : Promise.resolve(over);
      answer.catch(ignore);
      this.#answered();
      return answer;
    }
    this.#waiter ??= new Waiter(this.#scope, undefined, this);
    return this.#waiter.wait(this.#pull);
  }

  readonly #pull = (): Promise<IteratorResult<unknown>> =>
    (this.#items ??= this.#source[Symbol.asyncIterator]()).next();

  /** For its waiter: an item came. Throws what is wrong with it. */
  given(item: IteratorResult<unknown>): IteratorResult<unknown> {
    this.#scope.moved();
    if (this.#isCut) throw this.#cutBy();
    const isLast = this.#isOver || item.done === true;
    const given: IteratorResult<unknown> = isLast ? over : { done: false, value: copyValue(item.value) };
    if (isLast) {
      this.#isOver = true;
      this.#waiter?.close();
    }
    this.#answered();
    return given;
  }

  /** For its waiter: none comes. */
  failed(thrown: unknown): SkeinError {
    const failure = this.#failure(thrown);
    this.#answered();
    this.#stop();
    return failure;
  }

  /** A handler may leave a wait behind: that it fails is no reason to end the process. */
  #answered(): void {
    this.#turn?.catch(ignore);
    if (--this.#asked === 0) this.#turn = undefined;
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
    this.#waiter?.close();
    stop(() => this.#items ?? this.#source[Symbol.asyncIterator]());
  }

  #cutBy(): SkeinError {
    return this.#scope.lifetime.error ?? skeinError("SKEIN_CALL_CANCELED");
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

function ignore(): void {}
