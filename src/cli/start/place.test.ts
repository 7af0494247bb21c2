/** Owns what `skein place` says of arguments that nobody has to be asked about. What it does is tested in test/supervisor. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { bin } from "../fixtures/sample.ts";

const system = path.join(import.meta.dirname, "../../../test/supervisor/stubborn.system.ts");

test("a group that can have no such name: one line that says what a name is, and nobody is asked", () => {
  for (const name of ["../x", "Orders", "1st"]) {
    const args = ["--conditions=skein-src", bin, "place", system, `worker=${name}`];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    assert.deepEqual([status, stdout], [2, ""]);
    const fix = 'give one of lower-case letters, digits and "-", at most 32, the first one a letter';
    assert.equal(stderr, `skein: "${name}" is no name of a group [SKEIN_CLI_USAGE]; ${fix}\n`);
  }
});
