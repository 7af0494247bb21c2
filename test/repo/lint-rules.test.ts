// Owns the proof that the lint configuration can fail: every rule of ours, on planted bad sources, through the real oxlint.
// Must use the repository's own configuration and plugin, copied as they are.

import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { root, run, temporaryPrefix } from "../../scripts/lib/repository.ts";

const HEADER = "// Owns a planted example; must never be shipped.\n";
const planted = mkdtempSync(temporaryPrefix("lint"));
for (const path of [".oxlintrc.json", "scripts/lint", "tsconfig.json"])
  cpSync(join(root, path), join(planted, path), { recursive: true });
symlinkSync(join(root, "node_modules"), join(planted, "node_modules"));
after(() => rmSync(planted, { recursive: true }));

const bad: readonly (readonly [rule: string, path: string, code: string, header?: string])[] = [
  ["skein(layers)", "src/core/a.ts", `import { x } from "../errors/index.ts";\nexport const y = x;\n`],
  ["skein(layers)", "src/core/a.ts", `import type { X } from "../errors/index.ts";\nexport type Y = X;\n`],
  ["skein(layers)", "src/core/a.ts", `export { x } from "../errors/index.ts";\n`],
  ["skein(layers)", "src/core/a.ts", `export const load = () => import("../errors/index.ts");\n`],
  ["skein(layers)", "src/core/a.ts", `export type Y = import("../errors/index.ts").X;\n`],
  ["skein(layers)", "src/call/internal/a.ts", `import { x } from "../../data/index.ts";\nexport const y = x;\n`],
  ["skein(layers)", "src/call/a.ts", `import { x } from "../index.ts";\nexport const y = x;\n`],
  ["skein(layers)", "src/call/a.ts", `import { x } from "../../examples/shop/system.ts";\nexport const y = x;\n`],
  ["skein(layers)", "src/call/a.ts", `import { service } from "skein";\nexport const y = service;\n`],
  ["skein(layers)", "src/contract/a.ts", `import { readFileSync } from "node:fs";\nexport const y = readFileSync;\n`],
  ["skein(layers)", "src/nobody/a.ts", `import { x } from "../core/index.ts";\nexport const y = x;\n`],
  ["skein(raw-time)", "src/call/a.ts", `export const y = Date.now();\n`],
  ["skein(raw-time)", "src/call/a.ts", `export const y = new Date();\n`],
  ["skein(raw-time)", "src/call/a.ts", `export const y = Math.random();\n`],
  ["skein(raw-time)", "src/call/a.ts", `export const y = Math["random"]();\n`],
  ["skein(raw-time)", "src/call/a.ts", `export const y = performance.now();\n`],
  ["skein(raw-time)", "src/call/a.ts", `export const y = globalThis.performance.now();\n`],
  ["skein(raw-time)", "src/call/a.ts", `setTimeout(() => undefined, 1);\n`],
  ["skein(raw-time)", "src/call/a.ts", `globalThis.setTimeout(() => undefined, 1);\n`],
  ["skein(raw-time)", "src/call/a.ts", `const later = setTimeout;\nexport const y = { run: later };\n`],
  ["skein(raw-time)", "src/call/a.ts", `export const y = { timer: setInterval };\n`],
  [
    "skein(raw-time)",
    "src/call/a.ts",
    `import { setTimeout as wait } from "node:timers/promises";\nexport const y = wait;\n`,
  ],
  ["skein(raw-time)", "src/call/a.ts", `import { randomUUID } from "node:crypto";\nexport const y = randomUUID;\n`],
  ["skein(raw-time)", "src/call/a.ts", `export const y = AbortSignal.timeout(5);\n`],
  ["skein(dear-modules)", "src/call/a.ts", `import { request } from "node:http";\nexport const y = request;\n`],
  ["skein(dear-modules)", "src/call/a.ts", `import * as tls from "tls";\nexport const y = tls;\n`],
  ["skein(dear-modules)", "src/call/a.ts", `import { type Agent } from "node:https";\nexport type Y = Agent;\n`],
  ["skein(dear-modules)", "src/call/a.ts", `export { request } from "node:http";\n`],
  ["skein(dear-modules)", "src/call/a.ts", `export const load = () => import("node:http");\n`],
  ["skein(any-reason)", "src/call/a.ts", `export const y = (x: any): unknown => x;\n`],
  ["skein(no-export-all)", "src/call/a.ts", `export * from "./b.ts";\n`],
  ["skein(no-enum)", "src/call/a.ts", `export enum Colour { Red }\n`],
  ["import(no-default-export)", "src/call/a.ts", `export default 1;\n`],
  ["typescript(no-floating-promises)", "src/call/a.ts", `const f = async () => 1;\nf();\n`],
  ["typescript(no-misused-promises)", "src/call/a.ts", `const f = async () => true;\nexport const y = f() ? 1 : 2;\n`],
  [
    "typescript(consistent-type-imports)",
    "src/call/a.ts",
    `import { X } from "./b.ts";\nexport const y = (x: X): X => x;\n`,
  ],
  [
    "eslint(max-lines)",
    "src/call/a.ts",
    Array.from({ length: 401 }, (_, line) => `export const a${line} = 1;\n`).join(""),
  ],
  [
    "eslint(max-lines-per-function)",
    "src/call/a.ts",
    `export function f(x: number) {\n${"  x += 1;\n".repeat(70)}  return x;\n}\n`,
  ],
  ["skein(header)", "src/call/a.ts", `export const y = 1;\n// too late to say what this file owns\n`, ""],
];

const allowed: readonly (readonly [what: string, path: string, code: string])[] = [
  [
    "an import from above, seams with the names of the globals, any with its reason",
    "src/call/a.ts",
    `import { x } from "../core/index.ts";
import type { T } from "./b.ts";
export const time = (clock: { now(): number; setTimeout(ms: number): void }): Date => {
  clock.setTimeout(1);
  return new Date(clock.now());
};
export interface Timers {
  setTimeout(ms: number): void;
}
export const anything = (value: any): T => value; // any: the planted reason of this line
export const y = x;
`,
  ],
  [
    "raw time and randomness in core",
    "src/core/a.ts",
    `export const y = [Date.now(), Math.random(), performance.now(), setTimeout];\n`,
  ],
  [
    "types of modules that are dear to load",
    "src/call/a.ts",
    `import type { Agent } from "node:http";\nexport type { Server } from "node:http";\nexport type Y = [Agent, import("node:tls").TLSSocket];\n`,
  ],
  [
    "any import, also of a dear module, and the real clock in a test",
    "src/core/a.test.ts",
    `import { request } from "node:http";\nimport { x } from "../data/index.ts";\nexport const y = [request, x, Date.now()];\n`,
  ],
];

/** Each case in a file of its own, all of them in one run of oxlint; rules found, by file. */
function lintAll(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const plant = (path: string, text: string): void => {
    const file = join(planted, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    found.set(path, []);
  };
  for (const [index, [, path, code, header]] of bad.entries())
    plant(fileOf("bad", index, path), (header ?? HEADER) + code);
  for (const [index, [, path, code]] of allowed.entries()) plant(fileOf("good", index, path), HEADER + code);
  const { stdout, stderr } = run("oxlint", ["--type-aware", "--format=json", "src"], { cwd: planted });
  assert.notEqual(stdout, "", stderr);
  const { diagnostics } = JSON.parse(stdout) as { readonly diagnostics: readonly { code: string; filename: string }[] };
  for (const { code, filename } of diagnostics) found.get(filename)?.push(code);
  return found;
}

function fileOf(kind: string, index: number, path: string): string {
  return path.replace("/a.", `/${kind}-${index}.`);
}

const found = lintAll();

for (const [index, [rule, path, code]] of bad.entries()) {
  test(`${rule} refuses in ${path}: ${code.split("\n")[0]}`, () => {
    const rules = found.get(fileOf("bad", index, path)) ?? [];
    assert.ok(rules.includes(rule), `found only ${JSON.stringify(rules)}`);
  });
}

for (const [index, [what, path]] of allowed.entries()) {
  test(`allowed: ${what}`, () => assert.deepEqual(found.get(fileOf("good", index, path)), []));
}
