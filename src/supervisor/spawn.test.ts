/** With what priority a host starts and goes on: as the system has it, of every thread. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { getPriority, tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { mayRaise, startHost } from "./spawn.ts";

/** Says the niceness of its threads and of its session, one of the threads its own, before and after it takes the one it serves with. */
const program = `
  import { readdirSync, readFileSync, writeSync } from "node:fs";
  import { once } from "node:events";
  import { Worker } from "node:worker_threads";
  import { raise } from ${JSON.stringify(new URL("./spawn.ts", import.meta.url).href)};
  const worker = new Worker("require('node:worker_threads').parentPort.once('message', () => undefined)", { eval: true, execArgv: [] });
  await once(worker, "online");
  const say = () => {
    const threads = readdirSync("/proc/self/task").map((id) => {
      const text = readFileSync("/proc/self/task/" + id + "/stat", "utf8");
      return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[16]);
    });
    let session = null;
    try {
      session = Number(/nice (-?\\\\d+)/.exec(readFileSync("/proc/self/autogroup", "utf8"))[1]);
    } catch {}
    writeSync(1, JSON.stringify({ threads, session }) + "\\\\n");
  };
  say();
  raise();
  say();
  worker.postMessage("end");
`.replaceAll("\\\\", "\\");

/** Who could not take a lower priority back leaves it as it is, from start to end. */
const usual = getPriority();
const starting = mayRaise ? 10 : usual;

test(
  `a host starts behind those that serve; all its threads are their equals once it serves${mayRaise ? "" : " (not here: nobody may take a lower priority back)"}`,
  { skip: process.platform === "linux" ? false : "/proc is Linux's" },
  startsAndServes,
);

async function startsAndServes(): Promise<void> {
  const directory = mkdtempSync(path.join(tmpdir(), "skein-spawn-"));
  try {
    mkdirSync(path.join(directory, "logs"));
    const log = path.join(directory, "logs/one.log");
    const child = startHost(["--conditions=skein-src", "--input-type=module", "--eval", program], log);
    child.ref();
    const [code] = (await once(child, "exit")) as [number | null];
    const text = readFileSync(log, "utf8");
    assert.equal(code, 0, text);
    type Said = { readonly threads: readonly number[]; readonly session: number | null };
    const [before, after] = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Said) as [Said, Said];
    assert.ok(before.threads.length >= 3);
    assert.ok(
      before.threads.filter((nice) => nice === starting).length >= before.threads.length - 1,
      `starting: ${before.threads.join(" ")}`,
    );
    const serving = mayRaise ? 0 : usual;
    assert.deepEqual(
      after.threads.filter((nice) => nice !== serving),
      [],
      `serving: ${after.threads.join(" ")}`,
    );
    if (before.session !== null) assert.deepEqual([before.session, after.session], [starting, serving]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("what a process has compiled is kept beside its log for the next one", async () => {
  const directory = mkdtempSync(path.join(tmpdir(), "skein-spawn-"));
  try {
    mkdirSync(path.join(directory, "logs"));
    const log = path.join(directory, "logs/one.log");
    const keep = `import { keepCompiled } from ${JSON.stringify(new URL("./spawn.ts", import.meta.url).href)}; keepCompiled();`;
    const child = startHost(["--conditions=skein-src", "--input-type=module", "--eval", keep], log);
    child.ref();
    const [code] = (await once(child, "exit")) as [number | null];
    assert.equal(code, 0, readFileSync(log, "utf8"));
    assert.equal(readdirSync(path.join(directory, "compiled")).length, 1);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
