// Owns what is asked for and what has to come back, byte for byte, whoever answers. Must never know a contestant.
import { users } from "../apps/page/data.ts";
import * as work from "../apps/page/work.ts";

/** Everything in one process, as functions: what the page is. */
function pageOf(user: string): Promise<object> {
  const { accounts, catalogue, currency, reviews, stock } = work;
  const shipping = {
    ...work.shipping,
    quote: (input: Parameters<typeof work.shipping.quote>[0]) => work.shipping.quote(input, { currency }),
  };
  const ads = { choose: (input: Parameters<typeof work.ads.choose>[0]) => work.ads.choose(input, { catalogue }) };
  const recommend = {
    forUser: (input: Parameters<typeof work.recommend.forUser>[0]) =>
      work.recommend.forUser(input, { accounts, catalogue, reviews }),
  };
  const cart = {
    view: (input: Parameters<typeof work.cart.view>[0]) =>
      work.cart.view(input, { catalogue, stock, shipping, currency }),
  };
  const own = { accounts, ads, cart, catalogue, currency, recommend, reviews, shipping, stock };
  return work.home.page({ user }, own);
}

export interface Asked {
  readonly path: string;
  /** The body of the answer. */
  readonly body: Buffer;
}

/** One page for each user. */
export const pages: readonly Asked[] = await Promise.all(
  users.map(async (user) => ({ path: `/page?user=${user}`, body: Buffer.from(JSON.stringify(await pageOf(user))) })),
);
