/**
 * Owns which host of a group the next call goes to, of those whose connections are open: by chance and by their calls under
 * way, less to the young and to those that leave, not to those that fail. It must never open a connection.
 */
import { AssertionFailed, type Clock, type Random } from "../../core/index.ts";
import { isPanic, mayEject } from "../../call/index.ts";
import type { Replica } from "./replica.ts";

/**
 * A process that has just started is slow at first, and what compiles its code is not there for others: its share of the calls
 * grows for so long, from this. Longer where others stay until it has grown (`mover.ts`): nobody has more to do meanwhile.
 */
const ramp = { usualMs: 5_000, besideLeavingMs: 15_000, from: 0.05 } as const;
/** One that is to end when others have its place is asked the less the more these have grown, down to this. */
const leavingShare = 0.1;

export class Choice {
  readonly #clock: Clock;
  readonly #random: Random;
  #replicas: readonly Replica[] = [];
  /** Until then one of them may be left out, on the monotonic clock. */
  #outUntilMs = 0;
  /** Until then one of them may be young, or is about to leave. */
  #rampUntilMs = 0;
  #rampMs: number = ramp.usualMs;

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Those that there are from now on. */
  update(replicas: readonly Replica[]): void {
    this.#replicas = replicas;
    const hasLeaving = replicas.some(({ isLeaving }) => isLeaving);
    this.#rampMs = hasLeaving ? ramp.besideLeavingMs : ramp.usualMs;
    const grown = replicas.map(({ youngSinceMs }) => youngSinceMs + this.#rampMs);
    this.#rampUntilMs = hasLeaving ? Infinity : Math.max(0, ...grown);
  }

  /**
   * The next one, of so many that are open: of two taken by chance the one with fewer calls under way (the power of two
   * choices: Mitzenmacher, 2001).
   */
  next(open: number): Replica | undefined {
    if (open === 0) return undefined;
    if (open === 1) return this.#open(0);
    if (this.#outUntilMs > 0 || this.#rampUntilMs > 0) return this.#grown(this.#usable());
    const first = this.#random.int(open);
    return lighter(this.#open(first), this.#open(this.#besides(first, open)));
  }

  /** The same, for a call that was sent to some: another one, where there is one. */
  other(tried: readonly Replica[]): Replica | undefined {
    const usable = this.#usable();
    const others = usable.filter((replica) => !tried.includes(replica));
    return this.#ofTwo(others.length > 0 ? others : usable);
  }

  /** A call to `replica` failed, and it is the replica's failure. */
  blame(replica: Replica): void {
    const own = answersOf(replica);
    let others = -own;
    for (const one of this.#replicas) others += answersOf(one);
    if (replica.standing.failed(own, others)) this.#eject(replica);
  }

  /** Its connection was lost with calls on it. */
  lost(replica: Replica): void {
    if (!replica.standing.isOut(this.#clock.monotonic())) this.#eject(replica);
  }

  #eject(replica: Replica): void {
    const now = this.#clock.monotonic();
    const out = this.#replicas.filter(({ standing }) => standing.isOut(now)).length;
    if (!mayEject(this.#replicas.length, out)) return;
    replica.standing.eject(now);
    this.#outUntilMs = Math.max(this.#outUntilMs, replica.standing.untilMs);
  }

  /** Those that are open and not left out, or all that are open where these are too few. */
  #usable(): readonly Replica[] {
    const now = this.#clock.monotonic();
    if (now >= this.#outUntilMs) this.#outUntilMs = 0;
    const open = this.#replicas.filter(({ connection }) => connection?.isOpen === true);
    const usable = open.filter(({ standing }) => !standing.isOut(now));
    return isPanic(this.#replicas.length, usable.length) ? open : usable;
  }

  /**
   * One of those, of which a young one is asked with the chance that it has come to by now (as with Envoy's slow start), one
   * that leaves with what the youngest has not come to, and either in any case where another one has so many more calls: that
   * one may hang.
   */
  #grown(among: readonly Replica[]): Replica | undefined {
    const now = this.#clock.monotonic();
    if (now >= this.#rampUntilMs) this.#rampUntilMs = 0;
    if (this.#rampUntilMs === 0) return this.#ofTwo(among);
    const ageOf = ({ youngSinceMs }: Replica): number =>
      Math.min(1, Math.max(ramp.from, (now - youngSinceMs) / this.#rampMs));
    const staying = among.filter(({ isLeaving }) => !isLeaving);
    const left = staying.length === 0 ? 1 : Math.max(leavingShare, 1 - Math.min(...staying.map(ageOf)));
    const shareOf = (replica: Replica): number => (replica.isLeaving ? left : ageOf(replica));
    const grown = among.filter((replica) => this.#random.float() < shareOf(replica));
    const chosen = this.#ofTwo(grown.length === 0 ? among : grown);
    const spared = among.find(
      (replica) =>
        chosen !== undefined && loadOf(replica) / shareOf(replica) < loadOf(chosen) && !grown.includes(replica),
    );
    return spared ?? chosen;
  }

  #ofTwo(among: readonly Replica[]): Replica | undefined {
    if (among.length < 2) return among[0];
    const first = this.#random.int(among.length);
    return lighter(among[first] as Replica, among[this.#besides(first, among.length)] as Replica);
  }

  /** Another one of so many: compared with itself, one that hangs would still be chosen. */
  #besides(first: number, count: number): number {
    const second = this.#random.int(count - 1);
    return second < first ? second : second + 1;
  }

  /** The nth open one, from 0. No list of them is made: this is on the way of every call. */
  #open(nth: number): Replica {
    let left = nth;
    for (const replica of this.#replicas) if (replica.connection?.isOpen === true && left-- === 0) return replica;
    throw new AssertionFailed("as many were counted");
  }
}

function lighter(first: Replica, second: Replica): Replica {
  return (second.connection?.inFlight ?? 0) < (first.connection?.inFlight ?? 0) ? second : first;
}

/** With the call that is to be sent. */
function loadOf({ connection }: Replica): number {
  return (connection?.inFlight ?? 0) + 1;
}

function answersOf({ answered, connection }: Replica): number {
  return answered + (connection?.answered ?? 0);
}
