/**
 * Tests what a host does with more calls than it can answer, in virtual time: a process that computes, one that waits for a
 * few connections, one whose calls differ. Goodput counts calls that were answered before their callers left.
 */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createSeededRandom } from "../../core/index.ts";
import { Admission } from "./admission.ts";
import { asks, Call, computes, gap, pooled, run, timeoutMs, waits } from "./fixtures/calls.ts";
import { Loop } from "./fixtures/loop.ts";
import { Usual } from "./gradient.ts";

suite("twice the load a host can bear", () => {
  for (const [name, station, capacity, knownMs, share, p99Ms] of [
    ["a process that computes", computes(2), 500, 12_000, 0.9, timeoutMs],
    ["one that computes and asks another host", asks(1, 1, () => 5), 500, 12_000, 0.9, timeoutMs],
    ["one that waits for ten connections", pooled(10, 20), 500, 12_000, 0.9, timeoutMs],
    // Few calls end in a second, so that it takes longer to see; and five of its calls' times are its callers' patience.
    ["one that waits for three slow connections", pooled(3, 100), 30, 18_000, 0.7, 700],
    // Moments in which no call ends are many there, and no reason to let in more.
    ["one that waits for twenty slow connections", pooled(20, 200), 100, 18_000, 0.6, 700],
  ] as const) {
    const phases = [
      { untilMs: 11_000, perSecond: capacity * 0.5 },
      { untilMs: 35_000, perSecond: capacity * 2 },
      { untilMs: 45_000, perSecond: capacity * 0.5 },
    ];
    test(`${name}: answers most of what it can, soon, and is well at once when it ends`, () => {
      for (const seed of [1, 2, 3]) {
        const outcome = run({ station, phases }, seed);
        const good = outcome.goodput(knownMs, 35_000);
        assert.ok(good >= capacity * share, `seed ${seed}: ${good} of ${capacity} calls a second`);
        assert.ok(outcome.p99(knownMs) < p99Ms, `seed ${seed}: p99 ${outcome.p99(knownMs)} ms`);
        const after = outcome.calls.filter((c) => c.bornMs > 37_000);
        assert.equal(after.filter((c) => !c.isGood).length, 0, `seed ${seed}: two seconds after the overload`);
        for (const { refusal } of outcome.calls)
          if (refusal !== undefined)
            assert.deepEqual([refusal.code, refusal.outcome], ["SKEIN_HOST_OVERLOADED", "not_started"]);
      }
    });

    test(`${name}: without a limit it answers nobody in time`, () => {
      const outcome = run({ station, phases, isUnlimited: true });
      assert.ok(outcome.goodput(16_000, 35_000) < capacity * 0.1);
    });
  }
});

suite("a few calls that wait for something scarce, among many that do not", () => {
  const slow = { ms: 20, perSecond: 50 } as const;

  /** Slow ones come from outside and pass one by one; quick ones are other services'. */
  function mixed(perSecond: (atMs: number) => number, endMs: number, seed: number) {
    const random = createSeededRandom(seed);
    const loop = new Loop();
    const admission = new Admission({ clock: loop, soon: loop.soon });
    const [slowUsual, quickUsual] = [new Usual(), new Usual()];
    const slowOnes: Call[] = [];
    const quickOnes: Call[] = [];
    const over = (call: Call): void => ((call.endMs = loop.monotonic()), admission.leave(call));
    const [one, many] = [pooled(1, slow.ms)(loop, over, random), waits(3)(loop, over, random)];
    const come = (into: Call[], usual: Usual, begin: (call: Call) => void, rate: (atMs: number) => number) => {
      for (let at = 1; at < endMs; at += gap(random, rate(at)))
        loop.after(at - 1, () => {
          const call = new Call(loop, at, usual, begin, into === quickOnes);
          into.push(call);
          admission.enter(call);
        });
    };
    come(slowOnes, slowUsual, one, perSecond);
    come(quickOnes, quickUsual, many, () => 300);
    loop.run(endMs + 2_000);
    const within = (calls: readonly Call[], fromMs: number, toMs: number) =>
      calls.filter((c) => c.bornMs >= fromMs && c.bornMs < toMs);
    return { slowOnes, quickOnes, admission, within };
  }

  test("more of them than pass: they are refused, soon, and nobody else is", () => {
    for (const seed of [1, 2]) {
      const rate = (atMs: number) => (atMs < 5_000 || atMs > 25_000 ? 0.5 : 1.5) * slow.perSecond;
      const { slowOnes, quickOnes, within } = mixed(rate, 35_000, seed);
      const good = within(slowOnes, 7_000, 25_000).filter((c) => c.isGood).length / 18;
      assert.ok(good >= slow.perSecond * 0.85, `seed ${seed}: ${good} a second`);
      const refused = quickOnes.filter((c) => c.refusal !== undefined).length / quickOnes.length;
      assert.ok(refused < 0.001, `seed ${seed}: ${refused} of the quick ones were refused`);
      assert.equal(within(slowOnes, 27_000, 35_000).filter((c) => !c.isGood).length, 0, `seed ${seed}: afterwards`);
    }
  });

  test("a host that has nothing to do for long does not take that for a reason to let in everybody later", () => {
    for (const seed of [1, 2]) {
      // Cold at first: everything takes long, and many are there at once.
      const rate = (atMs: number) => (atMs < 3_000 ? 1.2 : atMs < 15_000 ? 0.3 : 3) * slow.perSecond;
      const { slowOnes, within } = mixed(rate, 30_000, seed);
      const good = within(slowOnes, 17_000, 30_000).filter((c) => c.isGood).length / 13;
      assert.ok(good >= slow.perSecond * 0.85, `seed ${seed}: ${good} a second`);
    }
  });
});

suite("an overload that comes and goes", () => {
  test("several times a second: nobody waits as long as in a first crowd, and what can be done is done", () => {
    for (const seed of [1, 2]) {
      const phases = [{ untilMs: 5_000, perSecond: 200 }];
      for (let atMs = 5_000; atMs < 15_000; atMs += 600)
        phases.push({ untilMs: atMs + 400, perSecond: 1_000 }, { untilMs: atMs + 600, perSecond: 50 });
      const outcome = run({ station: computes(2), phases }, seed);
      assert.ok(
        outcome.goodput(6_000, 15_000) > 400,
        `seed ${seed}: ${outcome.goodput(6_000, 15_000)} of 500 a second`,
      );
      assert.ok(outcome.p99(6_000) < 240, `seed ${seed}: p99 ${outcome.p99(6_000)} ms`);
    }
  });

  test("a crowd that comes once in a while is served whole", () => {
    const phases = [{ untilMs: 5_000, perSecond: 200 }];
    for (let atMs = 5_000; atMs < 25_000; atMs += 2_000)
      phases.push({ untilMs: atMs + 150, perSecond: 1_000 }, { untilMs: atMs + 2_000, perSecond: 100 });
    const { calls } = run({ station: computes(2), phases });
    assert.equal(calls.filter((c) => c.refusal !== undefined).length, 0);
  });
});

suite("calls that another host has refused", () => {
  test("say nothing of how long calls take here: once there is room there, nobody is refused here", () => {
    for (const seed of [1, 2]) {
      const random = createSeededRandom(seed);
      const loop = new Loop();
      const admission = new Admission({ clock: loop, soon: loop.soon });
      const usual = new Usual();
      const calls: Call[] = [];
      const begin = (call: Call): void => {
        const isRefused = call.bornMs > 3_000 && call.bornMs < 13_000 && random.float() < 0.9;
        // Those that are not take a while: they write.
        loop.after(isRefused ? 0.1 : 20 * (0.5 + random.float()), () => {
          call.endMs = loop.monotonic();
          admission.leave(call, isRefused);
        });
      };
      for (let at = 1; at < 18_000; at += gap(random, 600)) {
        const bornMs = at;
        loop.after(bornMs - 1, () => {
          const call = new Call(loop, bornMs, usual, begin);
          calls.push(call);
          admission.enter(call);
        });
      }
      loop.run(20_000);
      assert.ok(usual.ms > 15, `seed ${seed}: ${usual.ms} ms`);
      assert.equal(calls.filter((c) => c.refusal !== undefined).length, 0, `seed ${seed}`);
    }
  });
});
