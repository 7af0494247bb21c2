// Owns the proof of the two ways into the repository on a machine with an old Node: install scripts run, or are blocked.
// Must work in a clone of what is committed, never in this checkout.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { type Outcome, root, run, temporaryPrefix } from "../../scripts/lib/repository.ts";

const NODE_MAJOR_MIN = 24;
const directory = mkdtempSync(temporaryPrefix("clone"));
/** The PATH of a newcomer: this repository's own executables are not on it. */
const systemPath = (process.env["PATH"] ?? "").split(":").filter((part) => !part.includes("node_modules")).join(":");

/** Runs a program as a newcomer would, with the Node of the machine. */
function asNewcomer(cwd: string, program: string, ...args: readonly string[]): Outcome {
  return run("env", [`PATH=${systemPath}`, program, ...args], { cwd, timeoutMs: 300_000 });
}

function clone(name: string): string {
  const target = join(directory, name);
  const { status, stderr } = run("git", ["clone", "--quiet", "--no-hardlinks", root, target]);
  assert.equal(status, 0, stderr);
  return target;
}

function install(cwd: string, ...flags: readonly string[]): void {
  const { status, stdout, stderr } = asNewcomer(cwd, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", ...flags);
  assert.equal(status, 0, stdout + stderr);
}

const { stdout } = asNewcomer(root, "node", "--version");
const systemMajor = Number(/^v(\d+)/.exec(stdout)?.[1] ?? NaN);
const oldNode = systemMajor < NODE_MAJOR_MIN;

suite(`a clean clone on a machine whose Node is ${systemMajor}`, () => {
  after(() => rmSync(directory, { recursive: true, force: true }));

  test("npm install brings the pinned Node to npm run, and builds", () => {
    const here = clone("scripts-run");
    install(here);
    assert.ok(existsSync(join(here, "dist/contract/index.js")));
    const version = asNewcomer(here, "npm", "exec", "--offline", "--", "node", "--version");
    assert.match(version.stdout, /^v24\./m);
    const changed = run("git", ["status", "--porcelain"], { cwd: here });
    assert.equal(changed.stdout, "", "npm install changes nothing that is committed");
  });

  test("with install scripts blocked, npm start and npm test say so in one line and exit 1, or the machine's Node is new enough", () => {
    const here = clone("scripts-blocked");
    install(here, "--ignore-scripts");
    if (!oldNode) {
      // Nothing is wrong there: the machine's own Node takes over.
      assert.equal(asNewcomer(here, "npm", "run", "--silent", "build").status, 0);
      return;
    }
    for (const command of ["start", "test"]) {
      const outcome = asNewcomer(here, "npm", "run", "--silent", command);
      assert.equal(outcome.status, 1, command);
      const lines = (outcome.stdout + outcome.stderr).split("\n").filter((line) => line !== "" && !line.startsWith("npm warn"));
      assert.equal(lines.length, 1, lines.join("\n"));
      assert.match(lines[0] ?? "", /^SKEIN_RUNTIME_TOO_OLD: /);
    }
  });
});
