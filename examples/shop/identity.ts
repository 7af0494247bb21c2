/**
 * Who the shop's callers are, and how they prove it. Guests need no proof. Without SHOP_KEYS (the address of an issuer's
 * keys) a development machine makes keys of its own, and `examples/shop/token.ts` signs tokens with them; in production
 * the shop does not start.
 */
import { define, jwt } from "skein";
import * as z from "zod";
import { line } from "./values.ts";

export const issuer = "https://login.shop.example";
export const audience = "shop";

export const Shopper = z.object({
  subject: line(100).min(1),
  roles: z.array(z.string().max(40)).max(20),
  /** The shop in the shop: customers and administrators belong to one, or to the house. */
  tenant: line(60).optional(),
});
export type Shopper = z.infer<typeof Shopper>;

export const { service, system } = define({
  principal: Shopper,
  authenticate: [jwt({ issuer, audience, keys: { env: "SHOP_KEYS" } })],
});

/** The tenant as rows have it: the house is the empty one. */
export const tenantOf = (who: Shopper | undefined): string => who?.tenant ?? "";

/** Whose an order is, as rows have it. Two tenants may have a subject of one name, and a guest is nobody. */
export const ownerOf = (who: Shopper | undefined): string =>
  who === undefined ? "" : who.tenant === undefined ? who.subject : `${who.tenant}\n${who.subject}`;
