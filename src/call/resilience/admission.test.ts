/** Tests whom a host lets in, who waits and for how long, and that nobody is refused where there is no overload, in virtual time. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { createSeededRandom } from "../../core/index.ts";
import { Admission } from "./admission.ts";
import { asks, Call, computes, gap, run, timeoutMs, waits } from "./fixtures/calls.ts";
import { Loop } from "./fixtures/loop.ts";
import { Usual } from "./gradient.ts";

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
