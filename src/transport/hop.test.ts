/** Owns what a hop takes off the deadline that a callee is given. It must never wait for real time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock } from "../core/index.ts";
import { Codec } from "./codec/codec.ts";
import { answering, ask } from "./fixtures/asked.ts";
import { Hop } from "./hop.ts";
import { hopCalls } from "./limits.ts";
import { MemoryNetwork } from "./memory-transport.ts";
import type { Operation } from "./port.ts";

function filled(...wholeMs: readonly number[]): Hop {
  const hop = new Hop();
  for (let i = 0; i < hopCalls; i++) hop.record(wholeMs[i % wholeMs.length] as number, 1);
  return hop;
}

/** Buckets are 1.6 % wide. */
function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 0.016 * Math.abs(1000 - expected) + 1e-9, `${actual} is not ${expected}`);
}

test("nothing is taken off before enough is known", () => {
  const hop = new Hop();
  for (let i = 1; i < hopCalls; i++) hop.record(9, 1);
  assert.equal(hop.shorten(1000), 1000);
  hop.record(9, 1);
  near(hop.shorten(1000), 992);
});

test("what is taken off is the p99 of the way alone, and follows it", () => {
  const hop = filled(5, 5, 5, 11);
  near(hop.shorten(1000), 990);
  for (let i = 0; i < hopCalls; i++) hop.record(2, 1);
  near(hop.shorten(1000), 999);
});

test("never more than a twentieth, and nothing for a callee that says it took longer than the whole", () => {
  assert.equal(filled(5_000).shorten(1000), 950);
  assert.equal(filled(5_000).shorten(0), 0);
  assert.ok(filled(0.5).shorten(1000) > 999.99);
});

test(
  "a callee over a slow way has the less time the longer the way is, whatever it takes itself",
  { timeout: 20_000 },
  async () => {
    const clock = createVirtualClock();
    const wayMs = 20;
    const network = new MemoryNetwork((run) => void clock.after(wayMs, run));
    const soon = (run: () => void): void => void clock.after(0, run);
    const options = { clock, soon, greeting: { system: "shop", token: "t" } };
    const any = new Codec({ is: "any" });
    const echo: Operation = { service: "a", method: "echo", isStream: false, input: any, output: any };
    const given: (number | undefined)[] = [];
    const answer = answering(async ({ head, input }) => {
      given.push(head.timeoutMs);
      await new Promise<void>((resolve) => void clock.after(100, resolve));
      return input;
    });
    const listener = network.listen("a", options, () => echo, answer);
    const connecting = network.connect("a", options);
    await clock.advance(1_000);
    const connection = await connecting;
    const call = (timeoutMs: number | undefined) =>
      ask(connection, { operation: echo, head: { traceId: "t", parentSpan: 0, path: [], timeoutMs }, input: 1 });
    for (const timeouts of [Array.from({ length: hopCalls }, () => 5_000), [5_000, 100, undefined]]) {
      const calls = Promise.all(timeouts.map(call));
      await clock.advance(1_000);
      await calls;
    }
    assert.ok(given.slice(0, hopCalls).every((ms) => ms === 5_000));
    const [long, short, none] = given.slice(hopCalls);
    assert.ok(Math.abs((long ?? 0) - (5_000 - 2 * wayMs)) < 1, `${long}`);
    assert.deepEqual([short, none], [95, undefined]);
    connection.close();
    const closed = listener.close(0);
    await clock.advance(1_000);
    await closed;
  },
);
