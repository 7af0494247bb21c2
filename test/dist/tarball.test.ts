// Owns the proof that the packed package works for a stranger: installed into an empty project, imported, run, type-checked.
// Must use only what npm installed there, never this repository's sources.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { entryPoints, mustRun, packageJson, read, root, run, temporaryPrefix } from "../../scripts/lib/repository.ts";
import { packTarball } from "../../scripts/package/tarball.ts";

const project = mkdtempSync(temporaryPrefix("stranger"));
const { version, devDependencies } = packageJson();

/** Runs Node in the stranger's project. */
function node(...args: readonly string[]): string {
  return mustRun(process.execPath, args, { cwd: project }).stdout;
}

suite("the packed package", () => {
  before(() => {
    mustRun(process.execPath, [join(root, "scripts/build.ts")]);
    using tarball = packTarball();
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "stranger", private: true, type: "module" }));
    const others = ["zod", "typescript", "@types/node"].map((name) => `${name}@${devDependencies[name]}`);
    const args = ["install", "--prefer-offline", "--no-audit", "--no-fund", tarball.path, ...others];
    mustRun("npm", args, { cwd: project, timeoutMs: 300_000 });
  });
  after(() => rmSync(project, { recursive: true, force: true }));

  test("each entry point can be imported and exports what api/exports.json says", () => {
    const expected = JSON.parse(read("api/exports.json")) as Readonly<Record<string, readonly string[]>>;
    assert.deepEqual(Object.keys(expected), entryPoints().map(([name]) => name));
    for (const [name, names] of Object.entries(expected)) {
      const code = `console.log(JSON.stringify(Object.keys(await import("skein${name.slice(1)}")).sort()))`;
      assert.deepEqual(JSON.parse(node("--input-type=module", "--eval", code)), names, name);
    }
  });

  test("its internals cannot be imported", () => {
    const { status, stderr } = run(process.execPath, ["--input-type=module", "--eval", `await import("skein/dist/core/index.js")`], { cwd: project });
    assert.equal(status, 1);
    assert.match(stderr, /ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });

  test("installing it installs its few runtime dependencies and no optional engine", () => {
    const { stdout } = mustRun("npm", ["ls", "--all", "--parseable", "skein", "kysely", "pg", "rou3"], { cwd: project });
    assert.match(stdout, /node_modules\/kysely/);
    assert.doesNotMatch(stdout, /node_modules\/pg$/m);
  });

  test("the JSON Schema that the guide tells editors of is there", () => {
    const [, path] = /"\$schema": "\.\/([^"]+)"/.exec(read("docs/guides/placements.md")) ?? [];
    assert.ok(path !== undefined);
    const schema = JSON.parse(readFileSync(join(project, path), "utf8")) as { readonly properties: object };
    assert.ok("groups" in schema.properties && "$schema" in schema.properties);
  });

  test("skein --help and --version answer", () => {
    const bin = join(project, "node_modules/.bin/skein");
    const help = mustRun(bin, ["--help"], { cwd: project }).stdout;
    for (const command of ["dev", "check", "openapi"]) assert.match(help, new RegExp(`\\b${command}\\b`));
    assert.ok(mustRun(bin, ["--version"], { cwd: project }).stdout.includes(version));
  });

  test("a small system is type-checked and checked with what was installed", () => {
    mkdirSync(join(project, "app"), { recursive: true });
    writeFileSync(join(project, "app/greeting.ts"), GREETING);
    writeFileSync(join(project, "app/system.ts"), SYSTEM);
    const flags = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--module", "nodenext", "--target", "es2024"];
    const bin = join(project, "node_modules/.bin");
    const check = run(join(bin, "tsc"), [...flags, "--types", "node", "--allowImportingTsExtensions", "app/system.ts"], { cwd: project });
    assert.equal(check.status, 0, check.stdout);
    const verdict = run(join(bin, "skein"), ["check", "app/system.ts"], { cwd: project });
    assert.equal(verdict.status, 0, verdict.stdout + verdict.stderr);
  });

  test("skein/gateway and skein/fetch answer with the same system", () => {
    writeFileSync(join(project, "app/answer.ts"), ANSWER);
    assert.equal(node("app/answer.ts"), '{"text":"Hello, ann"}\n{"text":"Hello, bob"}\n');
  });
});

const GREETING = `import * as z from "zod";
import { contract, query } from "skein/contract";
import { service } from "skein";

export const Greeting = contract("greeting", {
  hello: query({ input: z.object({ name: z.string() }), output: z.object({ text: z.string() }), http: "GET /hello/:name" }),
});

export const greeting = service(Greeting, { policy: { hello: { access: "public" } } });

export default greeting.implement({
  async hello({ name }) {
    return { text: \`Hello, \${name}\` };
  },
});
`;
const SYSTEM = `import { system } from "skein";
import greeting from "./greeting.ts";

export default system("small", { services: [greeting] });
`;
const ANSWER = `import { createHost } from "skein";
import { createFetchHandler } from "skein/fetch";
import { createGateway } from "skein/gateway";
import small from "./system.ts";

await using host = await createHost(small);
await using gateway = await createGateway(host, { port: 0 });
console.log(await (await fetch(gateway.url + "/hello/ann")).text());
await using handle = createFetchHandler(small);
console.log(await (await handle(new Request("http://small.example/hello/bob"))).text());
`;
