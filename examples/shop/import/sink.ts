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

/** What was bought together with a code, the strongest first; without a title a code is not listed. */
export interface RelatedTo {
  readonly sku: string;
  readonly title: string | undefined;
  readonly related: readonly {
    readonly sku: string;
    readonly title: string | undefined;
    readonly score: number;
    readonly together: number;
  }[];
}

/** A sink that can say afterwards what it holds. */
export interface ImportTarget extends ShopSink {
  related(skus: readonly string[], limit: number): Promise<readonly RelatedTo[]>;
  close(): Promise<void>;
}

/** Products of one batch; a batch of pairs ends with the first sku that takes it to this size. */
export const batchMax = 500;

export interface MemorySink extends ImportTarget {
  readonly listed: ReadonlyMap<string, Product>;
  readonly kept: ReadonlyMap<string, readonly Pair[]>;
}

/** A sink that keeps everything; for tests and dry runs. */
export function createMemorySink(): MemorySink {
  const listed = new Map<string, Product>();
  const kept = new Map<string, Pair[]>();
  return {
    listed,
    kept,
    async products(batch) {
      for (const product of batch) listed.set(product.sku, product);
    },
    async pairs(batch) {
      for (const sku of new Set(batch.map((pair) => pair.sku))) kept.set(sku, []);
      for (const pair of batch) kept.get(pair.sku)?.push(pair);
    },
    related(skus, limit) {
      const found = skus.map((sku) => ({
        sku,
        title: listed.get(sku)?.title,
        related: (kept.get(sku) ?? [])
          .slice(0, limit)
          .map(({ other, score, together }) => ({ sku: other, title: listed.get(other)?.title, score, together })),
      }));
      return Promise.resolve(found);
    },
    close: () => Promise.resolve(),
  };
}
