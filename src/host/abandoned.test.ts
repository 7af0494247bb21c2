/** Transactions whose body never ends: the call is over at its deadline, and the database is free again. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import * as z from "zod";
import { action, command, contract, createHost, query, service, stream, system } from "../index.ts";
import { database, migration } from "../data/index.ts";
import { testSystem } from "../testing/index.ts";
import { codeOf, drainItems, failureOf, hang, modes } from "./fixtures/support.ts";

interface Tables {
  notes: { id: number };
}

const open = { access: "public" } as const;
const Notes = contract("notes", {
  hangs: command({ output: z.int() }),
  add: command({ input: z.int(), output: z.int() }),
  list: query({ output: z.array(z.int()) }),
  feed: action({ input: z.int(), output: stream(z.int()) }),
});
const notes = service(Notes, {
  has: {
    db: database<Tables>("notes", {
      dialect: "portable",
      migrations: [migration("001_notes", ["create table notes (id integer primary key)"])],
    }),
  },
  policy: { hangs: { ...open, timeout: 700 }, add: open, list: open, feed: open },
}).implement({
  hangs: (_, { db }) =>
    db.transaction(async (tx) => {
      await tx.insertInto("notes").values({ id: 1 }).execute();
      entered.resolve();
      return hang();
    }),
  add: (id, { db }) =>
    db.transaction(async (tx) => {
      await tx.insertInto("notes").values({ id }).execute();
      return id;
    }),
  async list(_, { db }) {
    return (await db.selectFrom("notes").select("id").orderBy("id").execute()).map(({ id }) => id);
  },
  async *feed(id, { db }) {
    yield db.transaction(async (tx) => {
      await tx.insertInto("notes").values({ id }).execute();
      return id;
    });
  },
});
let entered = Promise.withResolvers<void>();
const whole = system("s", { services: [notes] });

for (const { mode, far } of modes) {
  describe(`abandoned transactions, ${mode}`, () => {
    it("in memory: the next writer gets its turn, and nothing was kept", async () => {
      await using t = await testSystem(whole, { far });
      const client = t.client(Notes);
      const answer = codeOf(client.hangs());
      await t.clock.advance("1s");
      assert.equal(await answer, "SKEIN_CALL_DEADLINE");
      assert.equal(await client.add(2), 2);
      assert.deepEqual(await client.list(), [2]);
    });

    it("in a file: the same, with keys, waiting calls, and a stream that has no deadline", async () => {
      const home = await mkdtemp(join(tmpdir(), "skein-abandoned-"));
      try {
        await using host = await createHost(whole, { home, mode: "development", far, env: {} });
        entered = Promise.withResolvers();
        const client = host.client(Notes);
        const hanging = codeOf(client.hangs(undefined, { key: "k" }));
        await entered.promise;
        // Who waits hears at its deadline that it may send the call again. Twenty of them: one could be lucky.
        const late = Array.from({ length: 20 }, (_, n) => failureOf(client.add(2, { timeout: 300 + n })));
        const same = Array.from({ length: 20 }, (_, n) =>
          failureOf(client.hangs(undefined, { key: "k", timeout: 300 + n })),
        );
        for (const { code, retry } of await Promise.all(late))
          assert.deepEqual([code, retry], ["SKEIN_DATA_BUSY", true]);
        for (const { code, retry } of await Promise.all(same))
          assert.deepEqual([code, retry], ["SKEIN_KEY_IN_FLIGHT", true]);
        const waiting = Promise.all([client.add(2), drainItems(client.feed(3))]);
        assert.equal(await hanging, "SKEIN_CALL_DEADLINE");
        assert.deepEqual(await waiting, [2, { items: [3], code: "ok" }]);
        // The key is free again too.
        assert.equal(await codeOf(client.hangs(undefined, { key: "k" })), "SKEIN_CALL_DEADLINE");
        assert.deepEqual(await client.list(), [2, 3]);
      } finally {
        await rm(home, { recursive: true });
      }
    });
  });
}
