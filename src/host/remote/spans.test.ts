/** Owns what two hosts remember of a call from one to the other. It must never look into either from the inside. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import * as z from "zod";
import { contract, query, stream } from "../../contract/index.ts";
import { service, system } from "../../system/index.ts";
import { codeOf, drainItems, hang } from "../fixtures/support.ts";
import { createHost } from "../create-host.ts";
import type { Host } from "../host.ts";
import { Peers } from "./peers.ts";

const Stock = contract("stock", {
  level: query({ input: z.object({ sku: z.string() }), output: z.int(), errors: { UNKNOWN: {} } }),
  moves: query({ output: stream(z.int()) }),
  hang: query(),
});
const Page = contract("page", { home: query({ output: z.int() }) });

const shop = system("shop", {
  services: [
    service(Stock, {
      policy: {
        level: { access: "internal" },
        moves: { access: "internal" },
        hang: { access: "internal", timeout: "50ms" },
      },
    }).implement({
      async level({ sku }, _, call) {
        if (sku === "none") throw call.error("UNKNOWN");
        return 7;
      },
      async *moves() {
        yield* [1, 2, 3];
      },
      hang,
    }),
    service(Page, { uses: { stock: Stock }, policy: { home: { access: "public" } } }).implement({
      home: (_, { stock }) => stock.level({ sku: "mug" }),
    }),
  ],
});

let directory: string;
let front: Host;
let back: Host;
const ends: (() => unknown)[] = [];

before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "skein-spans-"));
  const greeting = { system: "shop", token: "t".repeat(32) };
  const [frontPeers, backPeers] = [new Peers(shop, { greeting }), new Peers(shop, { greeting })];
  front = await createHost(shop, { services: ["page"], remote: frontPeers.routes });
  back = await createHost(shop, { services: ["stock"], remote: backPeers.routes });
  const listener = await backPeers.listen(back, { path: path.join(directory, "back.sock") });
  frontPeers.update({ epoch: 1, groups: { back: { services: ["stock"], addresses: [listener.address] } } });
  ends.push(
    () => frontPeers.close(),
    () => listener.close(0),
    () => front.close(),
    () => back.close(),
    () => rm(directory, { recursive: true, force: true }),
  );
});
after(async () => {
  for (const end of ends) await end();
});

test("a call has a span at its caller and one at its callee, one below the other", async () => {
  assert.equal(await front.client(Page).home(), 7);
  const [sent, home] = front.recorder.spans();
  const [ran] = back.recorder.spans();
  assert.ok(sent !== undefined && home !== undefined && ran !== undefined);
  assert.deepEqual([home.service, home.sent, sent.service, sent.sent, ran.sent], ["page", false, "stock", true, false]);
  assert.equal(sent.parentId, home.id);
  assert.equal(ran.parentId, sent.id);
  assert.deepEqual([sent.traceId, ran.traceId], [home.traceId, home.traceId]);
  assert.deepEqual([sent.caller, ran.caller], ["page", "page"]);
  assert.ok(ran.durationMs <= sent.durationMs && sent.durationMs <= home.durationMs);
});

test("calls that were sent are counted apart from those that ran, by their outcomes as the caller saw them", async () => {
  const stock = front.client(Stock);
  assert.equal(await codeOf(stock.level({ sku: "none" })), "UNKNOWN");
  assert.equal(await codeOf(stock.hang()), "SKEIN_CALL_DEADLINE");
  assert.deepEqual((await drainItems(stock.moves())).items, [1, 2, 3]);
  const outcomes = (host: Host) =>
    host.recorder.endpoints().map(({ endpoint, sent, outcomes: seen }) => [endpoint, sent, { ...seen }]);
  assert.deepEqual(outcomes(front), [
    ["page.home", false, { ok: 1 }],
    ["stock.level", true, { ok: 1, UNKNOWN: 1 }],
    ["stock.hang", true, { SKEIN_CALL_DEADLINE: 1 }],
    ["stock.moves", true, { ok: 1 }],
  ]);
  assert.ok(outcomes(back).every(([, sent]) => sent === false));
});

test("a call that no host could take has a span too", async () => {
  const stock = front.client(Stock);
  for (const end of ends.splice(0, 2)) await end();
  const code = await codeOf(stock.level({ sku: "mug" }));
  assert.equal(code, "SKEIN_TRANSPORT_UNREACHABLE");
  const latest = front.recorder.spans().at(-1);
  assert.deepEqual([latest?.method, latest?.sent, latest?.code], ["level", true, code]);
});
