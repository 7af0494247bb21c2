/** The storefront's declaration. */
import { service } from "skein";
import { Accounts } from "../accounts/contract.ts";
import { Cart } from "../cart/contract.ts";
import { Catalog } from "../catalog/contract.ts";
import { Notify } from "../notify/contract.ts";
import { Orders } from "../orders/contract.ts";
import { Payments } from "../payments/contract.ts";
import { Recommend } from "../recommend/contract.ts";
import { Search } from "../search/contract.ts";
import { Storefront } from "./contract.ts";

export const storefront = service(Storefront, {
  uses: {
    accounts: Accounts.pick("profile", "preferences"),
    cart: Cart.pick("view"),
    catalog: Catalog.pick("featured"),
    notify: Notify.pick("unread"),
    orders: Orders.pick("recent"),
    payments: Payments.pick("methods"),
    recommend: Recommend.pick("forUser"),
    search: Search.pick("popular"),
  },
  policy: { home: { access: "public" } },
});
