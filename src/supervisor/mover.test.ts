/** Moves of hosts that are made up, in virtual time: what else happens to them meanwhile, and a disk that is full. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import * as z from "zod";
import { contract, query } from "../contract/index.ts";
import { createVirtualClock, type VirtualClock } from "../core/virtual-clock.ts";
import { type SkeinError, skeinError } from "../errors/index.ts";
import { silentLog } from "../observe/index.ts";
import { readPlacement, service, system } from "../system/index.ts";
import { optionsOf } from "./fixtures/options.ts";
import { startAll } from "./fixtures/start-all.ts";
import { Changes } from "./changes.ts";
import { HostTable } from "./host-table.ts";
import { placementToRun } from "./kept-placement.ts";
import { Memory } from "./memory.ts";
import { Mover } from "./mover.ts";
import { type Replica, replacementOf } from "./replica.ts";
import type { Starter } from "./starter.ts";
import type { MoveRecord } from "./records.ts";
import { State } from "./state.ts";

const serviceOf = (name: string) =>
  service(contract(name, { ping: query({ output: z.string() }) }), {
    policy: { ping: { access: "internal" } },
  }).implement({
    ping: () => name,
  });
const shop = system("moves", { services: [serviceOf("alpha"), serviceOf("beta")] });
const mib = 2 ** 20;

/** Writes of these fail. */
type File = "move" | "keptPlacement" | "routes";
const everything = ["move", "keptPlacement", "routes"] as const;
let full: Set<File>;
let fullOnceSwitched: readonly File[];
class SmallDisk extends State {
  override set move(record: MoveRecord | undefined) {
    if (record !== undefined) noRoom("move");
    super.move = record;
    if (record?.phase === "switched") for (const what of fullOnceSwitched) full.add(what);
  }
  override get move(): MoveRecord | undefined {
    return super.move;
  }
  override set keptPlacement(kept: State["keptPlacement"]) {
    noRoom("keptPlacement");
    super.keptPlacement = kept;
  }
  override get keptPlacement(): State["keptPlacement"] {
    return super.keptPlacement;
  }
  override publish(groups: Parameters<State["publish"]>[0]): ReturnType<State["publish"]> {
    noRoom("routes");
    return super.publish(groups);
  }
}
function noRoom(what: File): void {
  if (full.has(what)) throw skeinError("SKEIN_STATE_FAILED", `${what} could not be written: ENOSPC`);
}

let home: string;
let clock: VirtualClock;
let table: HostTable;
let changes: Changes;
let mover: Mover;
let memory: Memory;

const processors = { restMs: 2_500 };

beforeEach(() => {
  processors.restMs = 2_500;
  full = new Set();
  fullOnceSwitched = [];
  home = mkdtempSync(path.join(tmpdir(), "skein-mover-"));
  mkdirSync(path.join(home, "run"));
  serveIn({ front, a: { services: ["alpha", "beta"], memory: "150Mi" } });
});
const front = { services: ["gateway"] };
function serveIn(groups: object): void {
  const state = new SmallDisk(home);
  state.open();
  clock = createVirtualClock();
  const placement = readPlacement({ groups }, shop);
  table = new HostTable(optionsOf(state, {}, { system: shop, placement, clock }));
  const starter = starterOf();
  changes = new Changes(table, starter);
  mover = new Mover(table, changes);
  memory = new Memory(table, starter);
  starter.next();
}
afterEach(() => rmSync(home, { recursive: true }));

/** Processes that are ready at once, and end 100 ms after they were told to. */
function starterOf(): Starter {
  const starter = {
    next(): void {
      startAll(table);
      table.publish();
    },
    drain(one: Replica): void {
      if (one.state === "draining") return;
      one.state = "draining";
      table.publish();
      clock.after(100, () => {
        const next = table.replacementOf(one);
        if (next !== undefined) next.replaces = undefined;
        if (next !== undefined || one.isGoing) table.remove(one);
        else one.state = "waiting";
        table.publish();
      });
    },
    forget: (one: Replica) => table.remove(one),
    processors,
  };
  return starter as unknown as Starter;
}

/** These say nothing. */
const hung = new Set<string>();

/** Hosts that know the routes at once; memory is looked at as the watch does. */
async function over<T>(move: Promise<T>): Promise<T | SkeinError> {
  let result: T | SkeinError | undefined;
  move.then(
    (value) => (result = value),
    (error: unknown) => (result = error as SkeinError),
  );
  for (let looked = 0; result === undefined && looked < 4_000; looked++) {
    for (const one of table.replicas) {
      one.epoch = table.routes.epoch;
      if (!hung.has(one.id)) one.heardMs = clock.monotonic();
      if (one.state === "ready") memory.look(one);
    }
    table.publish();
    await clock.advance(50);
  }
  return result ?? assert.fail("the move is not over");
}
const place = (services: Record<string, string>) => over(mover.move({ services }, false, (text) => steps.push(text)));
let steps: string[] = [];
beforeEach(() => (steps = []));
const serving = () => table.replicas.map(({ id, state }) => `${id} ${state}`).toSorted();
const codeOf = (error: unknown) => (error as SkeinError).code;

test("a host that is being replaced for its memory: the move waits, and nothing of the old placement stays", async () => {
  const old = table.find("a-1") ?? assert.fail();
  old.rss = 130 * mib;
  table.replicas.push({ ...replacementOf(old), state: "starting" });
  clock.after(1_000, () => {
    const next = table.find("a-1.b") ?? assert.fail();
    Object.assign(next, { state: "ready", address: next.id, identity: old.identity });
  });
  assert.deepEqual(await place({ alpha: "own" }), ["alpha", "beta"]);
  assert.deepEqual(serving(), ["a-2 ready", "front-1 ready", "own-1 ready"]);
});

test("a host that fills its memory during the move is not replaced by one that nobody would end", async () => {
  const old = table.find("a-1") ?? assert.fail();
  clock.after(2_000, () => (old.rss = 130 * mib));
  assert.deepEqual(await place({ alpha: "own" }), ["alpha", "beta"]);
  assert.deepEqual(serving(), ["a-2 ready", "front-1 ready", "own-1 ready"]);
});

test("new processes get calls one after the other beside the old one, which leaves, and then without it", async () => {
  const seen: { readonly atMs: number; readonly routes: string }[] = [];
  const startMs = clock.monotonic();
  const publish = table.publish.bind(table);
  table.publish = () => {
    const isTold = publish();
    const all = Object.values(table.routes.groups);
    const leaving = new Set(all.flatMap((group) => group.leaving ?? []));
    const addresses = new Set(all.flatMap((group) => group.addresses));
    const routes = [...addresses]
      .map((one) => (leaving.has(one) ? `${one} leaves` : one))
      .toSorted()
      .join();
    if (seen.at(-1)?.routes !== routes) seen.push({ atMs: clock.monotonic() - startMs, routes });
    return isTold;
  };
  await place({ alpha: "own" });
  assert.deepEqual(
    seen.map(({ routes }) => routes),
    ["a-1,front-1", "a-1 leaves,a-2,front-1", "a-1 leaves,a-2,front-1,own-1", "a-2,front-1,own-1"],
  );
  const [, first = 0, second = 0, alone = 0] = seen.map(({ atMs }) => atMs);
  assert.ok(second - first >= 2_500, `${second - first} ms apart`);
  // The last one has its whole share before the old one ends.
  assert.ok(alone - second >= 17_500 && alone - second < 18_500, `alone after ${alone - second} ms`);
});

test("where a leader goes, too, the others get their calls little by little all the same, and its successor none until then", async () => {
  serveIn({ front, a: { services: ["alpha"] }, lead: { services: ["beta"], singleton: true } });
  const groups = { front, b: { services: ["alpha"] }, next: { services: ["beta"], singleton: true } };
  const routed = () =>
    table.replicas.flatMap(({ id, isRouted, isLeaving }) => (isRouted ? (isLeaving ? `${id}!` : id) : []));
  let sideBySide: readonly string[] = [];
  const startMs = clock.monotonic();
  clock.after(10_000, () => (sideBySide = routed()));
  const moved = await over(mover.move({ placement: { groups } }, false, (text) => steps.push(text)));
  assert.deepEqual(moved, ["alpha", "beta"]);
  assert.deepEqual(sideBySide, ["front-1", "a-1!", "lead-1", "b-1"]);
  assert.ok(clock.monotonic() - startMs > 15_000);
  assert.deepEqual(serving(), ["b-1 ready", "front-1 ready", "next-1 ready"]);
});

test("first calls are as far apart as the processors need, 6 s at most", async () => {
  const time = async (services: Record<string, string>): Promise<number> => {
    const startMs = clock.monotonic();
    assert.deepEqual(await place(services), ["alpha", "beta"]);
    return clock.monotonic() - startMs;
  };
  const idleMs = await time({ alpha: "own" });
  processors.restMs = Number.POSITIVE_INFINITY;
  const busyMs = await time({ alpha: "a" });
  // Two new processes with 2.5 s each, and then one with 6.
  assert.ok(busyMs - idleMs >= 500 && busyMs - idleMs < 1_500, `${idleMs} and ${busyMs} ms`);
});

test("of many new processes none waits long for its first call", async () => {
  processors.restMs = Number.POSITIVE_INFINITY;
  const groups = { front, a: { services: ["alpha", "beta"], replicas: 64 } };
  const startMs = clock.monotonic();
  const moved = await over(mover.move({ placement: { groups } }, false, () => undefined));
  assert.ok(Array.isArray(moved), String(moved));
  assert.ok(clock.monotonic() - startMs < 115_000, `${clock.monotonic() - startMs} ms`);
});

const before = ["a-1 ready", "front-1 ready"];
const groups = () =>
  Object.fromEntries(Object.entries(table.routes.groups).map(([name, { addresses }]) => [name, addresses]));

test("a disk that is full before a move begins: nothing was started", async () => {
  full = new Set(["move"]);
  assert.equal(codeOf(await place({ alpha: "own" })), "SKEIN_STATE_FAILED");
  assert.deepEqual(serving(), before);
});

for (const [when, fill, reason] of [
  ["before the new ones get calls", () => (full = new Set(["routes", "keptPlacement"])), /routes could not be/],
  ["while they prove themselves", () => clock.after(3_000, () => (full = new Set(everything))), /move could not be/],
  ["once the switch is written", () => (fullOnceSwitched = everything), /routes could not be written/],
] as const)
  test(`a disk that is full ${when}: everything is as it was, and stays so`, async () => {
    fill();
    const undone = await place({ alpha: "own" });
    assert.equal(codeOf(undone), "SKEIN_PLACE_UNDONE");
    assert.match((undone as SkeinError).message, reason);
    assert.deepEqual(serving(), before);
    assert.equal(table.options.state.move, undefined);
    // With room again a later supervisor, and the same move, find nothing of this one.
    full = new Set();
    fullOnceSwitched = [];
    const { state, placement, system: its } = table.options;
    assert.deepEqual(placementToRun(placement, its, state, silentLog), { placement, leaving: [] });
    table.publish();
    assert.deepEqual(groups(), { front: ["front-1"], a: ["a-1"] });
    assert.deepEqual(await place({ alpha: "own" }), ["alpha", "beta"]);
    assert.deepEqual(serving(), ["a-2 ready", "front-1 ready", "own-1 ready"]);
  });

test("a disk that is full when all calls go to the new ones: it is placed, and kept as soon as there is room", async () => {
  fullOnceSwitched = ["keptPlacement", "move"];
  const { state, placement, system: its } = table.options;
  assert.deepEqual(await place({ alpha: "own" }), ["alpha", "beta"]);
  assert.match(steps.join("\n"), /is kept by the next move or supervisor: .*keptPlacement could not be written/);
  assert.deepEqual(groups(), { front: ["front-1"], a: ["a-2"], own: ["own-1"] });
  assert.equal(codeOf(await place({ alpha: "a" })), "SKEIN_STATE_FAILED");
  full = new Set();
  fullOnceSwitched = [];
  assert.deepEqual(await place({ beta: "a", alpha: "third" }), ["alpha"]);
  assert.deepEqual(Object.keys(placementToRun(placement, its, state, silentLog).placement.groups).toSorted(), [
    "a",
    "front",
    "third",
  ]);
});

test("a move that is cut off by a stop is left to the next supervisor", async () => {
  clock.after(2_000, () => changes.close());
  assert.equal(codeOf(await place({ alpha: "own" })), "SKEIN_PLACE_UNDONE");
  assert.equal(table.options.state.move?.phase, "starting");
});

test("a new process whose second attempt serves has not ended while it served", async () => {
  const next = table.replicas.push.bind(table.replicas);
  table.replicas.push = (...come) => next(...come.map((one) => Object.assign(one, { failures: 1 })));
  assert.deepEqual(await place({ alpha: "own" }), ["alpha", "beta"]);
});

test("a new process that hangs at the end of its proof is waited for, and taken back when it has been killed", async () => {
  clock.after(14_900, () => hung.add("own-1"));
  // As the watch does it.
  clock.after(25_000, () => ((table.find("own-1") ?? assert.fail()).failures = 1));
  const undone = await place({ beta: "own" });
  hung.clear();
  assert.equal(codeOf(undone), "SKEIN_PLACE_UNDONE");
  assert.match((undone as SkeinError).message, /own-1 ended while it served/);
});

test("while a move is under way another one is refused, and the status can say which", async () => {
  const move = mover.move({ services: { alpha: "own" } }, false, () => undefined);
  const since = clock.now();
  assert.deepEqual(changes.underWay, { what: "move", since });
  await assert.rejects(
    mover.move({ services: { beta: "own" } }, false, () => undefined),
    {
      code: "SKEIN_PLACE_BUSY",
      message: `a move is under way since ${new Date(since).toISOString()}`,
    },
  );
  await over(move);
  assert.equal(changes.underWay, undefined);
});
