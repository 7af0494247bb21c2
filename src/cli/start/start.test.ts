/** Owns what `skein start` says when it cannot. What it does when it can is tested with real systems in test/supervisor. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { bin } from "../fixtures/sample.ts";

const system = path.join(import.meta.dirname, "../../../test/supervisor/stubborn.system.ts");

async function start(home: string, ...args: readonly string[]) {
  const child = spawn(
    process.execPath,
    ["--conditions=skein-src", bin, "start", system, "--mode", "development", ...args],
    { env: { PATH: process.env["PATH"], SKEIN_HOME: home }, stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const [code] = (await once(child, "close")) as [number];
  return { code, said };
}

test("a port that is taken: said with who has it, and nothing is left behind", async () => {
  const home = mkdtempSync(path.join(tmpdir(), "skein-start-"));
  const other = createServer().listen(0, "127.0.0.1");
  try {
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const { code, said } = await start(home, "--port", String(port));
    assert.equal(code, 1);
    assert.match(said, new RegExp(`^skein: port ${port} is in use by .* \\[SKEIN_PORT_TAKEN\\]; .*\n$`));
    assert.deepEqual(readdirSync(path.join(home, "run/hosts")), []);
    assert.equal(readdirSync(path.join(home, "run")).includes("supervisor.json"), false);
  } finally {
    other.close();
    rmSync(home, { recursive: true });
  }
});

test("a state directory that cannot be written: one line, with a code", async () => {
  const { code, said } = await start("/dev/null/skein");
  assert.equal(code, 1);
  assert.match(said, /^skein: \/dev\/null\/skein could not be written: .* \[SKEIN_STATE_FAILED\]; .*\n$/);
});
