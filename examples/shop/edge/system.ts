/**
 * The part of the shop that runs without a database: `catalog`, `search` and `recommend` with the catalogue in memory, and
 * a window in front. `search` is the shop's own code; the others are implementations of the same contracts.
 */
import { system } from "skein";
import { search } from "../search/service.ts";
import catalog from "./catalog.ts";
import recommend from "./recommend.ts";
import window from "./window.ts";

export default system("shop-edge", {
  services: [catalog, recommend, search.from(() => import("../search/index.ts")), window],
});
