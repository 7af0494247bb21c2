/**
 * Owns one wait of a call that has no total limit: for the next item of a stream, in either direction. It must never let a
 * wait outlast the call's lifetime, or the limit of a wait, and must cost little while nothing comes: a host has as many as
 * it has open streams.
 */
import { type SkeinError, skeinError } from "../errors/index.ts";
import { Mortal } from "./lifetime.ts";
import type { CallScope } from "./scope.ts";

/** Longest wait for one item: a stream has no total limit unless its policy or caller sets one. */
const idleMaxMs = 300_000;
/** The same for a channel, which often has nothing to say: the connection below it shows by itself that it lives. */
const channelIdleMaxMs = 3_600_000;

/** Who waits, where what comes is not simply handed on. */
export interface WaiterOwner {
  /** What the wait gives of what came; may throw. */
  given(value: unknown): unknown;
  /** What the wait rejects with, whatever ended it. */
  failed(thrown: unknown): Error;
}

/**
 * Waits for one promise at a time, until it settles, the call's lifetime ends, or it took longer than an item may. What
 * ended one wait early refuses each that follows. Whoever made it calls `close()`, unless the lifetime ends by then.
 */
export class Waiter extends Mortal {
  readonly #scope: CallScope;
  readonly #owner: WaiterOwner | undefined;
  readonly #limitMs: number;
  readonly #alarm = new Alarm(this);
  #isJoined = false;
  #error: SkeinError | undefined = undefined;
  /** When the wait is over, on the monotonic clock. */
  #dueMs = 0;
  #resolve: ((value: unknown) => void) | undefined = undefined;
  #reject: ((error: Error) => void) | undefined = undefined;

  constructor(scope: CallScope, limitMs?: number, owner?: WaiterOwner) {
    super();
    this.#scope = scope;
    this.#owner = owner;
    this.#limitMs = limitMs ?? (scope.endpoint.isChannel ? channelIdleMaxMs : idleMaxMs);
  }

  /** `start` is not called once the lifetime is over: nothing would hear what it gives. */
  wait<T>(start: () => Promise<unknown>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve as (value: unknown) => void;
      this.#reject = reject;
      const { runtime, lifetime } = this.#scope;
      const error = lifetime.error ?? this.#error;
      if (error !== undefined) return this.#refused(error);
      try {
        // An iterator of somebody else's own may answer without a promise.
        Promise.resolve(start()).then(this.#given, this.#refused);
      } catch (thrown) {
        return this.#refused(thrown);
      }
      if (!this.#isJoined) {
        this.#isJoined = true;
        lifetime.join(this);
      }
      this.#dueMs = runtime.clock.monotonic() + this.#limitMs;
      // One that was armed for a wait before this one looks again when it is due: a busy stream pays for no timers.
      if (this.#alarm.chain === undefined) this.#arm();
    });
  }

  /** Nothing is waited for any more. */
  close(): void {
    this.#alarm.chain?.remove(this.#alarm);
    if (!this.#isJoined) return;
    this.#isJoined = false;
    this.#scope.lifetime.leave(this);
  }

  override end(error: SkeinError): void {
    this.#error ??= error;
    this.close();
    this.#refused(error);
  }

  /** The alarm's time has come; an error where the host closes. */
  due(error: SkeinError): void {
    if (error.code !== "SKEIN_CALL_DEADLINE") return this.end(error);
    if (this.#reject === undefined) return;
    if (this.#scope.runtime.clock.monotonic() >= this.#dueMs) this.end(skeinError("SKEIN_CALL_DEADLINE"));
    else this.#arm();
  }

  #arm(): void {
    const { runtime, lifetime } = this.#scope;
    if (this.#dueMs >= lifetime.deadlineMs) return;
    this.#alarm.deadlineMs = this.#dueMs;
    runtime.wheelOf(lifetime).watch(this.#alarm);
  }

  // Made once: two functions for each wait would be kept as long as it lasts.
  readonly #given = (value: unknown): void => {
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    try {
      const given = this.#owner === undefined ? value : this.#owner.given(value);
      this.#resolve = this.#reject = undefined;
      resolve(given);
    } catch (thrown) {
      this.#refused(thrown);
    }
  };

  readonly #refused = (thrown: unknown): void => {
    const reject = this.#reject;
    if (reject === undefined) return;
    this.#resolve = this.#reject = undefined;
    reject(this.#owner === undefined ? (thrown as Error) : this.#owner.failed(thrown));
  };
}

/** A waiter is linked in its call's lifetime; this is its second link, in the wheel. */
class Alarm extends Mortal {
  deadlineMs = 0;
  readonly #waiter: Waiter;

  constructor(waiter: Waiter) {
    super();
    this.#waiter = waiter;
  }

  override end(error: SkeinError): void {
    this.chain?.remove(this);
    this.#waiter.due(error);
  }
}
