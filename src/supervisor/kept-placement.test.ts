/** Which placement a supervisor begins with: the one given, where moves have led to, or what a killed one was about to make. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import * as z from "zod";
import { contract, query } from "../contract/index.ts";
import { silentLog } from "../observe/index.ts";
import { type Placement, readPlacement, service, system, toPlacementValue } from "../system/index.ts";
import { placementToRun } from "./kept-placement.ts";
import { State } from "./state.ts";

const shop = system("shop", {
  services: ["a", "b"].map((name) =>
    service(contract(name, { ping: query({ output: z.null() }) })).implement({ ping: () => null }),
  ),
});
const inGroups = (...groups: readonly (readonly string[])[]): Placement =>
  readPlacement({ groups: Object.fromEntries(groups.map((services, at) => [`g${at}`, { services }])) }, shop);
const [given, moved, other] = [
  inGroups(["gateway", "a", "b"]),
  inGroups(["gateway", "a"], ["b"]),
  inGroups(["gateway"], ["a"], ["b"]),
];

let state: State;
beforeEach(() => {
  state = new State(mkdtempSync(path.join(tmpdir(), "skein-kept-")));
  state.open();
});
afterEach(() => rmSync(state.home, { recursive: true }));

const begins = (placement: Placement) => {
  const { placement: runs, leaving } = placementToRun(placement, shop, state, silentLog);
  assert.equal(state.move, undefined);
  return { groups: toPlacementValue(runs)["groups"], leaving };
};
const groupsOf = (placement: Placement) => toPlacementValue(placement)["groups"];
const begun = (phase: "starting" | "switched") => {
  const values = { basedOn: toPlacementValue(given), to: toPlacementValue(moved) };
  state.move = { phase, ...values, come: ["g0-2"], go: ["g0-1"] };
};

test("without a move the given one runs", () => {
  assert.deepEqual(begins(given), { groups: groupsOf(given), leaving: [] });
});

test("where moves have led to, for as long as the same is given; another one counts, and then the first again", () => {
  state.keptPlacement = { basedOn: toPlacementValue(given), placement: toPlacementValue(moved) };
  assert.deepEqual(begins(given).groups, groupsOf(moved));
  assert.deepEqual(begins(other).groups, groupsOf(other));
  assert.deepEqual(begins(given).groups, groupsOf(given));
});

test("a placement.json in the state directory that somebody else put there stays as it is", () => {
  const own = path.join(state.home, "placement.json");
  writeFileSync(own, "mine");
  state.keptPlacement = { basedOn: toPlacementValue(given), placement: toPlacementValue(moved) };
  begins(other);
  begins(given);
  assert.equal(readFileSync(own, "utf8"), "mine");
});

test("a move whose calls had not gone over is taken back, one whose calls had is finished", () => {
  begun("starting");
  assert.deepEqual(begins(given), { groups: groupsOf(given), leaving: ["g0-2"] });
  begun("switched");
  assert.deepEqual(begins(given), { groups: groupsOf(moved), leaving: ["g0-1"] });
  assert.deepEqual(begins(given), { groups: groupsOf(moved), leaving: [] });
});

test("another placement that is given counts before a move that is finished", () => {
  begun("switched");
  assert.deepEqual(begins(other), { groups: groupsOf(other), leaving: ["g0-1"] });
});

test("a kept placement that no longer fits the system is forgotten", () => {
  state.keptPlacement = { basedOn: toPlacementValue(given), placement: { groups: { g0: { services: ["gone"] } } } };
  assert.deepEqual(begins(given).groups, groupsOf(given));
  assert.equal(state.keptPlacement, undefined);
});
