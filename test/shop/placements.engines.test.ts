/** The shop's end-to-end suite in real processes: on every placement, on SQLite and on PostgreSQL. */
import { after, before, describe } from "node:test";
import { shopSuite } from "../../examples/shop/shop.e2e.ts";
import { startPlacedShop } from "./placed.ts";
import { type PostgresServer, startPostgres } from "./postgres-server.ts";

let server: PostgresServer | undefined;
before(async () => {
  // Eleven processes have a pool each.
  server = await startPostgres();
});
after(() => server?.close());

for (const placement of ["one", "split", "each", "replicated"]) {
  // Two shops at a time: most of a suite is waiting, and each has its own directory or database.
  describe(`placement ${placement}`, { concurrency: true }, () => {
    shopSuite(`the shop in processes, placement ${placement}, on SQLite`, () => startPlacedShop(placement));
    shopSuite(`the shop in processes, placement ${placement}, on PostgreSQL`, async () =>
      startPlacedShop(placement, { DATABASE_URL: (await server?.freshUrl()) ?? "" }),
    );
  });
}
