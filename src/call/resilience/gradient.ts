/**
 * Owns how many calls a host takes at once: as many as it can before they slow each other down. It must never learn from
 * calls that were few: they say how long one takes, and not how many there may be.
 */

const limitFirst = 20;
const limitMin = 4;
const limitMax = 1_000;
/** Calls that may hold a place while they wait for something else: as many as a gateway has connections. */
const heldMax = 10_000;
/** Calls that together say whether it has become slower. */
const windowCalls = 20;
/** Calls may take so many times as long as their methods usually do. */
const tolerance = 1.5;
/** A single one counts as no longer than so many times: it may have waited for something of its own. */
const ratioMax = 20;
/** Room to try whether more would fit, for each window: a share of the limit, and never less than this. */
const spareShare = 0.25;
const spareMin = 4;
/** How much of a new limit counts, so that one odd window changes little; a lower one counts more, as everybody waits meanwhile. */
const smoothing = { up: 0.2, down: 0.5 } as const;
/** The usual time of a method follows its last calls, this many of them. */
const usualCalls = 200;
const warmCalls = 10;
/** Room that nobody has used is given back, so much of it each second: it was found when something else was called. */
const givenBack = 0.1;
const lookBackMs = 1_000;
/** A host that has been full for so long, and for so many of its calls' times, is emptied for a moment. */
const probeAfterMs = 5_000;
const probeAfterCalls = 50;
/** To this share of its limit. */
const probeShare = 0.25;
/** And for no longer than this, or so many of its calls' times. */
const probeMs = 1_000;
const probeCalls = 4;

/** How long the calls of one method usually take, where nothing holds them up. */
export class Usual {
  ms = 0;
  /** How much of it they usually wait for other hosts. */
  awayMs = 0;
  #calls = 0;

  /**
   * How long this call would usually have taken; what it took while little is known. What a call took in a full host is
   * learnt only where it was less: otherwise an overload that lasts would become what is usual, and the limit would grow
   * with it. `awayMs` of its time it waited for other hosts.
   */
  take(tookMs: number, isCalm: boolean, awayMs: number): number {
    const isKnown = this.#isKnown;
    const usualMs = isKnown ? this.ms : tookMs;
    if (isCalm || !isKnown || tookMs < usualMs) {
      const weight = 1 / Math.min(usualCalls, ++this.#calls);
      this.ms += (tookMs - this.ms) * weight;
      this.awayMs += (awayMs - this.awayMs) * weight;
    }
    return usualMs;
  }

  /**
   * How much longer than usual it waited for other hosts: the network's doing or theirs, and they limit what they take
   * themselves. Nothing while little is known.
   */
  excessMs(awayMs: number): number {
    return this.#isKnown ? Math.max(0, awayMs - this.awayMs) : 0;
  }

  /** Whether one that has been under way for so long takes longer than it should. */
  isLate(ms: number, awayMs: number): boolean {
    return this.#isKnown && ms - this.excessMs(awayMs) > this.ms * tolerance;
  }

  get #isKnown(): boolean {
    return this.#calls >= warmCalls && this.ms > 0;
  }

  /** From now on it follows what comes at once. */
  doubt(): void {
    this.#calls = Math.min(this.#calls, warmCalls);
  }
}

/** A moment in which a host has few calls, so that they show how long one takes. */
interface Probe {
  readonly endMs: number;
  hasEmptied: boolean;
  calls: number;
}

/**
 * Gradient2 of https://github.com/Netflix/concurrency-limits: the limit follows usual time / present time. Each call is
 * compared with its own method's usual time, so that a change of what is called is not taken for an overload. Both times are
 * added up over the calls, so that a few which hold most of the places count as such among many quick ones (Little's law: so
 * many would be under way if each took its usual time). What is usual
 * is learnt from calls that had little company; a host that has been full for long is emptied for a
 * moment to see (as BBR does for a network's delay: https://queue.acm.org/detail.cfm?id=3022184).
 */
export class Gradient {
  #limit = limitFirst;
  #calls = 0;
  #tookMs = 0;
  #usualMs = 0;
  #most = 0;
  /** The most under way since room was last given back. */
  #mostLately = 0;
  #lookedBackMs = 0;
  /** Until the first sign of slowing down the limit doubles with each full window, as TCP begins. */
  #isStarting = true;
  #isAtEase = true;
  #meanMs = 0;
  #measured = 0;
  #roomyAtMs = 0;
  #probe: Probe | undefined;

  get limit(): number {
    return this.#probe === undefined ? this.#limit : Math.max(limitMin, Math.floor(this.#limit * probeShare));
  }

  /** How long a call takes here, roughly; 0 while none was measured. */
  get meanMs(): number {
    return this.#meanMs;
  }

  /** Whether the last calls say that they do not slow each other down. */
  get isAtEase(): boolean {
    return this.#isAtEase;
  }

  /**
   * Whether a call that begins beside so many others says how long one usually takes. However high the limit: it may be
   * high because calls that took long were many.
   */
  isCalm(underWay: number): boolean {
    return this.#probe === undefined ? underWay * 2 <= Math.min(this.#limit, limitFirst) : this.#probe.hasEmptied;
  }

  /** A call is over that took so long, `awayMs` of it for other hosts, beside so many others. */
  sample(usual: Usual, tookMs: number, awayMs: number, isCalm: boolean, underWay: number, nowMs: number): void {
    this.#meanMs += (tookMs - this.#meanMs) / Math.min(100, ++this.#measured);
    if (underWay * 2 <= this.#limit) this.#roomyAtMs = nowMs;
    if (this.#probe !== undefined) {
      if (isCalm && this.#probe.calls === 0) usual.doubt();
      usual.take(tookMs, isCalm, awayMs);
      return this.#probed(this.#probe, isCalm, underWay, nowMs);
    }
    const ownMs = tookMs - usual.excessMs(awayMs);
    const usualMs = usual.take(tookMs, isCalm, awayMs);
    this.#usualMs += usualMs;
    this.#tookMs += Math.min(ownMs, usualMs * ratioMax);
    if (underWay > this.#most) this.#most = underWay;
    if (underWay > this.#mostLately) this.#mostLately = underWay;
    if (nowMs - this.#lookedBackMs > lookBackMs) this.#lookBack(nowMs);
    if (++this.#calls >= windowCalls) this.#follow();
    if (nowMs - this.#roomyAtMs > Math.max(probeAfterMs, this.#meanMs * probeAfterCalls)) this.#beginProbe(nowMs);
  }

  /** Calls wait for a place, and none of those that have one ends: they wait for something else. */
  widen(): void {
    this.#limit = Math.min(heldMax, this.#limit * 2);
  }

  #follow(): void {
    const gradient = this.#tookMs === 0 ? 1 : Math.max(0.5, Math.min(1, (tolerance * this.#usualMs) / this.#tookMs));
    const most = this.#most;
    this.#restart();
    this.#isAtEase = gradient === 1;
    if (gradient < 1) this.#isStarting = false;
    // Half empty: it was not the limit that held calls back, and to raise or cut it would be a guess.
    if (most * 2 < this.#limit) return;
    const wanted = this.#limit * gradient + Math.max(spareMin, this.#limit * spareShare);
    const share = wanted < this.#limit ? smoothing.down : smoothing.up;
    const next = this.#isStarting ? this.#limit * 2 : this.#limit * (1 - share) + wanted * share;
    this.#limit = Math.max(limitMin, Math.min(Math.max(limitMax, this.#limit), next));
  }

  #beginProbe(nowMs: number): void {
    this.#probe = { endMs: nowMs + Math.max(probeMs, this.#meanMs * probeCalls), hasEmptied: false, calls: 0 };
    this.#restart();
  }

  #restart(): void {
    this.#calls = this.#tookMs = this.#usualMs = this.#most = 0;
  }

  /** Otherwise a crowd of calls that only waited would leave room in which others hold each other up for ever. */
  #lookBack(nowMs: number): void {
    const needed = Math.max(limitFirst, this.#mostLately * 2, this.#limit * (1 - givenBack));
    if (needed < this.#limit) this.#limit = needed;
    this.#mostLately = 0;
    this.#lookedBackMs = nowMs;
  }

  #probed(probe: Probe, isCalm: boolean, underWay: number, nowMs: number): void {
    if (underWay <= this.limit) probe.hasEmptied = true;
    if (isCalm) probe.calls++;
    if (probe.calls < Math.max(warmCalls, this.limit) && nowMs < probe.endMs) return;
    this.#probe = undefined;
    this.#roomyAtMs = nowMs;
  }
}
