/** Owns what a command line says of a placement's connections. It must never need a server. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as z from "zod";
import { contract, query } from "../contract/index.ts";
import { database } from "../data/index.ts";
import { readPlacement, service, system } from "../system/index.ts";
import { assertBudget, budgetFindings, budgetOf, renderBudgets } from "./connections.ts";

const names = ["orders", "stock", "books"];
const shop = system("shop", {
  services: names.map((name) =>
    service(contract(name, { ping: query({ output: z.null() }) }), {
      has: { db: database(name, { dialect: "portable", migrations: [] }) },
    }).implement({ ping: () => null }),
  ),
});
const placementOf = (replicas: number, singleton = false) =>
  readPlacement(
    { rest: "front", groups: { front: { services: ["gateway"] }, all: { services: names, replicas, singleton } } },
    shop,
  );
const url = { DATABASE_URL: "postgres://u:secret@db/x" };
const findingsOf = async (replicas: number, env: Record<string, string>) =>
  budgetFindings(await budgetOf(shop, placementOf(replicas), env, false), "p.json");

test("over a limit that is known is an error with the sum in it; over the default a warning", async () => {
  const [error, ...more] = await findingsOf(4, { ...url, DATABASE_CONNECTIONS_MAX: "100" });
  assert.deepEqual(more, []);
  assert.deepEqual([error?.level, error?.code, error?.where], ["error", "SKEIN_PLACEMENT_CONNECTIONS", "p.json"]);
  assert.match(
    error?.message ?? "",
    /^db:5432 has 100 connections \(DATABASE_CONNECTIONS_MAX\), and .* 120: all 4 hosts x 30 = 120$/,
  );
  assert.match(error?.fix ?? "", /DATABASE_POOL_MAX=6 fits/);
  const [guess] = await findingsOf(4, url);
  assert.equal(guess?.level, "warning");
  assert.match(guess?.message ?? "", /97 connections \(PostgreSQL's default; it was not asked\)/);
});

test("what only a replacement would exceed is a warning, and what fits is nothing", async () => {
  const [spare] = await findingsOf(3, { ...url, DATABASE_CONNECTIONS_MAX: "100" });
  assert.equal(spare?.level, "warning");
  assert.match(spare?.message ?? "", /one host more, while one is replaced, takes 30$/);
  assert.deepEqual(await findingsOf(3, { ...url, DATABASE_CONNECTIONS_MAX: "120" }), []);
  assert.deepEqual(await findingsOf(60, {}), [], "files have no connections");
});

test("a limit that is none is refused", async () => {
  for (const text of ["0", "many", "-1", "1e3", "1000001"])
    await assert.rejects(findingsOf(1, { ...url, DATABASE_CONNECTIONS_MAX: text }), {
      code: "SKEIN_CONFIG_INVALID",
      message: /DATABASE_CONNECTIONS_MAX/,
    });
});

test("property: the pool that is said to fit does, with a replacement, and the next larger one does not", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 1, max: 2_000 }),
      fc.boolean(),
      async (replicas, limit, singleton) => {
        const env = { ...url, DATABASE_CONNECTIONS_MAX: String(limit) };
        const placement = placementOf(replicas, singleton);
        const find = async (pool: number) =>
          budgetFindings(await budgetOf(shop, placement, { ...env, DATABASE_POOL_MAX: String(pool) }, false), "p.json");
        const [found] = await find(100);
        if (found === undefined) return;
        const fits = Number(/DATABASE_POOL_MAX=(\d+) fits/.exec(found.fix)?.[1] ?? 1);
        if (fits >= 2) assert.deepEqual(await find(fits), []);
        else assert.match(found.fix, /no pool that is small enough/);
        assert.notDeepEqual(await find(fits + 1), []);
      },
    ),
  );
});

test("a start is refused in production, and warned in development", async () => {
  const warnings: string[] = [];
  const options = {
    env: { ...url, DATABASE_CONNECTIONS_MAX: "100" },
    warn: (text: string) => void warnings.push(text),
  };
  await assert.rejects(assertBudget(shop, placementOf(4), { ...options, mode: "production" }), {
    code: "SKEIN_PLACEMENT_CONNECTIONS",
    message: /all 4 hosts x 30 = 120; DATABASE_POOL_MAX=6 fits/,
  });
  assert.deepEqual(warnings, []);
  await assertBudget(shop, placementOf(4), { ...options, mode: "development" });
  assert.equal(warnings.length, 1);
});

test("what people read has every group's sum, and no password", async () => {
  const text = renderBudgets(await budgetOf(shop, placementOf(2, true), url, false));
  assert.match(text, /connections to db:5432: up to 66 of 97/);
  assert.match(text, /all: 2 hosts x 33 \(orders 11, stock 11, books 11\) = 66/);
  assert.match(text, /while a host is replaced: up to 33 more/);
  assert.ok(!text.includes("secret"));
});
