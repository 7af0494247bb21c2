/**
 * A first-come, first-served lock for one process, with a bound on who may wait.
 * Must never be held across a wait without a deadline of its own: the lock has none, its callers do.
 */
import { assert } from "./assert.ts";

/** Too many already wait for the lock. @since 0.1.0 */
export class LockFull extends Error {
  static {
    this.prototype.name = "LockFull";
  }
}

/** @since 0.1.0 */
export interface Lock {
  /**
   * Waits for its turn and resolves to the function that lets the next one in (safe to call twice).
   * `limit` is how many may wait besides the holder: beyond it, rejects with {@link LockFull}.
   * With `isUrgent` it goes before those that are not: for the few things that must not wait behind a crowd.
   * When `signal` aborts before the turn comes, rejects with its reason and leaves the line.
   */
  acquire(options: { signal?: AbortSignal; limit: number; isUrgent?: boolean }): Promise<() => void>;
  /** How many wait now, the holder not counted. */
  readonly waiting: number;
}

/** @since 0.1.0 */
export function createLock(): Lock {
  // A Set keeps the order of arrival and lets an aborted waiter leave in O(1).
  const line = new Set<() => void>();
  const urgent = new Set<() => void>();
  let held = false;

  function createRelease(): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const from = urgent.size > 0 ? urgent : line;
      const [next] = from;
      if (next) {
        from.delete(next);
        next();
      } else held = false;
    };
  }

  return {
    get waiting() {
      return line.size + urgent.size;
    },
    async acquire({ signal, limit, isUrgent = false }) {
      assert(limit >= 0, `a lock's limit is at least 0, not ${limit}`);
      signal?.throwIfAborted();
      if (!held) {
        held = true;
        return createRelease();
      }
      const own = isUrgent ? urgent : line;
      if (own.size >= limit) throw new LockFull(`the lock already has ${own.size} waiting, its limit is ${limit}`);
      return new Promise((resolve, reject) => {
        const enter = (): void => {
          signal?.removeEventListener("abort", leave);
          resolve(createRelease());
        };
        const leave = (): void => {
          own.delete(enter);
          reject(signal?.reason as Error);
        };
        own.add(enter);
        signal?.addEventListener("abort", leave, { once: true });
      });
    },
  };
}
