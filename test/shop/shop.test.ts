/** The shop's end-to-end suite in this process: called plainly, and with every call encoded and decoded. */
import { shopSuite } from "../../examples/shop/shop.e2e.ts";
import { startShop } from "./running.ts";

shopSuite("the shop on SQLite", () => startShop());
shopSuite("the shop on SQLite, far semantics", () => startShop({ far: true }));
