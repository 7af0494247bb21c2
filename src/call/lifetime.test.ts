/** Tests of lifetimes and their wheel: what is kept, for how long, and how late a deadline may be met. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { AssertionFailed, type Clock, createVirtualClock } from "../core/index.ts";
import { type SkeinError, skeinError } from "../errors/index.ts";
import { createHost } from "../host/index.ts";
import { contract, query, service, system } from "../index.ts";
import { Chain, Link } from "./chain.ts";
import { DeadlineWheel, Lifetime, Mortal } from "./lifetime.ts";

class Item extends Link {}
class Member extends Mortal {
  ended: string[] = [];
  override end(error: SkeinError): void {
    this.ended.push(error.code);
  }
}

function lengthOf(chain: Chain<Link>): number {
  let count = 0;
  for (let link = chain.first; link !== undefined; link = link.after) {
    assert.ok(link.after === undefined || link.after.before === link);
    count++;
  }
  return count;
}

describe("chain", () => {
  it("holds what was added and not removed, whatever the order", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 60 }), (steps) => {
        const chain = new Chain<Item>();
        const items = Array.from({ length: 10 }, () => new Item());
        const inside = new Set<number>();
        for (const step of steps) {
          const item = items[step] as Item;
          if (inside.delete(step)) chain.remove(item);
          else {
            inside.add(step);
            chain.add(item);
          }
          assert.equal(lengthOf(chain as never), inside.size);
        }
      }),
    );
  });

  it("refuses a link that is in a chain, and ignores the removal of one that is in another", () => {
    const [one, two] = [new Chain<Item>(), new Chain<Item>()];
    const item = new Item();
    one.add(item);
    assert.throws(() => two.add(item), AssertionFailed);
    two.remove(item);
    assert.equal(lengthOf(one as never), 1);
  });
});

describe("lifetime", () => {
  it("ends its members and the shorter lifetimes in it, once", async () => {
    const clock = createVirtualClock();
    const wheel = new DeadlineWheel(clock);
    const outer = new Lifetime(100);
    outer.start(wheel, undefined);
    const inner = new Lifetime(50, outer);
    inner.start(wheel, undefined);
    const longer = new Lifetime(500, outer);
    longer.start(wheel, undefined);
    const [a, b, c] = [new Member(), new Member(), new Member()];
    outer.join(a);
    inner.join(b);
    longer.join(c);
    assert.equal(clock.pending, 1);
    await clock.advance(61);
    assert.deepEqual([a.ended, b.ended, c.ended], [[], ["SKEIN_CALL_DEADLINE"], []]);
    assert.equal(inner.error?.code, "SKEIN_CALL_DEADLINE");
    await clock.advance(50);
    assert.deepEqual(
      [a.ended, b.ended, c.ended],
      [["SKEIN_CALL_DEADLINE"], ["SKEIN_CALL_DEADLINE"], ["SKEIN_CALL_DEADLINE"]],
    );
    outer.end(skeinError("SKEIN_CALL_CANCELED"));
    assert.equal(a.ended.length, 1);
    assert.equal(clock.pending, 0);
  });

  it("a deadline is met at most 10 ms late and never early", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0.01, max: 200, noNaN: true }), { minLength: 1, maxLength: 20 }),
        async (deadlines) => {
          const clock = createVirtualClock();
          const wheel = new DeadlineWheel(clock);
          const late: number[] = [];
          for (const deadline of deadlines) {
            const lifetime = new Lifetime(deadline);
            lifetime.start(wheel, undefined);
            const member = new Member();
            member.end = () => void late.push(clock.monotonic() - deadline);
            lifetime.join(member);
          }
          await clock.advance(250);
          assert.equal(late.length, deadlines.length);
          for (const ms of late) assert.ok(ms >= 0 && ms <= 10.001, `${ms}`);
        },
      ),
      { numRuns: 15 },
    );
  });

  it("is forgotten when its call is over, but not before the calls its handler left behind", async () => {
    const clock = createVirtualClock();
    const wheel = new DeadlineWheel(clock);
    const lifetime = new Lifetime(100);
    lifetime.start(wheel, undefined);
    const left = new Member();
    lifetime.join(left);
    lifetime.release();
    assert.ok(lifetime.chain !== undefined);
    lifetime.leave(left);
    assert.ok(lifetime.chain === undefined);
    await clock.advance(200);
    assert.deepEqual(left.ended, []);
  });

  it("makes its signal at first use, aborted already when it has ended", () => {
    const lifetime = new Lifetime(100);
    lifetime.end(skeinError("SKEIN_CALL_CANCELED"));
    assert.ok(lifetime.signal.aborted);
    assert.equal(lifetime.signal, lifetime.signal);
    assert.equal((lifetime.signal.reason as SkeinError).code, "SKEIN_CALL_CANCELED");
  });

  it("a wheel that closes ends everything in it", () => {
    const wheel = new DeadlineWheel(createVirtualClock());
    const members = [5, 50, 500].map((deadline) => {
      const lifetime = new Lifetime(deadline);
      lifetime.start(wheel, undefined);
      const member = new Member();
      lifetime.join(member);
      return member;
    });
    wheel.close();
    for (const { ended } of members) assert.deepEqual(ended, ["SKEIN_CALL_CANCELED"]);
    wheel.close();
  });
});

describe("calls one after another", () => {
  it("a million lifetimes leave nothing in the wheel but the ticks ahead", async () => {
    let ms = 0;
    let armed: { at: number; run: () => void } | undefined;
    const clock: Clock = {
      now: () => ms,
      monotonic: () => ms,
      after(delayMs, run) {
        armed = { at: ms + delayMs, run };
        return { cancel: () => (armed = undefined) };
      },
    };
    const wheel = new DeadlineWheel(clock);
    const heapAfter = async (calls: number) => {
      for (let i = 0; i < calls; i++) {
        // 100,000 calls a second, each with 10 seconds.
        ms += 0.01;
        if (armed !== undefined && armed.at <= ms) {
          const { run } = armed;
          armed = undefined;
          run();
        }
        const lifetime = new Lifetime(ms + 10_000);
        lifetime.start(wheel, undefined);
        lifetime.release();
      }
      (await collector())();
      return process.memoryUsage().heapUsed;
    };
    const before = await heapAfter(1_000_000);
    const grown = (await heapAfter(1_000_000)) - before;
    assert.ok(grown < 1024 * 1024, `the heap grew by ${Math.round(grown / 1024)} KiB`);
    wheel.close();
  });

  it("200,000 whole calls leave no more than the recorder's limit", { timeout: 60_000 }, async () => {
    const One = contract("one", { get: query() });
    const one = service(One, { policy: { get: { access: "public" } } }).implement({ get: () => undefined });
    await using host = await createHost(system("s", { services: [one] }), { mode: "test", inMemory: true });
    const { get } = host.client(One);
    const heapAfter = async (calls: number) => {
      for (let i = 0; i < calls; i++) await get();
      (await collector())();
      return process.memoryUsage().heapUsed;
    };
    const before = await heapAfter(50_000);
    const grown = (await heapAfter(150_000)) - before;
    assert.ok(grown < 3 * 1024 * 1024, `the heap grew by ${Math.round(grown / 1024)} KiB`);
    assert.equal(host.recorder.spans().length, 4096);
    assert.equal(host.recorder.endpoints()[0]?.count, 200_000);
  });
});

/** Collects garbage, so that the heap shows what is kept. */
async function collector(): Promise<() => void> {
  const v8 = await import("node:v8");
  const vm = await import("node:vm");
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc") as () => void;
}
