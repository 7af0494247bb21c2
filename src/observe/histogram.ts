/**
 * Owns a latency histogram of fixed memory. It must never average percentiles or grow with the number of samples.
 * Buckets are log-linear (as in HdrHistogram: 64 steps to a doubling, so a value is off by at most 1.6 %).
 */

const stepsPerDoubling = 64;
const lowestMs = 0.001;
/** 28 doublings above a microsecond: a little over four minutes; longer values count in the last bucket. */
const bucketCount = 28 * stepsPerDoubling;
/**
 * The bucket is read off the number's own bits: the exponent is the doubling, the six highest bits of the fraction the
 * step in it. A logarithm for every call cost more than all the rest of recording it.
 */
const number = new Float64Array(1);
const words = new Uint32Array(number.buffer);
const highWord = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;
const stepBits = Math.log2(stepsPerDoubling);
const shift = 20 - stepBits;
/** What the bits of 1 say, the lowest value after scaling. */
const bitsOfOne = 1023 << stepBits;

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
    const index = ms <= lowestMs ? 0 : Math.min(bucketCount - 1, bucketOf(ms / lowestMs));
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
    this.#count++;
    this.#sumMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /** Forgets every sample. */
  clear(): void {
    this.#buckets.fill(0);
    this.#count = this.#sumMs = this.#maxMs = 0;
  }

  get count(): number {
    return this.#count;
  }

  /** The value below which the share `quantile` (0 to 1) of the samples lies, in milliseconds; 0 without samples. */
  quantile(quantile: number): number {
    return this.#upwards()(quantile);
  }

  summary(): HistogramSummary {
    const next = this.#upwards();
    return {
      count: this.#count,
      meanMs: this.#count === 0 ? 0 : this.#sumMs / this.#count,
      maxMs: this.#maxMs,
      p50Ms: next(0.5),
      p99Ms: next(0.99),
      p999Ms: next(0.999),
    };
  }

  /** Gives quantiles in ascending order, in one walk over the buckets: each host sums up all of its endpoints twice a second. */
  #upwards(): (quantile: number) => number {
    let seen = 0;
    let index = -1;
    return (quantile) => {
      const rank = Math.max(1, Math.ceil(quantile * this.#count));
      while (seen < rank && index < bucketCount - 1) seen += this.#buckets[++index] as number;
      return seen < rank ? 0 : Math.min(this.#maxMs, endOf(index));
    };
  }
}

function bucketOf(scaled: number): number {
  number[0] = scaled;
  return ((words[highWord] as number) >>> shift) - bitsOfOne;
}

/** Where a bucket ends, in milliseconds. */
function endOf(index: number): number {
  const doubling = Math.floor(index / stepsPerDoubling);
  const step = index % stepsPerDoubling;
  return lowestMs * 2 ** doubling * (1 + (step + 1) / stepsPerDoubling);
}
