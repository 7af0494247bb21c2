/** `skein client` as a process: what it writes, when it refuses, what a machine reads. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runSkein } from "./fixtures/sample.ts";

const shop = fileURLToPath(new URL("../../examples/shop/system.ts", import.meta.url));

suite("skein client", () => {
  test("prints or writes the same file, and --check tells when it is out of date", async () => {
    const directory = mkdtempSync(path.join(tmpdir(), "skein-client-"));
    try {
      const out = path.join(directory, "client.ts");
      const missing = await runSkein(["client", shop, "--out", out, "--check"], directory);
      assert.equal(missing.code, 1);
      assert.match(missing.stderr, /^skein: client\.ts is out of date \[SKEIN_CLIENT_STALE\]; .+\n$/);
      const printed = await runSkein(["client", shop], directory);
      const written = await runSkein(["client", shop, "--out", "client.ts"], directory);
      assert.deepEqual([printed.code, written.code, written.stdout], [0, 0, "wrote client.ts\n"]);
      assert.equal(readFileSync(out, "utf8"), printed.stdout);
      assert.deepEqual(readdirSync(directory), ["client.ts"]);
      const fresh = await runSkein(["client", shop, "--out", "client.ts", "--check", "--json"], directory);
      assert.deepEqual(
        [fresh.code, Object.keys(JSON.parse(fresh.stdout) as object)],
        [0, ["checked", "methods", "untyped", "leftOut"]],
      );
      writeFileSync(out, `${printed.stdout}\n`);
      const stale = await runSkein(["client", shop, "--out", "client.ts", "--check", "--json"], directory);
      assert.deepEqual(
        [stale.code, (JSON.parse(stale.stdout) as { error: { code: string } }).error.code],
        [1, "SKEIN_CLIENT_STALE"],
      );
      assert.equal(readFileSync(out, "utf8"), `${printed.stdout}\n`);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test("--check without a file is a wrong usage; a place that cannot be written leaves nothing", async () => {
    assert.equal((await runSkein(["client", shop, "--check"], ".")).code, 2);
    const lost = await runSkein(["client", shop, "--out", "/nowhere/at/all.ts"], ".");
    assert.deepEqual([lost.code, lost.stdout], [1, ""]);
    assert.match(lost.stderr, /SKEIN_CLI_FAILED/);
  });
});
