/** An external service over real sockets, called from outside and by another service, near and far. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as z from "zod";
import { action, contract, query, safe, stream } from "../contract/index.ts";
import { Secret } from "../core/index.ts";
import { isSkeinError, type SkeinError } from "../errors/index.ts";
import { createHost, type HostOptions } from "../host/index.ts";
import { endpointsOf } from "../cli/check.ts";
import { checkSystem } from "../system/check.ts";
import { service, system } from "../system/index.ts";
import { Billing, json, ThirdParty } from "./fixtures/billing.ts";
import { external, type ExternalSpec } from "./index.ts";

const Shop = contract("shop", {
  total: query({ input: z.object({ id: z.string() }), output: z.int() }),
  buy: action({ input: z.object({ id: z.string() }), output: z.boolean() }),
  ask: query({
    input: z.object({ id: z.string() }),
    output: z.unknown(),
    errors: { NONE: { data: z.object({ why: z.string() }) } },
  }),
});

const open = { access: "public" } as const;
const shop = service(Shop, { uses: { billing: Billing }, policy: { total: open, buy: open, ask: open } }).implement({
  total: async ({ id }, { billing }) => (await billing.invoice({ id })).total,
  buy: async ({ id }, { billing }, call) =>
    (await billing.pay({ id, amount: 3, notify: true }, call.key === undefined ? {} : { key: call.key })).paid,
  ask: async ({ id }, { billing }, call) => {
    const asked = await safe(billing.invoice({ id }));
    if (asked.ok) return asked.value;
    if (asked.declared && asked.error.code === "NO_SUCH_INVOICE")
      throw call.error("NONE", { why: asked.error.data.message });
    throw asked.error;
  },
});

async function start(party: ThirdParty, spec: Partial<ExternalSpec> = {}, host: HostOptions = {}) {
  const billing = external(Billing, { url: `http://127.0.0.1:${party.port}/v1/`, ...spec });
  return createHost(system("s", { services: [shop, billing] }), { mode: "test", ...host });
}

async function failure(promise: Promise<unknown>): Promise<SkeinError> {
  const error: unknown = await promise.then(
    () => assert.fail("it must fail"),
    (thrown: unknown) => thrown,
  );
  assert.ok(isSkeinError(error), String(error));
  return error;
}

for (const far of [false, true]) {
  suite(`an external service, ${far ? "far" : "near"}`, () => {
    test("is called with path, query, header and body where the contract says", async () => {
      await using party = await ThirdParty.start();
      await using host = await start(party, {}, { far });
      const billing = host.client(Billing);
      await billing.invoice({ id: "a/b c", expand: ["x", "y"], lang: "de" });
      party.answer = (_, response) => json(response, 200, { paid: true });
      await billing.pay({ id: "7", amount: 3, notify: true });
      party.answer = (_, response) => response.writeHead(204).end();
      await billing.tags({ id: "7", tags: ["a"] });
      await billing.remind({ id: "7" });
      assert.deepEqual(
        party.seen.map(({ method, url, body }) => `${method} ${url} ${body}`),
        [
          "GET /v1/invoices/a%2Fb%20c?expand=x&expand=y ",
          'POST /v1/invoices/7/pay?notify=true {"amount":3}',
          'PUT /v1/invoices/7/tags ["a"]',
          "POST /v1/invoices/7/remind ",
        ],
      );
      assert.equal(party.seen[0]?.headers["accept-language"], "de");
    });

    test("gives its output parsed, in one trace, under its own name in the recorder", async () => {
      await using party = await ThirdParty.start();
      await using host = await start(party, {}, { far });
      party.answer = (_, response) =>
        json(response, 200, { id: "1", total: 5, at: "2026-01-02T03:04:05Z", big: "12", more: 1 });
      const traceId = "0af7651916cd43dd8448eb211c80319c";
      assert.equal(await host.call("shop", "total", { id: "1" }, { traceId }), 5);
      const traceparent = String(party.seen[0]?.headers["traceparent"]);
      assert.match(traceparent, new RegExp(`^00-${traceId}-(?!0{16})[0-9a-f]{16}-01$`));
      const span = host.recorder.spans().find(({ service: of }) => of === "billing");
      assert.equal(span?.method, "invoice");
      assert.equal(span?.caller, "shop");
      assert.equal(span?.traceId, traceId);
      assert.equal(traceparent.slice(-11, -3), span?.id.toString(16).padStart(8, "0"));
      assert.ok(host.recorder.endpoints().some(({ endpoint }) => endpoint === "billing.invoice"));
      const invoice = await host.client(Billing).invoice({ id: "1" });
      assert.deepEqual(invoice, { id: "1", total: 5, at: new Date("2026-01-02T03:04:05Z"), big: 12n });
    });

    test("a declared error is found by its status, its name, or what its data fits", async () => {
      await using party = await ThirdParty.start();
      await using host = await start(party, {}, { far });
      party.answer = (_, response) => json(response, 404, { message: "no" });
      const none = await failure(host.client(Shop).ask({ id: "1" }));
      assert.deepEqual([none.code, none.data], ["NONE", { why: "no" }]);
      const billing = host.client(Billing);
      party.answer = (_, response) => json(response, 409, { error: { code: "stale" } });
      assert.equal((await failure(billing.invoice({ id: "1" }))).code, "STALE");
      party.answer = (_, response) => json(response, 409, { by: "ada" });
      assert.deepEqual((await failure(billing.invoice({ id: "1" }))).data, { by: "ada" });
      const ours = { type: "urn:skein:error:LOCKED", code: "LOCKED", data: { by: "eve" } };
      party.answer = (_, response) => json(response, 409, ours);
      assert.deepEqual((await failure(billing.invoice({ id: "1" }))).data, { by: "eve" });
    });

    test("the deadline of whoever calls ends it, and the connection with it", async () => {
      await using party = await ThirdParty.start();
      await using host = await start(party, {}, { far });
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      party.answer = (_, response) => void response.on("close", resolve);
      const error = await failure(host.client(Shop).total({ id: "1" }, { timeout: "150ms" }));
      assert.equal(error.code, "SKEIN_CALL_DEADLINE");
      await closed;
    });
  });
}

suite("what others answer", () => {
  const statuses = [
    [401, "SKEIN_EXTERNAL_DENIED"],
    [403, "SKEIN_EXTERNAL_DENIED"],
    [400, "SKEIN_EXTERNAL_REFUSED"],
    [410, "SKEIN_EXTERNAL_NOT_FOUND"],
    [418, "SKEIN_EXTERNAL_REFUSED"],
    [429, "SKEIN_EXTERNAL_BUSY"],
    [500, "SKEIN_EXTERNAL_FAILED"],
    [503, "SKEIN_EXTERNAL_BUSY"],
    [302, "SKEIN_EXTERNAL_REDIRECT"],
    [307, "SKEIN_EXTERNAL_REDIRECT"],
  ] as const;
  test("a status the contract does not declare has a code of Skein's, and never the peer's words", async () => {
    await using party = await ThirdParty.start();
    await using host = await start(party, { attempts: 1 });
    for (const [status, code] of statuses) {
      party.answer = (_, response) =>
        json(response, status, { message: "a secret" }, { location: "http://127.0.0.1/x" });
      const error = await failure(host.client(Billing).invoice({ id: "1" }));
      assert.equal(error.code, code, String(status));
      assert.deepEqual(error.data, { status, attempts: 1 });
      assert.equal(error.attempts, 1, "nobody who called tries again");
      assert.doesNotMatch(error.message, /secret/);
    }
    assert.equal(party.seen.length, statuses.length);
  });

  test("what cannot be read is told, and what the schema refuses too", async () => {
    await using party = await ThirdParty.start();
    await using host = await start(party, { attempts: 1 });
    const code = async () => (await failure(host.client(Billing).invoice({ id: "1" }))).code;
    party.answer = (_, response) => response.end("{");
    assert.equal(await code(), "SKEIN_EXTERNAL_REPLY");
    party.answer = (_, response) => response.end(Buffer.from([0x22, 0xff, 0x22]));
    assert.equal(await code(), "SKEIN_EXTERNAL_REPLY");
    party.answer = (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("x");
    assert.equal(await code(), "SKEIN_EXTERNAL_REPLY");
    party.answer = (_, response) => response.socket?.end("nonsense\r\n\r\n");
    assert.equal(await code(), "SKEIN_EXTERNAL_REPLY");
    party.answer = (_, response) => json(response, 200, { id: 1 });
    assert.equal(await code(), "SKEIN_OUTPUT_INVALID");
    party.answer = (_, response) => response.writeHead(204).end();
    assert.equal(await code(), "SKEIN_OUTPUT_INVALID");
    party.answer = (_, response) => response.writeHead(200, { "content-length": "100" }).end("x");
    party.answer = (_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("x", () => response.socket?.destroy());
    };
    assert.equal(await code(), "SKEIN_EXTERNAL_LOST");
    party.answer = (_, response) => response.writeHead(200, { "content-type": "text/plain" }).end("plain");
    assert.equal(await host.client(Billing).note({ id: "1" }), "plain");
  });

  test("a reply over the limit is given up, announced or not", async () => {
    await using party = await ThirdParty.start();
    await using host = await start(party);
    const part = Buffer.alloc(65_536, "x");
    party.answer = (_, response) => response.writeHead(200, { "content-length": String(1e9) }).write(part);
    assert.equal((await failure(host.client(Billing).invoice({ id: "1" }))).code, "SKEIN_EXTERNAL_TOO_LARGE");
    let written = 0;
    party.answer = (_, response) => {
      const more = () => {
        while (!response.destroyed && written < 1e9) {
          written += part.length;
          if (!response.write(part)) return void response.once("drain", more);
        }
      };
      more();
    };
    assert.equal((await failure(host.client(Billing).invoice({ id: "1" }))).code, "SKEIN_EXTERNAL_TOO_LARGE");
    assert.ok(written < 64e6, `${written} bytes`);
  });
});

suite("attempts", () => {
  test("a query is sent again after a reset, at most three times, and says how often", async () => {
    await using party = await ThirdParty.start();
    await using host = await start(party);
    party.answer = (_, response, attempt) =>
      attempt < 3 ? response.socket?.destroy() : json(response, 200, { id: "1", total: 9 });
    assert.equal(await host.client(Shop).total({ id: "1" }), 9);
    assert.equal(party.seen.length, 3);
    party.answer = (_, response) => response.socket?.destroy();
    const error = await failure(host.client(Billing).invoice({ id: "1" }));
    assert.equal(error.code, "SKEIN_EXTERNAL_LOST");
    assert.deepEqual([error.data, error.retry], [{ attempts: 3 }, false]);
    assert.equal(party.seen.length, 6);
  });

  test("an action is sent once; one that is keyed again, with one key", async () => {
    await using party = await ThirdParty.start();
    await using host = await start(party);
    party.answer = (_, response) => response.socket?.destroy();
    assert.equal((await failure(host.client(Billing).remind({ id: "1" }))).code, "SKEIN_EXTERNAL_LOST");
    assert.equal(party.seen.length, 1);
    party.answer = (_, response, attempt) =>
      attempt === 2 ? response.socket?.destroy() : json(response, 200, { paid: true });
    assert.equal(await host.client(Shop).buy({ id: "1" }), true);
    const keys = party.seen.slice(1).map(({ headers }) => headers["idempotency-key"]);
    assert.equal(keys.length, 2);
    assert.equal(keys[0], keys[1]);
    assert.equal(String(keys[0]).length, 16);
    await host.client(Shop).buy({ id: "1" }, { key: "mine" });
    assert.equal(party.seen.at(-1)?.headers["idempotency-key"], "mine");
  });

  test("an outage is not made worse: the budget ends the repeats", async () => {
    await using party = await ThirdParty.start();
    await using host = await start(party);
    party.answer = (_, response) => json(response, 503, {});
    for (let i = 0; i < 40; i++) await failure(host.client(Billing).invoice({ id: "1" }));
    // 30 repeats are there, 40 calls earn 4, and 3 a second are free; the run takes less than 5 s. Without it: 120.
    assert.ok(party.seen.length <= 40 + 30 + 4 + 15, String(party.seen.length));
  });

  test("one that does not listen is unreachable, and nothing has started", async () => {
    const party = await ThirdParty.start();
    await using host = await start(party);
    await party[Symbol.asyncDispose]();
    const error = await failure(host.client(Billing).remind({ id: "1" }));
    assert.deepEqual([error.code, error.outcome], ["SKEIN_EXTERNAL_UNREACHABLE", "not_started"]);
  });
});

suite("settings", () => {
  test("the environment gives the URL and what proves who we are, and errors hold neither", async () => {
    await using party = await ThirdParty.start();
    const billing = external(Billing, {
      url: "https://billing.example",
      config: z.object({ token: z.string() }),
      headers: { "X-Team": "shop" },
      authorization: ({ token }) => new Secret(`Bearer ${token}`),
    });
    const env = { BILLING_URL: `http://localhost:${party.port}`, BILLING_TOKEN: "t0p" };
    await using host = await createHost(system("s", { services: [shop, billing] }), { mode: "development", env });
    await host.client(Shop).total({ id: "1" });
    const { headers } = party.seen[0] ?? assert.fail("nothing came");
    assert.deepEqual([headers.authorization, headers["x-team"]], ["Bearer t0p", "shop"]);
    const without = createHost(system("s", { services: [shop, billing] }), { env: {} });
    assert.equal((await failure(without)).code, "SKEIN_CONFIG_INVALID");
    for (const url of ["ftp://x", "http://u:p@x", "http://x/?q", "nowhere"]) {
      const wrong = createHost(system("s", { services: [shop, billing] }), { env: { ...env, BILLING_URL: url } });
      const error = await failure(wrong);
      assert.equal(error.code, "SKEIN_CONFIG_INVALID", url);
      assert.doesNotMatch(error.message, /u:p/);
    }
  });

  test("what could lead to another path or header is refused before anything is sent", async () => {
    await using party = await ThirdParty.start();
    await using host = await start(party);
    for (const id of ["", ".", ".."]) {
      assert.equal((await failure(host.client(Billing).invoice({ id }))).code, "SKEIN_INPUT_INVALID", id);
    }
    const split = host.client(Billing).invoice({ id: "1", lang: "de\r\nx-admin: 1" });
    assert.equal((await failure(split)).code, "SKEIN_INPUT_INVALID");
    assert.equal(party.seen.length, 0);
  });

  test("more calls than may wait are refused", async () => {
    await using party = await ThirdParty.start();
    await using host = await start(party, { connections: 1 });
    const { promise: came, resolve } = Promise.withResolvers<void>();
    party.answer = () => resolve();
    const abort = new AbortController();
    const waiting = Array.from({ length: 1_025 }, () =>
      host.client(Billing).remind({ id: "1" }, { signal: abort.signal }),
    );
    assert.equal((await failure(host.client(Billing).remind({ id: "1" }))).code, "SKEIN_EXTERNAL_CROWDED");
    await came;
    assert.deepEqual([party.connections, party.seen.length], [1, 1]);
    abort.abort();
    await Promise.allSettled(waiting);
  });

  test("skein check shows where it is, and takes its routes for somebody else's", async () => {
    const there = external(Billing, { url: "https://billing.example/v1" });
    const whole = system("s", { services: [shop, there] });
    assert.deepEqual(await checkSystem(whole), []);
    const line = endpointsOf(whole).find(({ id }) => id === "billing.pay");
    assert.deepEqual([line?.external, line?.access], ["https://billing.example/v1", "internal"]);
    const wrong = contract("wrong", { get: query({ input: z.object({ a: z.string() }), http: "GET /x/:b" }) });
    const found = await checkSystem(system("s", { services: [external(wrong, { url: "https://x.example" })] }));
    assert.deepEqual(
      found.map(({ code }) => code),
      ["SKEIN_CHECK_ROUTE_PARAMETER"],
    );
  });

  test("a contract that cannot be called so is refused when it is declared", () => {
    const url = "https://x.example";
    const refuse = (make: () => unknown, words: RegExp) =>
      assert.throws(make, (error: SkeinError) => error.code === "SKEIN_SERVICE_INVALID" && words.test(error.message));
    refuse(() => external(contract("a", { x: query() }), { url }), /no http/);
    const items = query({ output: stream(z.string()), http: "GET /x" });
    refuse(() => external(contract("a", { items }), { url }), /stream/);
    refuse(() => external(Billing, { url, attempts: 0 }), /attempts/);
    refuse(() => external(Billing, { url, connections: 5_000 }), /connections/);
  });
});
