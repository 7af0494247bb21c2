/** The pace at which one replica follows another one in a roll, in virtual time. The processes are made up. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { createVirtualClock, type VirtualClock } from "../core/virtual-clock.ts";
import { groupOf, optionsOf } from "./fixtures/options.ts";
import { startAll } from "./fixtures/start-all.ts";
import { Changes } from "./changes.ts";
import { HostTable } from "./host-table.ts";
import type { Replica } from "./replica.ts";
import { Replacer, type Trial } from "./replacer.ts";
import type { Starter } from "./starter.ts";
import { State } from "./state.ts";

let state: State;
let clock: VirtualClock;
let table: HostTable;
let replacer: Replacer;
const processors = { restMs: 0 };
/** What became of the replicas, and when. */
let seen: string[] = [];

beforeEach(() => {
  state = new State(mkdtempSync(path.join(tmpdir(), "skein-replacer-")));
  state.open();
  clock = createVirtualClock();
  table = new HostTable(optionsOf(state, { a: groupOf(["alpha"], { replicas: 2 }) }, { clock, build: { file: "v1" } }));
  const starter = starterOf();
  replacer = new Replacer(table, starter, new Changes(table, starter));
  starter.next();
  seen = [];
});
afterEach(() => rmSync(state.home, { recursive: true }));

/** Processes that are ready at once, and end at once when they are told to. */
function starterOf(): Starter {
  const starter = {
    next: () => startAll(table, ({ id }) => see(`${id} ready`)),
    drain(one: Replica): void {
      see(`${one.id} ends`);
      const next = table.replacementOf(one);
      if (next !== undefined) next.replaces = undefined;
      table.remove(one);
    },
    processors,
  };
  return starter as unknown as Starter;
}

const see = (what: string): void => void seen.push(`${Math.round(clock.monotonic() / 1_000)} s: ${what}`);

function replace(id: string, trial?: Trial): Promise<string | undefined> {
  const one = table.find(id) ?? assert.fail();
  return over(replacer.replace(one, { file: "v2" }, () => undefined, trial));
}

/** Says nothing any more. */
let hung: Replica | undefined;

async function over(work: Promise<string | undefined>): Promise<string | undefined> {
  let result: { readonly reason: string | undefined } | undefined;
  void work.then((reason) => (result = { reason }));
  for (let looked = 0; result === undefined && looked < 2_000; looked++) {
    for (const replica of table.replicas) {
      if (replica.isRouted && !seen.join().includes(`${replica.id} routed`) && replica.id.endsWith("b"))
        see(`${replica.id} routed`);
      if (replica === hung) continue;
      replica.epoch = table.routes.epoch;
      replica.answered += 100;
      replica.heardMs = clock.monotonic();
    }
    await clock.advance(50);
  }
  return (result ?? assert.fail("it is not over")).reason;
}

const trialOf = (): Trial => ({ come: [], groups: new Map(), isBreaking: false });

test("a roll rests after a start, and after the first calls, for as long as the processors need", async () => {
  processors.restMs = 4_000;
  const trial = trialOf();
  assert.equal(await replace("a-1", trial), undefined);
  assert.equal(await replace("a-2", trial), undefined);
  assert.deepEqual(seen, [
    "0 s: a-1.b ready",
    "4 s: a-1.b routed",
    "9 s: a-1 ends",
    "9 s: a-2.b ready",
    "13 s: a-2.b routed",
    "18 s: a-2 ends",
  ]);
});

test("where the old one ends meanwhile, the new one gets its calls at once", async () => {
  processors.restMs = 4_000;
  clock.after(1_000, () => {
    const [old, next] = ["a-1", "a-1.b"].map((id) => table.find(id) ?? assert.fail()) as [Replica, Replica];
    next.replaces = undefined;
    table.remove(old);
  });
  assert.equal(await replace("a-1", trialOf()), undefined);
  assert.deepEqual(seen.slice(0, 2), ["0 s: a-1.b ready", "1 s: a-1.b routed"]);
});

test("a new one that fails after the old one has ended keeps the place", async () => {
  processors.restMs = 4_000;
  let next: Replica | undefined;
  clock.after(1_000, () => {
    next = table.find("a-1.b") ?? assert.fail();
    Object.assign(next, { replaces: undefined, isRouted: true, failures: 1 });
    table.remove(table.find("a-1") ?? assert.fail());
  });
  assert.match((await replace("a-1", trialOf())) ?? "", /a-1\.b ended while it served/);
  assert.deepEqual([next?.isRouted, next?.isProving, next?.failures], [true, false, 0]);
});

test("what ends while it rests is no new host; the way back does not rest", async () => {
  processors.restMs = 4_000;
  clock.after(2_000, () => ((table.find("a-1.b") ?? assert.fail()).failures = 1));
  assert.match((await replace("a-1", trialOf())) ?? "", /a-1\.b ended while it served/);
  seen = [];
  const fromMs = clock.monotonic();
  assert.equal(await replace("a-2"), undefined);
  assert.ok(clock.monotonic() - fromMs < 1_000);
});

test("one that hangs once it has calls does not take over, and goes when it has been killed", async () => {
  clock.after(200, () => (hung = table.find("a-1.b")));
  // As the watch does it.
  clock.after(11_000, () => ((hung ?? assert.fail()).failures = 1));
  const reason = await replace("a-1", trialOf());
  hung = undefined;
  assert.match(reason ?? "", /a-1\.b ended while it served/);
  assert.deepEqual(
    table.replicas.map(({ id }) => id),
    ["a-1", "a-2"],
  );
});

test("a host that was rolled and is started anew meanwhile, from the build before, is rolled once more", async () => {
  let isBack = false;
  const rolled = replacer.replaceAll(
    ["a"],
    { file: "v2" },
    (text) => {
      if (isBack || !text.startsWith("a-2.b is ready")) return;
      isBack = true;
      // As `Starter` does it with one that ended for its memory's sake.
      Object.assign(table.find("a-1.b") ?? assert.fail(), {
        build: { file: "v1" },
        state: "waiting",
        identity: undefined,
      });
    },
    trialOf(),
  );
  assert.equal(await over(rolled), undefined);
  assert.ok(isBack);
  assert.deepEqual(
    table.replicas.map(({ build }) => build.file),
    ["v2", "v2"],
  );
});
