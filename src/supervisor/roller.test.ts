/** A roll that the end of the system comes between, with the real check of a build. What rolls do is in test/supervisor. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { optionsOf } from "./fixtures/options.ts";
import { buildOf } from "./build.ts";
import { Changes } from "./changes.ts";
import { HostTable } from "./host-table.ts";
import { identify, isRunning } from "./process-identity.ts";
import { Roller } from "./roller.ts";
import type { Starter } from "./starter.ts";
import { State } from "./state.ts";

test("a stop while the build is checked: the check ends, nothing is written, no migration runs", async () => {
  const state = new State(mkdtempSync(path.join(tmpdir(), "skein-roller-")));
  state.open();
  // Inside the repository, so that it finds its packages.
  const directory = mkdtempSync(path.join(import.meta.dirname, ".builds-"));
  try {
    const [file, pidFile] = ["system.ts", "pid"].map((name) => path.join(directory, name)) as [string, string];
    writeFileSync(
      file,
      `import { writeFileSync } from "node:fs";
writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
await new Promise((resolve) => setTimeout(resolve, 300_000));`,
    );
    const build = buildOf(path.join(import.meta.dirname, "roller.test.ts"));
    const table = new HostTable(optionsOf(state, {}, { given: build, build }));
    const starter = {} as Starter;
    const changes = new Changes(table, starter);
    const rolled = new Roller(table, starter, changes).roll(
      { path: file, isDry: false, isBreaking: false },
      () => undefined,
    );
    const refused = assert.rejects(rolled, { code: "SKEIN_ROLL_REFUSED", message: /being stopped/ });
    const isAsked = (): boolean => existsSync(pidFile) && readFileSync(pidFile, "utf8") !== "";
    for (let looked = 0; !isAsked() && looked < 1_500; looked++) await pause(20);
    const child = identify(Number(readFileSync(pidFile, "utf8"))) ?? assert.fail("the check does not run");
    changes.close();
    await refused;
    while (isRunning(child)) await pause(20);
    assert.deepEqual([state.roll, state.keptBuild], [undefined, undefined]);
  } finally {
    rmSync(state.home, { recursive: true });
    rmSync(directory, { recursive: true });
  }
});
