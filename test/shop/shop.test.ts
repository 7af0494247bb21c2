/** The shop's end-to-end suite in this process: called plainly, with every call encoded and decoded, and over sockets. */
import { shopSuite } from "../../examples/shop/shop.e2e.ts";
import shop from "../../examples/shop/system.ts";
import { startShop } from "./running.ts";
import { startSplitShop } from "./split.ts";

shopSuite("the shop on SQLite", () => startShop());
shopSuite("the shop on SQLite, far semantics", () => startShop({ far: true }));
shopSuite("the shop on SQLite, every service a host of its own", () =>
  startSplitShop(shop.services.map(({ declaration }) => [declaration.name])),
);
