/** Streams: items, early return, limits, resuming; near and far, under a virtual clock. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { action, contract, query, service, stream, system } from "../index.ts";
import { testSystem } from "../testing/index.ts";
import { codeOf, drainItems, hang, modes } from "./fixtures/support.ts";

const open = { access: "public" } as const;
const Item = z.object({ id: z.string(), n: z.int().transform((n) => n * 2) });
const Feed = contract("feed", {
  count: query({ input: z.object({ to: z.int() }), output: stream(Item, { id: "id" }) }),
  hang: action({ output: stream(z.int()) }),
  limited: action({ output: stream(z.int()) }),
  none: query({ output: stream(z.int()) }),
  list: query({ output: stream(z.int()) }),
});
const Reader = contract("reader", {
  first: query({ output: z.int() }),
  relay: query({ input: z.object({ to: z.int() }), output: stream(z.int()) }),
  hang: action({ output: z.int() }),
});
const happened: string[] = [];
const feed = service(Feed, {
  policy: { count: open, hang: open, limited: { ...open, timeout: "2s" }, none: open, list: open },
}).implement({
  async *count({ to }, _own, call) {
    try {
      for (let n = call.resumeFrom === undefined ? 1 : Number(call.resumeFrom) + 1; n <= to; n++) {
        happened.push(`made ${n}`);
        yield { id: String(n), n };
      }
    } finally {
      happened.push(`stopped ${call.signal.aborted}`);
    }
  },
  async *hang(_, __, call) {
    call.signal.addEventListener("abort", () => happened.push("aborted"));
    yield 1;
    await hang();
  },
  async *limited() {
    yield 1;
    await hang();
  },
  none: () => 7 as never,
  list: () => ({
    async *[Symbol.asyncIterator]() {
      yield* [1, 2, 3];
    },
  }),
});
const reader = service(Reader, {
  uses: { feed: Feed },
  policy: { first: open, relay: open, hang: { ...open, timeout: "1s" } },
}).implement({
  async first(_, { feed }) {
    for await (const { n } of feed.count({ to: 1000 })) return n;
    return 0;
  },
  async *relay({ to }, { feed }) {
    for await (const { n } of feed.count({ to })) yield n;
  },
  async hang(_, { feed }) {
    let last = 0;
    for await (const n of (feed as unknown as { hang(): AsyncIterable<number> }).hang()) last = n;
    return last;
  },
});
const whole = system("s", { services: [feed, reader] });

for (const { mode, far } of modes) {
  describe(`streams, ${mode}`, () => {
    it("parse each item", async () => {
      await using t = await testSystem(whole, { far });
      assert.deepEqual(await drainItems(t.client(Feed).count({ to: 2 })), {
        items: [
          { id: "1", n: 2 },
          { id: "2", n: 4 },
        ],
        code: "ok",
      });
      assert.deepEqual(await drainItems(t.client(Feed).list()), { items: [1, 2, 3], code: "ok" });
      assert.deepEqual(await drainItems(t.client(Reader).relay({ to: 2 })), { items: [2, 4], code: "ok" });
    });

    it("begin at the first item that is asked for, and go at the reader's pace", async () => {
      await using t = await testSystem(whole, { far });
      happened.length = 0;
      const items = t.client(Feed).count({ to: 1000 })[Symbol.asyncIterator]();
      await t.clock.advance(1);
      assert.deepEqual(happened, []);
      await items.next();
      await t.clock.advance(1);
      assert.deepEqual(happened, ["made 1"]);
      await items.return?.();
    });

    it("stop the handler when the reader leaves", async () => {
      await using t = await testSystem(whole, { far });
      happened.length = 0;
      for await (const { id } of t.client(Feed).count({ to: 1000 })) if (id === "2") break;
      await t.clock.advance(1);
      assert.deepEqual(happened, ["made 1", "made 2", "stopped true"]);
      happened.length = 0;
      assert.equal(await t.client(Reader).first(), 2);
      await t.clock.advance(1);
      assert.deepEqual(happened, ["made 1", "stopped true"]);
    });

    it("resume after the id that the reader has", async () => {
      await using t = await testSystem(whole, { far });
      const { items } = await drainItems(t.client(Feed).count({ to: 4 }, { resumeFrom: "2" }));
      assert.deepEqual(
        items.map(({ id }) => id),
        ["3", "4"],
      );
    });

    it("end when an item takes five minutes", async () => {
      await using t = await testSystem(whole, { far });
      happened.length = 0;
      const result = drainItems(t.client(Feed).hang());
      await t.clock.advance("299s");
      assert.deepEqual(happened, []);
      await t.clock.advance("2s");
      assert.deepEqual(await result, { items: [1], code: "SKEIN_CALL_DEADLINE" });
      assert.deepEqual(happened, ["aborted"]);
    });

    it("end at a deadline, the policy's or the caller's, and by the caller's signal", async () => {
      await using t = await testSystem(whole, { far });
      const limited = drainItems(t.client(Feed).limited());
      const shorter = drainItems(t.client(Feed).limited(undefined, { timeout: "1s" }));
      const abort = new AbortController();
      const canceled = drainItems(t.client(Feed).limited(undefined, { signal: abort.signal }));
      await t.clock.advance("1.1s");
      assert.deepEqual(await shorter, { items: [1], code: "SKEIN_CALL_DEADLINE" });
      abort.abort();
      assert.deepEqual(await canceled, { items: [1], code: "SKEIN_CALL_CANCELED" });
      await t.clock.advance("1s");
      assert.deepEqual(await limited, { items: [1], code: "SKEIN_CALL_DEADLINE" });
    });

    it("end with the call that reads them", async () => {
      await using t = await testSystem(whole, { far });
      happened.length = 0;
      const code = codeOf(t.client(Reader).hang());
      await t.clock.advance("1.1s");
      assert.equal(await code, "SKEIN_CALL_DEADLINE");
      await t.clock.advance(1);
      assert.deepEqual(happened, ["aborted"]);
    });

    it("are refused when the handler returns no iterable", async () => {
      await using t = await testSystem(whole, { far });
      assert.deepEqual(await drainItems(t.client(Feed).none()), { items: [], code: "SKEIN_OUTPUT_INVALID" });
    });

    it("leave one span each, and nothing armed", async () => {
      await using t = await testSystem(whole, { far });
      await drainItems(t.client(Feed).count({ to: 100 }));
      assert.deepEqual(
        t.spans.map(({ method, code }) => `${method} ${code}`),
        ["count ok"],
      );
      await t.clock.advance("301s");
      assert.equal(t.clock.pending, 0);
      assert.equal(t.host.inFlight, 0);
    });
  });
}
