/** Owns the proof of which frames wait for each other: those of many calls, and not those of few. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock } from "../core/index.ts";
import { Codec } from "./codec/codec.ts";
import { answering, ask } from "./fixtures/asked.ts";
import { fewCalls } from "./limits.ts";
import { MemoryNetwork } from "./memory-transport.ts";
import type { Operation } from "./port.ts";

/** How the replies of so many calls, made at once, left: by which of the two ways, and how often. */
async function repliesOf(calls: number): Promise<readonly string[]> {
  const clock = createVirtualClock();
  const left: string[] = [];
  const later = (run: () => void): void => void clock.after(0, run);
  const noted = (name: string) => (run: () => void) => {
    left.push(name);
    later(run);
  };
  const network = new MemoryNetwork(later);
  const here = { clock, soon: later, greeting: { system: "shop", token: "t" } };
  const any = new Codec({ is: "any" });
  const echo: Operation = { service: "a", method: "echo", isStream: false, input: any, output: any };
  const there = { ...here, soon: noted("turn"), sooner: noted("step") };
  const listener = network.listen(
    "a",
    there,
    () => echo,
    answering(async ({ input }) => {
      await new Promise<void>((resolve) => void clock.after(5, resolve));
      return input;
    }),
  );
  const connecting = network.connect("a", here);
  await clock.advance(10);
  const connection = await connecting;
  const head = { traceId: "t", parentSpan: 0, path: [] };
  const asked = (count: number) =>
    Promise.all(Array.from({ length: count }, (_, input) => ask(connection, { operation: echo, head, input })));
  const known = asked(1);
  await clock.advance(20);
  await known;
  left.length = 0;
  const answered = asked(calls);
  await clock.advance(20);
  await answered;
  const ways = [...left];
  connection.close();
  const closed = listener.close(0);
  await clock.advance(1_000);
  await closed;
  return ways;
}

test("a reply of the only call waits for nothing", async () => {
  assert.deepEqual(await repliesOf(1), []);
});

test("replies of few calls leave after their step", async () => {
  const ways = await repliesOf(fewCalls);
  assert.ok(ways.length > 0 && ways.every((way) => way === "step"), ways.join());
});

test("replies of many calls are gathered until the turn ends", async () => {
  assert.equal((await repliesOf(fewCalls * 3))[0], "turn");
});
