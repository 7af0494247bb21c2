/** What two builds promise differently, and what a build says of itself that is asked in a process of its own. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import * as z from "zod";
import { command, contract, query } from "../contract/index.ts";
import { toContractsFile } from "../contract/compatibility/index.ts";
import { buildOf } from "./build.ts";
import { callsOf, differencesOf, inspect, listed, migrateTo } from "./roll-check.ts";
import { State } from "./state.ts";

const fileOf = (methods: Parameters<typeof contract>[1]) => toContractsFile("shop", [contract("stock", methods)]);
const number = { output: z.number() };

test("methods that are added, that break, and that new callers may find too old", async () => {
  const before = await fileOf({ gone: query(number), find: query({ ...number, input: z.enum(["a"]) }) });
  const after = await fileOf({ fresh: query(number), find: query({ ...number, input: z.enum(["a", "b"]) }) });
  const { added, breaking, skewed, all } = differencesOf(before, after);
  assert.deepEqual([[...added], [...breaking], [...skewed]], [["stock.fresh"], ["stock.gone"], ["stock.find"]]);
  assert.equal(all.length, 2);
  const back = differencesOf(after, before);
  assert.deepEqual([[...back.added], [...back.breaking].toSorted()], [["stock.gone"], ["stock.find", "stock.fresh"]]);
});

test("what breaks stored replies breaks, and for the order new callers are what it is about", async () => {
  const of = (kinds: readonly [string, ...string[]]) => fileOf({ put: command({ output: z.enum(kinds) }) });
  const { breaking, skewed, all } = differencesOf(await of(["a", "b"]), await of(["a"]));
  assert.deepEqual([[...breaking], [...skewed]], [[], ["stock.put"]]);
  assert.deepEqual(
    all.map(({ level, where }) => [level, where]),
    [["breaking", "stock.put output $"]],
  );
});

test("the gateway calls what has a route", () => {
  const calls = callsOf([
    { id: "pages.home", http: "GET /home", calls: ["stock.find"] },
    { id: "stock.find", calls: [] },
  ]);
  assert.deepEqual(calls.get("gateway"), ["pages.home"]);
  assert.deepEqual(calls.get("pages.home"), ["stock.find"]);
});

test("a few are named, and how many more there are", () => {
  const all = ["a", "b", "c", "d", "e"].map((where) => ({ where, message: "was removed" }));
  assert.equal(listed(all), "a: was removed; b: was removed; c: was removed (and 2 more)");
  assert.equal(listed(all.slice(0, 1)), "a: was removed");
});

let state: State;
let directory: string;
beforeEach(() => {
  state = new State(mkdtempSync(path.join(tmpdir(), "skein-inspect-")));
  state.open();
  // Inside the repository, so that it finds its packages.
  directory = mkdtempSync(path.join(import.meta.dirname, ".builds-"));
});
afterEach(() => {
  rmSync(state.home, { recursive: true });
  rmSync(directory, { recursive: true });
});

test("a build that cannot be loaded or does not check is refused with what it says, and leaves no file", async () => {
  const file = path.join(directory, "system.ts");
  for (const [code, message] of [
    [`throw new Error("no room");`, /cannot be loaded: .*no room/],
    [`process.exit(3);`, /skein check of .* failed/],
    [
      `import { system } from "skein"; console.log("hello"); export default system("shop", { services: [] });`,
      /the system has no service "orders"/,
    ],
  ] as const) {
    writeFileSync(file, code);
    const placement = { groups: { one: { services: ["gateway", "orders"] } } };
    await assert.rejects(inspect(buildOf(file), placement, state), { code: "SKEIN_ROLL_REFUSED", message });
  }
  writeFileSync(file, `throw new Error("no room");`);
  await assert.rejects(migrateTo(buildOf(file), state), {
    code: "SKEIN_ROLL_REFUSED",
    message: /migrations did not run/,
  });
  assert.deepEqual(readdirSync(path.join(state.home, "run")).toSorted(), ["hosts", "logs"]);
});
