/** Owns what `skein roll` says when it cannot ask. What it does when it can is tested with real systems in test/supervisor. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { bin } from "../fixtures/sample.ts";

const system = path.join(import.meta.dirname, "../../../test/supervisor/stubborn.system.ts");

test("without a directory, and without a supervisor: one line, with a code, and nothing is written", () => {
  const home = mkdtempSync(path.join(tmpdir(), "skein-roll-"));
  const roll = (...args: readonly string[]) => {
    const env = { PATH: process.env["PATH"], SKEIN_HOME: home };
    return spawnSync(process.execPath, ["--conditions=skein-src", bin, "roll", ...args], { env, encoding: "utf8" });
  };
  try {
    const none = roll();
    assert.equal(none.status, 2);
    assert.match(none.stderr, /^skein: nothing to roll to \[SKEIN_CLI_USAGE\]; give the directory of the new build\n$/);
    const alone = roll("somewhere", system, "--json");
    assert.equal(alone.status, 1);
    assert.equal((JSON.parse(alone.stdout) as { error: { code: string } }).error.code, "SKEIN_SUPERVISOR_NONE");
    assert.deepEqual(readdirSync(home), []);
  } finally {
    rmSync(home, { recursive: true });
  }
});
