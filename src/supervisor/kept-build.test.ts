/** Which build a supervisor begins with: the one given, where rolls have led to, or where a killed one began. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { silentLog } from "../observe/index.ts";
import type { Build } from "./build.ts";
import { assertKeptIsThere, buildToRun, settleBuild } from "./kept-build.ts";
import { State } from "./state.ts";

const [v1, v2, v3] = ["v1", "v2", "v3"].map((name): Build => ({ file: `/srv/${name}/system.ts` })) as [
  Build,
  Build,
  Build,
];

let state: State;
beforeEach(() => {
  state = new State(mkdtempSync(path.join(tmpdir(), "skein-build-")));
  state.open();
});
afterEach(() => rmSync(state.home, { recursive: true }));

const begins = (given: Build): string => {
  const build = buildToRun(given, state);
  settleBuild(given, state, silentLog);
  assert.deepEqual(buildToRun(given, state), build);
  return path.basename(path.dirname(build.file));
};

test("without a roll the one that is given runs", () => assert.equal(begins(v1), "v1"));

test("where rolls have led to, for as long as the same is given; another one counts, and then the first again", () => {
  state.keptBuild = { basedOn: v1, build: v2 };
  assert.equal(begins(v1), "v2");
  assert.equal(begins(v3), "v3");
  assert.equal(begins(v1), "v1");
});

test("a roll that was cut off is taken back, whichever it was, and stays known until it is", () => {
  for (const from of [v1, v2]) {
    state.keptBuild = { basedOn: v1, build: from };
    state.roll = { from, to: v3 };
    assert.equal(begins(v1), path.basename(path.dirname(from.file)));
    assert.deepEqual(state.roll.to, v3);
  }
});

test("a roll whose build is kept was over", () => {
  state.roll = { from: v1, to: v2 };
  state.keptBuild = { basedOn: v1, build: v2 };
  assert.equal(begins(v1), "v2");
  assert.equal(state.roll, undefined);
});

test("another build that is given counts before a roll that was cut off", () => {
  state.keptBuild = { basedOn: v1, build: v1 };
  state.roll = { from: v1, to: v2 };
  assert.equal(begins(v2), "v2");
  assert.equal(state.roll, undefined);
});

test("a build that rolls have led to and that is gone: said why it is the one, and what helps", () => {
  state.keptBuild = { basedOn: v1, build: v2 };
  const start = (given: Build) => () => assertKeptIsThere(given, buildToRun(given, state), state);
  const kept = path.join(state.home, "run/build.json");
  assert.throws(start(v1), {
    code: "SKEIN_SYSTEM_LOAD",
    message: `there is no /srv/v2/system.ts, to which the system was rolled from /srv/v1/system.ts (${kept})`,
    fix: new RegExp(`^restore it; .*SKEIN_HOME=${state.home} skein start .*; or, .* remove ${kept} .*SKEIN_SCHEMA=`),
  });
  // Each way that it names.
  assert.doesNotThrow(start(v3));
  rmSync(kept);
  assert.doesNotThrow(start(v1));
  state.keptBuild = { basedOn: v1, build: { file: import.meta.filename } };
  assert.doesNotThrow(start(v1));
});
