/** What a service is told whose database a bundle for another runtime than Node has no engine for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isSkeinError } from "../errors/index.ts";
import { contextOf } from "./fixtures/harness.ts";
import { migrateDatabase, openDatabase } from "./internal/no-engines.ts";

test("a database without engines is refused by its service's name", async () => {
  const isRefused = (error: unknown) =>
    isSkeinError(error) && error.code === "SKEIN_RUNTIME_UNSUPPORTED" && /"ledger"/.test(error.message);
  const context = contextOf({ service: "orders" });
  await assert.rejects(openDatabase("ledger", { dialect: "portable", migrations: [] }, context), (error) => {
    assert.match(String(error), /orders has the database/);
    return isRefused(error);
  });
  await assert.rejects(migrateDatabase("ledger"), isRefused);
});
