/**
 * Promises that a handler does not await must not end the process: node:test fails a test during which a rejection went
 * unhandled, as Node ends a process.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { action, command, contract, event, query, service, stream, system } from "../index.ts";
import { database } from "../data/index.ts";
import { testSystem } from "../testing/index.ts";
import { codeOf, drainItems, hang, modes } from "./fixtures/support.ts";

const open = { access: "public" } as const;
const Leaf = contract("leaf", {
  slow: query({ output: z.int() }),
  broken: query({ output: z.int() }),
  ticks: action({ output: stream(z.int()) }),
});
const Root = contract("root", {
  both: query({ output: z.int() }),
  forgets: query({ output: z.int() }),
  emits: command({ output: z.int() }),
  unread: action({ output: z.int() }),
  happened: event(z.object({ n: z.int() })),
});
let opened = 0;
const leaf = service(Leaf, { policy: { slow: open, broken: open, ticks: { ...open, timeout: "1s" } } }).implement({
  slow: hang,
  broken: () => Promise.reject(new Error("no")),
  async *ticks(_, __, call) {
    opened++;
    for (let n = 1; ; n++) {
      call.signal.throwIfAborted();
      yield n;
    }
  },
});
const root = service(Root, {
  uses: { leaf: Leaf },
  has: { db: database("root", { dialect: "portable", migrations: [] }) },
  policy: { both: { ...open, timeout: "1s" }, forgets: open, emits: open, unread: open },
}).implement({
  async both(_, { leaf: l }) {
    const first = l.slow();
    const second = l.slow();
    return (await first) + (await second);
  },
  forgets(_, { leaf: l }) {
    void l.broken();
    return 1;
  },
  emits: (_, { db }) =>
    db.transaction(async (tx) => {
      void tx.emit("happened", { n: "one" });
      await Promise.resolve();
      return 1;
    }),
  async unread(_, { leaf: l }) {
    const items = (l as unknown as { ticks(): AsyncIterable<number> }).ticks();
    assert.ok(items);
    return 1;
  },
});
const whole = system("s", { services: [leaf, root] });

for (const { mode, far } of modes) {
  describe(`what nobody awaits, ${mode}`, () => {
    it("two calls that meet the deadline while the first is awaited", async () => {
      await using t = await testSystem(whole, { far });
      const answer = codeOf(t.client(Root).both());
      await t.clock.advance("2s");
      assert.equal(await answer, "SKEIN_CALL_DEADLINE");
      await t.clock.advance(1);
    });

    it("a call that fails after its caller has answered", async () => {
      await using t = await testSystem(whole, { far });
      assert.equal(await t.client(Root).forgets(), 1);
      await t.clock.advance("1s");
    });

    it("an event that its schema refuses fails the transaction", async () => {
      await using t = await testSystem(whole, { far });
      assert.equal(await codeOf(t.client(Root).emits()), "SKEIN_OUTPUT_INVALID");
      await t.clock.advance(1);
    });

    it("a stream whose reader comes back after the deadline: the handler is not asked again", async () => {
      await using t = await testSystem(whole, { far });
      const items = t.client(Leaf).ticks()[Symbol.asyncIterator]();
      assert.deepEqual(await items.next(), { done: false, value: 1 });
      await t.clock.advance("2s");
      assert.equal(await codeOf(items.next()), "SKEIN_CALL_DEADLINE");
      await t.clock.advance(1);
    });

    it("a stream that was canceled before its first item never starts its handler", async () => {
      await using t = await testSystem(whole, { far });
      opened = 0;
      const stop = new AbortController();
      const items = t.client(Leaf).ticks(undefined, { signal: stop.signal });
      stop.abort();
      assert.deepEqual(await drainItems(items), { items: [], code: "SKEIN_CALL_CANCELED" });
      await t.clock.advance(1);
      assert.equal(opened, 0);
    });
  });
}
