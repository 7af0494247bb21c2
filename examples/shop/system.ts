/** A shop of ten services: the system that the tutorial, the benchmarks and the fault runs of Skein use. */
import { accounts } from "./accounts/service.ts";
import { cart } from "./cart/service.ts";
import { catalog } from "./catalog/service.ts";
import { system } from "./identity.ts";
import { notify } from "./notify/service.ts";
import { orders } from "./orders/service.ts";
import { payments } from "./payments/service.ts";
import { recommend } from "./recommend/service.ts";
import { search } from "./search/service.ts";
import { stock } from "./stock/service.ts";
import { storefront } from "./storefront/service.ts";

export default system("shop", {
  services: [
    accounts.from(() => import("./accounts/index.ts")),
    cart.from(() => import("./cart/index.ts")),
    catalog.from(() => import("./catalog/index.ts")),
    notify.from(() => import("./notify/index.ts")),
    orders.from(() => import("./orders/index.ts")),
    payments.from(() => import("./payments/index.ts")),
    recommend.from(() => import("./recommend/index.ts")),
    search.from(() => import("./search/index.ts")),
    stock.from(() => import("./stock/index.ts")),
    storefront.from(() => import("./storefront/index.ts")),
  ],
  requirements: {
    "GET /home": { load: "100/s", p99: "150ms" },
    "GET /products": { load: "200/s", p99: "50ms" },
    "POST /orders": { load: "20/s", p99: "400ms" },
    availability: 99.95,
  },
});
