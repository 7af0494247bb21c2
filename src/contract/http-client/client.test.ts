/** The HTTP client against real servers that answer as told: attempts, keys, outcomes, limits, workflows. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createVirtualClock } from "../../core/index.ts";
import { isSkeinError, type SkeinError } from "../../errors/index.ts";
import { type CallOptions, createHttpClient, type HttpClientOptions, type HttpTable, isDeclared } from "./index.ts";
import { hastyClock, json, problem, reset, scripted, silence, type Step } from "./fixtures/scripted-server.ts";

const table: HttpTable = {
  things: {
    get: {
      kind: "query",
      http: "GET /things/:id",
      answer: { properties: { at: { type: "string", "x-skein": "instant" } } },
    },
    put: {
      kind: "command",
      http: "PUT /things/:id",
      headers: { "if-match": "etag" },
      errors: {
        GONE: { canonical: "not_found", data: { properties: { since: { type: "string", "x-skein": "instant" } } } },
      },
    },
    run: { kind: "action", http: "POST /things/run" },
    pay: { kind: "action", http: "POST /things/pay", keyed: true },
    flow: { kind: "workflow", http: "POST /flows" },
    del: { kind: "command", http: "DELETE /things/:id" },
  },
};

type Call = (input?: unknown, options?: CallOptions) => Promise<unknown>;
type Things = Readonly<Record<"get" | "put" | "run" | "pay" | "flow" | "del", Call>>;

function clientOf(baseUrl: string, options: Partial<HttpClientOptions> = {}): Things {
  return createHttpClient<{ readonly things: Things }>(table, { baseUrl, clock: hastyClock(), ...options }).things;
}

/** The error of a call, with its fields in one line. */
async function failure(call: Promise<unknown>): Promise<SkeinError> {
  const error: unknown = await call.then(
    (value) => assert.fail(`resolved with ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(isSkeinError(error), String(error));
  return error;
}

const shown = ({ code, outcome, retry }: SkeinError): unknown[] => [code, outcome, retry];
const draining = problem("SKEIN_HOST_DRAINING", 503, { retry: true, headers: { "retry-after": "1" } });

suite("requests", () => {
  test("path, query, headers and body are where the route says; the answer is revived", async () => {
    await using server = await scripted(json({ at: "2026-01-02T03:04:05.006Z", n: 1 }));
    const things = clientOf(`${server.url}/api/`, { token: async () => "t0", headers: { "X-A": "b" } });
    const got = await things.get({
      id: "a b/ü".replace("/", ""),
      n: [1, 2.5],
      big: 12n,
      when: new Date(0),
      no: undefined,
    });
    assert.deepEqual(got, { at: new Date("2026-01-02T03:04:05.006Z"), n: 1 });
    await things.put({ id: 7, etag: "x", at: new Date(0), bytes: new Uint8Array([255]), rest: null });
    const [first, second] = server.seen;
    assert.equal(first?.verb, "GET");
    assert.equal(first?.url, "/api/things/a%20b%C3%BC?n=1&n=2.5&big=12&when=1970-01-01T00%3A00%3A00.000Z");
    assert.deepEqual([first?.headers.authorization, first?.headers["x-a"]], ["Bearer t0", "b"]);
    assert.equal(first?.headers["idempotency-key"], undefined);
    assert.deepEqual([second?.url, second?.headers["if-match"]], ["/api/things/7", "x"]);
    assert.equal(second?.body, '{"at":"1970-01-01T00:00:00.000Z","bytes":"/w==","rest":null}');
  });

  test("what path, query or header cannot carry is refused before anything is sent", async () => {
    await using server = await scripted(json({}));
    const things = clientOf(server.url);
    for (const id of ["", ".", "..", "a/b", "a\\b", undefined, null, {}, ["a", "b"], "\ud800"]) {
      assert.equal((await failure(things.get({ id }))).code, "SKEIN_INPUT_INVALID", String(id));
    }
    for (const q of [null, [], {}, [[1]], [null]])
      assert.equal((await failure(things.get({ id: 1, q }))).code, "SKEIN_INPUT_INVALID", JSON.stringify(q));
    for (const etag of ["a\nb", " a", "€", ["a", "b"]])
      assert.equal((await failure(things.put({ id: 1, etag }))).code, "SKEIN_INPUT_INVALID");
    assert.equal((await failure(things.get("id"))).code, "SKEIN_INPUT_INVALID");
    assert.equal((await failure(things.run(new Map()))).code, "SKEIN_VALUE_SET");
    assert.equal((await failure(things.run(1, { key: "a b" }))).code, "SKEIN_KEY_INVALID");
    const refused = await failure(things.get({ id: "." }));
    assert.deepEqual(shown(refused), ["SKEIN_INPUT_INVALID", "not_started", false]);
    assert.deepEqual((refused.data as { issues: { path: string }[] }).issues[0]?.path, "$.id");
    assert.equal(server.seen.length, 0);
  });

  test("options that cannot work are SKEIN_CLIENT_SETUP, and no value of a header is in the message", async () => {
    for (const baseUrl of ["nowhere", "ftp://a", "http://u:secret@a", "http://a/?b", "http://a/#c"])
      assert.throws(() => clientOf(baseUrl), { code: "SKEIN_CLIENT_SETUP" });
    assert.throws(() => clientOf("http://a", { responseBytesMax: 0 }), { code: "SKEIN_CLIENT_SETUP" });
    assert.throws(() => clientOf("http://a", { timeout: -1 }), { code: "SKEIN_CLIENT_SETUP" });
    const error = await failure(clientOf("http://127.0.0.1:1", { token: "secret\nx" }).get({ id: 1 }));
    assert.deepEqual(shown(error), ["SKEIN_CLIENT_SETUP", "not_started", false]);
    assert.ok(!error.message.includes("secret"));
  });
});

suite("attempts", () => {
  test("a query is sent again after a reset, and after a problem that allows it", async () => {
    await using server = await scripted(reset, draining, json({ n: 1 }));
    assert.deepEqual(await clientOf(server.url).get({ id: 1 }), { n: 1 });
    assert.equal(server.seen.length, 3);
  });

  test("a command keeps one key of its own over its attempts, and another call has another", async () => {
    await using server = await scripted(reset, reset, json({ n: 1 }));
    const things = clientOf(server.url);
    await things.put({ id: 1 });
    await things.put({ id: 1 });
    await things.put({ id: 1 }, { key: "given" });
    const keys = server.seen.map((each) => each.headers["idempotency-key"] as string);
    assert.equal(new Set(keys.slice(0, 3)).size, 1);
    assert.ok((keys[0]?.length ?? 0) >= 16);
    assert.notEqual(keys[3], keys[0]);
    assert.equal(keys[4], "given");
  });

  test("an action that was cut off may have run: it is not sent again, and has no key but its caller's", async () => {
    await using server = await scripted(reset);
    const error = await failure(clientOf(server.url).run({}));
    assert.deepEqual(shown(error), ["SKEIN_CLIENT_NETWORK", "unknown", false]);
    assert.equal(server.seen.length, 1);
    assert.equal(server.seen[0]?.headers["idempotency-key"], undefined);
    assert.ok(error.cause instanceof Error);
  });

  test("an action whose server keeps keys is like a command", async () => {
    await using server = await scripted(reset, json({ n: 1 }));
    assert.deepEqual(await clientOf(server.url).pay({}), { n: 1 });
    const [first, second] = server.seen.map((each) => each.headers["idempotency-key"]);
    assert.ok(first !== undefined && first === second);
  });

  test("an action that certainly did not start is sent again", async () => {
    await using server = await scripted(draining, json({ n: 1 }));
    assert.deepEqual(await clientOf(server.url).run({}), { n: 1 });
    const closed = await scripted(json({}));
    await closed[Symbol.asyncDispose]();
    let sent = 0;
    const error = await failure(clientOf(closed.url, { fetch: (url, init) => (sent++, fetch(url, init)) }).run({}));
    assert.deepEqual([...shown(error), sent], ["SKEIN_CLIENT_NETWORK", "not_started", true, 3]);
  });

  test("an action is not repeated for a retry that is allowed after it ran", async () => {
    await using server = await scripted(problem("PAYMENT_PENDING", 503, { outcome: "failed", retry: true }));
    assert.deepEqual(shown(await failure(clientOf(server.url).run({}))), ["PAYMENT_PENDING", "failed", true]);
    assert.equal(server.seen.length, 1);
  });

  test("a command that was cut off once is unknown, whatever a later attempt says of itself", async () => {
    await using server = await scripted(reset, draining);
    const error = await failure(clientOf(server.url).put({ id: 1 }));
    assert.deepEqual(shown(error), ["SKEIN_HOST_DRAINING", "unknown", true]);
    assert.deepEqual([server.seen.length, error.traceId, error.status], [3, "abc", 503]);
    await using always = await scripted(draining);
    assert.equal((await failure(clientOf(always.url).put({ id: 1 }))).outcome, "not_started");
  });

  test("three attempts, with full jitter after what Retry-After asks", async () => {
    await using server = await scripted(draining);
    const clock = hastyClock();
    const random = { float: () => 0.5, int: () => 1, bytes: () => new Uint8Array() };
    await failure(clientOf(server.url, { clock, random }).get({ id: 1 }));
    assert.equal(server.seen.length, 3);
    assert.deepEqual(clock.waits, [1_012.5, 1_025]);
  });

  test("a Retry-After beyond the deadline is not waited for", async () => {
    await using server = await scripted(
      problem("SKEIN_HTTP_RATE", 429, { retry: true, headers: { "retry-after": "60" } }),
    );
    const clock = hastyClock();
    const error = await failure(clientOf(server.url, { clock }).get({ id: 1 }));
    assert.deepEqual([error.code, server.seen.length, clock.waits], ["SKEIN_HTTP_RATE", 1, []]);
  });

  test("what says that it must not be sent again is not", async () => {
    for (const step of [
      problem("SKEIN_INPUT_INVALID", 400),
      problem("SKEIN_CALL_FAILED", 500, { outcome: "unknown" }),
    ]) {
      await using server = await scripted(step);
      await failure(clientOf(server.url).put({ id: 1 }));
      assert.equal(server.seen.length, 1);
    }
  });
});

suite("ends", () => {
  test("a deadline ends the call, its wait and its request", async () => {
    let closed: () => void = () => undefined;
    const left = new Promise<void>((resolve) => (closed = resolve));
    let asked: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => (asked = resolve));
    const hang: Step = (response) => {
      response.on("close", closed);
      asked();
    };
    await using server = await scripted(hang);
    const clock = createVirtualClock();
    const call = failure(clientOf(server.url, { clock }).run({}));
    await arrived;
    await clock.advance(10_000);
    assert.deepEqual(shown(await call), ["SKEIN_CALL_DEADLINE", "unknown", false]);
    await left;
  });

  test("a signal ends the call: before it is sent nothing started", async () => {
    await using server = await scripted(silence);
    const things = clientOf(server.url);
    assert.deepEqual(shown(await failure(things.run({}, { signal: AbortSignal.abort() }))), [
      "SKEIN_CALL_CANCELED",
      "not_started",
      false,
    ]);
    const controller = new AbortController();
    const fetchOnce = clientOf(server.url, {
      fetch: (url, init) => {
        queueMicrotask(() => controller.abort(new Error("enough")));
        return fetch(url, init);
      },
    });
    const error = await failure(fetchOnce.run({}, { signal: controller.signal }));
    assert.deepEqual(shown(error), ["SKEIN_CALL_CANCELED", "unknown", false]);
    assert.equal((error.cause as Error).message, "enough");
  });

  test("a fetch that does not listen to its signal cannot hold the call", async () => {
    const things = clientOf("http://127.0.0.1:1", { clock: hastyClock(), fetch: () => new Promise(() => undefined) });
    assert.equal((await failure(things.get({ id: 1 }, { timeout: 5 }))).code, "SKEIN_CALL_DEADLINE");
  });
});

suite("answers", () => {
  test("a declared error has its data, its canonical code and its trace", async () => {
    const step = problem("GONE", 410, { outcome: "failed", data: { since: "2020-01-01T00:00:00Z" } });
    await using server = await scripted(step);
    const error = await failure(clientOf(server.url).put({ id: 1 }));
    assert.ok(isDeclared(error, "GONE"));
    assert.deepEqual(error.data, { since: new Date("2020-01-01T00:00:00Z") });
    assert.deepEqual([error.canonical, error.status, error.traceId], ["not_found", 410, "abc"]);
  });

  test("a code that is newer than the client keeps its name and is not taken for a declared one", async () => {
    await using server = await scripted(problem("SKEIN_NO_SUCH_CODE", 503, { outcome: "failed" }));
    const error = await failure(clientOf(server.url).put({ id: 1 }));
    assert.deepEqual([error.code, error.canonical, isDeclared(error)], ["SKEIN_NO_SUCH_CODE", "unavailable", false]);
  });

  test("an answer that no gateway gives is SKEIN_CLIENT_ANSWER", async () => {
    const strange: Step[] = [
      (response) => response.writeHead(200, { "content-type": "text/html" }).end("<p>log in</p>"),
      (response) => response.writeHead(200, { "content-type": "application/json" }).end("{"),
      (response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
      (response) => response.writeHead(500, { "content-type": "application/problem+json" }).end('{"code":1}'),
      (response) => response.writeHead(404).end("no"),
    ];
    for (const step of strange) {
      await using server = await scripted(step);
      assert.deepEqual(shown(await failure(clientOf(server.url).get({ id: 1 }))), [
        "SKEIN_CLIENT_ANSWER",
        "unknown",
        false,
      ]);
      assert.equal(server.seen.length, 1);
    }
  });

  test("what a proxy says of a server that is not there is tried again, but not for an action", async () => {
    const bad: Step = (response) => response.writeHead(502, { "content-type": "text/html" }).end("bad gateway");
    await using server = await scripted(bad, json({ n: 1 }));
    assert.deepEqual(await clientOf(server.url).get({ id: 1 }), { n: 1 });
    await using other = await scripted(bad);
    const error = await failure(clientOf(other.url).run({}));
    assert.deepEqual(
      [...shown(error), error.status, other.seen.length],
      ["SKEIN_CLIENT_ANSWER", "unknown", false, 502, 1],
    );
  });

  test("an answer beyond the limit is not read on; one that breaks off is a failure of the network", async () => {
    let isClosed: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => (isClosed = resolve));
    const endless: Step = (response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const more = (): void => {
        while (response.write(" ".repeat(65_536)));
      };
      response.on("drain", more).on("close", isClosed);
      more();
    };
    await using server = await scripted(endless);
    const error = await failure(clientOf(server.url, { responseBytesMax: 100_000 }).get({ id: 1 }));
    assert.deepEqual(shown(error), ["SKEIN_CLIENT_TOO_LARGE", "unknown", false]);
    await closed;
    const half: Step = (response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
      response.write("{", () => response.socket?.destroy());
    };
    await using other = await scripted(half, json({ n: 1 }));
    assert.deepEqual(await clientOf(other.url).get({ id: 1 }), { n: 1 });
  });

  test("no content is undefined", async () => {
    await using server = await scripted((response) => response.writeHead(204).end());
    assert.equal(await clientOf(server.url).del({ id: 1 }), undefined);
    assert.deepEqual([server.seen[0]?.verb, server.seen[0]?.body], ["DELETE", ""]);
  });
});

suite("workflows", () => {
  const accepted: Step = (response) => response.writeHead(202, { location: "/_runs/r1" }).end();

  test("a run is asked for until it has ended; its key is kept over the attempts", async () => {
    await using server = await scripted(reset, accepted, accepted, reset, json({ done: true }));
    const clock = hastyClock();
    assert.deepEqual(await clientOf(server.url, { clock, token: "t" }).flow({ n: 1 }), { done: true });
    assert.deepEqual(
      server.seen.map(({ verb, url }) => `${verb} ${url}`),
      ["POST /flows", "POST /flows", "GET /_runs/r1", "GET /_runs/r1", "GET /_runs/r1"],
    );
    assert.equal(server.seen[0]?.headers["idempotency-key"], server.seen[1]?.headers["idempotency-key"]);
    assert.equal(server.seen[4]?.headers.authorization, "Bearer t");
    // The first wait is the one before the second attempt.
    for (const [i, most] of [100, 200].entries()) {
      const wait = clock.waits[i + 1] ?? 0;
      assert.ok(wait >= most / 2 && wait <= most, String(wait));
    }
  });

  test("what a run ended with is the call's error, also one that may be sent again", async () => {
    await using server = await scripted(accepted, problem("BUSY", 409, { outcome: "failed", retry: true }));
    assert.equal((await failure(clientOf(server.url).flow({}))).code, "BUSY");
    assert.equal(server.seen.length, 2);
  });

  test("at the deadline the run goes on, and the error says which one", async () => {
    let asking: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (asking = resolve));
    const clock = createVirtualClock();
    await using hung = await scripted(accepted, () => asking());
    const waiting = failure(clientOf(hung.url, { clock }).flow({}));
    await asked;
    await clock.advance(10_000);
    assert.deepEqual(shown(await waiting), ["SKEIN_WORKFLOW_RUNNING", "unknown", true]);
    const busy = problem("SKEIN_HTTP_RATE", 429, { retry: true, headers: { "retry-after": "60" } });
    await using slow = await scripted(accepted, busy);
    const running = await failure(clientOf(slow.url).flow({}));
    assert.deepEqual([...shown(running), running.data], ["SKEIN_WORKFLOW_RUNNING", "unknown", true, { runId: "r1" }]);
  });

  test("a run at another origin is not asked for: the credentials would go there", async () => {
    await using other = await scripted(json({}));
    await using server = await scripted((response) =>
      response.writeHead(202, { location: `${other.url}/_runs/1` }).end(),
    );
    assert.equal((await failure(clientOf(server.url, { token: "t" }).flow({}))).code, "SKEIN_CLIENT_ANSWER");
    assert.equal(other.seen.length, 0);
  });
});
