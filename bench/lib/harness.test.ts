// Proves the harness where it could lie in silence: the arithmetic, the direction of a ratio, the order of rounds, the
// shape of the JSON, and that nothing it starts outlives it.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Bench } from "./bench.ts";
import { end, exitOf, measureIn, outputOf, root, start } from "./child.ts";
import { render, toResult, toTable } from "./report.ts";
import { orderOf, runRounds } from "./rounds.ts";
import { spreadOf, summarise, timesBetter } from "./stats.ts";

describe("stats", () => {
  test("median, min and max of odd and even counts, whatever the order", () => {
    assert.deepEqual(spreadOf([3, 1, 2]), { median: 2, min: 1, max: 3 });
    assert.deepEqual(spreadOf([4, 1, 3, 2]), { median: 2.5, min: 1, max: 4 });
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1 }), (values) => {
        const { median, min, max } = spreadOf(values);
        assert.ok(min <= median && median <= max);
        assert.deepEqual(spreadOf(values.toReversed()), { median, min, max });
      }),
    );
  });

  test("no figure is made up: none, or one that is no number, is an error", () => {
    assert.throws(() => spreadOf([]));
    assert.throws(() => spreadOf([1, Number.NaN]));
    assert.throws(() => summarise([{ a: { ns: 1 } }, { a: {} }]));
    assert.throws(() => timesBetter(0, 1));
  });

  test("a ratio above 1 says that we cost less than the peer", () => {
    assert.equal(timesBetter(100, 200), 2);
    assert.equal(timesBetter(200, 100), 0.5);
  });

  test("a ratio is the median of same-round ratios, not the ratio of medians", () => {
    // Round by round we are 2, 1 and 3 times better; of the medians (30 to 30) it would be 1.
    const rounds = [
      [10, 20],
      [30, 30],
      [100, 300],
    ].map(([own = 0, peer = 0]) => ({ skein: { ns: own, vsPeer: timesBetter(own, peer) }, peer: { ns: peer } }));
    assert.deepEqual(summarise(rounds)["skein"]?.["vsPeer"], { median: 2, min: 1, max: 3 });
  });
});

const contestants = (log: string[]): Bench["contestants"] => {
  const contestant = (name: string, ns: number) => async () => {
    log.push(`${name} begins`);
    await Promise.resolve();
    log.push(`${name} ends`);
    return { ns };
  };
  return { skein: contestant("skein", 100), peer: contestant("peer", 250) };
};
const bench = (log: string[]): Bench => ({
  summary: "a bench",
  needsPeers: false,
  needsBuild: false,
  contestants: contestants(log),
  derive: ({ skein, peer }) => ({ skein: { vsPeer: timesBetter(skein?.["ns"] ?? 0, peer?.["ns"] ?? 0) } }),
  headline: { vsPeer: { of: ["skein", "vsPeer"], goal: "times better" } },
  notes: ["off: nothing"],
});
const stage = { pinServer: [], pinClient: [] };

describe("rounds", () => {
  test("one contestant at a time, every other round in reverse", async () => {
    const log: string[] = [];
    await runRounds(bench(log), 3, stage, () => undefined);
    const order = (names: string[]) => names.flatMap((name) => [`${name} begins`, `${name} ends`]);
    assert.deepEqual(log, order(["skein", "peer", "peer", "skein", "skein", "peer"]));
    assert.deepEqual(orderOf(["a", "b", "c"], 1), ["c", "b", "a"]);
  });
});

describe("report", () => {
  test("the JSON object has the promised shape and nothing else", async () => {
    const result = toResult("x", bench([]), await runRounds(bench([]), 2, stage, () => undefined));
    const same = (value: number) => ({ median: value, min: value, max: value });
    assert.deepEqual(JSON.parse(JSON.stringify(result)), {
      bench: "x",
      node: process.versions.node,
      rounds: 2,
      results: { peer: { ns: same(250) }, skein: { ns: same(100), vsPeer: same(2.5) } },
      headline: { vsPeer: 2.5 },
    });
  });

  test("a headline that nobody measured is an error", async () => {
    const lacking: Bench = { ...bench([]), headline: { vsNobody: { of: ["skein", "vsNobody"], goal: "" } } };
    const rounds = await runRounds(lacking, 1, stage, () => undefined);
    assert.throws(() => toResult("x", lacking, rounds), /vsNobody/);
  });

  test("people see the table, the goal, the machine and what was off", async () => {
    const result = toResult("x", bench([]), await runRounds(bench([]), 2, stage, () => undefined));
    const text = render(result, bench([]), ["two cores"]);
    for (const part of [
      /skein\s+vsPeer\s+2\.50\s+2\.50\s+2\.50/,
      /vsPeer = 2\.50 {3}times better/,
      /- two cores/,
      /- off: nothing/,
    ]) {
      assert.match(text, part);
    }
    assert.deepEqual(
      toTable([
        ["a", "bb", "1"],
        ["ccc", "d", "22"],
      ]),
      ["a    bb   1", "ccc  d   22"],
    );
  });
});

describe("processes", () => {
  test("the last line of a contestant is its figures; a failure says why", async () => {
    const code = 'console.log("warming"); console.log(JSON.stringify({ ns: 1 }))';
    assert.deepEqual(await measureIn([process.execPath, "-e", code]), { ns: 1 });
    await assert.rejects(
      outputOf([process.execPath, "-e", 'console.error("broken"); process.exit(3)']),
      /ended with 3\nbroken/,
    );
  });

  test("a contestant that is told to end has ended", async () => {
    const child = start([process.execPath, "-e", "setInterval(() => {}, 1000)"], { stdout: "ignore" });
    await end(child);
    assert.equal(await exitOf(child), "SIGTERM");
    assert.equal(existsSync(`/proc/${child.pid}`), false);
  });
});

describe("the command", () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ["--conditions=skein-src", `${root}/bench/run.ts`, ...args], { encoding: "utf8" });

  test("--help lists the benches and exits 0; a wrong use exits 2", () => {
    const help = run("--help");
    assert.equal(help.status, 0);
    for (const name of ["call-local", "start"]) assert.match(help.stdout, new RegExp(`^  ${name} `, "m"));
    for (const args of [[], ["nothing"], ["start", "--rounds", "x"], ["start", "--best"]]) {
      assert.equal(run(...args).status, 2, args.join(" "));
    }
  });
});
