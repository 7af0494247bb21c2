/** Holds the list of environment variables, and the page made of it, against the sources. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { renderConfigurationReference, variables } from "./environment.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");

test("docs/reference/configuration.md is what the code says", () => {
  assert.equal(read("docs/reference/configuration.md"), renderConfigurationReference(), "run npm run docs:reference");
});

test("every environment variable that the sources read by name is listed, and no other", () => {
  const sources = globSync("src/**/*.ts", { cwd: root }).filter((path) => !/\.test\.ts$|fixtures|suite/.test(path));
  const found = new Set<string>();
  for (const path of sources) {
    for (const [, name = ""] of read(path).matchAll(/\benv\["([A-Z][A-Z_]+)"\]/g)) found.add(name);
  }
  assert.ok(found.size > 3, "the search finds something");
  const listed = new Set(variables.map((variable) => variable.name));
  assert.deepEqual(
    [...found].filter((name) => !listed.has(name)),
    [],
  );
});
