/** Runs the conformance suite over a real PostgreSQL, started by Skein's own code. */
import { describeConformance } from "./fixtures/conformance.ts";
import { contextOf } from "./fixtures/harness.ts";
import { startLocalServer } from "./internal/postgres/local-server.ts";

describeConformance(
  "PostgreSQL",
  async () => {
    const server = await startLocalServer({ home: "/nonexistent", inMemory: true, env: process.env });
    const env = { DATABASE_URL: server.target.connectionString.reveal() };
    return {
      context: (options = {}) => contextOf({ home: "/nonexistent", env, ...options }),
      close: () => server.close(),
    };
  },
  100,
);
