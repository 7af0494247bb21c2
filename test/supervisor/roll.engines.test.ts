/** Rolling a running system to another build: nothing fails, what must not be is refused, what does not serve is taken back. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type Placed, processesOf, startPlaced } from "../shop/placed.ts";
import { makeDirectory, placement, writeBuild } from "./roll-builds.ts";

const limitMs = 60_000;

/** Asks all the time until told to end; then says which answers there were, and every one that was none. */
function asking(
  urlOf: () => string,
  headers: Record<string, string> = {},
): () => Promise<{ readonly answers: Set<string>; readonly wrong: readonly string[] }> {
  let isOver = false;
  const answers = new Set<string>();
  const wrong: string[] = [];
  const one = async (): Promise<void> => {
    while (!isOver) {
      try {
        const response = await fetch(`${urlOf()}/home`, { headers });
        const text = await response.text();
        if (response.status === 200) answers.add(text);
        else wrong.push(`${response.status} ${text.slice(0, 200)}`);
      } catch (error) {
        wrong.push(String(error));
      }
      await pause(10);
    }
  };
  const all = Promise.all([one(), one()]);
  const end = async () => {
    isOver = true;
    await all;
    return { answers, wrong };
  };
  asked.push(end);
  return end;
}
const asked: (() => Promise<unknown>)[] = [];

describe(
  "a system that is rolled",
  { skip: process.platform === "linux" ? false : "it counts processes in /proc" },
  () => {
    const directory = makeDirectory();
    const v1 = writeBuild(directory, { name: "v1" });
    const v2 = writeBuild(directory, { name: "v2", isSecond: true, isInstalled: true });
    let running: Placed | undefined;
    const system = (): Placed => running ?? assert.fail("nothing runs");
    const hosts = async () => (await system().status()).hosts;
    const builds = async (): Promise<string[]> => [
      ...new Set((await hosts()).map(({ build }) => path.basename(build))),
    ];
    const rollFile = (): string => path.join(system().home, "run/roll.json");
    const until = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<void> => {
      const endMs = performance.now() + limitMs;
      while (!(await isSo())) {
        assert.ok(performance.now() < endMs, `${what} did not come to be in time`);
        await pause(20);
      }
    };
    const isWhole = async (build: string): Promise<boolean> => {
      const all = await hosts();
      return all.length === 3 && all.every((host) => host.state === "ready" && host.build === build);
    };
    /** Every process is one that the status names, the holder apart. */
    const noOrphans = async (): Promise<void> => {
      const known = new Set((await hosts()).map(({ pid }) => pid));
      await until("the end of every other process", () => {
        const found = processesOf(system().home).filter(({ id }) => id !== "holder" && id !== "other");
        return found.length === known.size && found.every(({ pid }) => known.has(pid));
      });
    };

    before(async () => {
      const file = path.join(directory, "placement.json");
      writeFileSync(file, JSON.stringify(placement));
      running = await startPlaced(path.join(v1, "system.ts"), file);
    });
    after(async () => {
      // A test that failed has not ended its own.
      await Promise.all(asked.map((end) => end()));
      await running?.close();
      rmSync(directory, { recursive: true });
    });

    test("what does not check, fit or keep its promises is refused by name, and nothing is begun", async () => {
      const pids = async () => (await hosts()).map(({ pid }) => pid);
      const was = await pids();
      const broken = writeBuild(directory, { name: "broken", more: "," });
      const other = writeBuild(directory, { name: "other", system: "another" });
      const wider = writeBuild(directory, {
        name: "wider",
        more: `service(contract("extra", { ping: query({ output: z.number() }) }), { policy: { ping: { access: "internal" } } }).implement({ ping: () => 1 }),`,
      });
      for (const [build, reason] of [
        [path.join(directory, "nowhere"), /there is no .*nowhere/],
        [directory, /has no system file; looked for/],
        [v1, /is the build that runs/],
        [broken, /cannot be loaded/],
        [other, /holds the system another, and rolls runs/],
        [wider, /no group has extra/],
        [v2, /stock\.find input \$\.removed: was removed/],
      ] as const)
        await assert.rejects(system().roll(build), (error: Error) => {
          assert.match(error.message, /SKEIN_ROLL_REFUSED/);
          assert.match(error.message, reason);
          return true;
        });
      const { steps, dryRun } = JSON.parse(await system().roll(v2, "--breaking", "--dry-run")) as {
        readonly steps: readonly string[];
        readonly dryRun: boolean;
      };
      assert.equal(dryRun, true);
      // Who has the method that the other will call comes first, and the gateway last.
      const order = steps.flatMap((text) => /^replace \d x (\w+)/.exec(text)?.[1] ?? []);
      assert.deepEqual(order, ["stock", "front"]);
      assert.equal(existsSync(rollFile()), false);
      assert.deepEqual(await pids(), was);
    });

    test("a build whose ready hook fails, and one that answers errors: taken back, and the reason is said", async () => {
      const unready = writeBuild(directory, { name: "unready", ready: `throw new Error("no disk here");` });
      const faulty = writeBuild(directory, { name: "faulty", find: `if (sku) throw new Error("always");` });
      const was = (await hosts()).map(({ pid }) => pid);
      const quiet = asking(() => system().url);
      await assert.rejects(system().roll(unready), /SKEIN_ROLL_UNDONE.*stock-1\.b did not start/s);
      assert.deepEqual((await quiet()).wrong, []);
      const enough = asking(() => system().url);
      await assert.rejects(system().roll(faulty), /calls of stock\.find failed at the new processes/);
      const { answers } = await enough();
      assert.deepEqual([...answers], ['["v1","v1"]']);
      assert.deepEqual(
        (await hosts()).map(({ pid }) => pid),
        was,
      );
      assert.equal(existsSync(rollFile()), false);
      await noOrphans();
    });

    test("a build whose gateway answers nobody is taken back, though its services do all that they are asked", async () => {
      const closed = writeBuild(directory, { name: "closed", isInstalled: true, gateway: "broken" });
      const was = (await hosts()).filter(({ group }) => group === "front").map(({ pid }) => pid);
      const enough = asking(() => system().url);
      await assert.rejects(system().roll(closed), /SKEIN_ROLL_UNDONE.*requests failed at the new gateways/s);
      const { answers, wrong } = await enough();
      assert.ok(answers.size > 0 && wrong.length > 0, "nobody was asked");
      assert.ok(
        wrong.every((text) => text.startsWith("500 ")),
        wrong.join(),
      );
      assert.deepEqual(
        (await hosts()).filter(({ group }) => group === "front").map(({ pid }) => pid),
        was,
      );
      assert.equal(await isWhole(v1), true);
      await noOrphans();
    });

    test("one whose gateway tells every client that there is nothing is taken back, too", async () => {
      const lost = writeBuild(directory, { name: "lost", isInstalled: true, gateway: "lost" });
      // Clients that come anew each time, as those of a site do.
      const enough = asking(() => system().url, { connection: "close" });
      await assert.rejects(system().roll(lost), /SKEIN_ROLL_UNDONE.*clients were refused \(4xx\) at the new gateways/s);
      const { answers, wrong } = await enough();
      assert.ok(answers.size > 0 && [...answers].every((text) => text.startsWith('["v1",')), [...answers].join());
      assert.ok(wrong.length > 0 && wrong.every((text) => text.startsWith("404 ")), wrong.join());
      assert.equal(await isWhole(v1), true);
      await noOrphans();
    });

    for (const [phase, isSo] of [
      ["starts the first host", async () => (await hosts()).length === 4],
      [
        "has replaced one",
        async () =>
          (await hosts()).some(({ build, group, replica }) => build === v2 && group === "stock" && replica === 1) &&
          (await hosts()).length === 3,
      ],
    ] as const)
      test(`the supervisor is killed when a roll ${phase}: the next one takes it back`, async () => {
        const enough = asking(() => system().url);
        const rolling = system().roll(v2, "--breaking");
        rolling.catch(() => undefined);
        await until(phase, isSo);
        system().supervisor.kill("SIGKILL");
        await assert.rejects(rolling);
        await system().restart();
        await until("the old build everywhere", async () => !existsSync(rollFile()) && (await isWhole(v1)));
        assert.deepEqual((await enough()).wrong, []);
        await noOrphans();
      });

    test("to the second build and back while customers ask; a supervisor that is killed then goes on with it", async () => {
      const enough = asking(() => system().url);
      const { build } = JSON.parse(await system().roll(v2, "--breaking")) as { readonly build: string };
      assert.equal(build, v2);
      assert.equal(await isWhole(v2), true);
      for (const { pid } of await hosts()) {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        assert.ok(line.includes(path.join(v2, "node_modules/skein/dist/supervisor/host-main.js")), line);
      }
      const victim = (await hosts()).find(({ group }) => group === "stock")?.pid ?? assert.fail("no stock");
      process.kill(victim, "SIGKILL");
      await until(
        "a host that follows the killed one",
        async () => (await isWhole(v2)) && !(await hosts()).some(({ pid }) => pid === victim),
      );
      system().supervisor.kill("SIGKILL");
      await system().restart();
      assert.equal(await isWhole(v2), true);
      await system().place("stock=own");
      assert.deepEqual(await builds(), ["v2"]);
      await system().roll(v1, "--breaking");
      assert.deepEqual(await builds(), ["v1"]);
      const { answers, wrong } = await enough();
      assert.deepEqual(wrong, []);
      assert.ok(answers.has('["v1","v2"]') && answers.has('["v2","v2"]'), [...answers].join());
      await noOrphans();
    });
  },
);
