/**
 * Owns how long calls may live: deadlines and cancellation of whole trees of calls. One `Lifetime` is shared by every
 * call that ends at the same instant, so that a nested call costs a link in a list and no timer. It must never make an
 * AbortController that nobody asked for.
 */
import type { Clock, Timer } from "../core/index.ts";
import { isSkeinError, type SkeinError, skeinError } from "../errors/index.ts";
import { Chain, Link } from "./chain.ts";

/** What ends when its lifetime ends: a call in flight, or a shorter lifetime. */
export abstract class Mortal extends Link {
  abstract end(error: SkeinError): void;
}

/** What a call needs of an AbortSignal, so that whoever starts many calls can bring something cheaper. */
export interface Cancellation {
  readonly aborted: boolean;
  readonly reason: unknown;
  /** Called at most once by a call, with one listener. */
  addEventListener(type: "abort", listener: AbortListener, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: AbortListener): void;
}

/**
 * An object that is there already, and no function: one made for each call costs its context too, and V8's collector of
 * young objects kept every call of a busy caller for it.
 */
export interface AbortListener {
  handleEvent(): void;
}

/** Deadlines are met up to this much late: one timer serves all calls of a tick. */
const tickMs = 10;

/** What a wheel ends when its time has come. */
export interface Timed extends Mortal {
  /** On the host's monotonic clock. It does not change while it is watched. */
  readonly deadlineMs: number;
}

class Bucket {
  readonly watched = new Chain<Timed>();
}

/** The timers of one host, or of one call from outside where hosts are isolated: at most one is armed at a time. */
export class DeadlineWheel {
  readonly #clock: Clock;
  readonly #buckets = new Map<number, Bucket>();
  #timer: Timer | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Its `end` takes it out of its chain; so may whoever wants to hear nothing any more. */
  watch(timed: Timed): void {
    const tick = Math.ceil(timed.deadlineMs / tickMs);
    let bucket = this.#buckets.get(tick);
    if (bucket === undefined) this.#buckets.set(tick, (bucket = new Bucket()));
    bucket.watched.add(timed);
    if (tick < this.#armedFor) this.#arm(tick);
  }

  /** Ends every call that still waits: nobody would tell it when its time has come. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    const buckets = [...this.#buckets.values()];
    this.#buckets.clear();
    for (const { watched } of buckets) {
      for (let t = watched.first; t !== undefined; t = watched.first) t.end(skeinError("SKEIN_CALL_CANCELED"));
    }
  }

  #arm(tick: number): void {
    this.#timer?.cancel();
    this.#armedFor = tick;
    const delayMs = Math.max(0, tick * tickMs - this.#clock.monotonic());
    // Waiting for a deadline is no reason to keep a process alive: the call it guards is.
    this.#timer = this.#clock.after(delayMs, () => this.#fire(), { unref: true });
  }

  #fire(): void {
    const due = Math.floor(this.#clock.monotonic() / tickMs);
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.#timer = undefined;
    let next = Number.POSITIVE_INFINITY;
    for (const [tick, bucket] of this.#buckets) {
      if (tick > due) {
        if (bucket.watched.first === undefined) this.#buckets.delete(tick);
        else next = Math.min(next, tick);
        continue;
      }
      this.#buckets.delete(tick);
      for (let t = bucket.watched.first; t !== undefined; t = bucket.watched.first) {
        t.end(skeinError("SKEIN_CALL_DEADLINE"));
      }
    }
    if (next < this.#armedFor) this.#arm(next);
  }
}

const once = Object.freeze({ once: true });

export class Lifetime extends Mortal implements AbortListener {
  /** When it ends, on the host's monotonic clock. */
  readonly deadlineMs: number;
  /** Who watches it, once it has started. */
  wheel: DeadlineWheel | undefined = undefined;
  readonly #members = new Chain<Mortal>();
  readonly #parent: Lifetime | undefined;
  #error: SkeinError | undefined;
  #controller: AbortController | undefined;
  /** The caller's own signal, while this listens to it. */
  #signal: Cancellation | undefined;

  constructor(deadlineMs: number, parent?: Lifetime) {
    super();
    this.deadlineMs = deadlineMs;
    this.#parent = parent;
  }

  /** Starts it: watched by the wheel, ended with its parent, and by the caller's own signal. */
  start(wheel: DeadlineWheel, signal: Cancellation | undefined): void {
    this.wheel = wheel;
    const isSooner = this.#parent === undefined || this.deadlineMs < this.#parent.deadlineMs;
    if (isSooner && this.deadlineMs !== Number.POSITIVE_INFINITY) wheel.watch(this);
    if (this.#parent !== undefined) this.#parent.join((this.#tie = new Tie(this)));
    if (signal === undefined) return;
    if (signal.aborted) return this.#canceled(signal);
    signal.addEventListener("abort", this, once);
    this.#signal = signal;
  }

  handleEvent(): void {
    this.#canceled(this.#signal);
  }

  #canceled(signal: Cancellation | undefined): void {
    // A deadline above that arrives as a signal (far away, or a handler's own signal handed on) is still a deadline.
    const code = isDeadline(signal?.reason) ? "SKEIN_CALL_DEADLINE" : "SKEIN_CALL_CANCELED";
    this.end(skeinError(code));
  }

  #tie: Tie | undefined;
  #isReleased = false;

  /** Why it ended, or `undefined` while it lives. */
  get error(): SkeinError | undefined {
    return this.#error;
  }

  /** Aborted when it ends. Made at first use: a controller for every call would cost more than the call. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#error !== undefined) this.#controller.abort(this.#error);
    }
    return this.#controller.signal;
  }

  join(member: Mortal): void {
    this.#members.add(member);
  }

  leave(member: Mortal): void {
    this.#members.remove(member);
    if (this.#isReleased && this.#members.first === undefined) this.#unlink();
  }

  /** Ends everything that lives in it, once. */
  override end(error: SkeinError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#unlink();
    for (let m = this.#members.first; m !== undefined; m = this.#members.first) {
      this.#members.remove(m);
      m.end(error);
    }
    this.#controller?.abort(error);
  }

  /**
   * The call it was made for is over. Calls that its handler started and did not wait for still live in it, and still
   * end when it does, as they would in another process; without any, nothing keeps it.
   */
  release(): void {
    this.#isReleased = true;
    if (this.#members.first === undefined) this.#unlink();
  }

  #unlink(): void {
    this.chain?.remove(this);
    if (this.#tie !== undefined) this.#parent?.leave(this.#tie);
    this.#signal?.removeEventListener("abort", this);
    this.#signal = undefined;
  }
}

/** A lifetime is linked in the wheel; this is its second link, in its parent. */
class Tie extends Mortal {
  readonly #child: Lifetime;

  constructor(child: Lifetime) {
    super();
    this.#child = child;
  }

  override end(error: SkeinError): void {
    this.#child.end(error);
  }
}

function isDeadline(reason: unknown): boolean {
  return isSkeinError(reason) && reason.code === "SKEIN_CALL_DEADLINE";
}
