/** The search index of one process: rebuilt when the catalogue's version changes, served from memory in between. */
import MiniSearch from "minisearch";
import type { Client } from "skein";
import type { Catalog, Product } from "../catalog/contract.ts";

type Source = Pick<Client<typeof Catalog, "query">, "page" | "version">;

export interface ProductIndex {
  /** Brings the index to the catalogue's version; calls at the same time share the work. */
  refresh(catalog: Source): Promise<void>;
  /** Best first; without words the first products by sku. */
  find(words: string | undefined, limit: number): Product[];
  /** Skus that `find` gave most often. */
  popular(limit: number): string[];
}

export function createProductIndex(): ProductIndex {
  let version = -1;
  let products: Product[] = [];
  let bySku = new Map<string, Product>();
  let index = emptyIndex();
  let building: Promise<void> | undefined;
  const found = new Map<string, number>();

  const build = async (catalog: Source, next: number): Promise<void> => {
    const all: Product[] = [];
    for (let after: string | undefined; ;) {
      const page = await catalog.page(after === undefined ? {} : { after });
      all.push(...page.products);
      if (page.next === undefined) break;
      after = page.next;
    }
    const fresh = emptyIndex();
    // In slices, so that a catalogue of thousands does not hold the event loop.
    await fresh.addAllAsync(all, { chunkSize: 50 });
    [version, products, bySku, index] = [next, all, new Map(all.map((product) => [product.sku, product])), fresh];
  };

  return {
    async refresh(catalog) {
      const next = await catalog.version();
      if (version >= next) return;
      // A build ends with the call that started it, when that call is canceled say. Then the next in line starts another.
      while (building !== undefined) {
        await building.catch(() => undefined);
        if (version >= next) return;
      }
      await (building = build(catalog, next).finally(() => (building = undefined)));
    },
    find(words, limit) {
      if (words === undefined || words.trim() === "") return products.slice(0, limit);
      const hits = index.search(words).slice(0, limit);
      const matches = hits.flatMap((hit) => bySku.get(String(hit.id)) ?? []);
      for (const { sku } of matches.slice(0, 3)) found.set(sku, (found.get(sku) ?? 0) + 1);
      return matches;
    },
    popular(limit) {
      const best = [...found]
        .sort((a, b) => b[1] - a[1])
        .slice(0, limit)
        .map(([sku]) => sku);
      return best.length > 0 ? best : products.slice(0, limit).map((product) => product.sku);
    },
  };
}

function emptyIndex(): MiniSearch<Product> {
  return new MiniSearch<Product>({
    idField: "sku",
    fields: ["title", "category", "description", "sku"],
    searchOptions: { boost: { title: 3, category: 2 }, prefix: true, fuzzy: 0.15, combineWith: "AND" },
  });
}
