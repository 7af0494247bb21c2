/** Owns the example in two languages as its one command starts it, and curl at its door. It must never use a fixed port. */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import type { Status } from "../../src/supervisor/asking.ts";
import { assertPython, freePort, Python, token } from "./python.ts";

const run = promisify(execFile);
const root = path.join(import.meta.dirname, "../..");
const system = path.join(root, "examples/polyglot/system.ts");
const limitMs = 30_000;

let home = "";
let main: ChildProcess;
let output = "";
let gateway = "";
let door = "";

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await holds())) {
    assert.ok(performance.now() < endMs, `not within ${limitMs} ms: ${what}\n${output}`);
    assert.equal(main.exitCode, null, output);
    await pause(50);
  }
}

async function status(): Promise<Status> {
  const bin = path.join(root, "src/cli/bin.ts");
  const { stdout } = await run(process.execPath, ["--conditions=skein-src", bin, "status", system, "--json"], {
    env: { PATH: process.env["PATH"], SKEIN_HOME: home },
  });
  return JSON.parse(stdout) as Status;
}

before(async () => {
  assertPython();
  home = await mkdtemp(path.join(tmpdir(), "skein-polyglot-"));
  const [peers, scores] = [await freePort(), await freePort()];
  door = `http://127.0.0.1:${peers}`;
  main = spawn(process.execPath, ["--conditions=skein-src", path.join(root, "examples/polyglot/main.ts")], {
    env: {
      PATH: process.env["PATH"],
      SKEIN_HOME: home,
      PORT: "0",
      SKEIN_PEERS_HTTP: String(peers),
      SCORES_PORT: String(scores),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [main.stdout, main.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  await until("its start", () => /ready on (http\S+)/.test(output) && output.includes("scores answers on"));
  gateway = /ready on (http\S+)/.exec(output)?.[1] ?? "";
});

after(async () => {
  const ended = once(main, "exit");
  main.kill("SIGTERM");
  await ended;
  await rm(home, { recursive: true });
});

const page = async (target: string) => {
  const response = await fetch(gateway + target);
  return [response.status, await response.text()] as const;
};

test("a request reaches Python through the gateway, and Python a service in another process", async () => {
  assert.deepEqual(await page("/scores/emma"), [
    200,
    '{"id":"emma","title":"Emma","score":4.74,"since":"2026-01-02T00:00:00.000Z"}',
  ]);
  const [tooShort, problem] = await page("/scores/haiku");
  assert.equal(tooShort, 409);
  assert.match(problem, /"code":"TOO_SHORT".*"data":\{"pages":1\}/);
  // Its own callee's declared error, which its contract declares too.
  assert.equal((await page("/scores/none"))[0], 404);
  assert.equal((await page("/scores/emma/watch"))[1].trim().split("\n").length, 3);
});

/** What curl is answered: the status, and the body as JSON. */
async function curl(target: string, token: string, ...more: string[]): Promise<[number, { code?: string }]> {
  const args = ["-sS", "-w", "\n%{http_code}", "-X", "POST", "-H", `authorization: Bearer ${token}`];
  const { stdout } = await run("curl", [...args, ...more, door + target]);
  const lines = stdout.split("\n");
  const code = Number(lines.pop());
  const text = lines.join("\n");
  return [code, text === "" ? {} : (JSON.parse(text) as object)];
}

test("curl, with the token of the hosts", async () => {
  const token = readFileSync(path.join(home, "run/token"), "utf8");
  const json = ["-H", "content-type: application/json", "-d", '{"id":"emma"}'];
  const asScores = ["-H", "skein-caller: scores"];
  // Who names nobody is outside, and what is internal is not for them.
  const denied = await curl("/books/byId", token, ...json);
  assert.deepEqual([denied[0], denied[1].code], [403, "SKEIN_ACCESS_DENIED"]);
  assert.equal((await curl("/scores/score", token, ...json))[0], 200);
  const [ok, book] = await curl("/books/byId", token, ...json, ...asScores);
  assert.deepEqual([ok, book], [200, { id: "emma", title: "Emma", pages: 474, added: "2026-01-02T00:00:00.000Z" }]);
  const remove = await curl("/books/remove", token, ...json, ...asScores);
  assert.equal(remove[1].code, "SKEIN_CALL_UNDECLARED");
  assert.equal((await curl("/books/byId", "x".repeat(43), ...json))[1].code, "SKEIN_TRANSPORT_DENIED");
  assert.deepEqual((await curl("/books/none", token, ...json))[0], 404);
  const invalid = await curl("/scores/score", token, "-H", "content-type: application/json", "-d", '{"id":1}');
  assert.deepEqual([invalid[0], invalid[1].code], [400, "SKEIN_INPUT_INVALID"]);
});

test("one host has the port; killed, another one takes it, and Python is answered again", async () => {
  let owner: Status["hosts"][number] | undefined;
  await until("an owner", async () => {
    owner = (await status()).hosts.find(({ http }) => http === door);
    return owner !== undefined;
  });
  const { pid } = owner ?? assert.fail("nobody has the port");
  process.kill(pid ?? assert.fail("it has no process"), "SIGKILL");
  await until("another owner, and the first one started again", async () => {
    const { hosts } = await status();
    const now = hosts.find(({ http }) => http === door);
    return now !== undefined && now.pid !== pid && hosts.every(({ state }) => state === "ready");
  });
  assert.equal((await page("/scores/emma"))[0], 200);
});

test("skein dev has the port too", async () => {
  const own = await mkdtemp(path.join(tmpdir(), "skein-polyglot-dev-"));
  const [peers, port] = [await freePort(), await freePort()];
  const python = await Python.start("../../examples/polyglot/scores.py", port, `http://127.0.0.1:${peers}`);
  const bin = path.join(root, "src/cli/bin.ts");
  const dev = spawn(process.execPath, ["--conditions=skein-src", bin, "dev", system, "--json"], {
    env: {
      PATH: process.env["PATH"],
      SKEIN_HOME: own,
      PORT: "0",
      SKEIN_PEERS_HTTP: String(peers),
      SCORES_URL: `http://127.0.0.1:${port}`,
      SCORES_TOKEN: token,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    let said = "";
    const url = await new Promise<string>((resolve, reject) => {
      dev.once("exit", () => reject(new Error(said)));
      dev.stdout.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        const found = /"url":"(http[^"]+)"/.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    const response = await fetch(`${url}/scores/emma`);
    assert.equal(response.status, 200, await response.text());
  } finally {
    const ended = once(dev, "exit");
    dev.kill("SIGTERM");
    await ended;
    await python.kill();
    await rm(own, { recursive: true });
  }
});
