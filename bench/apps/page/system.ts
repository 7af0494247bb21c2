/** A shop's home page: ten services and 20 calls, for `chain`. What the handlers do is in work.ts. */
import { service, system } from "skein";
import * as c from "./contracts.ts";
import * as work from "./work.ts";

const internal = { access: "internal" } as const;

export default system("page", {
  services: [
    service(c.Accounts, { policy: { session: internal, history: internal } }).implement(work.accounts),
    service(c.Ads, { uses: { catalogue: c.Catalogue.pick("find") }, policy: { choose: internal } }).implement(work.ads),
    service(c.Cart, {
      uses: {
        catalogue: c.Catalogue.pick("find"),
        stock: c.Stock,
        shipping: c.Shipping.pick("quote"),
        currency: c.Currency.pick("convert"),
      },
      policy: { view: internal },
    }).implement(work.cart),
    service(c.Catalogue, { policy: { list: internal, find: internal } }).implement(work.catalogue),
    service(c.Currency, { policy: { convert: internal, supported: internal } }).implement(work.currency),
    service(c.Home, {
      uses: {
        accounts: c.Accounts.pick("session"),
        ads: c.Ads,
        cart: c.Cart,
        catalogue: c.Catalogue.pick("list"),
        currency: c.Currency,
        recommend: c.Recommend,
        reviews: c.Reviews,
        shipping: c.Shipping.pick("promise"),
        stock: c.Stock,
      },
      policy: { page: { access: "public" } },
    }).implement(work.home),
    service(c.Recommend, {
      uses: {
        accounts: c.Accounts.pick("history"),
        catalogue: c.Catalogue.pick("find"),
        reviews: c.Reviews,
      },
      policy: { forUser: internal },
    }).implement(work.recommend),
    service(c.Reviews, { policy: { ratings: internal } }).implement(work.reviews),
    service(c.Shipping, {
      uses: { currency: c.Currency.pick("convert") },
      policy: { quote: internal, promise: internal },
    }).implement(work.shipping),
    service(c.Stock, { policy: { levels: internal } }).implement(work.stock),
  ],
});
