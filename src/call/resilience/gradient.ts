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
/** A call may take so many times as long as its method usually does. */
const tolerance = 1.5;
/** Room to try whether more would fit, for each window: a share of the limit, and never less than this. */
const spareShare = 0.25;
const spareMin = 4;
/** How much of a new limit counts, so that one odd window changes little. */
const smoothing = 0.2;
/** The usual time of a method follows its last calls, this many of them. */
const usualCalls = 600;
const warmCalls = 10;
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
  #calls = 0;

  /**
   * How many times the usual this call took; 1 while little is known. What a call took in a full host is learnt only where
   * it was less: otherwise an overload that lasts would become what is usual, and the limit would grow with it.
   */
  take(tookMs: number, isCalm: boolean): number {
    const isKnown = this.#calls >= warmCalls && this.ms > 0;
    const ratio = isKnown ? tookMs / this.ms : 1;
    if (isKnown && !isCalm && ratio > 1) return ratio;
    this.ms += (tookMs - this.ms) / Math.min(usualCalls, ++this.#calls);
    return ratio;
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
 * compared with its own method's usual time, so that a change of what is called is not taken for an overload. What is usual
 * is learnt from calls that had company of at most half the limit; where there were none for long, the host is emptied for a
 * moment to see (as BBR does for a network's delay: https://queue.acm.org/detail.cfm?id=3022184).
 */
export class Gradient {
  #limit = limitFirst;
  #calls = 0;
  #ratios = 0;
  #most = 0;
  /** Until the first sign of slowing down the limit doubles with each full window, as TCP begins. */
  #isStarting = true;
  #isAtEase = true;
  #meanMs = 0;
  #measured = 0;
  #calmAtMs = 0;
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

  /** Whether a call that begins beside so many others says how long one usually takes. */
  isCalm(underWay: number): boolean {
    return this.#probe === undefined ? underWay * 2 <= this.#limit : this.#probe.hasEmptied;
  }

  /** A call is over that took so long, beside so many others. */
  sample(usual: Usual, tookMs: number, isCalm: boolean, underWay: number, nowMs: number): void {
    this.#meanMs += (tookMs - this.#meanMs) / Math.min(100, ++this.#measured);
    if (isCalm) this.#calmAtMs = nowMs;
    if (this.#probe !== undefined) {
      if (isCalm && this.#probe.calls === 0) usual.doubt();
      usual.take(tookMs, isCalm);
      return this.#probed(this.#probe, isCalm, underWay, nowMs);
    }
    this.#ratios += usual.take(tookMs, isCalm);
    if (underWay > this.#most) this.#most = underWay;
    if (++this.#calls >= windowCalls) this.#follow();
    if (nowMs - this.#calmAtMs > Math.max(probeAfterMs, this.#meanMs * probeAfterCalls)) this.#beginProbe(nowMs);
  }

  /** Calls wait for a place, and none of those that have one ends: they wait for something else. */
  widen(): void {
    this.#limit = Math.min(heldMax, this.#limit * 2);
  }

  #follow(): void {
    const gradient = Math.max(0.5, Math.min(1, (tolerance * this.#calls) / this.#ratios));
    const most = this.#most;
    this.#calls = this.#ratios = this.#most = 0;
    this.#isAtEase = gradient === 1;
    if (gradient < 1) this.#isStarting = false;
    // Half empty: it was not the limit that held calls back, and to raise or cut it would be a guess.
    if (most * 2 < this.#limit) return;
    const wanted = this.#limit * gradient + Math.max(spareMin, this.#limit * spareShare);
    const next = this.#isStarting ? this.#limit * 2 : this.#limit * (1 - smoothing) + wanted * smoothing;
    this.#limit = Math.max(limitMin, Math.min(Math.max(limitMax, this.#limit), next));
  }

  #beginProbe(nowMs: number): void {
    this.#probe = { endMs: nowMs + Math.max(probeMs, this.#meanMs * probeCalls), hasEmptied: false, calls: 0 };
    this.#calls = this.#ratios = this.#most = 0;
  }

  #probed(probe: Probe, isCalm: boolean, underWay: number, nowMs: number): void {
    if (underWay <= this.limit) probe.hasEmptied = true;
    if (isCalm) probe.calls++;
    if (probe.calls < Math.max(warmCalls, this.limit) && nowMs < probe.endMs) return;
    this.#probe = undefined;
    this.#calmAtMs = nowMs;
  }
}
