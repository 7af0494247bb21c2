// Owns how the repository's tests are run: which files belong to which suite, and one closing line that counts.
// Must fail when nothing ran, and never hide a skipped test.

import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { files, root } from "./lib/repository.ts";

const FILE_TIMEOUT_MS = { unit: 120_000, engines: 900_000 };

/** `*.engines.test.ts` needs a real server or takes long; test/dist needs the packed tarball. */
const ENGINES = ["{src,examples,test}/**/*.engines.test.ts", "test/{dist,engines}/**/*.test.ts"];
const UNIT = ["{src,examples,test,scripts}/**/*.test.ts", "bench/lib/*.test.ts"];

const [suite = "unit", ...wanted] = process.argv.slice(2);
if (suite !== "unit" && suite !== "engines") {
  console.error(`usage: node scripts/test.ts unit|engines [path or part of a path...]`);
  process.exit(2);
}

const engines = files(...ENGINES);
const all = suite === "engines" ? engines : files(...UNIT).filter((file) => !engines.includes(file));
const chosen = wanted.length === 0 ? all : all.filter((file) => wanted.some((part) => file.includes(part)));
if (chosen.length === 0) {
  console.error(`0 passed, 1 failed: no ${suite} test file matches ${wanted.join(" ") || "(anything)"}`);
  process.exit(1);
}

const startedAt = Date.now();
let counts = { tests: 0, passed: 0, cancelled: 0, skipped: 0, todo: 0 };
const stream = run({
  files: chosen.map((file) => resolve(root, file)),
  cwd: root,
  execArgv: ["--conditions=skein-src"],
  // Real servers share the machine: one file at a time there, every core otherwise.
  concurrency: suite === "engines" ? 1 : availableParallelism(),
  timeout: FILE_TIMEOUT_MS[suite],
});
stream.on("test:summary", (summary) => {
  if (summary.file === undefined) counts = summary.counts;
});
stream.compose(spec).pipe(process.stdout);
stream.on("end", () => {
  const failed = counts.tests - counts.passed - counts.skipped - counts.todo;
  const rest = counts.skipped + counts.todo > 0 ? `, ${counts.skipped} skipped, ${counts.todo} todo` : "";
  process.exitCode = failed > 0 || counts.passed === 0 ? 1 : 0;
  process.once("exit", () => {
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
    console.log(`${counts.passed} passed, ${failed} failed${rest} (${suite}: ${chosen.length} files, ${seconds} s)`);
  });
});
