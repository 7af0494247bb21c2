/**
 * What the handlers do: a look at data in memory, and calls. All contestants run these very functions; `own` is how they
 * reach the others. It must know no framework.
 */
import type { Client } from "skein/contract";
import type * as z from "zod";
import type { Accounts, Ads, Cart, Catalogue, Currency, Recommend, Reviews, Shipping, Stock } from "./contracts.ts";
import { products, rates, sessionOf, skusOf } from "./data.ts";
import type * as s from "./schemas.ts";

/** Of a client only what calls: the methods that are named. */
type Calls<C, M extends keyof C> = {
  readonly [K in M]: C[K] extends (input: infer I, ...rest: never[]) => infer R
    ? (input: I) => PromiseLike<Awaited<R>>
    : never;
};

type Product = z.infer<typeof s.Product>;
type Out<S extends z.ZodType> = Promise<z.infer<S>>;

export const accounts = {
  async session({ user }: z.infer<typeof s.ForUser>): Out<typeof s.Session> {
    return sessionOf(user);
  },
  async history({ user }: z.infer<typeof s.ForUser>): Out<typeof s.History> {
    return { skus: skusOf(user, 11, 5) };
  },
};

export const catalogue = {
  async list({ category, limit }: z.infer<typeof s.ForCategory>): Out<typeof s.Products> {
    const all = [...products.values()].filter((product) => product.categories.includes(category));
    return { products: all.slice(0, limit) };
  },
  async find({ skus }: z.infer<typeof s.ForSkus>): Out<typeof s.Products> {
    return { products: skus.flatMap((sku) => products.get(sku) ?? []) };
  },
};

export const currency = {
  async convert({ cents, from, to }: z.infer<typeof s.Money>): Out<typeof s.Converted> {
    const rate = (rates[to] ?? 1) / (rates[from] ?? 1);
    return { cents: cents.map((one) => Math.round(one * rate)) };
  },
  async supported(): Out<typeof s.Currencies> {
    return { codes: Object.keys(rates) };
  },
};

export const stock = {
  async levels({ skus }: z.infer<typeof s.ForSkus>): Out<typeof s.Levels> {
    return { levels: skus.map((sku, index) => ({ sku, available: (Number(sku.slice(4)) * 5 + index) % 30 })) };
  },
};

export const reviews = {
  async ratings({ skus }: z.infer<typeof s.ForSkus>): Out<typeof s.Ratings> {
    return {
      ratings: skus.map((sku) => {
        const number = Number(sku.slice(4));
        return { sku, stars: 2.5 + (number % 5) / 2, count: 3 + ((number * 17) % 400) };
      }),
    };
  },
};

export const shipping = {
  async quote(
    { country, items, currency: to }: z.infer<typeof s.ForParcel>,
    own: { readonly currency: Calls<Client<typeof Currency>, "convert"> },
  ): Out<typeof s.Quote> {
    const { cents } = await own.currency.convert({ cents: [390 + items * 60], from: "EUR", to });
    return { cents: cents[0] ?? 0, days: country === "US" ? 6 : 2 };
  },
  async promise({ country }: z.infer<typeof s.ForCountry>): Out<typeof s.Promised> {
    const days = country === "US" ? 6 : 2;
    return { days, text: `Order today and it is with you in ${days} days.` };
  },
};

export const ads = {
  async choose(
    { segment }: z.infer<typeof s.ForSegment>,
    own: { readonly catalogue: Calls<Client<typeof Catalogue>, "find"> },
  ): Out<typeof s.Ad> {
    const found = await own.catalogue.find({ skus: [segment === "tea" ? "sku-0000" : "sku-0003"] });
    return { text: `New for friends of ${segment}`, product: found.products[0] as Product };
  },
};

export const recommend = {
  async forUser(
    { user }: z.infer<typeof s.ForUser>,
    own: {
      readonly accounts: Calls<Client<typeof Accounts>, "history">;
      readonly catalogue: Calls<Client<typeof Catalogue>, "find">;
      readonly reviews: Calls<Client<typeof Reviews>, "ratings">;
    },
  ): Out<typeof s.Recommended> {
    const { skus } = await own.accounts.history({ user });
    const [found, { ratings }] = await Promise.all([own.catalogue.find({ skus }), own.reviews.ratings({ skus })]);
    return {
      items: found.products.map(({ sku, name, picture }, index) => ({
        sku,
        name,
        picture,
        stars: ratings[index]?.stars ?? 0,
      })),
    };
  },
};

export const cart = {
  async view(
    { user, currency: to, country }: z.infer<typeof s.ForBasket>,
    own: {
      readonly catalogue: Calls<Client<typeof Catalogue>, "find">;
      readonly stock: Calls<Client<typeof Stock>, "levels">;
      readonly shipping: Calls<Client<typeof Shipping>, "quote">;
      readonly currency: Calls<Client<typeof Currency>, "convert">;
    },
  ): Out<typeof s.Basket> {
    const skus = skusOf(user, 0, 3);
    const [found, { levels }] = await Promise.all([own.catalogue.find({ skus }), own.stock.levels({ skus })]);
    const [quoted, { cents }] = await Promise.all([
      own.shipping.quote({ country, items: skus.length, currency: to }),
      own.currency.convert({ cents: found.products.map((product) => product.cents), from: "EUR", to }),
    ]);
    const lines = found.products.map(({ sku, name }, index) => ({
      sku,
      name,
      quantity: 1 + index,
      cents: cents[index] ?? 0,
      isAvailable: (levels[index]?.available ?? 0) > index,
    }));
    const total = lines.reduce((sum, line) => sum + line.quantity * line.cents, quoted.cents);
    return { lines, shipping: quoted, total };
  },
};

interface HomeUses {
  readonly accounts: Calls<Client<typeof Accounts>, "session">;
  readonly ads: Calls<Client<typeof Ads>, "choose">;
  readonly cart: Calls<Client<typeof Cart>, "view">;
  readonly catalogue: Calls<Client<typeof Catalogue>, "list">;
  readonly currency: Calls<Client<typeof Currency>, "convert" | "supported">;
  readonly recommend: Calls<Client<typeof Recommend>, "forUser">;
  readonly reviews: Calls<Client<typeof Reviews>, "ratings">;
  readonly shipping: Calls<Client<typeof Shipping>, "promise">;
  readonly stock: Calls<Client<typeof Stock>, "levels">;
}

export const home = {
  async page({ user }: z.infer<typeof s.ForUser>, own: HomeUses): Out<typeof s.Page> {
    const { name, currency: to, country, segment } = await own.accounts.session({ user });
    const [featured, delivery, basket, recommended, ad, currencies] = await Promise.all([
      featuredFor(to, own),
      own.shipping.promise({ country }),
      own.cart.view({ user, currency: to, country }),
      own.recommend.forUser({ user }),
      own.ads.choose({ segment }),
      own.currency.supported({}),
    ]);
    const greeting = `Welcome back, ${name}`;
    return {
      greeting,
      currency: to,
      currencies: currencies.codes,
      featured,
      delivery,
      basket,
      recommended: recommended.items,
      ad,
    };
  },
};

async function featuredFor(to: string, own: HomeUses): Promise<z.infer<typeof s.Page>["featured"]> {
  const { products: listed } = await own.catalogue.list({ category: "all", limit: 9 });
  const skus = listed.map(({ sku }) => sku);
  const [{ levels }, { ratings }, { cents }] = await Promise.all([
    own.stock.levels({ skus }),
    own.reviews.ratings({ skus }),
    own.currency.convert({ cents: listed.map((product) => product.cents), from: "EUR", to }),
  ]);
  return listed.map((product, index) => ({
    product,
    cents: cents[index] ?? 0,
    available: levels[index]?.available ?? 0,
    stars: ratings[index]?.stars ?? 0,
    reviews: ratings[index]?.count ?? 0,
  }));
}
