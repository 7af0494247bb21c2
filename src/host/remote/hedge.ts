/**
 * Owns the second attempt of a query that is slow: to another replica, after most answers would have come, and the first of
 * the two counts (Dean and Barroso, "The Tail at Scale", 2013). It must never send a third, nor anything but a query.
 */
import type { AbortListener, Cancellation, RemoteCall, Told } from "../../call/index.ts";
import { type Clock, type Duration, type Timer, toMs } from "../../core/index.ts";
import type { SkeinError } from "../../errors/index.ts";
import { account, Sending } from "./attempts.ts";

/** Answers that say what is slow. */
const keptMax = 128;
const keptMin = 32;
/** How often they are looked through. */
const sortEvery = 16;

/** When a call of one method is slow. */
export class Slow {
  readonly #fixedMs: number | undefined;
  readonly #kept: number[] = [];
  #next = 0;
  #p95Ms: number | undefined;

  constructor(after: "p95" | Duration) {
    this.#fixedMs = after === "p95" ? undefined : toMs(after);
  }

  /** Milliseconds; `undefined` while too little is known. */
  get afterMs(): number | undefined {
    return this.#fixedMs ?? this.#p95Ms;
  }

  answered(tookMs: number): void {
    if (this.#fixedMs !== undefined) return;
    this.#kept[this.#next++ % keptMax] = tookMs;
    if (this.#next < keptMin || this.#next % sortEvery !== 0) return;
    this.#p95Ms = this.#kept.toSorted((a, b) => a - b)[Math.floor(this.#kept.length * 0.95)];
  }
}

/** One of two attempts, which can be called off by itself. */
class Racer extends Sending implements Told, Cancellation {
  readonly #race: Race;
  #listener: AbortListener | undefined;
  aborted = false;
  isOver = false;

  constructor(race: Race, { operation, throttle, head, input, group, replica }: Sending) {
    super(operation, throttle, head, input, group, replica);
    this.#race = race;
  }

  override get signal(): Cancellation {
    return this;
  }
  get reason(): unknown {
    return this.head.signal.reason;
  }
  addEventListener(_: "abort", listener: AbortListener): void {
    this.#listener = listener;
  }
  removeEventListener(): void {
    this.#listener = undefined;
  }

  abort(): void {
    if (this.isOver) return;
    this.isOver = this.aborted = true;
    this.#listener?.handleEvent();
  }

  resolve(reply: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#race.won(reply);
  }
  reject(error: SkeinError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#race.lost(this, error);
  }
}

/** The attempts of one call. */
export class Race implements AbortListener {
  readonly #call: RemoteCall;
  readonly #told: Told;
  readonly #slow: Slow;
  readonly #clock: Clock;
  readonly #first: Racer;
  #second: Racer | undefined;
  #timer: Timer | undefined;

  constructor(sending: Sending, slow: Slow, clock: Clock, told: Told) {
    this.#call = sending.head;
    this.#told = told;
    this.#slow = slow;
    this.#clock = clock;
    this.#first = new Racer(this, sending);
  }

  start(): void {
    if (this.#call.signal.aborted) return;
    this.#call.signal.addEventListener("abort", this);
    const { afterMs } = this.#slow;
    if (afterMs !== undefined) this.#timer = this.#clock.after(afterMs, this.#hedge, { unref: true });
    this.#first.send(this.#first);
  }

  won(reply: unknown): void {
    this.#slow.answered(this.#clock.monotonic() - this.#call.startMs);
    this.#over();
    this.#told.resolve(reply);
  }

  /** The other one may answer yet; if there is none, the call goes on as any other that has failed. */
  lost(racer: Racer, error: SkeinError): void {
    const other = racer === this.#first ? this.#second : this.#first;
    if (other !== undefined && !other.isOver) {
      other.wasLost = error.code === "SKEIN_TRANSPORT_LOST" && error.attempts === undefined;
      return account(racer, error, this.#clock.monotonic());
    }
    this.#over();
    const { operation, throttle, head, input, group, replica, bytes } = racer;
    const plain = new Sending(operation, throttle, head, input, group, replica);
    plain.bytes = bytes;
    plain.wasLost = racer.wasLost;
    plain.tried = other === undefined ? undefined : [other.replica];
    head.sending = plain;
    this.#told.reject(error);
  }

  readonly #hedge = (): void => {
    const { group, replica, bytes } = this.#first;
    const other = group.pickOther([replica]);
    if (other === undefined || other === replica || bytes === undefined) return;
    if (!group.budget.take(this.#clock.monotonic())) return;
    this.#call.attempts++;
    this.#call.sentMs = this.#clock.monotonic();
    this.#second = new Racer(this, this.#first);
    this.#second.replica = other;
    this.#second.bytes = bytes;
    this.#second.send(this.#second);
  };

  handleEvent(): void {
    this.#over();
  }

  #over(): void {
    this.#timer?.cancel();
    this.#call.signal.removeEventListener("abort", this);
    this.#first.abort();
    this.#second?.abort();
  }
}
