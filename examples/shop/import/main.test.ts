/** The command as a user meets it, in a process of its own: output, exit codes, and every way a file can be broken. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { command, commandAt, file, header, row } from "./test-support.ts";

const shopBaskets = new URL("../data/baskets.txt", import.meta.url);
const sales = `${header}\n${Array.from({ length: 5_000 }, (_, i) => row({ invoice: String(i >> 1), code: String(10_000 + (i % 90)) })).join("\n")}\n`;

test("--help says how, on standard output, exit 0", async () => {
  const { code, stdout, stderr } = await command("--help");
  assert.deepEqual([code, stderr], [0, ""]);
  for (const word of ["<file>", "--format", "--dry-run", "--related", "--json", "Exit code"])
    assert.ok(stdout.includes(word), word);
});

test("wrong usage is one line and exit 2", async (t) => {
  const path = await file(t, "sales.csv", sales);
  for (const args of [[], [path, path], ["--bogus", path], ["--format", "xml", path], ["--format"]]) {
    const { code, stdout, stderr } = await command(...args);
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(stderr, /^usage: [^\n]+; see --help\n$/);
  }
});

test("the shop's own baskets are imported; related products follow the report", async () => {
  const { code, stdout, stderr } = await command(shopBaskets.pathname, "--related", "tea-0301");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /\(baskets\)[\s\S]+accepted 900\n[\s\S]+bought together with TEA-0301[\s\S]+TEA-0303/);
});

test("a dry run says the same and opens nothing", async (t) => {
  const home = join(await mkdtemp(join(tmpdir(), "shop-dry-")), "state");
  t.after(() => rm(join(home, ".."), { recursive: true }));
  const { code, stdout } = await commandAt(home, shopBaskets.pathname, "--dry-run", "--related", "tea-0301");
  assert.equal(code, 0);
  assert.match(stdout, /accepted 900\n[\s\S]+bought together with TEA-0301[\s\S]+TEA-0303/);
  assert.equal(existsSync(home), false);
});

test("a database that cannot be opened is one line with its code, exit 1", async (t) => {
  const home = await file(t, "home", "a file where a directory should be");
  const { code, stdout, stderr } = await commandAt(home, shopBaskets.pathname);
  assert.deepEqual([code, stdout.trim()], [1, ""]);
  assert.match(stderr.split("\n").at(-2) ?? "", /^SKEIN_[A-Z_]+: [^\n]+$/);
});

test("--json prints one object and nothing else; gzip is told by its content, whatever the name", async (t) => {
  const path = await file(t, "sales.csv", gzipSync(sales + row({ code: "POST" })));
  const { code, stdout, stderr } = await command(path, "--json");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^[^\n]+\n$/);
  const report = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual(
    [report["ok"], report["format"], report["read"], report["accepted"]],
    [true, "online-retail", 5_001, 5_000],
  );
  assert.deepEqual(report["rejected"], { "non-product-code": 1 });
  assert.deepEqual([report["products"], report["baskets"]], [90, 2_500]);
  for (const name of ["seconds", "rowsPerSecond", "peakRssMb"]) assert.ok(Number(report[name]) > 0, name);
});

test("a plain file named .gz is read as what it is", async (t) => {
  const { code } = await command(await file(t, "sales.csv.gz", sales), "--json");
  assert.equal(code, 0);
});

const packed = gzipSync(sales);
const damaged = Buffer.from(packed);
damaged.fill(0x55, packed.length >> 1, (packed.length >> 1) + 200);
const broken: readonly (readonly [
  name: string,
  content: string | Uint8Array,
  code: string,
  args?: readonly string[],
])[] = [
  ["an empty file", "", "empty-file"],
  ["an empty gzip", gzipSync(""), "unknown-format"],
  ["an empty gzip of a named format", gzipSync(""), "empty-file", ["--format", "online-retail"]],
  ["a gzip cut short", packed.subarray(0, packed.length - 50), "broken-gzip"],
  ["a gzip cut within its header", packed.subarray(0, 5), "broken-gzip"],
  ["a damaged gzip", damaged, "broken-gzip"],
  ["bytes that are no text", randomBytes(200_000).fill(0x80, 0, 2), "unknown-format"],
  ["another CSV", "name,age\nAda,36\n", "unknown-format"],
  ["a header that lacks a column", sales.replace("UnitPrice", "Cost"), "wrong-header"],
  ["a header without rows", `${header}\n`, "nothing-accepted"],
  ["cancellations only", `${header}\n${row({ invoice: "C1" })}\n`, "nothing-accepted"],
  ["baskets of nothing", "POST\n\nM\n", "nothing-accepted", ["--format", "baskets"]],
];

for (const [name, content, expected, args = []] of broken) {
  test(`${name}: ${expected}, one line, exit 1; the same as JSON`, async (t) => {
    const path = await file(t, "input", content);
    const [plain, json] = await Promise.all([command(path, ...args), command(path, "--json", ...args)]);
    assert.deepEqual([plain.code, plain.stdout], [1, ""], plain.stderr);
    assert.match(plain.stderr, new RegExp(`^${expected}: [^\n]+\n$`));
    assert.deepEqual([json.code, json.stderr], [1, ""]);
    assert.equal((JSON.parse(json.stdout) as { error: { code: string } }).error.code, expected);
  });
}

test("a missing file and a folder are unreadable-file", async () => {
  for (const path of ["/nowhere/at/all.csv", import.meta.dirname]) {
    const { code, stderr } = await command(path);
    assert.equal(code, 1);
    assert.match(stderr, /^unreadable-file: [^\n]+\n$/);
  }
});

test("memory stays flat: 400,000 rows, then a gzip bomb of one 200 MB line, under 200 MB each", async (t) => {
  const body = sales.slice(header.length + 1);
  const many = await command(await file(t, "many", gzipSync(sales + body.repeat(79))), "--json");
  const report = JSON.parse(many.stdout) as Record<string, number>;
  assert.equal(report["read"], 400_000);
  assert.ok((report["peakRssMb"] ?? Infinity) < 200, `${report["peakRssMb"]} MB`);
  const bomb = gzipSync(Buffer.concat([Buffer.from(sales), Buffer.alloc(200_000_000, 0x61)]));
  const exploded = JSON.parse((await command(await file(t, "bomb", bomb), "--json")).stdout) as Record<string, number>;
  assert.deepEqual(exploded["rejected"], { "too-long": 1 });
  assert.ok((exploded["peakRssMb"] ?? Infinity) < 200, `${exploded["peakRssMb"]} MB`);
});
