/** Owns how much time a call is sent with after it has waited for a host. Time is virtual. It must never need a socket. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, query, stream } from "../../contract/index.ts";
import { createSeededRandom, createVirtualClock } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import { service, system } from "../../system/index.ts";
import type { Connection } from "../../transport/index.ts";
import { createHost } from "../create-host.ts";
import { drainItems, hang } from "../fixtures/support.ts";
import { Operations } from "./operations.ts";
import { RouteTable } from "./routes.ts";

const Stock = contract("stock", { level: query({ output: z.int() }), moves: query({ output: stream(z.int()) }) });
const Page = contract("page", { home: query() });
const shop = system("shop", {
  services: [
    service(Stock, { policy: { level: { access: "internal" }, moves: { access: "internal" } } }).implement({
      level: hang,
      async *moves() {},
    }),
    service(Page, { policy: { home: { access: "public" } } }).implement({ home: hang }),
  ],
});

/**
 * A host whose calls go to the only host of another group, which is there when `isThere` says so and notes what time it is
 * given; `refuses` calls before it answers one.
 */
async function calling(isThere: (nowMs: number, address: string) => boolean, refuses = 0) {
  const clock = createVirtualClock();
  const given: number[] = [];
  let left = refuses;
  const connect = async (address: string): Promise<Connection> => {
    if (!isThere(clock.monotonic(), address)) throw skeinError("SKEIN_TRANSPORT_UNREACHABLE");
    const connection: Partial<Connection> = {
      get isOpen() {
        return isThere(clock.monotonic(), address);
      },
      inFlight: 0,
      answered: 0,
      isSilent: false,
      closed: new Promise(() => undefined),
      unary({ head }, told) {
        given.push(head.timeoutMs ?? Infinity);
        if (left-- > 0) told.reject(skeinError("SKEIN_HOST_DRAINING"));
        else told.resolve(7);
      },
      async *stream({ head }) {
        given.push(head.timeoutMs ?? Infinity);
        if (left-- > 0) throw skeinError("SKEIN_HOST_DRAINING");
        yield 7;
      },
      retire: () => undefined,
      close: () => undefined,
    };
    return connection as Connection;
  };
  const remote = new RouteTable(shop, new Operations(shop), { clock, random: createSeededRandom(1), connect });
  remote.update({ epoch: 1, groups: { back: { services: ["stock"], addresses: ["only"] } } });
  const host = await createHost(shop, { services: ["page"], remote, clock });
  /** What comes of a call with so much time, and what the other host was given of it. */
  const asked = async (method: "level" | "moves", timeoutMs: number) => {
    const answer = host.call("stock", method, undefined, { timeoutMs });
    const told = method === "level" ? (answer as Promise<unknown>) : drainItems(answer as AsyncIterable<unknown>);
    await clock.advance(timeoutMs + 1_000);
    return [await told, ...given.map((ms) => Math.round(ms / 100) * 100)];
  };
  return { asked, clock, remote, close: () => host.close() };
}

test("a call that waited for the only host of its group is sent with what is left", async () => {
  const { asked, close } = await calling((nowMs) => nowMs >= 1_900);
  assert.deepEqual(await asked("level", 4_000), [7, 2_100]);
  await close();
});

test("and so is a stream", async () => {
  const { asked, close } = await calling((nowMs) => nowMs >= 1_900);
  assert.deepEqual(await asked("moves", 4_000), [{ items: [7], code: "ok" }, 2_100]);
  await close();
});

test("and what is sent once more after a wait", async () => {
  for (const method of ["level", "moves"] as const) {
    // It refuses the first call as it ends, and the next process is there after a while.
    const { asked, close } = await calling((nowMs) => nowMs === 0 || nowMs >= 1_500, 1);
    const [, ...given] = await asked(method, 4_000);
    assert.deepEqual(given, [4_000, 2_500]);
    await close();
  }
});

test("a call that waits for a group goes to the one that a move puts its service into meanwhile", async () => {
  for (const method of ["level", "moves"] as const)
    for (const refuses of [0, 1]) {
      const { asked, clock, remote, close } = await calling(
        // Where it is sent once more, the old group's host has refused it and is gone.
        (nowMs, address) => (address === "only" ? refuses > 0 && nowMs === 0 : nowMs >= 600),
        refuses,
      );
      const groups = { other: { services: ["stock"], addresses: ["moved"] } };
      clock.after(500, () => remote.update({ epoch: 2, groups }));
      const [told, ...given] = await asked(method, 4_000);
      assert.deepEqual(told, method === "level" ? 7 : { items: [7], code: "ok" });
      assert.equal(given.length, 1 + refuses);
      assert.ok(Number(given.at(-1)) >= 3_000, `${String(given.at(-1))} ms left`);
      await close();
    }
});
