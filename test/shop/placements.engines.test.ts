/** The shop's end-to-end suite in real processes: on every placement, and on PostgreSQL in three groups. */
import { after } from "node:test";
import { shopSuite } from "../../examples/shop/shop.e2e.ts";
import { startPlacedShop } from "./placed.ts";
import { startPostgres } from "./postgres-server.ts";

for (const placement of ["one", "split", "each", "replicated"]) {
  shopSuite(`the shop in processes, placement ${placement}`, () => startPlacedShop(placement));
}

const server = await startPostgres();
after(() => server.close());
shopSuite("the shop in processes, placement split, on PostgreSQL", async () =>
  startPlacedShop("split", { DATABASE_URL: await server.freshUrl() }),
);
