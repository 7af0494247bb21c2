// Owns the proof that a command which is not idempotent by nature has one effect through a network that loses answers.
// Must count rows in the service's own database, by its own query.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { action, command, contract, createHost, database, migration, query, service, system } from "skein";
import { type CallPromise, createHttpClient } from "skein/client";
import * as z from "zod";
import { createGateway } from "../../src/gateway/index.ts";
import { flakyProxy } from "./flaky-proxy.ts";

interface Tables {
  notes: { text: string };
}
const Notes = contract("notes", {
  add: command({ input: z.object({ text: z.string() }), output: z.object({ all: z.int() }), http: "POST /notes" }),
  shout: action({ input: z.object({ text: z.string() }), output: z.object({ all: z.int() }), http: "POST /shouts" }),
  count: query({ output: z.int(), http: "GET /notes" }),
});
const open = { access: "public" } as const;
const notes = service(Notes, {
  has: {
    db: database<Tables>("notes", {
      dialect: "portable",
      migrations: [migration("001", ["create table notes (text text not null)"])],
    }),
  },
  policy: { add: open, shout: open, count: open },
}).implement({
  add: ({ text }, { db }) =>
    db.transaction(async (tx) => {
      await tx.insertInto("notes").values({ text }).execute();
      return { all: (await tx.selectFrom("notes").selectAll().execute()).length };
    }),
  shout: ({ text }, { db }) =>
    db.transaction(async (tx) => {
      await tx.insertInto("notes").values({ text }).execute();
      return { all: (await tx.selectFrom("notes").selectAll().execute()).length };
    }),
  count: async (_input, { db }) => (await db.selectFrom("notes").selectAll().execute()).length,
});

interface Methods {
  add(input: { text: string }): CallPromise<{ all: number }>;
  shout(input: { text: string }): CallPromise<{ all: number }>;
  count(): CallPromise<number>;
}

test("40 commands through a network that loses every other answer are 40 rows; a lost action is one row and unknown", async () => {
  const home = await mkdtemp(join(tmpdir(), "skein-client-"));
  await using host = await createHost(system("n", { services: [notes] }), { mode: "development", env: {}, home });
  const gateway = await createGateway(host, { port: 0, mode: "development", home });
  try {
    await using proxy = await flakyProxy(gateway.url);
    const client = createHttpClient<{ notes: Methods }>(
      {
        notes: {
          add: { kind: "command", http: "POST /notes" },
          shout: { kind: "action", http: "POST /shouts" },
          count: { kind: "query", http: "GET /notes" },
        },
      },
      // The budget allows 30 retries in 10 s and a tenth of the calls; a client of its own has its own.
      { baseUrl: proxy.url },
    ).notes;
    const totals: number[] = [];
    for (let i = 0; i < 40; i++) {
      if (i % 2 === 1) proxy.next("lost answer");
      totals.push((await client.add({ text: String(i) })).all);
    }
    assert.deepEqual(
      totals,
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
    assert.equal(await client.count(), 40);
    proxy.next("lost answer");
    await assert.rejects(client.shout({ text: "x" }), {
      code: "SKEIN_CLIENT_NETWORK",
      outcome: "unknown",
      retry: false,
    });
    assert.equal(await client.count(), 41);
  } finally {
    await gateway.close();
    await host.close();
    await rm(home, { recursive: true });
  }
});
