/**
 * "Bought together": counts pairs of items over a stream of baskets in bounded memory and ranks them by association.
 * Owns the counting and the ranking; must never read files or databases, and must never grow past its named limits.
 */

/** Limits of a counter; every one has a default. */
export interface PairCounterOptions {
  /** Distinct pairs kept at once, default 1,000,000 (24 MiB). When it is reached, the rarest half is dropped. */
  readonly pairsMax?: number;
  /** Distinct items kept, default 100,000. Further items are left out of their baskets and counted in `stats`. */
  readonly itemsMax?: number;
  /**
   * Items of a basket that are paired, default 100; a larger basket is counted by a sample of that many. In 25,284
   * real invoices 2.5 % were larger and made 76 % of all pairs (one has 1,114 items: 619,941 pairs). They are bulk
   * orders that say little: counting them whole found a held-out item less often (67.7 % against 70.3 %).
   */
  readonly basketItemsMax?: number;
  /** Related items ranked per item, default 20. */
  readonly relatedMax?: number;
  /** Baskets two items must share to be related, default 2: one shared basket is no evidence. */
  readonly togetherMin?: number;
}

/** An item bought with another one: the association's strength (above 0, unbounded) and the baskets they share. */
export interface Related {
  readonly sku: string;
  readonly score: number;
  readonly together: number;
}

/** What was counted, and what the limits cost. */
export interface PairStats {
  readonly baskets: number;
  readonly items: number;
  readonly pairs: number;
  /** Baskets larger than `basketItemsMax`, counted by a sample. */
  readonly oversized: number;
  /** Items that found no room within `itemsMax`, counted each time they were met. */
  readonly itemsIgnored: number;
  /** Pairs dropped to stay within `pairsMax`. */
  readonly pairsDropped: number;
  /** No pair's count is too low by more than this; 0 as long as nothing was dropped. */
  readonly undercountMax: number;
}

/** See {@link createPairCounter}. */
export interface PairCounter {
  /** Counts one basket. An item that is in it twice counts once. */
  add(basket: readonly string[]): void;
  /** The items most strongly bought together with `sku`, best first, at most `limit` and at most `relatedMax`. */
  related(sku: string, limit: number): Related[];
  /** Every item that has related items, with them: what to store. */
  entries(): IterableIterator<{ sku: string; related: Related[] }>;
  stats(): PairStats;
}

/**
 * A counter of pairs over a stream of baskets.
 *
 * The measure is Dunning's log-likelihood ratio G² (T. Dunning, "Accurate Methods for the Statistics of Surprise and
 * Coincidence", Computational Linguistics 19(1), 1993), for pairs that meet more often than chance would have it. Raw
 * counts would recommend the best sellers to everybody; lift would recommend coincidences of two rare items.
 *
 * Memory is bounded as in lossy counting (Manku and Motwani, VLDB 2002): when `pairsMax` pairs are kept, the rarest are
 * dropped, so a count may be too low, by `undercountMax` at most, and never too high. Space-saving, the usual
 * alternative, errs upwards and would invent associations.
 */
export function createPairCounter(options: PairCounterOptions = {}): PairCounter {
  const pairsMax = limit("pairsMax", options.pairsMax ?? 1_000_000, 2, 2 ** 26);
  const itemsMax = limit("itemsMax", options.itemsMax ?? 100_000, 2, 2 ** 24);
  const basketItemsMax = limit("basketItemsMax", options.basketItemsMax ?? 100, 2, 10_000);
  const relatedMax = limit("relatedMax", options.relatedMax ?? 20, 1, 1_000);
  const togetherMin = limit("togetherMin", options.togetherMin ?? 2, 1, 2 ** 31);
  const ids = new Map<string, number>();
  const skus: string[] = [];
  const itemCounts: number[] = [];
  const pairs = createPairTable(pairsMax);
  let baskets = 0;
  let oversized = 0;
  let itemsIgnored = 0;
  let ranking: Ranking | undefined;

  function idOf(sku: string): number | undefined {
    let id = ids.get(sku);
    if (id === undefined && skus.length < itemsMax) {
      id = skus.length;
      ids.set(sku, id);
      skus.push(sku);
      itemCounts.push(0);
    }
    if (id === undefined) itemsIgnored++;
    return id;
  }

  function ranked(): Ranking {
    ranking ??= rank({ pairs, skus, itemCounts, baskets, relatedMax, togetherMin });
    return ranking;
  }

  return {
    add(basket) {
      const distinct = new Set<number>();
      for (const sku of basket) {
        const id = idOf(sku);
        if (id !== undefined) distinct.add(id);
      }
      if (distinct.size === 0) return;
      ranking = undefined;
      let chosen = [...distinct];
      if (chosen.length > basketItemsMax) {
        oversized++;
        chosen = sample(chosen, basketItemsMax);
      }
      baskets++;
      for (let i = 0; i < chosen.length; i++) {
        const one = chosen[i] as number;
        itemCounts[one] = (itemCounts[one] as number) + 1;
        for (let j = i + 1; j < chosen.length; j++) pairs.increment(one, chosen[j] as number);
      }
    },
    related(sku, limit) {
      const id = ids.get(sku);
      return id === undefined ? [] : ranked().of(id, limit);
    },
    *entries() {
      const current = ranked();
      for (const [id, sku] of skus.entries()) {
        const related = current.of(id, relatedMax);
        if (related.length > 0) yield { sku, related };
      }
    },
    stats: () => ({
      baskets,
      items: skus.length,
      pairs: pairs.size(),
      oversized,
      itemsIgnored,
      pairsDropped: pairs.dropped(),
      undercountMax: pairs.undercountMax(),
    }),
  };
}

/**
 * Dunning's G² of two items: `together` baskets hold both, `one` and `other` hold each, of `baskets` in all.
 * 0 when they meet as often as chance would have it, or less often.
 */
export function association(together: number, one: number, other: number, baskets: number): number {
  if (together * baskets <= one * other) return 0;
  const neither = Math.max(0, baskets - one - other + together);
  const sum =
    term(together, one, other, baskets) +
    term(one - together, one, baskets - other, baskets) +
    term(other - together, baskets - one, other, baskets) +
    term(neither, baskets - one, baskets - other, baskets);
  return Math.max(0, 2 * sum);
}

function term(observed: number, row: number, column: number, total: number): number {
  return observed <= 0 ? 0 : observed * Math.log((observed * total) / (row * column));
}

function limit(name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be a whole number from ${min} to ${max}, not ${value}`);
  }
  return value;
}

/**
 * `size` of the values, evenly spread over their order in the basket. Deterministic: the same baskets give the same
 * counts, so a second import leaves the same state.
 */
function sample(values: readonly number[], size: number): number[] {
  return Array.from({ length: size }, (_, i) => values[Math.floor((i * values.length) / size)] as number);
}

interface PairTable {
  increment(one: number, other: number): void;
  size(): number;
  dropped(): number;
  undercountMax(): number;
  each(visit: (low: number, high: number, count: number) => void): void;
}

interface Slots {
  readonly mask: number;
  /** The lower id plus one; 0 marks a free slot. */
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  readonly count: Uint32Array;
}

function createSlots(capacity: number): Slots {
  const column = (): Uint32Array => new Uint32Array(capacity);
  return { mask: capacity - 1, low: column(), high: column(), count: column() };
}

/** The slot of a pair, or the free one where it belongs: open addressing, linear probing, at most half full. */
function find({ mask, low, high }: Slots, one: number, other: number): number {
  let hash = Math.imul(one, 0x9e3779b1) ^ Math.imul(other, 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  let slot = (hash ^ (hash >>> 13)) & mask;
  while (low[slot] !== 0 && (low[slot] !== one + 1 || high[slot] !== other)) slot = (slot + 1) & mask;
  return slot;
}

/** Counts in typed arrays: 12 bytes a slot, where a Map with string keys would take some 150 bytes a pair. */
function createPairTable(pairsMax: number): PairTable {
  let slots = createSlots(1_024);
  let used = 0;
  let dropped = 0;
  let undercount = 0;

  /** Keeps the pairs counted more than `threshold` times, in a table of `capacity` slots. */
  function rebuild(capacity: number, threshold: number): void {
    // Survivors are packed first, so that a table that keeps its size is emptied and filled again, never held twice.
    let kept = 0;
    for (const count of slots.count) if (count > threshold) kept++;
    const packed = new Uint32Array(kept * 3);
    let at = 0;
    for (let slot = 0; slot <= slots.mask; slot++) {
      if ((slots.count[slot] as number) <= threshold) continue;
      packed[at++] = slots.low[slot] as number;
      packed[at++] = slots.high[slot] as number;
      packed[at++] = slots.count[slot] as number;
    }
    if (capacity === slots.mask + 1) for (const column of [slots.low, slots.high, slots.count]) column.fill(0);
    else slots = createSlots(capacity);
    for (at = 0; at < packed.length; at += 3) {
      const low = packed[at] as number;
      const high = packed[at + 1] as number;
      const slot = find(slots, low - 1, high);
      slots.low[slot] = low;
      slots.high[slot] = high;
      slots.count[slot] = packed[at + 2] as number;
    }
    used = kept;
  }

  function makeRoom(): void {
    const capacity = slots.mask + 1;
    if (used >= pairsMax) {
      const before = used;
      const threshold = halvingThreshold(slots.count, used);
      rebuild(capacity, threshold);
      undercount += threshold;
      dropped += before - used;
    } else if (used * 2 >= capacity) {
      rebuild(capacity * 2, 0);
    }
  }

  return {
    increment(one, other) {
      const low = Math.min(one, other);
      const high = Math.max(one, other);
      let slot = find(slots, low, high);
      if (slots.low[slot] === 0) {
        if (used >= pairsMax || used * 2 >= slots.mask + 1) {
          makeRoom();
          slot = find(slots, low, high);
        }
        slots.low[slot] = low + 1;
        slots.high[slot] = high;
        used++;
      }
      slots.count[slot] = (slots.count[slot] as number) + 1;
    },
    size: () => used,
    dropped: () => dropped,
    undercountMax: () => undercount,
    each(visit) {
      for (let slot = 0; slot <= slots.mask; slot++) {
        const low = slots.low[slot] as number;
        if (low !== 0) visit(low - 1, slots.high[slot] as number, slots.count[slot] as number);
      }
    },
  };
}

/** The smallest count such that dropping every pair up to it leaves at most half of the `used` pairs. */
function halvingThreshold(counts: Uint32Array, used: number): number {
  const histogram = new Map<number, number>();
  for (const count of counts) if (count > 0) histogram.set(count, (histogram.get(count) ?? 0) + 1);
  let left = used;
  for (const count of [...histogram.keys()].toSorted((a, b) => a - b)) {
    left -= histogram.get(count) as number;
    if (left <= used / 2) return count;
  }
  return 0;
}

interface Ranking {
  of(id: number, limit: number): Related[];
}

interface Counted {
  readonly pairs: PairTable;
  readonly skus: readonly string[];
  readonly itemCounts: readonly number[];
  readonly baskets: number;
  readonly relatedMax: number;
  readonly togetherMin: number;
}

/** One pass over the pairs; each item keeps its `relatedMax` best in a row of flat arrays, sorted by insertion. */
function rank({ pairs, skus, itemCounts, baskets, relatedMax, togetherMin }: Counted): Ranking {
  const filled = new Uint32Array(skus.length);
  const others = new Uint32Array(skus.length * relatedMax);
  const scores = new Float64Array(skus.length * relatedMax);
  const counts = new Uint32Array(skus.length * relatedMax);

  /** Ties are broken by shared baskets, then by sku, so that the order never depends on the order of arrival. */
  function isBetter(at: number, other: number, score: number, together: number): boolean {
    if (score !== scores[at]) return score > (scores[at] as number);
    if (together !== counts[at]) return together > (counts[at] as number);
    return (skus[other] as string) < (skus[others[at] as number] as string);
  }

  function offer(id: number, other: number, score: number, together: number): void {
    const start = id * relatedMax;
    let at = start + (filled[id] as number);
    if (at === start + relatedMax) {
      at--;
      if (!isBetter(at, other, score, together)) return;
    } else {
      filled[id] = (filled[id] as number) + 1;
    }
    for (; at > start && isBetter(at - 1, other, score, together); at--) {
      others[at] = others[at - 1] as number;
      scores[at] = scores[at - 1] as number;
      counts[at] = counts[at - 1] as number;
    }
    others[at] = other;
    scores[at] = score;
    counts[at] = together;
  }

  pairs.each((low, high, together) => {
    if (together < togetherMin) return;
    const score = association(together, itemCounts[low] as number, itemCounts[high] as number, baskets);
    if (score <= 0) return;
    offer(low, high, score, together);
    offer(high, low, score, together);
  });

  return {
    of(id, limit) {
      const length = Math.max(0, Math.min(limit, filled[id] ?? 0));
      return Array.from({ length }, (_, i) => {
        const at = id * relatedMax + i;
        return {
          sku: skus[others[at] as number] as string,
          score: scores[at] as number,
          together: counts[at] as number,
        };
      });
    },
  };
}
