/**
 * The values of a shop's home page: what its services ask each other and what they answer. It must know no framework: the
 * peers that Skein is compared with use the same ones.
 */
import * as z from "zod";

const Sku = z.string().min(1).max(32);
const Skus = z.array(Sku).max(100);
const Code = z.string().length(3);
const Country = z.string().length(2);
const Cents = z.int().min(0);

export const ForUser = z.object({ user: z.string().min(1).max(64) });
export const ForSkus = z.object({ skus: Skus });
export const ForCategory = z.object({ category: z.string().min(1).max(32), limit: z.int().min(1).max(50) });
export const ForBasket = z.object({ user: z.string().min(1).max(64), currency: Code, country: Country });
export const ForParcel = z.object({ country: Country, items: z.int().min(0).max(1_000), currency: Code });
export const ForCountry = z.object({ country: Country });
export const ForSegment = z.object({ segment: z.string().min(1).max(32) });
export const Money = z.object({ cents: z.array(Cents).max(100), from: Code, to: Code });
export const Nothing = z.object({});

export const Session = z.object({
  user: z.string(),
  name: z.string(),
  currency: Code,
  country: Country,
  segment: z.string(),
});
export const History = z.object({ skus: Skus });
export const Product = z.object({
  sku: Sku,
  name: z.string(),
  description: z.string(),
  picture: z.string(),
  cents: Cents,
  categories: z.array(z.string()),
});
export const Products = z.object({ products: z.array(Product) });
export const Converted = z.object({ cents: z.array(Cents) });
export const Currencies = z.object({ codes: z.array(Code) });
export const Level = z.object({ sku: Sku, available: z.int().min(0) });
export const Levels = z.object({ levels: z.array(Level) });
export const Rating = z.object({ sku: Sku, stars: z.number().min(0).max(5), count: z.int().min(0) });
export const Ratings = z.object({ ratings: z.array(Rating) });
export const Quote = z.object({ cents: Cents, days: z.int().min(1) });
export const Promised = z.object({ days: z.int().min(1), text: z.string() });
export const Ad = z.object({ text: z.string(), product: Product });
export const Recommended = z.object({
  items: z.array(z.object({ sku: Sku, name: z.string(), picture: z.string(), stars: z.number() })),
});
export const Basket = z.object({
  lines: z.array(
    z.object({ sku: Sku, name: z.string(), quantity: z.int().min(1), cents: Cents, isAvailable: z.boolean() }),
  ),
  shipping: Quote,
  total: Cents,
});

export const Page = z.object({
  greeting: z.string(),
  currency: Code,
  currencies: z.array(Code),
  featured: z.array(
    z.object({ product: Product, cents: Cents, available: z.int().min(0), stars: z.number(), reviews: z.int() }),
  ),
  delivery: Promised,
  basket: Basket,
  recommended: Recommended.shape.items,
  ad: Ad,
});
