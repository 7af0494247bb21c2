/** What happens when a process of a running system is killed: nothing is lost, nothing starts twice, nothing stays. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { identify } from "../../src/supervisor/process-identity.ts";
import { type Placed, processesOf, startPlacedShop } from "../shop/placed.ts";

const limitMs = 30_000;
const answerMs = 20_000;

/** Looks until it holds. */
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await holds())) {
    assert.ok(performance.now() < endMs, `not within ${limitMs} ms: ${what}`);
    await pause(20);
  }
}

/** Resolves once the process is no more: what connects from then on, it cannot have accepted. */
async function kill(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  await until(`the end of ${pid}`, () => identify(pid) === undefined);
}

/** On a connection of its own: one that is in use when its gateway is killed is reset, by right. */
function ask(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: answerMs }, (response) => {
      const { statusCode } = response;
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.once("end", () => resolve(statusCode === 200 ? "200" : `${statusCode} ${text}`));
      response.once("error", reject);
    });
    request.once("timeout", () => request.destroy(new Error(`no answer within ${answerMs} ms`)));
    request.once("error", reject);
  });
}

/** Asks one after the other until told to end, and then says every answer. */
function asking(url: string): () => Promise<string[]> {
  let isOver = false;
  const answers = (async () => {
    const all: string[] = [];
    while (!isOver) {
      all.push(await ask(url));
      await pause(10);
    }
    return all;
  })();
  answers.catch(() => undefined);
  return () => {
    isOver = true;
    return answers;
  };
}

describe(
  "the shop in three groups",
  { skip: process.platform === "linux" ? false : "it counts processes in /proc" },
  () => {
    let shop: Placed | undefined;
    const running = (): Placed => shop ?? assert.fail("no shop runs");
    const page = (): string => `${running().url}/home?user=ann`;
    const pids = async () =>
      new Map((await running().status()).hosts.map((host) => [`${host.group}-${host.replica}`, host.pid]));
    /** The process of this host that is ready and is not `old`. */
    const next = async (id: string, old: number): Promise<void> => {
      await until(`another ${id}`, async () =>
        (await running().status()).hosts.every(
          (host) => host.state === "ready" && (`${host.group}-${host.replica}` !== id || host.pid !== old),
        ),
      );
    };
    const pidOf = async (id: string): Promise<number> => (await pids()).get(id) ?? assert.fail(`${id} does not run`);
    const holder = (): number | undefined => processesOf(running().home).find(({ id }) => id === "holder")?.pid;
    const assertOneOfEach = (): void => {
      const ids = processesOf(running().home).map(({ id }) => id);
      assert.deepEqual(ids.toSorted(), ["catalog-1", "front-1", "holder", "orders-1"]);
    };

    before(async () => {
      shop = await startPlacedShop("split");
    });
    after(() => shop?.close());

    test("a service host: started again, and the page is whole", async () => {
      const old = await pidOf("catalog-1");
      await kill(old);
      await next("catalog-1", old);
      assert.equal(await ask(page()), "200");
      assertOneOfEach();
    });

    test("the gateway: new connections wait for the next one and are answered", async () => {
      const old = await pidOf("front-1");
      await kill(old);
      // As many as a cold gateway begins: what is more it refuses, by right.
      const asks = Array.from({ length: 12 }, () => ask(`${running().url}/products?limit=3`));
      assert.deepEqual(new Set(await Promise.all(asks)), new Set(["200"]));
      await next("front-1", old);
      assertOneOfEach();
    });

    test("the supervisor: everything goes on, and the next one takes over without a request failing", async () => {
      const before = await pids();
      const end = asking(page());
      running().supervisor.kill("SIGKILL");
      await once(running().supervisor, "exit");
      await running().restart();
      const answers = await end();
      assert.ok(answers.length > 10);
      assert.deepEqual(new Set(answers), new Set(["200"]));
      assert.deepEqual(await pids(), before);
      assertOneOfEach();
      const old = await pidOf("orders-1");
      await kill(old);
      await next("orders-1", old);
      assertOneOfEach();
    });

    test("the supervisor in the middle of a start: nothing starts twice", async () => {
      for (const id of ["orders-1", "front-1"]) {
        const old = await pidOf(id);
        process.kill(old, "SIGKILL");
        await until("a start", () => processesOf(running().home).some((one) => one.id === id && one.pid !== old));
        running().supervisor.kill("SIGKILL");
        await once(running().supervisor, "exit");
        await running().restart();
        // One that nobody expects finds that out itself, half a second after it has started at the latest.
        await until("one of each", () => processesOf(running().home).length === 4);
        assertOneOfEach();
        assert.equal(await ask(page()), "200");
      }
    });

    test("a host that has started without a supervisor knows where the others are", async () => {
      const old = await pidOf("front-1");
      process.kill(old, "SIGKILL");
      await until("its record", async () => ![null, old].includes((await pids()).get("front-1") ?? null));
      running().supervisor.kill("SIGKILL");
      await once(running().supervisor, "exit");
      // Only the next supervisor tells the others of it: a page whose services call back would fail until then.
      assert.equal(await ask(`${running().url}/products?limit=3`), "200");
      await running().restart();
      assert.equal(await ask(page()), "200");
      assertOneOfEach();
    });

    test("the holder: the gateway goes on and starts the next one", async () => {
      const old = holder() ?? assert.fail("no holder");
      await kill(old);
      assert.equal(await ask(page()), "200");
      await until("another holder", () => holder() !== undefined);
      const gateway = await pidOf("front-1");
      await kill(gateway);
      assert.equal(await ask(page()), "200");
      await next("front-1", gateway);
      assertOneOfEach();
    });

    test("holder and gateway together: the same port is bound anew", async () => {
      const old = await pidOf("front-1");
      await Promise.all([kill(holder() ?? assert.fail("no holder")), kill(old)]);
      await next("front-1", old);
      assert.equal(await ask(page()), "200");
      assertOneOfEach();
    });

    test("a second supervisor is refused and changes nothing", async () => {
      const bin = path.join(import.meta.dirname, "../../src/cli/bin.ts");
      const system = path.join(import.meta.dirname, "../../examples/shop/system.ts");
      const before = await running().status();
      assert.throws(
        () =>
          execFileSync(process.execPath, ["--conditions=skein-src", bin, "start", system, "--mode", "development"], {
            env: { ...process.env, SKEIN_HOME: running().home },
            stdio: "pipe",
            timeout: limitMs,
          }),
        /SKEIN_SUPERVISOR_RUNNING/,
      );
      const printed = execFileSync(process.execPath, ["--conditions=skein-src", bin, "status", system, "--json"], {
        env: { ...process.env, SKEIN_HOME: running().home },
        encoding: "utf8",
      });
      const now = JSON.parse(printed) as typeof before;
      assert.deepEqual([now.supervisor, now.epoch], [before.supervisor, before.epoch]);
      assert.deepEqual(now.gateway, before.gateway);
      assertOneOfEach();
    });

    test("stop ends everything, also what a supervisor has left that was killed", async () => {
      const closing = running();
      closing.supervisor.kill("SIGKILL");
      await once(closing.supervisor, "exit");
      await closing.stop();
      assert.deepEqual(processesOf(closing.home), []);
      await closing.restart();
      await closing.stop();
      assert.deepEqual(processesOf(closing.home), []);
      assert.notEqual(closing.supervisor.exitCode, null);
      shop = undefined;
      await closing.clear();
    });
  },
);
