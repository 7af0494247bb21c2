/**
 * A first-in, first-out queue that never grows beyond its limit.
 * Must never block, grow or drop by itself: the owner decides what a refused offer means.
 */
import { assert } from "./assert.ts";

/** @since 0.1.0 */
export interface BoundedQueue<T> {
  /** Appends `item`; `false` when the queue is full, and then nothing changed. O(1). */
  offer(item: T): boolean;
  /** Removes and returns the oldest item; `undefined` when empty. O(1). */
  take(): T | undefined;
  /** Items waiting now. */
  readonly size: number;
  /** Items it holds at most. */
  readonly limit: number;
}

const firstCapacity = 16;

/**
 * A queue for at most `limit` items (a whole number, 1 to 2^30). Memory follows use, up to the limit, by doubling; an empty
 * queue that has never held anything has none.
 * @since 0.1.0
 */
export function createBoundedQueue<T>(limit: number): BoundedQueue<T> {
  assert(
    Number.isInteger(limit) && limit >= 1 && limit <= 2 ** 30,
    `a queue's limit is a whole number from 1 to 2^30, not ${limit}`,
  );
  return new Ring(limit);
}

class Ring<T> implements BoundedQueue<T> {
  readonly limit: number;
  /** Its length stays a power of two, or 0, so that wrapping is a mask. */
  #items: (T | undefined)[] = none;
  #head = 0;
  #size = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.#size;
  }

  offer(item: T): boolean {
    if (this.#size === this.limit) return false;
    if (this.#size === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#size) & (this.#items.length - 1)] = item;
    this.#size++;
    return true;
  }

  take(): T | undefined {
    if (this.#size === 0) return undefined;
    const items = this.#items;
    const item = items[this.#head];
    items[this.#head] = undefined; // or the ring would keep what left it alive
    this.#head = (this.#head + 1) & (items.length - 1);
    this.#size--;
    return item;
  }

  #grow(): void {
    const now = this.#items;
    const next = new Array<T | undefined>(now.length === 0 ? firstCapacity : now.length * 2).fill(undefined);
    for (let i = 0; i < this.#size; i++) next[i] = now[(this.#head + i) & (now.length - 1)];
    this.#items = next;
    this.#head = 0;
  }
}

const none = Object.freeze([]) as unknown as never[];
