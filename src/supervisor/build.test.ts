/** What a directory's build is: its system file, and the Skein that its hosts run on. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { buildOf, findBuild, moduleOf, nodeArgumentsOf } from "./build.ts";

let root: string;
beforeEach(() => (root = realpathSync(mkdtempSync(path.join(tmpdir(), "skein-builds-")))));
afterEach(() => rmSync(root, { recursive: true }));

const write = (name: string, text = ""): string => {
  const file = path.join(root, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
};
/** A package of this version, as an installation has it. */
const writeSkein = (build: string, version: string): void => {
  const at = `${build}/node_modules/skein`;
  write(
    `${at}/package.json`,
    JSON.stringify({ name: "skein", version, exports: { "./package.json": "./package.json" } }),
  );
  write(`${at}/dist/supervisor/host-main.js`);
};

test("the system file is where the running one has it below its package, compiled or not", () => {
  write("v1/package.json", "{}");
  const running = buildOf(write("v1/src/system.ts"));
  const same = write("v2/src/system.ts");
  write("v2/system.ts");
  assert.equal(findBuild(path.join(root, "v2"), running).file, same);
  const compiled = write("v3/src/system.js");
  assert.equal(findBuild(path.join(root, "v3"), running).file, compiled);
  const flat = write("v4/system.ts");
  assert.equal(findBuild(path.join(root, "v4"), running).file, flat);
  assert.equal(findBuild(flat, running).file, flat);
  mkdirSync(path.join(root, "v5"));
  for (const [given, message] of [
    [path.join(root, "v5"), /v5 has no system file; looked for .*v5\/src\/system\.ts, .*v5\/system\.js/],
    [path.join(root, "v6"), /there is no .*v6/],
  ] as const)
    assert.throws(() => findBuild(given, running), { code: "SKEIN_ROLL_REFUSED", message });
});

test("a build is known by its path without links", () => {
  const file = write("v1/system.ts");
  symlinkSync(path.join(root, "v1"), path.join(root, "current"));
  assert.equal(buildOf(path.join(root, "current/system.ts")).file, file);
});

test("hosts run on the Skein of their build, where it is of the supervisor's line of versions", () => {
  const running = buildOf(write("v1/system.ts"));
  assert.equal(running.skein, undefined);
  assert.match(moduleOf(running, "supervisor/host-main"), /supervisor\/host-main\.ts$/);
  write("v2/system.ts");
  writeSkein("v2", "0.1.9");
  const own = findBuild(path.join(root, "v2"), running);
  assert.equal(
    moduleOf(own, "supervisor/host-main"),
    path.join(root, "v2/node_modules/skein/dist/supervisor/host-main.js"),
  );
  assert.ok(!nodeArgumentsOf(own).some((argument) => argument.includes("skein-src")));
  write("v3/system.ts");
  writeSkein("v3", "0.2.0");
  assert.throws(() => findBuild(path.join(root, "v3"), running), {
    code: "SKEIN_ROLL_REFUSED",
    message: /it runs on Skein 0\.2 and the supervisor is 0\.1/,
  });
  rmSync(path.join(root, "v2/node_modules/skein/dist"), { recursive: true });
  assert.throws(() => findBuild(path.join(root, "v2"), running), { message: /its Skein is not whole/ });
});
