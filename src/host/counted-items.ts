/**
 * Owns knowing when a stream begins and when it is over, for whoever counts what is in flight. It must never hold an item,
 * or change what the stream answers.
 */

/** A generator that hands another one on would do, and cost three times as much for as long as the stream has nothing to say. */
export class CountedItems implements AsyncIterableIterator<unknown, void, undefined> {
  readonly #source: AsyncIterable<unknown>;
  /** Told false at the first item that is asked for, and true once, when it is over. */
  readonly #count: (isOver: boolean) => void;
  #items: AsyncIterator<unknown, void, undefined> | undefined;
  #isOver = false;

  constructor(source: AsyncIterable<unknown>, count: (isOver: boolean) => void) {
    this.#source = source;
    this.#count = count;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown, void>> {
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    if (this.#items === undefined) {
      this.#items = this.#source[Symbol.asyncIterator]() as AsyncIterator<unknown, void, undefined>;
      this.#count(false);
    }
    const step = this.#items.next();
    step.then(this.#look, this.#over);
    return step;
  }

  /** A stream that was never begun begins no more. */
  return(): Promise<IteratorResult<unknown, void>> {
    if (this.#items === undefined) this.#isOver = true;
    const left = this.#items?.return?.();
    if (left === undefined) return Promise.resolve({ done: true, value: undefined });
    left.then(this.#over, this.#over);
    return left;
  }

  readonly #look = ({ done }: IteratorResult<unknown, void>): void => {
    if (done === true) this.#over();
  };

  readonly #over = (): void => {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#count(true);
  };
}
