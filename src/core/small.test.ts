/** Proves the small tools: assert, durations, the bounded queue, the lock and the secret. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { assert as invariant, AssertionFailed, unreachable } from "./assert.ts";
import { createLock, LockFull } from "./async-lock.ts";
import { createBoundedQueue } from "./bounded-queue.ts";
import { toMs, type Duration } from "./durations.ts";
import { Secret } from "./secret.ts";

test("assert and unreachable throw AssertionFailed", () => {
  invariant(1, "holds");
  assert.throws(() => invariant(0, "broken"), { name: "AssertionFailed", message: "broken" });
  assert.throws(() => unreachable("x" as never), AssertionFailed);
  assert.throws(() => unreachable(Object.create(null) as never), AssertionFailed);
});

test("durations: every unit, fractions, and what is refused", () => {
  const good: [Duration, number][] = [
    [0, 0],
    [1.5, 1.5],
    ["250ms", 250],
    ["10s", 10_000],
    ["1.5h", 5_400_000],
    ["2m", 120_000],
    ["365d", 31_536_000_000],
  ];
  for (const [text, ms] of good) assert.equal(toMs(text), ms);
  const bad: unknown[] = [
    Number.NaN,
    -1,
    Infinity,
    "366d",
    "10",
    "s",
    "",
    "-1s",
    "1e3s",
    "1 s",
    "10w",
    " 1s",
    null,
    undefined,
    {},
    `${"9".repeat(400)}ms`,
  ];
  for (const value of bad) assert.throws(() => toMs(value as Duration), RangeError, String(value));
  assert.throws(() => toMs("10w" as Duration), { message: /"10w" is not a duration/ });
});

test("the bounded queue is a queue with a limit", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.array(fc.option(fc.nat()), { maxLength: 200 }), (limit, steps) => {
      const queue = createBoundedQueue<number>(limit);
      const model: number[] = [];
      for (const step of steps) {
        if (step === null) assert.equal(queue.take(), model.shift());
        else if (model.length === limit) assert.equal(queue.offer(step), false);
        else {
          assert.equal(queue.offer(step), true);
          model.push(step);
        }
        assert.equal(queue.size, model.length);
      }
    }),
  );
  for (const bad of [0, -1, 1.5, Infinity, Number.NaN]) assert.throws(() => createBoundedQueue(bad), AssertionFailed);
});

test("the lock lets one in at a time, in order of arrival", async () => {
  const lock = createLock();
  const order: number[] = [];
  let inside = 0;
  await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const release = await lock.acquire({ limit: 100 });
      assert.equal(++inside, 1);
      await Promise.resolve();
      order.push(i);
      inside--;
      release();
      release(); // a second release must not let a second one in
    }),
  );
  assert.deepEqual(
    order,
    Array.from({ length: 20 }, (_, i) => i),
  );
  assert.equal(lock.waiting, 0);
});

test("the lock refuses beyond its limit, and an aborted waiter leaves the line", async () => {
  const lock = createLock();
  const release = await lock.acquire({ limit: 0 });
  await assert.rejects(lock.acquire({ limit: 0 }), LockFull);
  const abort = new AbortController();
  const aborted = lock.acquire({ limit: 2, signal: abort.signal });
  const patient = lock.acquire({ limit: 2 });
  assert.equal(lock.waiting, 2);
  abort.abort(new Error("gone"));
  await assert.rejects(aborted, /gone/);
  assert.equal(lock.waiting, 1);
  release();
  (await patient)();
  await assert.rejects(lock.acquire({ limit: 2, signal: abort.signal }), /gone/);
  (await lock.acquire({ limit: 0 }))();
});

test("a secret shows in nothing that prints or clones it", () => {
  const canary = "canary-7f3a";
  const secret = new Secret(canary);
  const shown = [
    String(secret),
    `${secret as unknown as string}`,
    JSON.stringify({ secret }),
    inspect(secret, { showHidden: true, depth: null }),
    inspect({ deep: [secret] }, { customInspect: false, showHidden: true, depth: null }),
    JSON.stringify(Object.values(secret)),
    JSON.stringify(Reflect.ownKeys(secret)),
    inspect(structuredClone({ secret })),
    inspect(Object.assign({}, secret)),
  ];
  for (const text of shown) assert.ok(!text.includes(canary), text);
  assert.equal(String(secret), "[redacted]");
  assert.equal(inspect({ secret }), "{ secret: [redacted] }");
  assert.equal(secret.reveal(), canary);
});

test("secrets compare by value; only real ones are secrets", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (a, b) => {
      assert.equal(new Secret(a).equals(new Secret(b)), a === b);
      assert.equal(new Secret(a).equals(a), true);
    }),
  );
  assert.equal(new Secret("a").equals("a\0"), false);
  assert.equal(Secret.isSecret(new Secret(1)), true);
  for (const other of [null, "s", {}, Object.create(Secret.prototype)]) assert.equal(Secret.isSecret(other), false);
});
