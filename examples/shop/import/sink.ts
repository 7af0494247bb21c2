/**
 * Where an import writes, and a sink in memory for tests and dry runs.
 * Must never know a file format: it takes products and pairs in batches, and the importer waits for each batch.
 */

/** A product that can be listed. Codes without a title never get here; they only appear in pairs. */
export interface Product {
  readonly sku: string;
  readonly title: string;
  /** Integer minor units of `currency`. */
  readonly priceMinor: number;
  readonly currency: string;
}

/** `other` is bought together with `sku`. `rank` counts from 1, the strongest. */
export interface Pair {
  readonly sku: string;
  readonly other: string;
  readonly rank: number;
  readonly score: number;
  readonly together: number;
}

/**
 * Takes what an import found. Both methods must be idempotent, so that a second import of a file changes nothing:
 * `products` inserts or replaces by `sku`; `pairs` replaces everything stored for each sku in the batch (all pairs of
 * a sku come in one batch). The next batch is sent only when the promise of this one is fulfilled.
 */
export interface ShopSink {
  products(batch: Product[]): Promise<void>;
  pairs(batch: Pair[]): Promise<void>;
}

/** Products of one batch; a batch of pairs ends with the first sku that takes it to this size. */
export const batchMax = 500;

export interface MemorySink extends ShopSink {
  readonly listed: ReadonlyMap<string, Product>;
  readonly related: ReadonlyMap<string, readonly Pair[]>;
}

/** A sink that keeps everything; for tests and dry runs. */
export function createMemorySink(): MemorySink {
  const listed = new Map<string, Product>();
  const related = new Map<string, Pair[]>();
  return {
    listed,
    related,
    async products(batch) {
      for (const product of batch) listed.set(product.sku, product);
    },
    async pairs(batch) {
      for (const sku of new Set(batch.map((pair) => pair.sku))) related.set(sku, []);
      for (const pair of batch) related.get(pair.sku)?.push(pair);
    },
  };
}
