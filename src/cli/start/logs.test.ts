/** Owns `skein logs` as a person meets it. What it reads is made up here; merging and cutting have tests of their own. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { bin } from "../fixtures/sample.ts";

const system = path.join(import.meta.dirname, "../../../examples/shop/system.ts");
const minuteMs = 60_000;
let home: string;
let empty: string;

const write = (host: string, text: string) => writeFileSync(path.join(home, `run/logs/${host}.log`), text);

before(() => {
  [home = "", empty = ""] = ["full", "empty"].map((name) => mkdtempSync(path.join(tmpdir(), `skein-logs-${name}-`)));
  mkdirSync(path.join(home, "run/logs"), { recursive: true });
  const line = (ageMs: number, level: string, message: string, more = {}) =>
    `${JSON.stringify({ time: new Date(Date.now() - ageMs).toISOString(), level, message, ...more })}\n`;
  write(
    "orders-1",
    line(20 * minuteMs, "info", "old") + line(0, "error", "no \u001b[2J stock\nat all", { sku: "a b", left: 0 }),
  );
  write("supervisor", line(minuteMs, "warn", "orders-1 ended") + "\u001b]0;title\u0007 crash\n");
});
after(() => [home, empty].forEach((one) => rmSync(one, { recursive: true })));

const start = (args: readonly string[], where = home) =>
  spawn(process.execPath, ["--conditions=skein-src", bin, "logs", system, ...args], {
    env: { PATH: process.env["PATH"], SKEIN_HOME: where, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });

async function run(args: readonly string[], where?: string) {
  const child = start(args, where);
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const [code] = (await once(child, "close")) as [number];
  return { code, out, err, lines: out.split("\n").slice(0, -1) };
}

test("one line for each thing written, whatever is in it; times, hosts and groups to choose", async () => {
  const [all, recent, group, json] = await Promise.all([
    run([]),
    run(["--since", "10m"]),
    run(["--host", "orders"]),
    run(["--json"]),
  ]);
  const words = all.lines.map((line) => line.replace(/^\S+ /, ""));
  assert.deepEqual(words, [
    "orders-1 INFO  old",
    "supervisor WARN  orders-1 ended",
    "supervisor \\x1b]0;title\\x07 crash",
    'orders-1 ERROR no \\x1b[2J stock\\nat all sku="a b" left=0',
  ]);
  assert.deepEqual(recent.lines.length, 3);
  assert.deepEqual(group.lines.length, 2);
  const events = json.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    events.map(({ host, level, text }) => [host, level, text]),
    [
      ["orders-1", "info", undefined],
      ["supervisor", "warn", undefined],
      ["supervisor", undefined, "\u001b]0;title\u0007 crash"],
      ["orders-1", "error", undefined],
    ],
  );
});

test("nothing there, a host that is not there, a time that is none: said in a line, with a code", async () => {
  const [none, host, since] = await Promise.all([run([], empty), run(["--host", "cart"]), run(["--since", "soon"])]);
  for (const [{ code, out, err }, wanted] of [
    [none, /^skein: .* \[SKEIN_LOGS_NONE\]; .*\n$/],
    [host, /^skein: no "cart" has written a log \[SKEIN_CLI_USAGE\]; there are orders-1, supervisor\n$/],
    [since, /^skein: --since is "soon", .* \[SKEIN_CLI_USAGE\]; .*\n$/],
  ] as const) {
    assert.notEqual(code, 0);
    assert.equal(out, "");
    assert.match(err, wanted);
  }
});

test("--follow goes on until it is told to end, also where nothing was yet", async () => {
  const child = start(["--follow", "--json"], empty);
  child.stdout.setEncoding("utf8");
  const logs = path.join(empty, "run/logs");
  mkdirSync(logs, { recursive: true });
  const heard = once(child.stdout, "data") as Promise<[string]>;
  appendFileSync(path.join(logs, "cart-1.log"), "hello\n");
  assert.equal((JSON.parse((await heard)[0]) as { text: string }).text, "hello");
  child.kill("SIGINT");
  const [code] = (await once(child, "close")) as [number];
  assert.equal(code, 0);
  rmSync(logs, { recursive: true });
});
