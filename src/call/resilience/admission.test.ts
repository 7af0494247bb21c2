/**
 * Tests what a host does with more calls than it can answer, in virtual time: a process that computes, one that waits for a
 * few connections, one that waits for nothing scarce. Goodput counts calls that were answered before their callers left.
 */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { createSeededRandom, type Random } from "../../core/index.ts";
import type { SkeinError } from "../../errors/index.ts";
import { Admission, Entrant } from "./admission.ts";
import { Loop } from "./fixtures/loop.ts";
import { Usual } from "./gradient.ts";

const timeoutMs = 500;

class Call extends Entrant {
  readonly isNested: boolean;
  readonly usual: Usual;
  readonly dueMs: number;
  readonly bornMs: number;
  readonly #loop: Loop;
  readonly #begin: (call: Call) => void;
  /** When it ended, and how. */
  endMs: number | undefined;
  refusal: SkeinError | undefined;
  hasBegun = false;

  constructor(loop: Loop, bornMs: number, usual: Usual, begin: (call: Call) => void, isNested = false) {
    super();
    this.#loop = loop;
    this.bornMs = bornMs;
    this.dueMs = bornMs + timeoutMs;
    this.usual = usual;
    this.#begin = begin;
    this.isNested = isNested;
  }
  get isGone(): boolean {
    return this.#loop.monotonic() > this.dueMs;
  }
  admitted(): void {
    assert.equal(this.refusal, undefined);
    assert.equal(this.hasBegun, false);
    this.hasBegun = true;
    this.#begin(this);
  }
  refused(error: SkeinError): void {
    assert.equal(this.hasBegun, false);
    assert.equal(this.refusal, undefined);
    this.refusal = error;
    this.endMs = this.#loop.monotonic();
  }
  get isGood(): boolean {
    return this.refusal === undefined && this.endMs !== undefined && this.endMs <= this.dueMs;
  }
}

/** What calls do once they were let in. */
type Station = (loop: Loop, over: (call: Call) => void, random: Random) => (call: Call) => void;

/** Computes for `ms` on the loop itself. */
const computes =
  (ms: number): Station =>
  (loop, over) =>
  (call) => {
    loop.work(ms);
    over(call);
  };

/** Waits for one of `count` connections, then for what it asks there. */
const pooled =
  (count: number, ms: number): Station =>
  (loop, over, random) => {
    const line: Call[] = [];
    let free = count;
    const next = (): void => {
      if (free === 0) return;
      const call = line.shift();
      if (call === undefined) return;
      free--;
      loop.after(ms * (0.5 + random.float()), () => {
        free++;
        over(call);
        next();
      });
    };
    return (call) => {
      line.push(call);
      next();
    };
  };

/** Waits for something that has room for everybody. */
const waits =
  (ms: number): Station =>
  (loop, over, random) =>
  (call) =>
    void loop.after(ms * (0.5 + random.float()), () => over(call));

/** Asks other hosts `times` times, which take so long at each time, and computes for `ownMs` before each and at the end. */
const asks =
  (times: number, ownMs: number, elsewhereMs: (nowMs: number) => number): Station =>
  (loop, over, random) =>
  (call) => {
    const next = (left: number): void => {
      loop.work(ownMs);
      if (left === 0) return over(call);
      call.left(loop.monotonic());
      loop.after(elsewhereMs(loop.monotonic()) * (0.8 + 0.4 * random.float()), () => {
        call.back(loop.monotonic());
        next(left - 1);
      });
    };
    next(times);
  };

interface Outcome {
  readonly calls: readonly Call[];
  readonly admission: Admission;
  goodput(fromMs: number, toMs: number): number;
  /** 99th percentile of what was served, in milliseconds. */
  p99(fromMs: number): number;
}

interface Load {
  readonly station: Station;
  /** Calls a second from a time on. */
  readonly phases: readonly { readonly untilMs: number; readonly perSecond: number }[];
  readonly isUnlimited?: boolean;
}

function run({ station, phases, isUnlimited = false }: Load, seed = 1): Outcome {
  const random = createSeededRandom(seed);
  const loop = new Loop();
  const admission = new Admission({ clock: loop, soon: loop.soon });
  const usual = new Usual();
  const calls: Call[] = [];
  const begin = station(
    loop,
    (call) => {
      call.endMs = loop.monotonic();
      if (!isUnlimited) admission.leave(call);
    },
    random,
  );
  let atMs = 1;
  for (const { untilMs, perSecond } of phases) {
    // Open loop: who comes does not wait for those before (exponential gaps).
    for (atMs += gap(random, perSecond); atMs < untilMs; atMs += gap(random, perSecond)) {
      const bornMs = atMs;
      loop.after(bornMs - 1, () => {
        const call = new Call(loop, bornMs, usual, begin);
        calls.push(call);
        if (isUnlimited) call.admitted();
        else admission.enter(call);
      });
    }
    atMs = untilMs;
  }
  loop.run(atMs + 5_000);
  const within = (fromMs: number, toMs: number) => calls.filter((c) => c.bornMs >= fromMs && c.bornMs < toMs);
  return {
    calls,
    admission,
    goodput: (fromMs, toMs) => (within(fromMs, toMs).filter((c) => c.isGood).length * 1_000) / (toMs - fromMs),
    p99: (fromMs) => {
      const times = within(fromMs, Infinity).flatMap((c) =>
        c.refusal === undefined && c.endMs !== undefined ? [c.endMs - c.bornMs] : [],
      );
      return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
    },
  };
}

function gap(random: Random, perSecond: number): number {
  return (-Math.log(1 - random.float()) * 1_000) / perSecond;
}

suite("twice the load a host can bear", () => {
  for (const [name, station, capacity, knownMs, share, p99Ms] of [
    ["a process that computes", computes(2), 500, 12_000, 0.9, timeoutMs],
    ["one that computes and asks another host", asks(1, 1, () => 5), 500, 12_000, 0.9, timeoutMs],
    ["one that waits for ten connections", pooled(10, 20), 500, 12_000, 0.9, timeoutMs],
    // Few calls end in a second, so that it takes longer to see; and five of its calls' times are its callers' patience.
    ["one that waits for three slow connections", pooled(3, 100), 30, 18_000, 0.7, 700],
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

suite("no overload", () => {
  test("other hosts take a hundred times as long, as over a slow network: nobody is refused, then or later", () => {
    for (const seed of [1, 2, 3]) {
      const station = asks(1, 0.1, (nowMs) => (nowMs > 11_000 && nowMs < 25_000 ? 400 : 4));
      const { calls } = run({ station, phases: [{ untilMs: 35_000, perSecond: 100 }] }, seed);
      const refused = calls.filter(({ refusal }) => refusal !== undefined);
      assert.deepEqual(
        refused.map(({ bornMs }) => Math.round(bornMs)),
        [],
        `seed ${seed}`,
      );
    }
  });

  test("a crowd that comes at once to a host that has just started is served", () => {
    for (const station of [computes(0.1), waits(300), waits(3)]) {
      const loop = new Loop();
      const admission = new Admission({ clock: loop, soon: loop.soon });
      const usual = new Usual();
      const begin = station(
        loop,
        (call) => ((call.endMs = loop.monotonic()), admission.leave(call)),
        createSeededRandom(1),
      );
      const calls = Array.from({ length: 500 }, () => new Call(loop, 1, usual, begin));
      for (const call of calls) admission.enter(call);
      loop.run(2_000);
      assert.equal(calls.filter((c) => c.endMs === undefined || c.refusal !== undefined).length, 0);
    }
  });

  test("half of what a host can bear is served whole, of calls long and short", () => {
    for (const seed of [1, 2, 3]) {
      const long = new Usual();
      const short = new Usual();
      const random = createSeededRandom(seed);
      const loop = new Loop();
      const admission = new Admission({ clock: loop, soon: loop.soon });
      const calls: Call[] = [];
      for (let at = 1; at < 20_000; at += gap(random, 300)) {
        // What is called changes all the time: now short ones, now long ones.
        const isLong = random.float() < (Math.floor(at / 2_000) % 2 === 0 ? 0.05 : 0.9);
        const begin = (call: Call): void =>
          void loop.after((isLong ? 400 : 4) * (0.2 + random.float()), () => {
            call.endMs = loop.monotonic();
            admission.leave(call);
          });
        loop.after(at - 1, () => {
          const call = new Call(loop, at, isLong ? long : short, begin);
          calls.push(call);
          admission.enter(call);
        });
      }
      loop.run(25_000);
      assert.equal(calls.filter((c) => c.refusal !== undefined).length, 0, `seed ${seed}`);
    }
  });

  test("what everybody waits for becoming three times as slow is no reason to refuse for long", () => {
    const random = createSeededRandom(1);
    let ms = 20;
    const loop = new Loop();
    const admission = new Admission({ clock: loop, soon: loop.soon });
    const usual = new Usual();
    const calls: Call[] = [];
    loop.after(10_000, () => (ms = 60));
    for (let at = 1; at < 40_000; at += gap(random, 400)) {
      loop.after(at - 1, () => {
        const call = new Call(
          loop,
          at,
          usual,
          () =>
            void loop.after(ms, () => {
              call.endMs = loop.monotonic();
              admission.leave(call);
            }),
        );
        calls.push(call);
        admission.enter(call);
      });
    }
    loop.run(45_000);
    const refusedAfter = (fromMs: number) => calls.filter((c) => c.bornMs > fromMs && c.refusal !== undefined).length;
    assert.equal(refusedAfter(20_000), 0, `limit ${admission.limit}`);
  });
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

suite("who is let in", () => {
  test("a service's call is, while all places are held by calls from outside that wait for it", () => {
    const loop = new Loop();
    const admission = new Admission({ clock: loop, soon: loop.soon });
    const usual = new Usual();
    const order: string[] = [];
    const none = (): void => undefined;
    while (admission.waiting === 0) admission.enter(new Call(loop, 1, usual, none));
    admission.enter(new Call(loop, 1, usual, () => order.push("outside")));
    admission.enter(new Call(loop, 1, usual, () => order.push("nested"), true));
    loop.run(1);
    assert.deepEqual(order, ["nested"]);
  });

  test("one whose caller has left is not begun", () => {
    const loop = new Loop();
    const admission = new Admission({ clock: loop, soon: loop.soon });
    const usual = new Usual();
    const held: Call[] = [];
    while (admission.waiting === 0) admission.enter(new Call(loop, 1, usual, (call) => held.push(call)));
    const left = new Call(loop, 1 - timeoutMs, usual, () => assert.fail("nobody waits for it"));
    admission.enter(left);
    loop.run(2);
    for (const call of held.splice(0)) admission.leave(call);
    assert.equal(left.hasBegun, false);
  });

  test("a wait is 2 s at most until a thousand calls have ended, then 500 ms in a line that has just begun, 100 ms in one that stands", () => {
    const waited = (ended: number, standsMs = 0): number => {
      const loop = new Loop();
      const admission = new Admission({ clock: loop, soon: loop.soon });
      const usual = new Usual();
      const inside: Call[] = [];
      const enter = (isNested: boolean): Call => {
        const call = new Call(loop, loop.monotonic(), usual, (one) => inside.push(one), isNested);
        // Nobody gives up here: what is looked at is how long the host lets them wait.
        Object.defineProperty(call, "isGone", { value: false });
        admission.enter(call);
        return call;
      };
      for (let i = 0; i < ended; i++) {
        enter(true);
        loop.run(loop.monotonic() + 2);
        admission.leave(inside.pop()!);
      }
      while (admission.waiting === 0) enter(true);
      const goOn = (): void => {
        // Calls of services go first, and there is always one more of them. The limit grows: nothing says that the host is slow.
        for (let more = 2 * admission.limit; more > 0; more--) enter(true);
        admission.leave(inside.shift()!);
        loop.run(loop.monotonic() + 5);
      };
      for (const endMs = loop.monotonic() + standsMs; loop.monotonic() < endMs;) goOn();
      const last = enter(false);
      while (last.endMs === undefined) {
        goOn();
        assert.equal(last.hasBegun, false);
      }
      return last.endMs - last.bornMs;
    };
    const [cold, crowd, warm] = [waited(0), waited(1_100), waited(1_100, 600)];
    assert.ok(cold >= 2_000 && cold <= 2_030, `${cold} ms`);
    assert.ok(crowd >= 500 && crowd <= 530, `${crowd} ms`);
    // Or it is refused at once, as the line is as long as it may be.
    assert.ok(warm <= 130, `${warm} ms`);
  });

  test("places come back, whatever comes and goes", () => {
    const event = fc.record({ waitMs: fc.nat(40), enters: fc.nat(50), leaves: fc.nat(50), isNested: fc.boolean() });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const loop = new Loop();
        const admission = new Admission({ clock: loop, soon: loop.soon });
        const usual = new Usual();
        const inside: Call[] = [];
        const all: Call[] = [];
        for (const { waitMs, enters, leaves, isNested } of events) {
          for (let i = 0; i < enters; i++) {
            const call = new Call(loop, loop.monotonic(), usual, (one) => inside.push(one), isNested);
            all.push(call);
            admission.enter(call);
          }
          for (const call of inside.splice(0, leaves)) {
            call.endMs = loop.monotonic();
            admission.leave(call);
          }
          assert.equal(admission.underWay, inside.length);
          assert.equal(admission.waiting, all.filter((c) => !c.hasBegun && c.refusal === undefined).length);
          loop.run(loop.monotonic() + waitMs);
          assert.ok(all.every((c) => c.hasBegun || c.refusal !== undefined || loop.monotonic() - c.bornMs <= 2_020));
        }
        for (; inside.length > 0;) admission.leave(inside.pop()!);
        loop.run(loop.monotonic() + 2_100);
        for (; inside.length > 0;) admission.leave(inside.pop()!);
        assert.deepEqual([admission.underWay, admission.waiting], [0, 0]);
      }),
      { numRuns: 100 },
    );
  });
});
