/** Runs the conformance suites over a real PostgreSQL, started by Skein's own code. */
import { describeConformance, type Environment } from "./fixtures/conformance.ts";
import { contextOf } from "./fixtures/harness.ts";
import { describeLeases } from "./fixtures/lease-conformance.ts";
import { startLocalServer } from "./internal/postgres/local-server.ts";

async function onPostgres(): Promise<Environment> {
  const server = await startLocalServer({ home: "/nonexistent", inMemory: true, env: process.env });
  const env = { DATABASE_URL: server.target.connectionString.reveal() };
  return {
    context: (options = {}) => contextOf({ home: "/nonexistent", env, ...options }),
    close: () => server.close(),
  };
}

describeConformance("PostgreSQL", onPostgres, 100);
describeLeases("PostgreSQL", onPostgres);
