/** Isolated hosts: no call from outside waits for what another one has begun, as on Cloudflare Workers. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import * as z from "zod";
import { contract, query } from "../contract/index.ts";
import { createVirtualClock, type Timer } from "../core/index.ts";
import { isSkeinError } from "../errors/index.ts";
import { service, system } from "../system/index.ts";
import { createHost } from "./index.ts";

const Store = contract("store", {
  read: query({ input: z.object({ name: z.string() }), output: z.int() }),
  wait: query({ output: z.string() }),
});

async function start(t: TestContext, isolated: boolean) {
  const clock = createVirtualClock();
  const timers = { armed: 0 };
  const counting = {
    ...clock,
    after(delayMs: number, run: () => void): Timer {
      timers.armed++;
      return clock.after(delayMs, run);
    },
  };
  const flights: PromiseWithResolvers<number>[] = [];
  const work: Promise<unknown>[] = [];
  const code = service(Store, {
    policy: {
      read: { access: "public", cache: { ttl: "10s", staleFor: "1m" } },
      wait: { access: "public", timeout: "5s" },
    },
  }).implement(
    {
      read: () => {
        const flight = Promise.withResolvers<number>();
        flights.push(flight);
        return flight.promise;
      },
      wait: () => new Promise(() => {}),
    },
    { start: () => Promise.resolve() },
  );
  const hooks: Promise<void>[] = [];
  const host = await createHost(system("store", { services: [code] }), {
    clock: counting,
    isolated,
    keep: (started) => hooks.push(started),
  });
  t.after(() => host.close());
  await Promise.all(hooks);
  assert.equal(hooks.length, 1);
  const keep = (one: Promise<unknown>) => void work.push(one);
  const read = () => host.call("store", "read", { name: "a" }, { fromOutside: true, keep }) as Promise<number>;
  return { clock, timers, host, flights, work, read };
}

test("a flight is not shared, its reply is", async (t) => {
  const { flights, read, work } = await start(t, true);
  const lost = read();
  lost.catch(() => undefined);
  const found = read();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(flights.length, 2);
  // The first request's work has ended with it, and answers nobody.
  flights[1]?.resolve(7);
  assert.equal(await found, 7);
  assert.equal(await read(), 7);
  assert.equal(flights.length, 2);
  assert.equal(work.length, 2, "each flight is told to who keeps the request's work alive");
});

test("elsewhere a flight is shared", async (t) => {
  const { flights, read } = await start(t, false);
  const both = [read(), read()];
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(flights.length, 1);
  flights[0]?.resolve(7);
  assert.deepEqual(await Promise.all(both), [7, 7]);
});

test("a refresh that was lost is tried again a second later, and not by everybody before", async (t) => {
  const { clock, flights, read } = await start(t, true);
  const first = read();
  await new Promise((resolve) => setImmediate(resolve));
  flights[0]?.resolve(1);
  await first;
  await clock.advance("11s");
  assert.deepEqual(await Promise.all([read(), read(), read()]), [1, 1, 1]);
  assert.equal(flights.length, 2, "one refresh");
  await clock.advance("2s");
  assert.equal(await read(), 1);
  assert.equal(flights.length, 3, "another");
  flights[2]?.resolve(2);
  await clock.advance("0ms");
  assert.equal(await read(), 2);
});

test("each call from outside has a timer of its own", async (t) => {
  for (const isolated of [true, false]) {
    const { clock, timers, host } = await start(t, isolated);
    const before = timers.armed;
    const calls = Array.from({ length: 5 }, () => host.call("store", "wait", undefined) as Promise<string>);
    const ended = Promise.allSettled(calls);
    assert.equal(timers.armed - before, isolated ? 5 : 1);
    await clock.advance("6s");
    for (const { status, reason } of (await ended) as PromiseRejectedResult[])
      assert.ok(status === "rejected" && isSkeinError(reason) && reason.code === "SKEIN_CALL_DEADLINE");
  }
});
