/** Keeps the catalogue, the code that raises it, the reference page and the tests in agreement, both ways. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { variables } from "../cli/environment.ts";
import { catalogue, type CatalogueRow } from "./catalogue.ts";
import { isCanonicalCode } from "./codes.ts";
import { renderErrorReference } from "./reference.ts";

const root = join(import.meta.dirname, "../..");
const codes = Object.keys(catalogue);

/** Names in capitals that are no error codes: environment variables, and the code that tests use as an unknown one. */
const otherNames = new Set([
  ...variables.map(({ name }) => name),
  "SKEIN_CONFIG_ORDERS",
  "SKEIN_NO_SUCH_CODE",
  "SKEIN_SEED",
  "SKEIN_TEST",
  "SKEIN_TEST_DATA",
  // What a service in another language is told by whoever starts it.
  "SKEIN_TOKEN",
  "SKEIN_URL",
]);

interface SourceFile {
  readonly path: string;
  readonly text: string;
}

function read(folder: string, ending: RegExp): SourceFile[] {
  const top = join(root, folder);
  if (!existsSync(top)) return [];
  return readdirSync(top, { recursive: true, encoding: "utf8" })
    .filter((name) => ending.test(name) && !/(^|\/)(node_modules|\.skein|dist)\//.test(name))
    .map((name) => ({ path: join(folder, name), text: readFileSync(join(top, name), "utf8") }));
}

const code = [...read("src", /\.[cm]?tsx?$/), ...read("test", /\.[cm]?ts$/), ...read("examples", /\.[cm]?ts$/)];
const docs = [...read("docs", /\.md$/), ...read("examples", /\.md$/)];
const isTest = (file: SourceFile): boolean =>
  /\.test(-d)?\.ts$|\/fixtures\//.test(file.path) || file.path.startsWith("test/");
const inCatalogue = (file: SourceFile): boolean => /^src\/errors\/(catalogue|texts)\.ts$/.test(file.path);
const sources = code.filter((file) => file.path.startsWith("src/") && !isTest(file) && !inCatalogue(file));
// This layer's own tests go through all rows; that provokes none of them.
const provoking = code.filter((file) => isTest(file) && !file.path.startsWith("src/errors/"));

const missingFrom = (files: SourceFile[], quoted: boolean): string[] => {
  const found = new Set<string>();
  // In sources a mention in a comment raises nothing, so a string literal is asked for.
  const pattern = quoted ? /["'`](SKEIN_[A-Z]+(?:_[A-Z]+)*)["'`]/g : /(?<![\w.])(SKEIN_[A-Z]+(?:_[A-Z]+)*)(?!\w)/g;
  for (const { text } of files) for (const match of text.matchAll(pattern)) found.add(match[1] as string);
  return codes.filter((name) => !found.has(name));
};

test("every row is complete and well-formed", () => {
  for (const [name, row] of Object.entries<CatalogueRow>(catalogue)) {
    assert.match(name, /^SKEIN_[A-Z]+(_[A-Z]+)*$/);
    assert.ok(isCanonicalCode(row.canonical), name);
    assert.equal(typeof row.retry, "boolean", name);
    assert.ok(["not_started", "unknown", "failed"].includes(row.outcome), name);
    assert.ok(["caller", "operator", "bug"].includes(row.who), name);
    assert.match(row.what, /^[A-Z][^\n|]{10,200}\.$/, `${name}: "what" is one sentence`);
    assert.match(row.fix, /^[A-Z][^\n|]{10,300}\.$/, `${name}: "fix" is a sentence or two`);
    assert.match(row.since, /^\d+\.\d+\.\d+$/, name);
    if (row.status !== undefined)
      assert.ok(Number.isInteger(row.status) && row.status >= 400 && row.status <= 599, name);
  }
});

test("the scan sees the sources, the tests and the page", () => {
  assert.ok(sources.length > 10 && provoking.length > 0 && docs.length > 0);
});

test("every code is raised somewhere in src", () => {
  assert.deepEqual(missingFrom(sources, true), []);
});

test("every code is provoked by a test", () => {
  assert.deepEqual(missingFrom(provoking, false), []);
});

test("every code is named in the reference page", () => {
  assert.deepEqual(
    missingFrom(
      docs.filter((file) => file.path === "docs/reference/errors.md"),
      false,
    ),
    [],
  );
});

test("every code that occurs in sources, tests, docs and examples is in the catalogue", () => {
  const unknown: string[] = [];
  for (const file of [...code, ...docs]) {
    // `SKEIN_CALL_*` in prose is a family, not a code; a longer identifier is something else.
    for (const match of file.text.matchAll(/(?<![\w.])SKEIN_[A-Z]+(?:_[A-Z]+)*(?![\w*])/g)) {
      if (!Object.hasOwn(catalogue, match[0]) && !otherNames.has(match[0])) unknown.push(`${file.path}: ${match[0]}`);
    }
  }
  assert.deepEqual([...new Set(unknown)], []);
});

test("docs/reference/errors.md is what the catalogue renders (else: node src/errors/write-reference.ts)", () => {
  assert.equal(readFileSync(join(root, "docs/reference/errors.md"), "utf8"), renderErrorReference());
});
