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
 * A queue for at most `limit` items (a whole number, 1 to 2^30). Memory follows use, up to the limit, by doubling.
 * @since 0.1.0
 */
export function createBoundedQueue<T>(limit: number): BoundedQueue<T> {
  assert(
    Number.isInteger(limit) && limit >= 1 && limit <= 2 ** 30,
    `a queue's limit is a whole number from 1 to 2^30, not ${limit}`,
  );
  // The ring's length stays a power of two, so that wrapping is a mask.
  let ring: (T | undefined)[] = new Array<T | undefined>(firstCapacity).fill(undefined);
  let head = 0;
  let size = 0;

  function grow(): void {
    const next: (T | undefined)[] = new Array<T | undefined>(ring.length * 2).fill(undefined);
    for (let i = 0; i < size; i++) next[i] = ring[(head + i) & (ring.length - 1)];
    ring = next;
    head = 0;
  }

  return {
    limit,
    get size() {
      return size;
    },
    offer(item) {
      if (size === limit) return false;
      if (size === ring.length) grow();
      ring[(head + size) & (ring.length - 1)] = item;
      size++;
      return true;
    },
    take() {
      if (size === 0) return undefined;
      const item = ring[head];
      ring[head] = undefined; // or the ring would keep what left it alive
      head = (head + 1) & (ring.length - 1);
      size--;
      return item;
    },
  };
}
