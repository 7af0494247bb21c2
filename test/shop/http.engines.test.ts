/** The shop's end-to-end suite where its hosts reach each other by HTTP + JSON only, as through a mesh that knows nothing else. */
import { shopSuite } from "../../examples/shop/shop.e2e.ts";
import { startSplitShop } from "./split.ts";

shopSuite("the shop in three hosts over HTTP + JSON", () =>
  startSplitShop(
    [
      ["storefront", "accounts", "cart"],
      ["orders", "payments", "stock", "notify"],
      ["catalog", "search", "recommend"],
    ],
    {},
    true,
  ),
);
