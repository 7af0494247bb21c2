/** Keys and outcomes seen from a caller: whose key it is, what it remembers, what an error says has happened. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { action, command, contract, query, service, system, type Schema } from "../index.ts";
import { database, migration } from "../data/index.ts";
import { skeinError } from "../errors/index.ts";
import { testSystem } from "../testing/index.ts";
import { failureOf, modes } from "./fixtures/support.ts";

interface Tables {
  notes: { id: string; text: string };
}

/** A validator that hands back what it was given, as ArkType does. */
const lines: Schema<{ lines: string[] }, { lines: string[] }> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as { lines: string[] } }) },
};
const open = { access: "public" } as const;
const Notes = contract("notes", {
  add: command({ input: lines, output: z.object({ by: z.string(), n: z.int() }) }),
});
const Paid = contract("paid", {
  buy: action({ output: z.int() }),
  read: query({ output: z.int() }),
});
let runs = 0;
const notes = service(Notes, {
  has: {
    db: database<Tables>("notes", {
      dialect: "portable",
      migrations: [migration("001_notes", ["create table notes (id text primary key, text text not null)"])],
    }),
  },
  policy: { add: open },
}).implement({
  async add(input, { db }, call) {
    input.lines.sort();
    return db.transaction(async (tx) => {
      const n = ++runs;
      await tx
        .insertInto("notes")
        .values({ id: String(n), text: input.lines.join() })
        .execute();
      return { by: call.principal?.subject ?? "nobody", n };
    });
  },
});
const busy = () => Promise.reject(skeinError("SKEIN_DATA_BUSY"));
// What its database says after something else has happened: here as the data layer raises it.
const paid = service(Paid, { policy: { buy: open, read: open } }).implement({ buy: busy, read: busy });
const whole = system("s", { services: [notes, paid] });

for (const { mode, far } of modes) {
  describe(`keys and outcomes, ${mode}`, () => {
    it("a handler that changes its input does not change what its key stands for", async () => {
      await using t = await testSystem(whole, { far });
      const client = t.client(Notes);
      const first = await client.add({ lines: ["b", "a"] }, { key: "k" });
      assert.deepEqual(await client.add({ lines: ["b", "a"] }, { key: "k" }), first);
    });

    it("a key belongs to one principal: its tenant counts, and nobody is not somebody without a name", async () => {
      await using t = await testSystem(whole, { far });
      const as = (principal: unknown) =>
        t
          .as(principal as never)
          .client(Notes)
          .add({ lines: [] }, { key: "same key" });
      const principals: unknown[] = [
        undefined,
        { subject: "", roles: [] },
        { subject: "u1", roles: [] },
        { subject: "u1", roles: [], tenant: "a" },
        { subject: "u1", roles: [], tenant: "b" },
        { subject: '["b","u1"]', roles: [] },
        { id: 1 },
        { id: 2 },
        { subject: "long".repeat(100), roles: [] },
        { subject: "nul\0", roles: [] },
      ];
      const seen = new Set<number>();
      for (const principal of principals) seen.add((await as(principal)).n);
      assert.equal(seen.size, principals.length);
      for (const principal of principals) seen.add((await as(principal)).n);
      assert.equal(seen.size, principals.length);
      // Roles come and go; the key stays its owner's.
      const again = await as({ subject: "u1", roles: ["admin"], tenant: "a" });
      assert.ok(seen.has(again.n));
    });

    it("a key that no database holds is the caller's mistake", async () => {
      await using t = await testSystem(whole, { far });
      for (const key of ["", "a\0b", "half \ud800", "x".repeat(256)]) {
        const { code, outcome } = await failureOf(t.client(Notes).add({ lines: [] }, { key }));
        assert.deepEqual([code, outcome], ["SKEIN_KEY_INVALID", "not_started"]);
      }
    });

    it("an action that meets a busy database has started, and nobody above may send it again", async () => {
      await using t = await testSystem(whole, { far });
      const bought = await failureOf(t.client(Paid).buy());
      assert.deepEqual([bought.code, bought.outcome, bought.retry], ["SKEIN_DATA_BUSY", "unknown", false]);
      const read = await failureOf(t.client(Paid).read());
      assert.deepEqual([read.code, read.outcome, read.retry], ["SKEIN_DATA_BUSY", "not_started", true]);
    });
  });
}
