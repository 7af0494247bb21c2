/**
 * Owns a latency histogram of fixed memory. It must never average percentiles or grow with the number of samples.
 * Buckets are log-linear (as in HdrHistogram: 32 steps to a doubling, so a value is off by at most about 3 %).
 */

const stepsPerDoubling = 32;
const lowestMs = 0.001;
/** 28 doublings above a microsecond: a little over four minutes; longer values count in the last bucket. */
const bucketCount = 28 * stepsPerDoubling;
const scale = stepsPerDoubling / Math.LN2;

export interface HistogramSummary {
  readonly count: number;
  readonly meanMs: number;
  readonly maxMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

export class Histogram {
  readonly #buckets = new Uint32Array(bucketCount);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  record(ms: number): void {
    const index = ms <= lowestMs ? 0 : Math.min(bucketCount - 1, Math.floor(Math.log(ms / lowestMs) * scale));
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
    this.#count++;
    this.#sumMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  get count(): number {
    return this.#count;
  }

  /** The value below which the share `quantile` (0 to 1) of the samples lies, in milliseconds; 0 without samples. */
  quantile(quantile: number): number {
    const rank = Math.max(1, Math.ceil(quantile * this.#count));
    let seen = 0;
    for (let i = 0; i < bucketCount; i++) {
      seen += this.#buckets[i] ?? 0;
      if (seen >= rank) return Math.min(this.#maxMs, lowestMs * Math.exp((i + 1) / scale));
    }
    return 0;
  }

  summary(): HistogramSummary {
    return {
      count: this.#count,
      meanMs: this.#count === 0 ? 0 : this.#sumMs / this.#count,
      maxMs: this.#maxMs,
      p50Ms: this.quantile(0.5),
      p99Ms: this.quantile(0.99),
      p999Ms: this.quantile(0.999),
    };
  }
}
