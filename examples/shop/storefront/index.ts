/** The storefront's code. */
import { storefront } from "./service.ts";

export default storefront.implement({
  async home({ user }, { accounts, cart, catalog, notify, orders, payments, recommend, search }) {
    const { currency } = await accounts.preferences({ user });
    const [profile, basket, featured, forYou, popular, recent, unread, payWith] = await Promise.all([
      accounts.profile({ user }),
      cart.view({ user }),
      catalog.featured({}),
      recommend.forUser({ user }),
      search.popular({}),
      orders.recent({ user }),
      notify.unread({ user }),
      payments.methods({ currency }),
    ]);
    const lastOrders = recent.map(({ id, date, status, total, cards }) => ({
      id,
      date,
      status,
      total,
      titles: cards.map((card) => card.title),
    }));
    return { profile, ...unread, cart: basket, featured, forYou, popular, lastOrders, payWith };
  },
});
