/** The catalogue's declaration. */
import { database, role } from "skein";
import { service } from "../identity.ts";
import { Stock } from "../stock/contract.ts";
import { Catalog } from "./contract.ts";
import { type CatalogTables, migrations } from "./migrations.ts";

export const catalog = service(Catalog, {
  uses: { stock: Stock.pick("levels") },
  has: { db: database<CatalogTables>("catalog", { dialect: "portable", migrations }) },
  policy: {
    get: { access: "public" },
    page: { access: "internal" },
    // Searches ask for it each time; a new product may take this long to be found.
    version: { access: "internal", cache: { ttl: "2s" } },
    cards: { access: "internal" },
    featured: { access: "public" },
    add: { access: role("admin") },
    put: { access: "internal" },
  },
});
