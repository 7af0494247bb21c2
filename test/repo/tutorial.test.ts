/**
 * Follows docs/tutorial.md: writes its blocks into a folder, type-checks them with the settings it gives (and with
 * declarations, which most projects emit), runs its tests and its system. It must never mend a block.
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root, run } from "../../scripts/lib/repository.ts";

const text = readFileSync(join(root, "docs/tutorial.md"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "skein-tutorial-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const blocks = [...text.matchAll(/```(ts|json)\n([\s\S]*?)```/g)].map(([, kind = "", code = ""]) => ({ kind, code }));
const files = new Map<string, string>();

function write(name: string, code: string): void {
  files.set(name, code);
  writeFileSync(join(folder, name), code);
}

/** Writes the blocks up to and including the first whose code contains `until`. */
function writeUntil(until: string): void {
  for (;;) {
    const block = blocks.shift();
    assert.ok(block !== undefined, `the tutorial has a block with ${until}`);
    const named = /^\/\/ (\S+\.\w+)\n/.exec(block.code);
    if (named !== null) write(named[1] ?? "", block.code);
    else if (block.kind === "json") write("tsconfig.json", block.code);
    else change(block.code);
    if (block.code.includes(until)) return;
  }
}

/** A block without a file name replaces what it names: an import is added, a declaration or a method is exchanged. */
function change(code: string): void {
  const service = files.get("notes.service.ts") ?? "";
  if (code.startsWith("import ")) return write("notes.service.ts", code + service);
  if (code.startsWith("export const notes"))
    return write("notes.service.ts", service.slice(0, service.indexOf("export const notes")) + code);
  const implementation = files.get("notes.ts") ?? "";
  assert.match(code, /^ {2}async add\(/);
  const from = implementation.indexOf("  async add(");
  const to = implementation.indexOf("\n  },\n", from) + "\n  },\n".length;
  write("notes.ts", implementation.slice(0, from) + code + implementation.slice(to));
}

function typeCheck(...more: string[]): string {
  const { stdout, stderr } = run("tsc", ["-p", ".", "--customConditions", "skein-src", ...more], { cwd: folder });
  return stdout + stderr;
}

function skein(...args: string[]): string {
  const { stdout, stderr, status } = run("node", ["--conditions=skein-src", join(root, "src/cli/bin.ts"), ...args], {
    cwd: folder,
  });
  assert.equal(status, 0, stdout + stderr);
  return stdout;
}

before(() => {
  mkdirSync(join(folder, "node_modules"));
  for (const name of ["zod", "@types"])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  symlinkSync(root, join(folder, "node_modules/skein"));
  writeFileSync(join(folder, "package.json"), '{ "name": "notes", "type": "module" }');
});

test("the first system type-checks and has no findings", () => {
  writeUntil('export default system("notes"');
  assert.equal(typeCheck(), "");
  assert.match(skein("check"), /no errors/);
});

test("with the second service and the tests it type-checks, also with declarations, and the tests pass", () => {
  writeUntil("isDeclared(error");
  assert.equal(typeCheck(), "");
  assert.equal(typeCheck("--declaration"), "");
  assert.match(skein("check"), /no errors/);
  // Without the variable by which this very runner speaks to its children.
  const command = ["-u", "NODE_TEST_CONTEXT", "node", "--conditions=skein-src", "--test"];
  const { stdout, stderr, status } = run("env", command, { cwd: folder });
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /pass 2\n/);
});
