/** Runs the conformance suite over both ways SQLite is kept. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeConformance } from "./fixtures/conformance.ts";
import { contextOf } from "./fixtures/harness.ts";

describeConformance(
  "SQLite in memory",
  () => Promise.resolve({ context: (options = {}) => contextOf(options), close: () => Promise.resolve() }),
  300,
);

describeConformance(
  "SQLite in a file",
  async () => {
    const home = await mkdtemp(join(tmpdir(), "skein-data-"));
    return {
      context: (options = {}) => contextOf({ home, ...options }),
      close: () => rm(home, { recursive: true }),
    };
  },
  100,
);
