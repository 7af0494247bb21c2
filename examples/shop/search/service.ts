/** Search's declaration. */
import { resource, service } from "skein";
import { Catalog } from "../catalog/contract.ts";
import { Search } from "./contract.ts";

export const search = service(Search, {
  uses: { catalog: Catalog.pick("page", "version", "cards") },
  // The index is this process's own: it is built from the catalogue and can be built again.
  has: { index: resource({ open: async () => (await import("./product-index.ts")).createProductIndex() }) },
  policy: { products: { access: "public" }, popular: { access: "internal" } },
});
