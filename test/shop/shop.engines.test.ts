/** The shop's end-to-end suite on a real PostgreSQL, plainly and with far semantics. */
import { randomUUID } from "node:crypto";
import { after } from "node:test";
import pg from "pg";
import { shopSuite } from "../../examples/shop/shop.e2e.ts";
import { startLocalServer } from "../../src/data/internal/postgres/local-server.ts";
import { startShop } from "./running.ts";

const server = await startLocalServer({ home: "/nonexistent", inMemory: true, env: process.env });
after(() => server.close());

/** Each suite has a database of its own. */
async function freshUrl(): Promise<string> {
  const url = new URL(server.target.connectionString.reveal());
  const name = `shop_${randomUUID().replaceAll("-", "")}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  url.pathname = `/${name}`;
  return url.href;
}

shopSuite("the shop on PostgreSQL", async () => startShop({ databaseUrl: await freshUrl() }));
shopSuite("the shop on PostgreSQL, far semantics", async () => startShop({ databaseUrl: await freshUrl(), far: true }));
