/** Runs the conformance suites over both ways SQLite is kept. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeConformance, type Environment } from "./fixtures/conformance.ts";
import { contextOf } from "./fixtures/harness.ts";
import { describeLeases } from "./fixtures/lease-conformance.ts";

const inMemory = (): Promise<Environment> =>
  Promise.resolve({ context: (options = {}) => contextOf(options), close: () => Promise.resolve() });

async function inFile(): Promise<Environment> {
  const home = await mkdtemp(join(tmpdir(), "skein-data-"));
  return {
    context: (options = {}) => contextOf({ home, ...options }),
    close: () => rm(home, { recursive: true }),
  };
}

describeConformance("SQLite in memory", inMemory, 300);
describeConformance("SQLite in a file", inFile, 100);
describeLeases("SQLite in memory", inMemory);
describeLeases("SQLite in a file", inFile);
