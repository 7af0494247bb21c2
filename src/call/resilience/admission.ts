/**
 * Owns how many calls from outside its process a host runs at once, and who waits for that: a few, for a moment. It must
 * never let a call wait that will not be served in time, nor count what a host's own services call in it.
 */
import type { Clock, Timer } from "../../core/index.ts";
import { type SkeinError, skeinError } from "../../errors/index.ts";
import { Gradient, type Usual } from "./gradient.ts";
import { InLine, Line } from "./line.ts";

/** Longest wait to be let in where a line has stood for longer than a crowd takes. */
const waitMaxMs = 100;
/** The same of a line that has just begun, and how long it may stand: a crowd, or a moment in which nothing ran, is no overload. */
const crowdMs = 500;
/** The time after a line has stood for longer in which one that begins is no crowd: the overload is here yet. 16 times the longest wait, as in RFC 8289, section 5.6. */
const calmMs = 1_600;
/** The same of a host whose code is cold: its first calls take many times what they will, and say nothing of what it can take. */
const coldWaitMaxMs = 2_000;
/** Calls that warm it, and the longest that this may take: slow calls are not cold for ever. */
const warmedBy = 1_000;
const coldMaxMs = 10_000;
/** Calls that wait at most, however quickly they would be served. */
const waitingMax = 1_024;
/** How long one turn of the event loop starts calls, before what has come meanwhile is read: cancellations, too. */
const turnMs = 5;
/** Turns without a new call that say that all is read, and turns for that at most: a connection is accepted in one turn, read in the next. */
const quietTurns = 2;
const readingTurnsMax = 64;
/** Calls begin to be counted as one turn's at most this often, so that it costs nothing. */
const turnLookMs = 1;
/** Of those under way so many oldest ones say whether they are held up. */
const oldestLooked = 16;
/** How often those that wait are looked at. */
const lookMs = 10;
/** Of calls that are far from the limit, one in so many is measured. */
const measuredOneIn = 8;

/** Who is told that a call waits for other hosts: with each call that is sent for it, and again when that is over. */
export interface Away {
  left(nowMs: number): void;
  back(nowMs: number): void;
}

/** A call that wants in: exactly one of `admitted` and `refused` is called, once, maybe at once. */
export abstract class Entrant extends InLine implements Away {
  /** From a service in another host: somebody's work is done in part already. */
  abstract readonly isNested: boolean;
  /** Its caller waits no longer. */
  abstract readonly isGone: boolean;
  /** How long calls of its method usually take. */
  abstract readonly usual: Usual;
  /** When it came, and later when it was let in, on the monotonic clock; 0 where it is not measured. */
  sinceMs = 0;
  /** Whether it was let in beside few others. */
  isCalm = false;
  #away = 0;
  #leftMs = 0;
  #awayMs = 0;

  left(nowMs: number): void {
    if (this.#away++ === 0) this.#leftMs = nowMs;
  }
  back(nowMs: number): void {
    if (--this.#away === 0) this.#awayMs += nowMs - this.#leftMs;
  }
  /** For how long any has been under way. */
  awayMs(nowMs: number): number {
    return this.#away === 0 ? this.#awayMs : this.#awayMs + nowMs - this.#leftMs;
  }

  /** `waitedMs` after it came. */
  abstract admitted(waitedMs: number): void;
  abstract refused(error: SkeinError): void;
}

export interface AdmissionOptions {
  readonly clock: Clock;
  /** Runs a function after the present turn's input was handled, and once more was read. */
  readonly soon: (run: () => void) => void;
}

/**
 * The limit adapts (`Gradient`). Calls of other services go first, and do not count those from outside: these may hold
 * every place while they wait for the others, and would wait for ever.
 */
export class Admission {
  readonly #clock: Clock;
  readonly #soon: (run: () => void) => void;
  readonly #gradient = new Gradient();
  readonly #nested = new Line<Entrant>();
  readonly #outside = new Line<Entrant>();
  /** Those under way, oldest first. */
  readonly #inside = new Line<Entrant>();
  #nestedUnderWay = 0;
  #outsideUnderWay = 0;
  #waiting = 0;
  #count = 0;
  /** Since when none has ended. */
  #endedMs = 0;
  #endedInAll = 0;
  /** When the first one came. */
  #firstMs = Number.POSITIVE_INFINITY;
  /** Since when there has always been somebody who waits. */
  #lineSinceMs = 0;
  /** Whether none had stood for longer than a crowd's does when that line began, and when one last did. */
  #isCrowd = true;
  #stoodMs = Number.NEGATIVE_INFINITY;
  #look: Timer | undefined;
  #lookDueMs = 0;
  #isDraining = false;
  #turnSinceMs = -1;
  #turnNextMs = 0;
  #hasCome = false;
  #quietTurns = 0;
  #readingTurns = 0;

  constructor({ clock, soon }: AdmissionOptions) {
    this.#clock = clock;
    this.#soon = soon;
  }

  get limit(): number {
    return this.#gradient.limit;
  }
  get waiting(): number {
    return this.#waiting;
  }
  get underWay(): number {
    return this.#nestedUnderWay + this.#outsideUnderWay;
  }

  /** Lets it in, lets it wait, or refuses it. */
  enter(entrant: Entrant): void {
    const now = this.#clock.monotonic();
    if (this.#endedInAll === 0 && now < this.#firstMs) this.#firstMs = now;
    if (this.#waiting === 0 && this.#hasRoom(entrant.isNested) && !this.#isTurnSpent(now)) this.#admit(entrant, now, 0);
    else this.#wait(entrant, now);
  }

  /** Whether what would hold its place for long, a stream or an upload, and so holds none, is refused. */
  get isOverrun(): boolean {
    return this.#waiting > 0 && this.#waiting >= this.#waitingMax(this.#clock.monotonic());
  }

  /** One that was let in is over. `wasCut`: since another host had no room, which says nothing of how long it would have taken. */
  leave(entrant: Entrant, wasCut = false): void {
    if (entrant.sinceMs !== 0 && !wasCut) {
      const now = this.#clock.monotonic();
      const { usual, isCalm } = entrant;
      this.#gradient.sample(usual, now - entrant.sinceMs, entrant.awayMs(now), isCalm, this.underWay, now);
    }
    this.#inside.remove(entrant);
    if (this.#waiting > 0) this.#endedMs = this.#clock.monotonic();
    this.#endedInAll++;
    if (entrant.isNested) this.#nestedUnderWay--;
    else this.#outsideUnderWay--;
    if (this.#waiting > 0) this.#drain();
  }

  #admit(entrant: Entrant, now: number, waitedMs: number): void {
    if (entrant.isNested) this.#nestedUnderWay++;
    else this.#outsideUnderWay++;
    const { underWay } = this;
    const isMeasured = underWay * 2 >= this.limit || this.#count++ % measuredOneIn === 0;
    entrant.sinceMs = isMeasured ? now : 0;
    entrant.isCalm = this.#gradient.isCalm(underWay);
    this.#inside.add(entrant);
    entrant.admitted(waitedMs);
  }

  #hasRoom(isNested: boolean): boolean {
    return this.#nestedUnderWay + (isNested ? 0 : this.#outsideUnderWay) < this.limit;
  }

  /** What would be served within the longest wait; never fewer than are under way. */
  #waitingMax(now: number): number {
    const { limit, meanMs } = this.#gradient;
    return meanMs === 0 || this.#isCold(now)
      ? waitingMax
      : Math.min(waitingMax, Math.ceil(limit * Math.max(1, this.#waitMaxMs(now) / meanMs)));
  }

  /**
   * As "Fail at Scale" has it for queues (https://queue.acm.org/detail.cfm?id=2839461, after CoDel, RFC 8289): patient with a
   * line that was empty a moment ago, impatient with one that stands. As CoDel has it, one that comes back soon is as it
   * was: an overload empties the line now and then, and a call that waits in three hosts on its way would wait thrice.
   */
  #waitMaxMs(now: number): number {
    if (this.#isCold(now)) return coldWaitMaxMs;
    if (this.#waiting === 0) return this.#isCalm(now) ? crowdMs : waitMaxMs;
    if (now - this.#lineSinceMs > crowdMs) this.#stoodMs = now;
    else if (this.#isCrowd) return crowdMs;
    return waitMaxMs;
  }

  #isCalm(now: number): boolean {
    return now - this.#stoodMs > calmMs;
  }

  #isCold(now: number): boolean {
    return this.#endedInAll < warmedBy && now - this.#firstMs <= coldMaxMs;
  }

  #wait(entrant: Entrant, now: number): void {
    if (this.#waiting >= this.#waitingMax(now)) this.#dropExpired(now);
    if (this.#waiting >= this.#waitingMax(now)) return entrant.refused(overloaded());
    entrant.sinceMs = now;
    (entrant.isNested ? this.#nested : this.#outside).add(entrant);
    if (this.#waiting++ === 0) {
      this.#lineSinceMs = now;
      this.#isCrowd = this.#isCalm(now);
    }
    this.#hasCome = true;
    if (this.#look !== undefined) return;
    this.#endedMs = now;
    this.#armLook(now);
  }

  /** Lets in those for whom there is room, as long as this turn may last. */
  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    let now = this.#clock.monotonic();
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      if (this.#isTurnSpent(now)) break;
      this.#takeOut(next);
      if (next.isGone) next.refused(overloaded());
      else this.#admit(next, now, now - next.sinceMs);
      now = this.#clock.monotonic();
    }
    this.#isDraining = false;
  }

  #next(): Entrant | undefined {
    if (this.#nested.first !== undefined && this.#hasRoom(true)) return this.#nested.first;
    return this.#outside.first !== undefined && this.#hasRoom(false) ? this.#outside.first : undefined;
  }

  #takeOut(entrant: Entrant): void {
    (entrant.isNested ? this.#nested : this.#outside).remove(entrant);
    this.#waiting--;
  }

  /** Those that have waited too long are first in line; those that nobody waits for are anywhere. */
  #dropExpired(now: number): void {
    const longestMs = this.#waitMaxMs(now);
    for (const line of [this.#nested, this.#outside]) {
      let behind: Entrant | undefined;
      for (let each = line.first; each !== undefined; each = behind) {
        behind = each.behind as Entrant | undefined;
        if (!each.isGone && now - each.sinceMs <= longestMs) continue;
        this.#takeOut(each);
        each.refused(overloaded());
      }
    }
  }

  /** Whether this turn of the loop has started calls for long enough. */
  #isTurnSpent(now: number): boolean {
    if (this.#turnSinceMs >= 0) return now - this.#turnSinceMs > turnMs;
    if (now >= this.#turnNextMs) {
      this.#turnSinceMs = now;
      this.#turnNextMs = now + turnLookMs;
      this.#soon(this.#turnOver);
    }
    return false;
  }

  readonly #turnOver = (): void => {
    if (this.#waiting > 0 && this.#isReading()) return this.#soon(this.#turnOver);
    this.#turnSinceMs = -1;
    this.#readingTurns = this.#quietTurns = 0;
    if (this.#waiting > 0) this.#drain();
  };

  /** Whether more calls may stand before the door, where no limit sees them. */
  #isReading(): boolean {
    this.#quietTurns = this.#hasCome ? 0 : this.#quietTurns + 1;
    this.#hasCome = false;
    return this.#quietTurns < quietTurns && ++this.#readingTurns < readingTurnsMax;
  }

  /**
   * All places are taken by calls of which none has ended for as long as one takes, and which are no slower than usual: they
   * wait for something that is not here. For a moment none ends anywhere, where one takes long.
   */
  #isStuck(now: number): boolean {
    if (now - this.#endedMs < this.#gradient.meanMs || this.#hasRoom(this.#nested.first !== undefined)) return false;
    return this.#gradient.isAtEase && !this.#isHeldUp(now);
  }

  /** Whether most of the oldest ones take longer already than they should: calls that are over say so too late. */
  #isHeldUp(now: number): boolean {
    let seen = 0;
    let late = 0;
    let one = this.#inside.first;
    for (; one !== undefined && seen < oldestLooked; one = one.behind as Entrant | undefined, seen++)
      if (one.sinceMs !== 0 && one.usual.isLate(now - one.sinceMs, one.awayMs(now))) late++;
    return late * 2 > seen;
  }

  #armLook(now: number): void {
    this.#lookDueMs = now + lookMs;
    this.#look = this.#clock.after(lookMs, this.#looked);
  }

  readonly #looked = (): void => {
    this.#look = undefined;
    // Time in which this process was held up is nobody's waiting.
    const now = this.#lookDueMs;
    this.#dropExpired(now);
    if (this.#waiting > 0 && this.#isStuck(now)) {
      this.#gradient.widen();
      this.#endedMs = now;
    }
    this.#drain();
    if (this.#waiting > 0) this.#armLook(this.#clock.monotonic());
  };
}

function overloaded(): SkeinError {
  return skeinError("SKEIN_HOST_OVERLOADED");
}
