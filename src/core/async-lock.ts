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
   * When `signal` aborts before the turn comes, rejects with its reason and leaves the line.
   */
  acquire(options: { signal?: AbortSignal; limit: number }): Promise<() => void>;
  /** How many wait now, the holder not counted. */
  readonly waiting: number;
}

/** @since 0.1.0 */
export function createLock(): Lock {
  // A Set keeps the order of arrival and lets an aborted waiter leave in O(1).
  const line = new Set<() => void>();
  let held = false;

  function createRelease(): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const [next] = line;
      if (next) {
        line.delete(next);
        next();
      } else held = false;
    };
  }

  return {
    get waiting() {
      return line.size;
    },
    async acquire({ signal, limit }) {
      assert(limit >= 0, `a lock's limit is at least 0, not ${limit}`);
      signal?.throwIfAborted();
      if (!held) {
        held = true;
        return createRelease();
      }
      if (line.size >= limit) throw new LockFull(`the lock already has ${line.size} waiting, its limit is ${limit}`);
      return new Promise((resolve, reject) => {
        const enter = (): void => {
          signal?.removeEventListener("abort", leave);
          resolve(createRelease());
        };
        const leave = (): void => {
          line.delete(enter);
          reject(signal?.reason as Error);
        };
        line.add(enter);
        signal?.addEventListener("abort", leave, { once: true });
      });
    },
  };
}
