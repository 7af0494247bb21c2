/**
 * Owns one wait of a call that has no total limit: for the next item of a stream, in either direction. It must never let a
 * wait outlast the call's lifetime, or the limit of a wait.
 */
import type { SkeinError } from "../errors/index.ts";
import { Lifetime, Mortal } from "./lifetime.ts";
import type { CallScope } from "./scope.ts";

/** Longest wait for one item: a stream has no total limit unless its policy or caller sets one. */
const idleMaxMs = 300_000;
/** The same for a channel, which often has nothing to say: the connection below it shows by itself that it lives. */
const channelIdleMaxMs = 3_600_000;

/** Waits for one promise at a time, until it settles, the call's lifetime ends, or it took longer than an item may. */
export class Waiter extends Mortal {
  readonly #scope: CallScope;
  readonly #limitMs: number;
  #fail: ((error: SkeinError) => void) | undefined = undefined;

  constructor(scope: CallScope, limitMs?: number) {
    super();
    this.#scope = scope;
    this.#limitMs = limitMs ?? (scope.endpoint.isChannel ? channelIdleMaxMs : idleMaxMs);
  }

  /** `start` is not called once the lifetime is over: nothing would hear what it gives. */
  wait<T>(start: () => Promise<T>): Promise<T> {
    const { runtime, lifetime } = this.#scope;
    return new Promise((resolve, reject) => {
      if (lifetime.error !== undefined) return reject(lifetime.error);
      // An iterator of somebody else's own may answer without a promise.
      const promise = Promise.resolve(start());
      this.#fail = reject;
      const idle = new Lifetime(runtime.clock.monotonic() + this.#limitMs, lifetime);
      idle.start(runtime.wheelOf(lifetime), undefined);
      idle.join(this);
      const done = () => {
        idle.leave(this);
        idle.release();
      };
      // Out of this wait's lifetime before the reader goes on: its next wait joins another one.
      promise.then(
        (value) => {
          done();
          resolve(value);
        },
        (error: unknown) => {
          done();
          reject(error as Error);
        },
      );
    });
  }

  override end(error: SkeinError): void {
    this.#fail?.(error);
  }
}
