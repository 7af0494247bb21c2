/** A wrong command line is told what is wrong with it, in one line. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { readArguments } from "./arguments.ts";

const cases = ["leaf", "place"];

for (const [args, message] of [
  [["leef"], /^there is no case "leef"; there are leaf, place$/],
  [[], /^name a case, or all$/],
  [["leaf", "place"], /"place" is too much/],
  [["leaf", "--seeds", "none"], /^--seeds is "none", and must be a number from 1 on$/],
  [["leaf", "--requests", "0"], /^--requests is "0"/],
  [["leaf", "--requests=-5"], /^--requests is "-5"/],
  [["leaf", "--rate", "1.5"], /^--rate is "1.5"/],
  [["leaf", "--peer", "seneca"], /^there is no peer "seneca"; there are moleculer, /],
  [["leaf", "--bogus"], /'--bogus'/],
  [["leaf", "--requests", "-5"], /'--requests'/],
] as const)
  test(`faults ${args.join(" ")}`, () => {
    assert.throws(() => readArguments(args, cases), { message });
  });

test("what is given, and what is not", () => {
  const { names, seeds, requests, rate, isHelp } = readArguments(["all", "--seeds", "2"], cases);
  assert.deepEqual([names, seeds, requests, rate, isHelp], [cases, 2, 20_000, undefined, false]);
  assert.equal(readArguments(["--help"], cases).isHelp, true);
  assert.deepEqual(readArguments(["report"], cases).names, []);
});

test("it is said in a line, without a stack, and ends with 2", () => {
  const args = ["--conditions=skein-src", path.join(import.meta.dirname, "run.ts"), "leaf", "--bogus"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.deepEqual([status, stdout], [2, ""]);
  assert.match(stderr, /^faults: .*'--bogus'[^\n]*; npm run faults -- --help\n$/);
});
