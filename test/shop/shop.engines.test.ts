/** The shop's end-to-end suite on a real PostgreSQL, plainly and with far semantics. */
import { after } from "node:test";
import { shopSuite } from "../../examples/shop/shop.e2e.ts";
import { startPostgres } from "./postgres-server.ts";
import { startShop } from "./running.ts";

const server = await startPostgres();
after(() => server.close());

/** Each suite has a database of its own. */
shopSuite("the shop on PostgreSQL", async () => startShop({ databaseUrl: await server.freshUrl() }));
shopSuite("the shop on PostgreSQL, far semantics", async () =>
  startShop({ databaseUrl: await server.freshUrl(), far: true }),
);
