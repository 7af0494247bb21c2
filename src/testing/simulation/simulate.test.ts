/** Proves a simulated cluster: production code under faults, replayed exactly, and what it refuses. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isSkeinError } from "../../errors/index.ts";
import { Accounts, bank, Front } from "./fixtures/bank.ts";
import { type Cluster, simulate, type SimulationOptions } from "../index.ts";

const placement = {
  groups: {
    front: { services: ["gateway", "front"], replicas: 1 },
    money: { services: ["accounts"], replicas: 2 },
    books: { services: ["ledger", "rates"], replicas: 1 },
  },
};
const one = { op: "1", account: "a", amount: 5 };

const open = (options: SimulationOptions = {}): Promise<Cluster> => simulate(bank, { placement, ...options });

/** What becomes of a call: its reply, or its code and outcome, and how long it took. */
function outcome(cluster: Cluster, call: Promise<unknown>): { now: string; ms: number } {
  const startMs = cluster.clock.monotonic();
  const seen = { now: "nothing yet", ms: Number.NaN };
  const end = (now: string): void => void Object.assign(seen, { now, ms: cluster.clock.monotonic() - startMs });
  call.then(
    () => end("ok"),
    (error: unknown) => end(isSkeinError(error) ? `${error.code} ${error.outcome}` : String(error)),
  );
  return seen;
}

async function countOf(cluster: Cluster, database = "accounts"): Promise<number> {
  const [row] = await cluster.rows(database, "select count(*) as n from entries");
  return Number(row?.["n"]);
}

describe("simulate()", () => {
  it("runs every host of a placement, and calls through them", async () => {
    await using cluster = await open();
    assert.deepEqual(
      cluster.hosts.map(({ name, state }) => `${name} ${state}`),
      ["front-1 running", "money-1 running", "money-2 running", "books-1 running"],
    );
    assert.deepEqual(await cluster.run(cluster.client(Accounts).deposit(one)), { op: "1", total: 5 });
    assert.deepEqual(await cluster.run(cluster.client(Front).page({ op: "2" })), { op: "2", rate: 7, total: 5 });
    const items = await cluster.run(async () => {
      const got: number[] = [];
      for await (const { i } of cluster.client(Accounts).history({ op: "3", items: 3 })) got.push(i);
      return got;
    });
    assert.deepEqual(items, [0, 1, 2]);
    await cluster.idle();
    assert.equal(await countOf(cluster), 1);
    assert.deepEqual(
      (await cluster.events).map(({ value }) => value),
      [one],
    );
    assert.deepEqual(cluster.report.failures, {});
    assert.equal(cluster.report.calls, 3);
  });

  it("runs each service in a host of its own without a placement, and takes no time of its own", async () => {
    await using cluster = await simulate(bank);
    assert.deepEqual(
      cluster.hosts.map(({ name }) => name),
      ["rates-1", "accounts-1", "ledger-1", "front-1"],
    );
    const beforeMs = cluster.clock.monotonic();
    assert.equal(beforeMs, cluster.clock.monotonic());
    await cluster.clock.advance("1h");
    assert.equal(cluster.clock.monotonic() - beforeMs, 3_600_000);
  });

  it("is the same run for the same seed, event by event, and another for another", async () => {
    const run = async (seed: number) => {
      const faults = {
        loss: 0.05,
        crash: { every: "1s", lasts: "300ms" },
        pause: { every: "1s", lasts: "1s" },
      } as const;
      await using cluster = await open({ seed, faults });
      for (let i = 0; i < 20; i++) {
        cluster
          .client(Front)
          .pay({ ...one, op: String(i) })
          .catch(() => undefined);
        await cluster.clock.advance("100ms");
      }
      await cluster.calm();
      await cluster.idle();
      return [cluster.trace.hash, cluster.trace.lines, cluster.report] as const;
    };
    assert.deepEqual(await run(3), await run(3));
    assert.notEqual((await run(3))[0], (await run(4))[0]);
  });

  it("a crash takes what is in memory and in flight, and no row that was committed", async () => {
    await using cluster = await open();
    await cluster.run(cluster.client(Accounts).deposit(one));
    for (const host of ["money-1", "money-2"]) cluster.crash(host);
    const refused = outcome(cluster, cluster.client(Accounts).deposit({ ...one, op: "2" }));
    await cluster.clock.advance("3s");
    assert.match(refused.now, /SKEIN_TRANSPORT_(UNREACHABLE not_started|LOST unknown)/);
    await cluster.run(cluster.restart("money-1"));
    await cluster.clock.advance("1s");
    assert.equal(await countOf(cluster), 1);
    assert.deepEqual(await cluster.run(cluster.client(Accounts).deposit({ ...one, op: "3" })), { op: "3", total: 10 });
  });

  it("a crash at any moment of a command leaves one effect or none, and the same key makes it one", async () => {
    const seen = new Set<string>();
    for (let step = 0; step < 40; step++) {
      await using cluster = await open({ seed: step });
      const key = { key: "a-key-of-sixteen-characters" };
      const first = outcome(cluster, cluster.client(Accounts).deposit(one, key));
      await cluster.clock.advance(step / 4);
      for (const host of ["money-1", "money-2"]) cluster.crash(host);
      // Both are gone: a second attempt waits two seconds for another process.
      await cluster.clock.advance("3s");
      const left = await countOf(cluster);
      seen.add(`${first.now}, ${left}`);
      assert.ok(left === 1 || first.now !== "ok", `step ${step}: ${first.now}`);
      await cluster.calm();
      await cluster.run(cluster.client(Accounts).deposit(one, key));
      assert.equal(await countOf(cluster), 1, `step ${step}`);
    }
    // Before it was sent, lost on its way or undone, lost after the commit, and answered.
    for (const wanted of ["SKEIN_TRANSPORT_LOST unknown, 0", "SKEIN_TRANSPORT_LOST unknown, 1", "ok, 1"])
      assert.ok(seen.has(wanted), `${wanted} is not among ${[...seen].join("; ")}`);
  });

  it("a machine that loses its power is found dead by silence", async () => {
    await using cluster = await open();
    await cluster.run(cluster.client(Front).page({ op: "1" }));
    const late = outcome(cluster, cluster.client(Front).pay(one));
    cluster.crash("front-1", { power: true });
    await cluster.clock.advance("1s");
    assert.equal(late.now, "nothing yet");
    await cluster.clock.advance("2s");
    assert.equal(late.now, "SKEIN_TRANSPORT_LOST unknown");
  });

  it("a paused host answers late, and is left out after two seconds", async () => {
    await using cluster = await open();
    await cluster.run(cluster.client(Front).page({ op: "1" }));
    cluster.pause("front-1");
    const late = outcome(cluster, cluster.client(Front).page({ op: "2" }));
    await cluster.clock.advance("1s");
    assert.equal(late.now, "nothing yet");
    cluster.resume("front-1");
    await cluster.clock.advance("100ms");
    assert.equal(late.now, "ok");
    cluster.pause("front-1");
    const lost = outcome(cluster, cluster.client(Front).page({ op: "3" }));
    // It is the only one of its group, so the query is sent to it again.
    await cluster.clock.advance("9s");
    assert.equal(lost.now, "SKEIN_TRANSPORT_UNREACHABLE not_started");
  });

  it("a paused host holds its transaction, and nobody's deadline", async () => {
    await using cluster = await open();
    const first = outcome(cluster, cluster.client(Accounts).deposit(one));
    await cluster.clock.advance("60s", {
      until: () => cluster.hosts.some(({ inFlight, group }) => inFlight > 0 && group === "money"),
    });
    await cluster.clock.advance("2ms");
    for (const { name, inFlight } of cluster.hosts) if (inFlight > 0 && name.startsWith("money")) cluster.pause(name);
    const second = outcome(cluster, cluster.client(Accounts).deposit({ ...one, op: "2" }, { timeout: "300ms" }));
    await cluster.clock.advance("1s");
    assert.notEqual(second.now, "nothing yet");
    assert.ok(second.ms <= 311, `${second.ms} ms`);
    await cluster.calm();
    await cluster.idle();
    assert.equal(first.now, "ok");
  });

  it("a stream whose host cannot be reached ends at its deadline", async () => {
    await using cluster = await open();
    for (const host of ["money-1", "money-2"]) cluster.partition("client", host);
    const stream = async (): Promise<void> => {
      for await (const _ of cluster.client(Accounts).history({ op: "1", items: 3 }, { timeout: "300ms" }))
        assert.fail();
    };
    const end = outcome(cluster, stream());
    await cluster.clock.advance("2s");
    assert.match(end.now, /SKEIN_CALL_DEADLINE/);
    assert.ok(end.ms <= 311, `${end.ms} ms`);
  });

  it("a drained host is routed around and loses no call", async () => {
    await using cluster = await open();
    const calls = Array.from({ length: 30 }, (_, i) => i);
    const all = Promise.all(
      calls.map(async (i) => {
        await new Promise<void>((resolve) => void cluster.clock.after(i * 5, resolve));
        return cluster.client(Accounts).balance({ op: String(i), account: "a" });
      }),
    );
    await cluster.run(cluster.drain("money-1"));
    assert.equal(cluster.hosts.find(({ name }) => name === "money-1")?.state, "down");
    assert.equal((await cluster.run(all)).length, 30);
    await cluster.run(cluster.restart("money-1"));
  });

  it("one of a singleton group leads; another takes over when it hangs, and it never leads again", async () => {
    const groups = { ...placement.groups, books: { services: ["ledger", "rates"], replicas: 2, singleton: true } };
    await using cluster = await open({ placement: { groups } });
    const leaders = () => cluster.hosts.filter(({ role }) => role === "leader").map(({ name }) => name);
    const [first] = leaders();
    assert.equal(leaders().length, 1);
    await cluster.run(cluster.client(Front).pay(one));
    cluster.pause(String(first));
    await cluster.clock.advance("6s");
    const second = leaders().find((name) => name !== first);
    assert.ok(second !== undefined, "nobody took over");
    await cluster.run(cluster.client(Front).pay({ ...one, op: "2" }));
    cluster.resume(String(first));
    await cluster.clock.advance("5s");
    assert.deepEqual(leaders(), [second]);
    await cluster.run(cluster.client(Front).pay({ ...one, op: "3" }));
    assert.equal(await countOf(cluster, "ledger"), 3);
  });

  it("lets an open transaction end before it shows rows", async () => {
    await using cluster = await open();
    const call = outcome(cluster, cluster.client(Accounts).deposit(one));
    for (let step = 0; step < 100 && call.now === "nothing yet"; step++) {
      assert.ok((await countOf(cluster)) <= 1);
      await cluster.events;
      await cluster.clock.advance(0.2);
    }
    assert.equal(call.now, "ok");
  });

  it("what hosts log bears their names", async () => {
    await using cluster = await open();
    assert.ok(
      cluster.log.some(({ message, host }) => message === "migration applied" && String(host).startsWith("money-")),
    );
  });

  it("refuses what it does not have", async () => {
    await using cluster = await open();
    const refused = (message: string) => ({ code: "SKEIN_SIMULATION_INVALID", message });
    assert.throws(() => cluster.crash("mony-1"), refused('no host is named "mony-1"; did you mean "money-1"?'));
    assert.throws(() => cluster.partition("client", "x"), refused('no host is named "x"'));
    assert.throws(() => cluster.resume("money-1"), refused("money-1 is not paused"));
    await assert.rejects(cluster.restart("money-1"), refused("money-1 is not down"));
    cluster.crash("money-1");
    assert.throws(() => cluster.crash("money-1"), refused("money-1 is down already"));
    assert.throws(() => cluster.pause("money-1"), refused("money-1 is down already"));
    await assert.rejects(cluster.drain("money-1"), refused("money-1 is down"));
    await assert.rejects(
      cluster.rows("acounts", "select 1"),
      refused('no host has opened a database "acounts"; "accounts" is there'),
    );
    await assert.rejects(open({ faults: { loss: 2 } }), refused("faults.loss is a share from 0 to 1"));
    await assert.rejects(open({ faults: { delay: [5, 1] } }), refused("faults.delay is [least, most]"));
    await assert.rejects(open({ placement: { groups: {} } }), { code: "SKEIN_PLACEMENT_INVALID" });
  });

  it("says what waits when time runs out", async () => {
    await using cluster = await open();
    await assert.rejects(cluster.run(new Promise(() => undefined), { within: "1s" }), {
      code: "SKEIN_SIMULATION_STUCK",
      message: "not over after 1000 ms of virtual time: 0 calls of clients wait",
    });
    cluster.pause("books-1");
    const waiting = outcome(cluster, cluster.client(Front).page({ op: "1" }));
    await assert.rejects(cluster.idle({ within: "5ms" }), {
      code: "SKEIN_SIMULATION_STUCK",
      message: /1 calls of clients wait;.*books-1 is paused with 0 calls in flight/,
    });
    await cluster.clock.advance("20s");
    assert.notEqual(waiting.now, "nothing yet");
  });

  it("is safe to close twice, and a closed one takes no calls", async () => {
    const cluster = await open();
    await cluster.close();
    await cluster.close();
    assert.throws(() => cluster.client(Front).page({ op: "1" }), { message: "the cluster is closed" });
  });
});
