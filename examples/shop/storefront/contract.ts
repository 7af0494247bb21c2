/** What the storefront promises: the home page, put together from everything else. */
import * as z from "zod";
import { contract, query } from "skein/contract";
import { Profile, User } from "../accounts/contract.ts";
import { CartView } from "../cart/contract.ts";
import { Card } from "../catalog/contract.ts";

export const Home = z.object({
  profile: Profile,
  greeting: z.string(),
  messages: z.array(z.object({ id: z.int(), text: z.string() })),
  cart: CartView,
  featured: z.array(Card),
  forYou: z.array(Card),
  popular: z.array(Card),
  lastOrders: z.array(
    z.object({ id: z.int(), date: z.string(), status: z.string(), total: z.int(), titles: z.array(z.string()) }),
  ),
  payWith: z.array(z.string()),
});

export const Storefront = contract("storefront", {
  home: query({
    input: z.object({ user: User.default("guest") }),
    output: Home,
    http: "GET /home",
    summary: "The home page: 20 calls over the other nine services",
  }),
});
