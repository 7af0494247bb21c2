/** Proves that commands which only ask a running supervisor load next to nothing: they are waited for, and take time from what runs. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bin } from "../fixtures/sample.ts";

const home = mkdtempSync(join(tmpdir(), "skein-light-"));
after(() => rmSync(home, { recursive: true }));
const systemFile = join(home, "system.ts");
writeFileSync(systemFile, "throw new Error('it is not needed');\n");
const names = join(home, "names.mjs");
writeFileSync(
  names,
  `import { registerHooks } from "node:module";
  registerHooks({ load: (url, context, next) => (console.log("loads " + url), next(url, context)) });`,
);

const commands: readonly (readonly string[])[] = [
  ["status", systemFile],
  ["stop", systemFile],
  ["logs", systemFile],
  ["place", "orders=own", systemFile],
  ["roll", home, systemFile],
];
for (const [name = "", ...rest] of commands)
  test(`skein ${name} loads no gateway, no transport and no system`, () => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ["--conditions=skein-src", "--import", names, bin, name, ...rest],
      { encoding: "utf8", env: { ...process.env, SKEIN_HOME: join(home, "state") } },
    );
    assert.equal(status, 1, stderr);
    assert.match(stderr, /SKEIN_SUPERVISOR_NONE|SKEIN_LOGS_NONE/);
    const modules = stdout.matchAll(/^loads file:.*\/src\/(\w+\/.+)$/gm);
    const loaded = [...modules].map(([, module = ""]) => module);
    assert.ok(loaded.includes("supervisor/state.ts"), stdout);
    const heavy = loaded.filter((one) => !/^(cli|core|errors|supervisor|system\/(placement|finding))\b/.test(one));
    assert.deepEqual(heavy, []);
  });
