// Owns the checks of the package as it would be published: contents, publint, are-the-types-wrong, exports, budgets.
// Must look at the packed tarball and the build, never at the sources. `--write` accepts new exports and lower budgets.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { entryPoints, mustRun, read, root, run } from "./lib/repository.ts";
import { compare, readBudgets, tightened, writeBudgets } from "./package/budgets.ts";
import { bundleForBrowser } from "./package/browser-bundle.ts";
import { packTarball, type Tarball } from "./package/tarball.ts";
import { measureTypeCost, type TypeCost } from "./package/type-cost.ts";

const write = process.argv.includes("--write");
const EXPORTS = "api/exports.json";
const SERVICES = 100;
const TYPE_COST_ATTEMPTS_MAX = 3;
const problems: string[] = [];

function heading(name: string): void {
  console.log(`-- ${name}`);
}

function problem(text: string): void {
  problems.push(text);
  console.log(`   FAILED ${text}`);
}

function checkContents(tarball: Tarball): void {
  heading(`contents: ${tarball.files.length} files`);
  const unwanted = tarball.files.filter(
    (path) =>
      !/^(dist\/|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/.test(path) || /\.test(-d)?\.|\.map$/.test(path),
  );
  for (const path of unwanted) problem(`${path} should not be in the package`);
  for (const [, { types, default: code }] of entryPoints()) {
    for (const path of [types, code])
      if (!tarball.files.includes(path.slice(2))) problem(`${path} is exported but not in the package`);
  }
}

function checkTools(tarball: Tarball): void {
  heading("publint");
  const publint = run("publint", ["run", tarball.path, "--strict"]);
  if (publint.status !== 0) problem(`publint\n${publint.stdout}${publint.stderr}`);
  heading("are the types wrong (ESM only)");
  const attw = run("attw", [tarball.path, "--profile", "esm-only", "--format", "ascii", "--no-emoji", "--no-color"]);
  if (attw.status !== 0) problem(`attw\n${attw.stdout}${attw.stderr}`);
}

/** Runtime exports of each entry point of the build, as a fresh process sees them. */
function exportNames(): string {
  const code = `const seen = {};
for (const name of ${JSON.stringify(entryPoints().map(([name]) => name))}) {
  seen[name] = Object.keys(await import("skein" + name.slice(1))).sort();
}
console.log(JSON.stringify(seen, null, 2));`;
  return mustRun("node", ["--input-type=module", "--eval", code]).stdout;
}

function checkExports(): void {
  heading("exports");
  const now = exportNames();
  const then = existsSync(join(root, EXPORTS)) ? read(EXPORTS) : "";
  if (now === then) return;
  if (write) writeFileSync(join(root, EXPORTS), now);
  else problem(`the exports differ from ${EXPORTS}; if that is meant: npm run package -- --write\n${now}`);
}

/** Time on a busy machine is only ever too long, so a measurement over its limit is repeated and the shortest counts. */
function measureTypesCalmly(): TypeCost {
  const limit = readBudgets()["services100CheckMs"] ?? Infinity;
  let best = measureTypeCost(SERVICES);
  for (let attempt = 1; attempt < TYPE_COST_ATTEMPTS_MAX && best.checkMs > limit; attempt++) {
    console.log(`   check took ${best.checkMs} ms; measuring again`);
    const next = measureTypeCost(SERVICES);
    if (next.checkMs < best.checkMs) best = next;
  }
  return best;
}

async function measure(tarball: Tarball): Promise<Record<string, number>> {
  heading("browser bundles of skein/contract and skein/client");
  const contract = await bundleForBrowser(join(root, "dist/contract/index.js"));
  const client = await bundleForBrowser(join(root, "dist/contract/http-client/index.js"));
  for (const found of [...contract.nodeImports, ...client.nodeImports]) problem(`a browser bundle imports ${found}`);
  heading("neutral bundle of skein/fetch");
  const fetch = await bundleForBrowser(join(root, "dist/gateway/fetch/index.js"), "neutral");
  for (const found of fetch.nodeImports) problem(`the bundle of skein/fetch imports ${found}`);
  heading(`type-check of ${SERVICES} services`);
  const types = measureTypesCalmly();
  if (types.errors !== "") problem(`the generated services do not compile\n${types.errors}`);
  console.log(`   check ${types.checkMs} ms, total ${types.totalMs} ms, ${types.types} types`);
  return {
    contractMinifiedBytes: contract.minifiedBytes,
    contractGzipBytes: contract.gzipBytes,
    clientMinifiedBytes: client.minifiedBytes,
    clientGzipBytes: client.gzipBytes,
    fetchMinifiedBytes: fetch.minifiedBytes,
    fetchGzipBytes: fetch.gzipBytes,
    tarballPackedBytes: tarball.packedBytes,
    tarballUnpackedBytes: tarball.unpackedBytes,
    services100Instantiations: types.instantiations,
    services100CheckMs: types.checkMs,
  };
}

function checkBudgets(measured: Readonly<Record<string, number>>): void {
  heading("budgets");
  const budgets = readBudgets();
  for (const [name, value] of Object.entries(measured)) {
    const { line, over } = compare(budgets, name, value);
    if (over && !(write && budgets[name] === undefined)) problem(line);
    else console.log(`   ${line}`);
  }
  if (write) writeBudgets(tightened(budgets, measured));
}

if (!existsSync(join(root, "dist"))) {
  console.error("verify-package: no dist/; run npm run build first");
  process.exit(1);
}
using tarball = packTarball();
checkContents(tarball);
checkTools(tarball);
checkExports();
checkBudgets(await measure(tarball));
console.log(`package: ${problems.length === 0 ? "ok" : `${problems.length} problems`}`);
process.exitCode = problems.length === 0 ? 0 : 1;
