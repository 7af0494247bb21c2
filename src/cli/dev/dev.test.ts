/** `skein dev` as a person meets it: real processes, real files, real ports. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { bin, cleanEnvironment, DevRun, get, isAlive, runSkein, Sample } from "../fixtures/sample.ts";

/** Looks again every few milliseconds at something that tells nobody when it changes, for at most `ms`. */
async function eventually(isTrue: () => boolean, ms: number): Promise<number> {
  const startedAt = performance.now();
  while (!isTrue()) {
    assert.ok(performance.now() - startedAt < ms, `not within ${ms} ms`);
    await pause(5);
  }
  return performance.now() - startedAt;
}

suite("skein dev", { concurrency: 1, timeout: 110_000 }, () => {
  test("serves the system and says where everything is", async () => {
    using sample = new Sample();
    await using dev = new DevRun(sample.directory);
    const ready = await dev.next("ready");
    assert.equal(ready.system, "sample");
    assert.deepEqual(ready.services, ["greeter"]);
    assert.match(ready.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(ready.docs, `${ready.url}/docs`);
    assert.equal(ready.home, sample.path(".skein"));
    assert.equal(await get(`${ready.url}/hello/ann`), '{"text":"hello ann"}');
    const request = await dev.next("request");
    assert.deepEqual(
      [request.method, request.path, request.status, request.endpoint],
      ["GET", "/hello/ann", 200, "greeter.hello"],
    );
    await get(`${ready.url}/nowhere`);
    assert.equal((await dev.next("request")).code, "SKEIN_HTTP_NOT_FOUND");
  });

  test("a changed file is answered by new code: written in place, renamed over, and newly imported", async () => {
    using sample = new Sample();
    await using dev = new DevRun(sample.directory);
    const { url } = await dev.next("ready");
    sample.edit("greeter.ts", "hello ", "good day ");
    const reloaded = await dev.next("reloaded");
    assert.deepEqual([reloaded.url, reloaded.changed.length], [url, 1]);
    assert.equal(await get(`${url}/hello/ann`), '{"text":"good day ann"}');

    sample.write("words/greeting.ts", `export const greeting = (name: string): string => "good night " + name;\n`);
    writeFileSync(sample.path("greeter.new"), `import { greeting } from "./words/greeting.ts";\n${greeterThatGreets}`);
    renameSync(sample.path("greeter.new"), sample.path("greeter.ts"));
    await dev.next("reloaded");
    assert.equal(await get(`${url}/hello/ann`), '{"text":"good night ann"}');
    sample.write("words/greeting.ts", `export const greeting = (name: string): string => "good bye " + name;\n`);
    await dev.next("reloaded");
    assert.equal(await get(`${url}/hello/ann`), '{"text":"good bye ann"}');
  });

  test("code that does not compile leaves the old code serving, and names file and line", async () => {
    using sample = new Sample();
    await using dev = new DevRun(sample.directory);
    const { url } = await dev.next("ready");
    sample.edit("greeter.ts", 'const text = "hello " + name;', 'const text = ("hello " + name;');
    const failed = await dev.next("failed");
    assert.equal(failed.isServing, true);
    assert.equal(failed.code, "SKEIN_SYSTEM_LOAD");
    assert.match(failed.at ?? "", /^greeter\.ts:4:/);
    assert.match(failed.frame?.join("\n") ?? "", /4 \| +const text = \("hello "/);
    assert.equal(await get(`${url}/hello/ann`), '{"text":"hello ann"}');
    sample.edit("greeter.ts", "hello ", "mended ");
    await dev.next("reloaded");
    assert.equal(await get(`${url}/hello/ann`), '{"text":"mended ann"}');
  });

  test("syntax that only V8 refuses still gets its line", async () => {
    using sample = new Sample();
    await using dev = new DevRun(sample.directory);
    await dev.next("ready");
    sample.edit("greeter.ts", "export default", "const twice: number = 1;\nconst twice: number = 2;\nexport default");
    const failed = await dev.next("failed");
    assert.match(failed.message, /'twice' has already been declared/);
    assert.match(failed.at ?? "", /^greeter\.ts:3/);
  });

  test("an import that finds no file is taken up when the file appears, also in a new folder", async () => {
    using sample = new Sample();
    await using dev = new DevRun(sample.directory);
    const { url } = await dev.next("ready");
    sample.edit("greeter.ts", "import {", 'import { word } from "./deep/down/word.ts";\nvoid word;\nimport {');
    const failed = await dev.next("failed");
    assert.match(failed.message, /Cannot find module/);
    assert.match(failed.at ?? "", /^greeter\.ts:1:/);
    sample.write("deep/down/word.ts", "export const word = 1;\n");
    await dev.next("reloaded");
    assert.equal(await get(`${url}/hello/ann`), '{"text":"hello ann"}');
  });

  test("an endless loop in the old code cannot keep the new code out", async () => {
    using sample = new Sample();
    sample.edit("greeter.ts", 'console.log("slow began");', 'console.log("slow began");\n    for (;;);');
    await using dev = new DevRun(sample.directory);
    const { url } = await dev.next("ready");
    const hanging = get(`${url}/slow?ms=1`).catch((error: unknown) => error);
    await dev.until(() => dev.stderr.includes("slow began"), "the loop");
    sample.edit("greeter.ts", "hello ", "free ");
    await dev.next("reloaded");
    assert.ok((await hanging) instanceof Error);
    assert.equal(await get(`${url}/hello/ann`), '{"text":"free ann"}');
  });

  test("a reload finishes what is in flight with the old code", async () => {
    using sample = new Sample();
    await using dev = new DevRun(sample.directory);
    const { url } = await dev.next("ready");
    const slow = get(`${url}/slow?ms=900`);
    await dev.until(() => dev.stderr.includes("slow began"), "the request");
    sample.edit("greeter.ts", '{ text: "slow" }', '{ text: "new" }');
    await dev.next("reloaded");
    assert.equal(await slow, '{"text":"slow"}');
  });

  test("SIGTERM finishes a request in flight, then exits 0", async () => {
    using sample = new Sample();
    await using dev = new DevRun(sample.directory);
    const { url } = await dev.next("ready");
    const slow = get(`${url}/slow?ms=400`);
    await dev.until(() => dev.stderr.includes("slow began"), "the request");
    dev.process.kill("SIGTERM");
    assert.equal(await slow, '{"text":"slow"}');
    assert.equal(await dev.exit, 0);
    assert.equal((await dev.next("stopped")).exit, 0);
  });

  test("a second SIGINT ends at once with 130", async () => {
    using sample = new Sample();
    await using dev = new DevRun(sample.directory);
    const { url, pid } = await dev.next("ready");
    const slow = get(`${url}/slow?ms=60000`).catch((error: unknown) => error);
    await dev.until(() => dev.stderr.includes("slow began"), "the request");
    dev.process.kill("SIGINT");
    await dev.next("stopping");
    dev.process.kill("SIGINT");
    assert.equal(await dev.exit, 130);
    assert.ok((await slow) instanceof Error);
    await eventually(() => !isAlive(pid), 1_000);
  });

  test("kill -9 of the parent takes the child along within a second", async () => {
    using sample = new Sample();
    await using dev = new DevRun(sample.directory);
    const { pid, url } = await dev.next("ready");
    void get(`${url}/slow?ms=60000`).catch(() => undefined);
    await dev.until(() => dev.stderr.includes("slow began"), "the request");
    dev.process.kill("SIGKILL");
    // The child holds our pipes, so the end of the run is not awaited here.
    await eventually(() => !isAlive(pid), 2_000);
  });

  test("kill -9 of the whole group, then the same port at once", async () => {
    using sample = new Sample();
    let port = "0";
    for (let round = 0; round < 3; round++) {
      await using dev = new DevRun(sample.directory, { args: ["--port", port] });
      const { url } = await dev.next("ready");
      port = new URL(url).port;
      assert.equal(await get(`${url}/hello/ann`), '{"text":"hello ann"}');
      dev.killGroup();
      await dev.exit;
    }
  });

  test("a crash is told and followed by a new start on the same port", async () => {
    using sample = new Sample();
    await using dev = new DevRun(sample.directory);
    const { url, pid } = await dev.next("ready");
    await fetch(`${url}/crash`, { method: "POST" }).catch(() => undefined);
    const crashed = await dev.next("crashed");
    assert.deepEqual([crashed.code, crashed.restartMs], ["SKEIN_DEV_CRASHED", 100]);
    const restarted = await dev.next("restarted");
    assert.notEqual(restarted.pid, pid);
    assert.equal(await get(`${url}/hello/ann`), '{"text":"hello ann"}');
    assert.match(dev.stderr, /nobody awaits this/);
    await fetch(`${url}/crash`, { method: "POST" }).catch(() => undefined);
    assert.equal((await dev.next("crashed")).restartMs, 200);
  });

  test("a taken port names the process that has it", async () => {
    using sample = new Sample();
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const run = await runSkein(["dev"], sample.directory, { PORT: String(port) });
    server.close();
    assert.equal(run.code, 1);
    assert.match(
      run.stderr,
      new RegExp(`^skein: port ${port} is in use by process ${process.pid} .*\\[SKEIN_PORT_TAKEN\\]; .+\\n$`),
    );
  });

  test("a first start that fails ends with 1: broken code, errors of the check", async () => {
    using sample = new Sample();
    sample.edit("greeter.ts", "import {", "throw new Error('no luck');\nimport {");
    const broken = await runSkein(["dev", "--port", "0"], sample.directory);
    assert.equal(broken.code, 1);
    assert.match(broken.stderr, /^skein: greeter\.ts:1:7: .*no luck.* \[SKEIN_SYSTEM_LOAD\]; .+\n/);
    sample.edit("greeter.service.ts", 'slow: { access: "public" },', "");
    const unchecked = await runSkein(["dev", "--port", "0"], sample.directory);
    assert.equal(unchecked.code, 1);
    assert.match(unchecked.stderr, /SKEIN_SYSTEM_INVALID/);
    assert.match(unchecked.stderr, /error: greeter\.slow/);
    assert.ok(!existsSync(sample.path(".skein")), "nothing was opened");
  });

  test("on a terminal it reads well, and requests cannot write to it", async () => {
    using sample = new Sample();
    const child = spawn(process.execPath, ["--conditions=skein-src", bin, "dev", "--port", "0"], {
      cwd: sample.directory,
      env: cleanEnvironment(),
    });
    let text = "";
    const said = (pattern: RegExp) =>
      new Promise<RegExpExecArray>((resolve) => {
        const look = () => {
          const match = pattern.exec(text);
          if (match !== null) resolve(match);
        };
        child.stdout.on("data", look);
        look();
      });
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const [, url = ""] = await said(/open +(http:\S+)/);
    assert.match(text, /sample is ready in \d+ ms/);
    await get(`${url}/hello/%1b%5b31mred%0a`);
    await said(/GET .* 200 .* greeter\.hello\n/);
    // oxlint-disable-next-line no-control-regex -- looking for them is the test
    assert.doesNotMatch(text, /\u001b/);
    child.kill("SIGTERM");
    const [code] = (await once(child, "close")) as [number];
    assert.equal(code, 0);
  });
});

const greeterThatGreets = `import { greeter } from "./greeter.service.ts";
export default greeter.implement({
  async hello({ name }) {
    return { text: greeting(name) };
  },
  async slow() {
    return { text: "slow" };
  },
  async crash() {},
});
`;
