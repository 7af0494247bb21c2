/** The catalogue in memory: another implementation of its contract, for where there is no database. It changes nothing. */
import { resource, role, service } from "skein";
import { Catalog, type Product } from "../catalog/contract.ts";
import products from "../data/catalogue.json" with { type: "json" };

/** The shipped products, in the order of the shop window and by sku. */
interface Shelf {
  readonly window: readonly Product[];
  readonly bySku: ReadonlyMap<string, Product>;
  readonly skus: readonly string[];
}

/** What the stock says of a product that nobody has bought; at the edge nobody buys. */
const opening = 100_000;

const toCard = ({ sku, title, price, currency }: Product) => ({ sku, title, price, currency, available: opening });

const readOnly = () => {
  throw new Error("the catalogue at the edge is read only");
};

export default service(Catalog, {
  has: { shelf: resource({ open: () => toShelf(products) }) },
  policy: {
    get: { access: "public" },
    page: { access: "internal" },
    version: { access: "internal", cache: { ttl: "2s" } },
    cards: { access: "internal" },
    featured: { access: "public" },
    // Nobody has a role here, since nobody can log in.
    add: { access: role("admin") },
    put: { access: "internal" },
  },
}).implement({
  get({ id }, { shelf }, call) {
    const product = shelf.bySku.get(id);
    if (product === undefined) throw call.error("PRODUCT_NOT_FOUND", { sku: id });
    return product;
  },

  page({ after, limit }, { shelf }) {
    const from = after === undefined ? 0 : shelf.skus.findIndex((sku) => sku > after);
    const skus = from < 0 ? [] : shelf.skus.slice(from, from + limit);
    const last = skus.at(-1);
    return {
      products: skus.map((sku) => shelf.bySku.get(sku) as Product),
      ...(skus.length === limit && { next: last }),
    };
  },

  version: () => 1,

  cards: ({ skus }, { shelf }) =>
    skus.flatMap((sku) => {
      const product = shelf.bySku.get(sku);
      return product === undefined ? [] : [toCard(product)];
    }),

  featured: ({ limit }, { shelf }) => shelf.window.slice(0, limit).map(toCard),
  add: readOnly,
  put: readOnly,
});

function toShelf(window: readonly Product[]): Shelf {
  const bySku = new Map(window.map((product) => [product.sku, product]));
  return { window, bySku, skus: [...bySku.keys()].sort() };
}
