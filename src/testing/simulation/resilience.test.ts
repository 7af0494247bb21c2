/**
 * Proves what becomes of calls when hosts die, hang, fail or are overrun: production's sessions and call path over the
 * simulated network, in virtual time.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { type Clock, sleep } from "../../core/index.ts";
import { isSkeinError, type SkeinError, skeinError } from "../../errors/index.ts";
import {
  action,
  command,
  contract,
  database,
  migration,
  query,
  resource,
  service,
  stream,
  system,
} from "../../index.ts";
import { type Cluster, simulate } from "../index.ts";

const Asked = z.object({ n: z.int() });
const Answer = z.object({ n: z.int(), by: z.int() });

const Leaf = contract("leaf", {
  ask: query({ input: Asked, output: Answer }),
  /** Hedged after 50 ms. */
  find: query({ input: Asked, output: Answer }),
  /** Hedged after what 95 of 100 take. */
  seek: query({ input: Asked, output: Answer }),
  items: query({ input: Asked, output: stream(Answer) }),
  act: action({ input: Asked, output: Answer }),
  write: command({ input: Asked, output: Answer }),
});
const Top = contract("top", {
  ask: query({ input: Asked, output: Answer }),
  act: action({ input: Asked, output: Answer }),
});
const Middle = contract("middle", { ask: query({ input: Asked, output: Answer }) });

interface Tables {
  rows: { n: number };
}
/** One host of the leaf. */
interface Me {
  readonly by: number;
  readonly clock: Clock;
}

/** Three services in a row: what the test sees, and decides of the last. */
class Chain {
  readonly runs = { top: 0, middle: 0, leaf: 0, canceled: 0 };
  /** Milliseconds that a call takes at the leaf's host of this number. */
  takes: (by: number) => number = () => 20;
  /** What the leaf's host of this number throws instead of answering. */
  fails: (by: number) => Error | undefined = () => undefined;
  readonly system;

  constructor() {
    let hosts = 0;
    const migrations = [migration("001", ["create table rows (n integer not null)"])];
    const open = { access: "public" } as const;
    const leaf = service(Leaf, {
      has: {
        db: database<Tables>("leaf", { dialect: "portable", migrations }),
        me: resource({ open: ({ clock }): Me => ({ by: ++hosts, clock }), close: () => undefined }),
      },
      policy: {
        ask: open,
        find: { ...open, hedge: "50ms" },
        seek: { ...open, hedge: "p95" },
        items: open,
        act: open,
        write: open,
      },
    });
    const middle = service(Middle, { uses: { leaf: Leaf }, policy: { ask: open } });
    const top = service(Top, { uses: { middle: Middle, leaf: Leaf }, policy: { ask: open, act: open } });
    const run = (asked: { n: number }, me: Me) => this.#run(asked, me);
    this.system = system("chain", {
      services: [
        top.implement({
          ask: (asked, own) => (this.runs.top++, own.middle.ask(asked)),
          act: (asked, own) => (this.runs.top++, own.leaf.act(asked)),
        }),
        middle.implement({ ask: (asked, own) => (this.runs.middle++, own.leaf.ask(asked)) }),
        leaf.implement({
          ask: (asked, { me }) => run(asked, me),
          seek: (asked, { me }) => run(asked, me),
          find: (asked, { me }, call) => {
            call.signal.addEventListener("abort", () => this.runs.canceled++);
            return run(asked, me);
          },
          act: (asked, { me }) => run(asked, me),
          async write({ n }, { db, me }) {
            const answer = await run({ n }, me);
            return db.transaction(async (tx) => {
              await tx.insertInto("rows").values({ n }).execute();
              return answer;
            });
          },
          async *items(asked, { me }) {
            for (let i = 0; i < 3; i++) yield await run(asked, me);
          },
        }),
      ],
    });
  }

  async #run({ n }: { n: number }, { by, clock }: Me): Promise<{ n: number; by: number }> {
    this.runs.leaf++;
    const error = this.fails(by);
    if (error !== undefined) throw error;
    await sleep(clock, this.takes(by));
    return { n, by };
  }
}

const placement = {
  groups: {
    top: { services: ["gateway", "top"], replicas: 2 },
    middle: { services: ["middle"], replicas: 2 },
    leaf: { services: ["leaf"], replicas: 2 },
  },
};

async function start(chain = new Chain(), seed = 1): Promise<{ chain: Chain; cluster: Cluster }> {
  const cluster = await simulate(chain.system, { placement, seed });
  // So that every connection there may be is there.
  for (let n = 0; n < 40; n++) await cluster.run(cluster.client(Top).ask({ n }));
  for (let n = 0; n < 20; n++) await cluster.run(cluster.client(Leaf).ask({ n }));
  Object.assign(chain.runs, { top: 0, middle: 0, leaf: 0 });
  return { chain, cluster };
}

/** Calls made one after the other at a rate, whatever becomes of them. */
async function load(cluster: Cluster, perSecond: number, forMs: number, call: (n: number) => Promise<unknown>) {
  const ends: { atMs: number; tookMs: number; error: SkeinError | undefined }[] = [];
  for (let n = 0; n < (perSecond * forMs) / 1_000; n++) {
    const atMs = cluster.clock.monotonic();
    const end = (error?: unknown): void =>
      void ends.push({ atMs, tookMs: cluster.clock.monotonic() - atMs, error: error as SkeinError | undefined });
    call(n).then(() => end(), end);
    await cluster.clock.advance(1_000 / perSecond);
  }
  return ends;
}

async function errorOf(call: Promise<unknown>): Promise<SkeinError> {
  try {
    await call;
  } catch (error) {
    if (isSkeinError(error)) return error;
    throw error;
  }
  return assert.fail("it was answered");
}

const busyLeaf = (cluster: Cluster): string =>
  cluster.hosts.find(({ group, inFlight }) => group === "leaf" && inFlight > 0)?.name ??
  assert.fail("no call has arrived");

describe("a host dies while it has a call", () => {
  it("a query is answered by another one", async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const { chain, cluster } = await start(new Chain(), seed);
      await using _ = cluster;
      const call = cluster.client(Leaf).ask({ n: 1 });
      await cluster.clock.advance("5ms");
      cluster.crash(busyLeaf(cluster));
      assert.equal((await cluster.run(call)).n, 1);
      assert.equal(chain.runs.leaf, 2);
    }
  });

  it("a query that ends or hangs every host it is sent to has two of them, and no third", async () => {
    for (const [end, again] of [
      ["crash", "restart"],
      ["pause", "resume"],
    ] as const) {
      const chain = new Chain();
      const leaves = { groups: { ...placement.groups, leaf: { services: ["leaf"], replicas: 4 } } };
      await using cluster = await simulate(chain.system, { placement: leaves, seed: 1 });
      for (let n = 0; n < 40; n++) await cluster.run(cluster.client(Leaf).ask({ n }));
      const ended: string[] = [];
      const failed = errorOf(cluster.client(Leaf).ask({ n: 1 }));
      let code: string | undefined;
      void failed.then((error) => (code = error.code));
      for (let ms = 0; ms < 10_000 && code === undefined; ms += 5) {
        await cluster.clock.advance(5);
        const busy = cluster.hosts.find(
          ({ name, group, inFlight }) => group === "leaf" && inFlight > 0 && !ended.includes(name),
        );
        if (busy === undefined) continue;
        ended.push(busy.name);
        cluster[end](busy.name);
      }
      assert.equal(code, "SKEIN_TRANSPORT_LOST");
      assert.equal(ended.length, 2, end);
      assert.equal((await failed).attempts, 2);
      for (const name of ended) await cluster.run(Promise.resolve(cluster[again](name)));
    }
  });

  it("where it was the only one of its group, calls wait for the next one, each within its deadline", async () => {
    const chain = new Chain();
    const alone = { groups: { ...placement.groups, leaf: { services: ["leaf"] } } };
    await using cluster = await simulate(chain.system, { placement: alone, seed: 1 });
    for (let n = 0; n < 40; n++) await cluster.run(cluster.client(Top).ask({ n }));
    for (let n = 0; n < 20; n++) await cluster.run(cluster.client(Leaf).ask({ n }));
    cluster.crash("leaf-1");
    const through = [cluster.client(Top).ask({ n: 1 }), cluster.client(Leaf).ask({ n: 2 })];
    const hurried = errorOf(cluster.client(Leaf).ask({ n: 3 }, { timeout: "500ms" }));
    await cluster.clock.advance("1s");
    const { code, outcome, retry } = await hurried;
    assert.deepEqual([code, outcome, retry], ["SKEIN_TRANSPORT_UNREACHABLE", "not_started", true]);
    await cluster.run(cluster.restart("leaf-1"));
    assert.deepEqual(
      (await cluster.run(Promise.all(through))).map(({ n }) => n),
      [1, 2],
    );
  });

  it("an action may have run, and is not sent again", async () => {
    const { chain, cluster } = await start();
    await using _ = cluster;
    const failed = errorOf(cluster.client(Leaf).act({ n: 1 }));
    await cluster.clock.advance("5ms");
    cluster.crash(busyLeaf(cluster));
    const { code, outcome, attempts } = await cluster.run(failed);
    assert.deepEqual([code, outcome, attempts], ["SKEIN_TRANSPORT_LOST", "unknown", 1]);
    assert.equal(chain.runs.leaf, 1);
  });

  it("a command is sent again with the key that it was given at first, and takes effect once", async () => {
    for (let step = 0; step < 12; step++) {
      const { cluster } = await start(new Chain(), step);
      await using _ = cluster;
      const call = cluster.client(Leaf).write({ n: 1 });
      await cluster.clock.advance(20 + step / 2);
      const [busy] = cluster.hosts.filter(({ group, inFlight }) => group === "leaf" && inFlight > 0);
      if (busy !== undefined) cluster.crash(busy.name);
      assert.equal((await cluster.run(call)).n, 1, `step ${step}`);
      const [row] = await cluster.rows("leaf", "select count(*) as n from rows");
      assert.equal(Number(row?.["n"]), 1, `step ${step}`);
    }
  });

  it("a stream of a query is begun again before its first item, and never after it", async () => {
    const { cluster } = await start();
    await using _ = cluster;
    const read = async (got: number[]): Promise<number[]> => {
      for await (const { n } of cluster.client(Leaf).items({ n: 7 })) got.push(n);
      return got;
    };
    const whole = read([]);
    await cluster.clock.advance("5ms");
    const first = busyLeaf(cluster);
    cluster.crash(first);
    assert.deepEqual(await cluster.run(whole), [7, 7, 7]);
    await cluster.run(cluster.restart(first));
    await cluster.clock.advance("3s");
    const got: number[] = [];
    const broken = errorOf(read(got));
    await cluster.clock.advance("30ms");
    cluster.crash(busyLeaf(cluster));
    assert.equal((await cluster.run(broken)).code, "SKEIN_TRANSPORT_LOST");
    assert.deepEqual(got, [7]);
  });

  it("what is sent again is what was sent, whatever its caller has done with it since", async () => {
    const { cluster } = await start();
    await using _ = cluster;
    const input = { n: 1 };
    const call = cluster.client(Leaf).ask(input);
    input.n = 2;
    await cluster.clock.advance("5ms");
    cluster.crash(busyLeaf(cluster));
    assert.equal((await cluster.run(call)).n, 1);
  });
});

describe("a query that is hedged", () => {
  it("is answered by the quicker host, and called off at the other", async () => {
    const { chain, cluster } = await start();
    await using _ = cluster;
    chain.takes = (by) => (by === 1 ? 2_000 : 20);
    const ends = await load(cluster, 5, 6_000, (n) => cluster.client(Leaf).find({ n }));
    assert.equal(ends.length, 30);
    assert.ok(Math.max(...ends.map(({ tookMs }) => tookMs)) < 80);
    const sentTwice = chain.runs.leaf - 30;
    assert.ok(sentTwice > 0);
    await cluster.clock.advance("1ms");
    assert.equal(chain.runs.canceled, sentTwice);
  });

  it("costs no more than the budget, however slow all are", async () => {
    const { chain, cluster } = await start();
    await using _ = cluster;
    chain.takes = () => 100;
    const ends = await load(cluster, 200, 5_000, (n) => cluster.client(Leaf).find({ n }));
    await cluster.clock.advance("1s");
    assert.equal(ends.filter(({ error }) => error !== undefined).length, 0);
    assert.ok(chain.runs.leaf <= 1_000 * 1.1 + 30 + 3, `${chain.runs.leaf} of 1000`);
  });

  it("learns what is slow", async () => {
    const { chain, cluster } = await start();
    await using _ = cluster;
    await load(cluster, 100, 2_000, (n) => cluster.client(Leaf).seek({ n }));
    chain.takes = (by) => (by === 1 ? 1_000 : 20);
    const ends = await load(cluster, 5, 4_000, (n) => cluster.client(Leaf).seek({ n }));
    assert.equal(ends.length, 20);
    assert.ok(Math.max(...ends.map(({ tookMs }) => tookMs)) < 60);
  });

  it("goes on as any other where its host dies", async () => {
    const { cluster } = await start();
    await using _ = cluster;
    const call = cluster.client(Leaf).find({ n: 1 });
    await cluster.clock.advance("5ms");
    cluster.crash(busyLeaf(cluster));
    assert.equal((await cluster.run(call)).n, 1);
  });
});

describe("a group cannot be reached", () => {
  const split = (cluster: Cluster, from: string, to: string, oneWay: boolean): void => {
    for (const a of [1, 2]) for (const b of [1, 2]) cluster.partition(`${from}-${a}`, `${to}-${b}`, { oneWay });
  };

  for (const [what, from, to, oneWay] of [
    ["nothing arrives", "middle", "leaf", false],
    ["its answers arrive, and no calls", "middle", "leaf", true],
    ["calls arrive, and no answers", "leaf", "middle", true],
  ] as const)
    it(`${what}: once that is noticed nobody waits to hear it again, and 5 s after healing all are answered`, async () => {
      const { cluster } = await start();
      await using _ = cluster;
      const ask = (n: number) => cluster.client(Top).ask({ n });
      split(cluster, from, to, oneWay);
      const first = await load(cluster, 20, 5_000, ask);
      const during = await load(cluster, 20, 10_000, ask);
      cluster.heal();
      await load(cluster, 20, 5_000, ask);
      const after = await load(cluster, 20, 5_000, ask);
      await cluster.clock.advance("3s");
      // It is noticed 2 s after the last byte, and half a second later everybody fails who waits: by then the routes would say that they hang.
      assert.ok(Math.max(...first.map(({ tookMs }) => tookMs)) <= 2_700);
      const slow = during.filter(({ tookMs }) => tookMs > 50);
      assert.deepEqual(
        slow.map(({ atMs, tookMs }) => [atMs, tookMs]),
        [],
      );
      for (const { error } of [...first, ...during]) assert.equal(error?.canonical, "unavailable");
      assert.equal(after.length, 100);
      assert.deepEqual(
        after.filter(({ error }) => error !== undefined),
        [],
      );
    });
});

describe("a host hangs", () => {
  it("is out in two seconds, and what it had is answered elsewhere", async () => {
    const { cluster } = await start();
    await using _ = cluster;
    cluster.pause("leaf-1");
    const pausedMs = cluster.clock.monotonic();
    const ends = await load(cluster, 100, 10_000, (n) => cluster.client(Leaf).ask({ n }));
    await cluster.clock.advance("3s");
    assert.equal(ends.length, 1_000);
    assert.deepEqual(
      ends.filter(({ error }) => error !== undefined).map(({ error }) => error?.code),
      [],
    );
    assert.ok(Math.max(...ends.map(({ tookMs }) => tookMs)) < 2_100);
    const late = ends.filter(({ tookMs }) => tookMs > 100);
    assert.ok(late.length > 0);
    assert.ok(
      late.every(({ atMs }) => atMs - pausedMs < 2_000),
      "calls still went to it",
    );
  });

  it("for a moment: what it has is answered by it when it goes on, and nothing is lost", async () => {
    for (const forMs of [500, 1_000, 1_250]) {
      const { chain, cluster } = await start();
      await using _ = cluster;
      cluster.clock.after(500, () => cluster.pause("leaf-1"));
      cluster.clock.after(500 + forMs, () => cluster.resume("leaf-1"));
      const ends = await load(cluster, 100, 3_000, (n) => cluster.client(Leaf).act({ n }));
      const failed = ends.filter(({ error }) => error !== undefined);
      assert.deepEqual(failed, [], `${forMs} ms`);
      await cluster.clock.advance("1s");
      assert.equal(chain.runs.leaf, 300);
    }
  });
});

describe("the network is slow and loses things", () => {
  it("nobody is taken for silent", async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const chain = new Chain();
      const faults = { delay: ["80ms", "120ms"], loss: 0.02, duplicate: 0.01, reorder: 0.01 } as const;
      await using cluster = await simulate(chain.system, { placement, seed, faults });
      // Actions are never sent again, so that each connection that is given up shows.
      const ends = await load(cluster, 50, 20_000, (n) => cluster.client(Leaf).act({ n }));
      await cluster.clock.advance("3s");
      assert.equal(ends.length, 1_000);
      const codes = ends.flatMap(({ error }) => error?.code ?? []);
      assert.ok(codes.length <= 1, `seed ${seed}: ${codes.join(" ")}`);
    }
  });
});

describe("the last service of a chain fails, all of it", () => {
  it("is asked at most 1.2 times as often as was called, and one layer repeats", async () => {
    const { chain, cluster } = await start();
    await using _ = cluster;
    chain.fails = () => skeinError("SKEIN_DATA_UNAVAILABLE");
    const ends = await load(cluster, 300, 6_000, (n) => cluster.client(Top).ask({ n }));
    await cluster.clock.advance("1s");
    const calls = ends.length;
    assert.equal(ends.filter(({ error }) => error === undefined).length, 0);
    assert.ok(chain.runs.leaf <= calls * 1.2, `${chain.runs.leaf} of ${calls}`);
    assert.ok(chain.runs.leaf > calls, "nothing was repeated at all");
    // Those above know that it was repeated below.
    assert.equal(chain.runs.middle, chain.runs.top);
    assert.ok(chain.runs.top <= calls);
    assert.ok(ends.every(({ error }) => error?.attempts !== undefined));
    chain.fails = () => undefined;
    await cluster.clock.advance("100ms");
    const healed = await load(cluster, 300, 2_000, (n) => cluster.client(Top).ask({ n }));
    await cluster.clock.advance("1s");
    assert.equal(healed.filter(({ error }) => error !== undefined).length, 0);
  });

  it("where none of its hosts has room it is hardly ever asked twice for a call, and those on the way to it are soon asked less", async () => {
    const { chain, cluster } = await start();
    await using _ = cluster;
    chain.fails = () => skeinError("SKEIN_HOST_OVERLOADED");
    const ends = await load(cluster, 200, 6_000, (n) => cluster.client(Top).ask({ n }));
    await cluster.clock.advance("1s");
    assert.ok(ends.every(({ error }) => error?.code === "SKEIN_HOST_OVERLOADED"));
    assert.ok(chain.runs.leaf <= chain.runs.middle * 1.2, `${chain.runs.leaf} of ${chain.runs.middle}`);
    assert.ok(chain.runs.top < ends.length * 0.2, `${chain.runs.top} of ${ends.length} reached the first service`);
    assert.ok(
      chain.runs.top > ends.length * 0.05,
      `${chain.runs.top} of ${ends.length} are too few to see when there is room`,
    );
    chain.fails = () => undefined;
    // Each of those that hold calls back asks more with each quarter of a second.
    await load(cluster, 200, 3_500, (n) => cluster.client(Top).ask({ n }));
    const healed = await load(cluster, 200, 2_000, (n) => cluster.client(Top).ask({ n }));
    await cluster.clock.advance("1s");
    assert.equal(healed.filter(({ error }) => error !== undefined).length, 0);
  });

  it("an exception of its code is no reason to repeat, nor to leave anybody out", async () => {
    const { chain, cluster } = await start();
    await using _ = cluster;
    chain.fails = () => new Error("always");
    const ends = await load(cluster, 100, 2_000, (n) => cluster.client(Top).ask({ n }));
    assert.equal(chain.runs.leaf, ends.length);
    chain.fails = () => undefined;
    const seen = new Set<number>();
    for (let n = 0; n < 40; n++) seen.add((await cluster.run(cluster.client(Leaf).ask({ n }))).by);
    assert.equal(seen.size, 2);
  });
});

describe("one of two hosts fails", () => {
  it("is left out for a second, then for two, and asked again", async () => {
    const { chain, cluster } = await start();
    await using _ = cluster;
    chain.fails = (by) => (by === 1 ? new Error("only here") : undefined);
    const ends = await load(cluster, 100, 8_000, (n) => cluster.client(Leaf).ask({ n }));
    await cluster.clock.advance("1s");
    const failures = ends.filter(({ error }) => error !== undefined).map(({ atMs }) => atMs);
    // At 0, 1, 3 and 7 seconds it gets five in a row, with a few under way each time.
    assert.ok(failures.length >= 15 && failures.length <= 48, `${failures.length} of ${ends.length} failed`);
    chain.fails = () => undefined;
    await cluster.clock.advance("10s");
    const seen = new Set<number>();
    for (let n = 0; n < 40; n++) seen.add((await cluster.run(cluster.client(Leaf).ask({ n }))).by);
    assert.equal(seen.size, 2);
  });

  it("what it says did not start is asked of the other, whatever the kind", async () => {
    const { chain, cluster } = await start();
    await using _ = cluster;
    chain.fails = (by) => (by === 1 ? skeinError("SKEIN_HOST_OVERLOADED") : undefined);
    for (let n = 0; n < 10; n++) {
      const { by } = await cluster.run(cluster.client(Leaf).ask({ n }));
      assert.equal(by, 2);
    }
  });
});
