/** Owns what `skein place` says of arguments that nobody has to be asked about. What it does is tested in test/supervisor. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { State } from "../../supervisor/asking.ts";
import { identify } from "../../supervisor/process-identity.ts";
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

test("Ctrl+C: the move goes on, and that is said", async () => {
  const state = new State(mkdtempSync(path.join(tmpdir(), "skein-place-")));
  state.open();
  state.token();
  state.supervisor = { identity: identify(process.pid) ?? assert.fail(), file: system };
  // A supervisor in the middle of a move.
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", () => socket.write('{"is":"status"}\n{"is":"step","text":"begun"}\n'));
  });
  try {
    server.listen(state.control);
    await once(server, "listening");
    const env = { ...process.env, SKEIN_HOME: state.home };
    const child = spawn(process.execPath, ["--conditions=skein-src", bin, "place", system, "worker=own"], { env });
    let stderr = "";
    child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
    await once(child.stdout, "data");
    child.kill("SIGINT");
    assert.deepEqual(await once(child, "close"), [130, null]);
    assert.equal(stderr, "skein: the move goes on; skein status says whether it is over\n");
  } finally {
    server.close();
    rmSync(state.home, { recursive: true });
  }
});
