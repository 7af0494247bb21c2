/** What the services know: made once, the same for everybody, by arithmetic instead of chance. It must know no framework. */
import type * as z from "zod";
import type { Product, Session } from "./schemas.ts";

const goods = ["Teapot", "Cup", "Kettle", "Lamp", "Vase", "Bowl", "Candle", "Tray", "Clock", "Mirror"];
const colours = ["white", "blue", "green", "copper"];
const categories = ["kitchen", "decor", "gifts"];
export const segments = ["tea", "home", "gift"];

const productCount = goods.length * colours.length;
const userCount = 16;

export const products: ReadonlyMap<string, z.infer<typeof Product>> = new Map(
  Array.from({ length: productCount }, (_, index) => {
    const good = goods[index % goods.length] as string;
    const colour = colours[index % colours.length] as string;
    const sku = `sku-${String(index).padStart(4, "0")}`;
    const product = {
      sku,
      name: `${good}, ${colour}`,
      description: `A ${colour} ${good.toLowerCase()} that is made by hand and lasts`,
      picture: `/pictures/${sku}.webp`,
      cents: 995 + ((index * 733) % 7_000),
      categories: [categories[index % categories.length] as string, "all"],
    };
    return [sku, product] as const;
  }),
);

export const users: readonly string[] = Array.from({ length: userCount }, (_, index) => `user-${index}`);

const names = ["Ada", "Ben", "Cleo", "Dan"];
const currencies = ["EUR", "USD", "CHF", "SEK"];
const countries = ["DE", "US", "CH", "SE"];

export function sessionOf(user: string): z.infer<typeof Session> {
  const index = Math.max(0, users.indexOf(user));
  return {
    user,
    name: names[index % names.length] as string,
    currency: currencies[index % currencies.length] as string,
    country: countries[index % countries.length] as string,
    segment: segments[index % segments.length] as string,
  };
}

/** So many products that belong to the user, beginning at a place that depends on what for. */
export function skusOf(user: string, from: number, count: number): string[] {
  const skus = [...products.keys()];
  const start = Math.max(0, users.indexOf(user)) * 3 + from;
  return Array.from({ length: count }, (_, index) => skus[(start + index * 7) % skus.length] as string);
}

/** Units of a currency for one euro. */
export const rates: Readonly<Record<string, number>> = { EUR: 1, USD: 1.08, CHF: 0.94, SEK: 11.3 };
