/** Recommendation's declaration. */
import { database, service } from "skein";
import { Catalog } from "../catalog/contract.ts";
import { Orders } from "../orders/contract.ts";
import { Recommend } from "./contract.ts";
import { migrations, type RecommendTables } from "./migrations.ts";

export const recommend = service(Recommend, {
  uses: { catalog: Catalog.pick("cards"), orders: Orders.pick("skus") },
  has: { db: database<RecommendTables>("recommend", { dialect: "portable", migrations }) },
  policy: {
    related: { access: "public", cache: { ttl: "30s", staleFor: "5m" } },
    forUser: { access: "internal" },
    codes: { access: "internal" },
    put: { access: "internal" },
  },
});
