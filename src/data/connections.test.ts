/** Owns what is counted of a placement's connections. It must never need a server. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, query } from "../contract/index.ts";
import { readPlacement, service, system } from "../system/index.ts";
import { connectionsOf, type ServerConnections } from "./connections.ts";
import { database, type DatabaseDialect } from "./index.ts";
import { poolMaxOf, shareOut } from "./internal/postgres/pool.ts";

const withDatabase = (name: string, of: string, dialect: DatabaseDialect, poolMax?: number) =>
  service(contract(name, { ping: query({ output: z.null() }) }), {
    has: { db: database(of, { dialect, migrations: [], ...(poolMax !== undefined && { poolMax }) }) },
  }).implement({ ping: () => null });

const shop = system("shop", {
  services: [
    withDatabase("orders", "orders", "portable"),
    withDatabase("stock", "stock", "portable", 4),
    // Shares the pool of orders where both are in one host.
    withDatabase("reports", "orders", "portable", 20),
    withDatabase("audit", "audit", "sqlite"),
    withDatabase("ledger", "ledger", "postgres"),
    service(contract("greeter", { ping: query({ output: z.null() }) })).implement({ ping: () => null }),
  ],
});
const placement = (groups: object) => readPlacement({ rest: "front", groups: { front: {}, ...groups } }, shop);
const count = (groups: object, env: Record<string, string>) => connectionsOf(shop, placement(groups), env);
const short = (servers: readonly ServerConnections[]) =>
  servers.map(({ server, total, spare, groups }) => [
    server,
    total,
    spare,
    ...groups.map(({ group, perHost, replicas }) => `${group} ${replicas}x${perHost}`),
  ]);
const url = { DATABASE_URL: "postgres://u:secret@db/x" };

test("one pool for each database name of a host, whoever shares it", () => {
  assert.deepEqual(short(count({}, url)), [["db:5432", 34, 34, "front 1x34"]]);
  const split = { orders: { services: ["orders", "reports"], replicas: 3 }, books: { services: ["ledger"] } };
  assert.deepEqual(short(count(split, url)), [["db:5432", 74, 20, "front 1x4", "orders 3x20", "books 1x10"]]);
});

test("a group with a leader needs one more for each database", () => {
  const group = { orders: { services: ["orders", "stock"], replicas: 2, singleton: true } };
  const [server] = count(group, url);
  assert.deepEqual(
    server?.groups.find(({ group: name }) => name === "orders"),
    {
      group: "orders",
      replicas: 2,
      databases: [
        { name: "orders", connections: 11 },
        { name: "stock", connections: 5 },
      ],
      leases: 2,
      perHost: 16,
      total: 32,
    },
  );
});

test("the environment says how large pools are and which servers there are", () => {
  const env = {
    ...url,
    DATABASE_POOL_MAX: "6",
    DATABASE_POOL_MAX_STOCK: "3",
    DATABASE_URL_LEDGER: "postgres://u@localhost/books?host=/run/pg&port=6000",
  };
  assert.deepEqual(short(count({}, env)), [
    ["/run/pg:6000", 6, 6, "front 1x6"],
    ["db:5432", 9, 9, "front 1x9"],
  ]);
  assert.ok(!JSON.stringify(count({}, env)).includes("secret"));
});

test("without a URL portable databases are files, and those that must be PostgreSQL are on a server without a name", () => {
  assert.deepEqual(short(count({}, {})), [[null, 10, 10, "front 1x10"]]);
});

test("a pool that cannot be is refused by the name of its variable", () => {
  for (const text of ["1", "101", "ten", "4.5", "-4", " 4"])
    assert.throws(() => poolMaxOf("orders", 10, { DATABASE_POOL_MAX_ORDERS: text }), {
      code: "SKEIN_CONFIG_INVALID",
      message: /DATABASE_POOL_MAX_ORDERS/,
    });
  assert.equal(poolMaxOf("a-b", 5, { DATABASE_POOL_MAX_A_B: "7", DATABASE_POOL_MAX: "8" }), 7);
  assert.equal(poolMaxOf("a-b", 5, { DATABASE_POOL_MAX: "" }), 5);
});

test("readers and writers together are the pool", () => {
  for (let max = 2; max <= 100; max++) {
    const { readers, writers } = shareOut(max);
    assert.equal(readers + writers, max);
    assert.ok(readers >= 1 && writers >= 1);
  }
});
