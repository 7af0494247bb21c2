/** Recommendation in memory, from the pairs that the example ships. It knows no customers, only products. */
import { resource, service } from "skein";
import { Catalog } from "../catalog/contract.ts";
import pairs from "../data/pairs.json" with { type: "json" };
import { Recommend } from "../recommend/contract.ts";

interface Pair {
  readonly sku: string;
  readonly other: string;
  readonly rank: number;
  readonly score: number;
  readonly together: number;
}

interface Pairs {
  /** Best first. */
  readonly bySku: ReadonlyMap<string, readonly Pair[]>;
  /** What is bought together with most. */
  readonly popular: readonly string[];
}

/** Times as many as asked for are looked up, as beside a database: a code may have no title. */
const spare = 4;

export default service(Recommend, {
  uses: { catalog: Catalog.pick("cards") },
  has: { pairs: resource({ open: () => toPairs(pairs as [string, string, number, number, number][]) }) },
  policy: {
    related: { access: "public", cache: { ttl: "30s", staleFor: "5m" } },
    forUser: { access: "internal" },
    codes: { access: "internal" },
    put: { access: "internal" },
  },
}).implement({
  async related({ id, limit }, { catalog, pairs }) {
    const rows = (pairs.bySku.get(id) ?? []).slice(0, limit * spare);
    const found = await catalog.cards({ skus: rows.map((row) => row.other) });
    const cards = new Map(found.map((card) => [card.sku, card]));
    const related = rows.flatMap(({ other, together }) => {
      const card = cards.get(other);
      return card === undefined ? [] : [{ ...card, together }];
    });
    return { related: related.slice(0, limit) };
  },

  async forUser({ limit }, { catalog, pairs }) {
    return catalog.cards({ skus: pairs.popular.slice(0, limit) });
  },

  codes: ({ id, limit }, { pairs }) => (pairs.bySku.get(id) ?? []).slice(0, limit),

  put: () => {
    throw new Error("what is known at the edge is read only");
  },
});

function toPairs(rows: readonly [string, string, number, number, number][]): Pairs {
  const bySku = new Map<string, Pair[]>();
  const sums = new Map<string, number>();
  for (const [sku, other, rank, score, together] of rows) {
    const known = bySku.get(sku);
    const pair = { sku, other, rank, score, together };
    if (known === undefined) bySku.set(sku, [pair]);
    else known.push(pair);
    sums.set(sku, (sums.get(sku) ?? 0) + together);
  }
  for (const known of bySku.values()) known.sort((a, b) => a.rank - b.rank);
  return { bySku, popular: [...sums].sort((a, b) => b[1] - a[1]).map(([sku]) => sku) };
}
