/**
 * Owns how many requests to one service are in flight: so many, and a bounded line of others. It must never be left to
 * Node's agent, which does not count connections that are still being opened.
 */

interface Waiter {
  readonly go: () => void;
}

export class Slots {
  readonly #waitingMax: number;
  readonly #line = new Set<Waiter>();
  #free: number;

  constructor(most: number, waitingMax: number) {
    this.#free = most;
    this.#waitingMax = waitingMax;
  }

  get isFull(): boolean {
    return this.#free === 0 && this.#line.size >= this.#waitingMax;
  }

  /** Resolves when it is one's turn; rejects with the signal's reason. Whoever took one gives it back. */
  take(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#line.delete(waiter);
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        go: () => {
          signal.removeEventListener("abort", leave);
          resolve();
        },
      };
      this.#line.add(waiter);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  give(): void {
    const [next] = this.#line;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#line.delete(next);
    next.go();
  }
}
