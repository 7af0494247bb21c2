/**
 * Owns what is promised of leaders: never two, always one soon, whatever stops, dies or hangs. Leases are in a real SQLite in
 * this thread, time is virtual, and nobody's wall clock may be read.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Clock, createSeededRandom, createVirtualClock, type VirtualClock } from "../../core/index.ts";
import { isSkeinError, skeinError } from "../../errors/index.ts";
import type { Fence, Leases, Log } from "../../system/index.ts";
import { type Engine, limitsOf } from "../engine.ts";
import { createLeases, standBehind } from "../internal/lease-rows.ts";
import { ownMigrations } from "../internal/own-tables.ts";
import { createMemoryEngine } from "../internal/sqlite/memory-engine.ts";
import { Leader } from "./leader.ts";

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** One database for all of a test's processes, and the writes that leaders have made in it. */
async function createWorld(places: readonly string[]) {
  const clock = createVirtualClock();
  const engines = new Map<string, Engine>();
  for (const place of places) {
    const engine = createMemoryEngine();
    engines.set(place, engine);
    const session = await engine.begin(limitsOf(clock, 1_000));
    for (const { sqlite } of ownMigrations) for (const sql of sqlite as readonly string[]) await session.script(sql);
    await session.script("create table ledger (epoch bigint not null)");
    await session.commit();
  }
  return {
    clock,
    engines,
    async ledger(place: string): Promise<number[]> {
      const sql = "select epoch from ledger order by rowid";
      const { rows } = (await engines.get(place)?.read({ sql, parameters: [] }, limitsOf(clock, 1_000))) ?? {
        rows: [],
      };
      return rows.map((row) => Number(row["epoch"]));
    },
  };
}
type World = Awaited<ReturnType<typeof createWorld>>;

/** A process that can be stopped between any two of its steps, as a signal does it, and killed. */
class Process {
  readonly leader: Leader;
  readonly fences: { readonly place: string; readonly fence: Fence }[] = [];
  readonly told: string[] = [];
  readonly #world: World;
  #gate: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  isCut = false;
  isDead = false;

  constructor(world: World, seed: number) {
    this.#world = world;
    this.leader = new Leader({
      clock: this.#clock(world.clock),
      random: createSeededRandom(seed),
      log: silent,
      onLead: (epoch) => this.told.push(`lead ${epoch}`),
      onLost: () => this.told.push("lost"),
    });
    for (const [place, engine] of world.engines) {
      const fence = this.leader.join("erp", place, this.#leases(createLeases(engine, world.clock)));
      this.fences.push({ place, fence });
    }
    this.leader.run(
      () => this.told.push("begin"),
      () => this.told.push("end"),
    );
  }

  stop(): void {
    this.#gate ??= Promise.withResolvers();
  }
  resume(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }
  kill(): void {
    this.isDead = true;
    this.stop();
  }

  /** One leader's write in each database, stopped wherever the process is stopped. */
  async write(): Promise<void> {
    for (const { place, fence } of this.fences) {
      const engine = this.#world.engines.get(place) ?? assert.fail();
      const epoch = await this.#passing(() => fence.epoch());
      const session = await engine.begin(limitsOf(this.#world.clock, 60_000));
      try {
        await session.run({ sql: "insert into ledger values (?)", parameters: [epoch] });
        // As if it had been stopped since it asked: what its clock says now must not be what saves it.
        await standBehind({ name: fence.name, epoch: () => epoch }, session, engine);
        await session.commit();
      } catch (error) {
        await session.rollback();
        throw error;
      }
    }
  }

  async #passing<T>(run: () => T | Promise<T>): Promise<T> {
    await this.#gate?.promise;
    if (this.isCut) throw skeinError("SKEIN_DATA_UNAVAILABLE");
    const result = await run();
    await this.#gate?.promise;
    return result;
  }

  #leases(real: Leases): Leases {
    return {
      look: (name) => this.#passing(() => real.look(name)),
      take: (name, owner, seen) => this.#passing(() => real.take(name, owner, seen)),
      renew: (name, owner, epoch) => this.#passing(() => real.renew(name, owner, epoch)),
      release: (name, owner, epoch) => this.#passing(() => real.release(name, owner, epoch)),
    };
  }

  #clock(real: Clock): Clock {
    return {
      now: () => assert.fail("a lease is no matter of the wall clock"),
      monotonic: () => real.monotonic(),
      after: (ms, run) =>
        real.after(ms, () => {
          if (this.#gate === undefined) run();
          else void this.#gate.promise.then(run);
        }),
    };
  }
}

const leading = (processes: readonly Process[]) => processes.filter(({ leader }) => leader.isLeading);

/** In steps, so that what must hold always is looked at often. */
async function pass(clock: VirtualClock, ms: number, look: () => void): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    await clock.advance(Math.min(50, ms - passed));
    look();
  }
}

for (const places of [["orders"], ["accounts", "notify", "orders", "stock"]])
  test(`the first one leads at once, the second when the first one has died, within 3.5 s: ${places.join(", ")}`, async () => {
    const world = await createWorld(places);
    const [a, b] = [new Process(world, 1), new Process(world, 2)];
    await world.clock.advance(10);
    assert.deepEqual([a.told, b.told], [["begin", "lead 1"], []]);
    await world.clock.advance(60_000);
    assert.deepEqual([a.told, b.told], [["begin", "lead 1"], []], "it is kept for as long as it is renewed");
    a.kill();
    await world.clock.advance(2_900);
    assert.deepEqual(b.told, []);
    await world.clock.advance(600);
    assert.deepEqual(b.told, ["begin", "lead 2"]);
  });

test("a leader that ends in order is followed a quarter of a second later", async () => {
  const world = await createWorld(["orders"]);
  const [a, b] = [new Process(world, 1), new Process(world, 2)];
  await world.clock.advance(5_000);
  await a.leader.close();
  await a.leader.close();
  assert.equal(a.leader.isLeading, false);
  await world.clock.advance(260);
  assert.deepEqual(
    [a.told, b.told],
    [
      ["begin", "lead 1"],
      ["begin", "lead 2"],
    ],
  );
});

test("a leader that cannot renew stops half a second before anybody else may lead, and for good", async () => {
  const world = await createWorld(["orders"]);
  const [a, b] = [new Process(world, 1), new Process(world, 2)];
  await world.clock.advance(4_000);
  a.isCut = true;
  let [lostMs, tookMs] = [0, 0];
  await pass(world.clock, 4_000, () => {
    if (lostMs === 0 && a.told.includes("lost")) lostMs = world.clock.monotonic();
    if (tookMs === 0 && b.leader.isLeading) tookMs = world.clock.monotonic();
  });
  assert.ok(lostMs > 0 && tookMs - lostMs >= 500, `lost at ${lostMs}, taken at ${tookMs}`);
  a.isCut = false;
  b.kill();
  await world.clock.advance(10_000);
  assert.deepEqual(a.told, ["begin", "lead 1", "end", "lost"], "only a fresh process may lead again");
});

test("a stopped leader does not lead when it wakes, and what it had begun is refused", async () => {
  const world = await createWorld(["orders"]);
  const [a, b] = [new Process(world, 1), new Process(world, 2)];
  await world.clock.advance(1_000);
  a.stop();
  const ghost = a.write();
  ghost.catch(() => undefined);
  await world.clock.advance(4_000);
  await b.write();
  a.resume();
  assert.equal(a.leader.isLeading, false, "before any of its timers has run");
  await assert.rejects(ghost, { code: "SKEIN_LEASE_LOST" });
  await world.clock.advance(10);
  assert.deepEqual(
    [a.told, b.told],
    [
      ["begin", "lead 1", "end", "lost"],
      ["begin", "lead 2"],
    ],
  );
  assert.deepEqual(await world.ledger("orders"), [2]);
});

test("one epoch for a process that holds a lease in each of several databases", async () => {
  const world = await createWorld(["accounts", "orders"]);
  const [a, b] = [new Process(world, 1), new Process(world, 2)];
  await world.clock.advance(1_000);
  await a.write();
  // One database is enough to lose.
  const orders = createLeases(world.engines.get("orders") as Engine, world.clock);
  await orders.take("leader:erp/orders", "an intruder", await orders.look("leader:erp/orders"));
  await assert.rejects(a.write(), { code: "SKEIN_LEASE_LOST" });
  await pass(world.clock, 1_100, () => assert.ok(leading([a, b]).length <= 1));
  assert.ok(a.told.includes("lost"));
  await a.leader.close();
  await world.clock.advance(4_000);
  assert.ok(b.leader.isLeading);
  await b.write();
  assert.deepEqual(await world.ledger("orders"), [1, 3]);
});

const event = fc.record({
  who: fc.nat({ max: 2 }),
  what: fc.constantFrom("stop", "resume", "cut", "heal", "kill", "close", "write"),
  afterMs: fc.integer({ min: 0, max: 4_000 }),
});

test("property: never two leaders, no write of an older one after a younger one's, and one again when all is quiet", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 15 }),
      fc.constantFrom(["orders"], ["a", "b"]),
      async (events, places) => {
        const world = await createWorld(places);
        let seed = 1;
        const every = [0, 1, 2].map(() => new Process(world, seed++));
        const current = [...every];
        const atMostOne = (): void => assert.ok(leading(every).length <= 1, "two lead");
        for (const { who, what, afterMs } of events) {
          await pass(world.clock, afterMs, atMostOne);
          const one = current[who] ?? assert.fail();
          if (what === "stop") one.stop();
          if (what === "resume") one.resume();
          if (what === "cut" || what === "heal") one.isCut = what === "cut";
          if (what === "close") one.leader.close().catch(() => undefined);
          if (what === "kill") one.kill();
          if (what === "write")
            void one.write().catch((error: unknown) => assert.ok(isSkeinError(error), String(error)));
          // Whoever has ended is started again, as a supervisor does it.
          if (what === "kill" || what === "close") every.push((current[who] = new Process(world, seed++)));
          atMostOne();
        }
        for (const one of current) {
          one.isCut = false;
          one.resume();
        }
        await pass(world.clock, 500, atMostOne);
        for (const [index, one] of current.entries())
          if (one.told.includes("lost")) every.push((current[index] = new Process(world, seed++)));
        await pass(world.clock, 8_000, atMostOne);
        assert.equal(leading(current).length, 1, `nobody leads: ${JSON.stringify(every.map(({ told }) => told))}`);
        await leading(current)[0]?.write();
        for (const place of places) {
          const epochs = await world.ledger(place);
          assert.deepEqual(
            epochs,
            epochs.toSorted((a, b) => a - b),
          );
        }
      },
    ),
    { numRuns: 30 },
  );
});
