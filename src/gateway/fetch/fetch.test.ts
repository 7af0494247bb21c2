/** The fetch door with the web's own objects: answers, bodies, streams at the reader's pace, opening and closing. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import * as z from "zod";
import { action, command, contract, query, stream } from "../../contract/index.ts";
import { createVirtualClock } from "../../core/index.ts";
import { database, resource } from "../../data/index.ts";
import { skeinError } from "../../errors/index.ts";
import { service, system } from "../../system/index.ts";
import type { RequestLine } from "../options.ts";
import { createFetchHandler, type FetchOptions } from "./index.ts";
import { Opening } from "./opening.ts";

const Desk = contract("desk", {
  hello: query({ input: z.object({ name: z.string().max(20) }), output: z.string(), http: "GET /hello/:name" }),
  add: action({
    input: z.object({ n: z.array(z.number()) }),
    output: z.object({ sum: z.number() }),
    http: "POST /sum",
  }),
  empty: action({ http: "POST /empty" }),
  count: query({
    input: z.object({ to: z.int() }),
    output: stream(z.object({ i: z.int(), text: z.string() }), { id: "i" }),
    http: "GET /count",
  }),
  hang: query({ output: z.string(), http: "GET /hang" }),
  enter: query({
    output: z.object({ id: z.string() }),
    http: { route: "GET /enter", reply: { cookies: { sid: { field: "id" } } } },
  }),
  hidden: command({ output: z.string() }),
});

/** A system that says what it sees. */
function desk() {
  const seen = {
    given: 0,
    aborted: Promise.withResolvers<void>(),
    started: Promise.withResolvers<void>(),
    opens: 0,
    closes: 0,
  };
  const declared = service(Desk, {
    has: { thing: resource({ open: () => ++seen.opens, close: () => void seen.closes++ }) },
    policy: {
      hello: { access: "public" },
      add: { access: "public" },
      empty: { access: "public" },
      count: { access: "public" },
      hang: { access: "public" },
      enter: { access: "public" },
      hidden: { access: "internal" },
    },
  });
  const code = declared.implement({
    hello: ({ name }) => `hello ${name}`,
    add: ({ n }) => ({ sum: n.reduce((a, b) => a + b, 0) }),
    empty: () => undefined,
    async *count({ to }, _own, call) {
      call.signal.addEventListener("abort", () => seen.aborted.resolve());
      for (let i = 0; i < Math.abs(to); i++) {
        seen.given++;
        yield await Promise.resolve({ i, text: "x".repeat(1_000) });
      }
      if (to < 0) throw new Error("a secret");
    },
    hang: (_input, _own, call) => {
      seen.started.resolve();
      return new Promise((_resolve, reject) => {
        call.signal.addEventListener("abort", () => {
          seen.aborted.resolve();
          reject(call.signal.reason as Error);
        });
      });
    },
    enter: () => ({ id: "s1" }),
    hidden: () => "",
  });
  return { seen, office: system("office", { services: [code] }) };
}

function start(t: TestContext, options: FetchOptions = {}) {
  const { seen, office } = desk();
  const handle = createFetchHandler(office, { mode: "test", ...options });
  t.after(() => handle.close());
  return {
    seen,
    handle,
    ask: (path: string, init?: RequestInit) => handle(new Request(`http://desk.example${path}`, init)),
  };
}
const json = (value: unknown): RequestInit => ({
  method: "POST",
  body: typeof value === "string" ? value : JSON.stringify(value),
  headers: { "content-type": "application/json" },
});
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

test("answers are the gateway's: bodies, statuses, headers, problems", async (t) => {
  const { ask, seen } = start(t);
  const hello = await ask("/hello/ann%20b");
  assert.deepEqual([hello.status, await hello.text()], [200, '"hello ann b"']);
  assert.equal(hello.headers.get("content-type"), "application/json");
  assert.equal(hello.headers.get("x-content-type-options"), "nosniff");
  assert.match(hello.headers.get("x-request-id") ?? "", /^[0-9a-f]{32}$/);
  assert.equal(await (await ask("/sum", json({ n: [1, 2, 3] }))).text(), '{"sum":6}');
  const empty = await ask("/empty", { method: "POST" });
  assert.deepEqual([empty.status, await empty.text(), empty.headers.get("content-length")], [204, "", null]);
  const head = await ask("/hello/ann", { method: "HEAD" });
  assert.deepEqual([head.status, await head.text(), head.headers.get("content-length")], [200, "", "11"]);
  const refusals: [string, RequestInit | undefined, number, string][] = [
    ["/nowhere", undefined, 404, "SKEIN_HTTP_NOT_FOUND"],
    ["/hello/ann", { method: "PUT" }, 405, "SKEIN_HTTP_METHOD"],
    [`/hello/${"x".repeat(30)}`, undefined, 400, "SKEIN_INPUT_INVALID"],
    ["/hello/a%2fb", undefined, 400, "SKEIN_HTTP_BAD_REQUEST"],
    ["/hello/a%00b", undefined, 400, "SKEIN_HTTP_BAD_REQUEST"],
    ["/hello/%zz", undefined, 400, "SKEIN_HTTP_BAD_REQUEST"],
    ["/hello/a?__proto__=1", undefined, 400, "SKEIN_HTTP_BAD_REQUEST"],
    [`/hello/a?${"x".repeat(9_000)}`, undefined, 414, "SKEIN_HTTP_TARGET"],
    ["/hello/ann", { headers: { x_user: "ann" } }, 400, "SKEIN_HTTP_BAD_REQUEST"],
    ["/hello/ann", { headers: { big: "x".repeat(17_000) } }, 431, "SKEIN_HTTP_HEADERS"],
    ["/hello/ann", { headers: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`h${i}`, "1"])) }, 431, "SKEIN_HTTP_HEADERS"],
    ["/hello/ann", { headers: [["host", "a"], ["host", "b"]] }, 400, "SKEIN_HTTP_BAD_REQUEST"],
    ["/sum", json("{"), 400, "SKEIN_HTTP_BODY_INVALID"],
    ["/sum", json('{"__proto__":1}'), 400, "SKEIN_HTTP_BODY_INVALID"],
    ["/sum", { method: "POST", body: "n=1", headers: { "content-type": "text/plain" } }, 415, "SKEIN_HTTP_MEDIA_TYPE"],
    ["/sum", { method: "POST", body: "{}", headers: { "content-type": "application/json", "content-encoding": "gzip" } }, 415, "SKEIN_HTTP_MEDIA_TYPE"],
    ["/sum", json(`{"n":[${"1,".repeat(600_000)}1]}`), 413, "SKEIN_HTTP_BODY_TOO_LARGE"],
  ]; // prettier-ignore
  for (const [path, init, status, code] of refusals) {
    const answer = await ask(path, init);
    assert.equal(answer.status, status, path.slice(0, 60));
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
    assert.equal(await codeOf(answer), code, path.slice(0, 60));
  }
  assert.equal((await ask("/hello/ann", { method: "PUT" })).headers.get("allow"), "GET, HEAD, OPTIONS");
  const api = await ask("/openapi.json");
  const etag = api.headers.get("etag") ?? "";
  assert.equal((await ask("/openapi.json", { headers: { "if-none-match": etag } })).status, 304);
  assert.equal(await (await ask("/health/ready")).text(), '{"status":"ready"}');
  assert.equal(seen.opens, 1, "one host for all requests");
});

test("a body of a stream is read up to the limit, and no further; one that does not come is given up", async (t) => {
  const clock = createVirtualClock();
  const { ask } = start(t, { clock });
  let sent = 0;
  const stopped = Promise.withResolvers<void>();
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent++;
      controller.enqueue(new Uint8Array(65_536));
    },
    cancel: () => stopped.resolve(),
  });
  const init = { method: "POST", duplex: "half", headers: { "content-type": "application/json" } } as RequestInit;
  const large = await ask("/sum", { ...init, body: endless });
  assert.deepEqual([large.status, await codeOf(large)], [413, "SKEIN_HTTP_BODY_TOO_LARGE"]);
  await stopped.promise;
  assert.ok(sent < 20, `${sent} pieces were read`);
  const answer = ask("/sum", { ...init, body: new ReadableStream() });
  await clock.advance("9s");
  await clock.advance("2s");
  assert.equal((await answer).status, 408);
});

test("a stream goes at its reader's pace, and its handler ends when the reader leaves", async (t) => {
  const lines: RequestLine[] = [];
  const { ask, seen } = start(t, { onRequest: (line) => lines.push(line) });
  const response = await ask("/count?to=100000");
  assert.equal(response.headers.get("content-type"), "application/x-ndjson");
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  // As many turns as the handler could need to run away.
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(seen.given < 200, `${seen.given} items of a thousand bytes for one read`);
  await reader.cancel();
  await seen.aborted.promise;
  assert.equal(lines[0]?.status, 200);
});

test("a stream to its end; one that fails later gives its error and breaks off", async (t) => {
  const { ask } = start(t);
  const whole = await ask("/count?to=300");
  assert.equal((await whole.text()).trim().split("\n").length, 300);
  const events = await ask("/count?to=2", { headers: { accept: "text/event-stream" } });
  assert.match(await events.text(), /^retry: 1000\n\nid: 0\ndata: .*\n\nid: 1\n.*\n\nevent: end\ndata: \{\}\n\n$/);
  const failing = await ask("/count?to=-200");
  const decoder = new TextDecoder();
  let text = "";
  await assert.rejects(async () => {
    for await (const piece of failing.body as ReadableStream<Uint8Array>)
      text += decoder.decode(piece, { stream: true });
  });
  const all = text.trim().split("\n");
  assert.equal(all.length, 201);
  assert.equal((JSON.parse(all[200] ?? "") as { error: { code: string } }).error.code, "SKEIN_CALL_FAILED");
  assert.doesNotMatch(text, /a secret/);
});

test("a client that leaves before the answer cancels the call", async (t) => {
  const lines: RequestLine[] = [];
  const { handle, seen } = start(t, { onRequest: (line) => lines.push(line) });
  const leaving = new AbortController();
  const answer = handle(new Request("http://desk.example/hang", { signal: leaving.signal }));
  await seen.started.promise;
  leaving.abort();
  await seen.aborted.promise;
  assert.equal(lines[0]?.status, 499);
  assert.ok((await answer).status >= 400);
});

test("requests at the same time open one host; close ends it once, and refuses what comes later", async () => {
  const { seen, office } = desk();
  const handle = createFetchHandler(office);
  const both = await Promise.all([1, 2].map(() => handle(new Request("http://x/hello/a"))));
  assert.deepEqual(
    both.map(({ status }) => status),
    [200, 200],
  );
  assert.equal(seen.opens, 1);
  await Promise.all([handle.close(), handle.close()]);
  await handle.close();
  assert.equal(seen.closes, 1);
  const late = await handle(new Request("http://x/hello/a"));
  assert.deepEqual([late.status, await codeOf(late)], [503, "SKEIN_HOST_DRAINING"]);
});

test("a system that cannot open says so to the operator, and is tried again after a second", async (t) => {
  const clock = createVirtualClock();
  let opens = 0;
  const Shy = contract("shy", { ask: query({ output: z.string(), http: "GET /ask" }) });
  const shy = service(Shy, {
    has: { thing: resource({ open: () => { if (++opens === 1) throw new Error("not yet: a secret"); } }) }, // prettier-ignore
    policy: { ask: { access: "public" } },
  }).implement({ ask: () => "yes" });
  const handle = createFetchHandler(system("shy", { services: [shy] }), { clock });
  t.after(() => handle.close());
  await assert.rejects(handle.open(), /resource of shy/);
  for (let i = 0; i < 3; i++) {
    const answer = await handle(new Request("http://x/ask"));
    assert.equal(answer.status, 503);
    const text = await answer.text();
    assert.match(text, /SKEIN_RESOURCE_FAILED/);
    assert.doesNotMatch(text, /secret/);
  }
  assert.equal(opens, 1);
  await clock.advance("1s");
  assert.equal(await (await handle(new Request("http://x/ask"))).text(), '"yes"');
  assert.equal(opens, 2);
});

test("only the named services run; an unknown name is refused at once", async (t) => {
  const { office, seen } = desk();
  const Ledger = contract("ledger", { read: query({ output: z.string(), http: "GET /ledger" }) });
  const ledger = service(Ledger, {
    has: { db: database("ledger", { dialect: "portable", migrations: [] }) },
    policy: { read: { access: "public" } },
  });
  const loaded = { ledger: false };
  const entries = [
    ...office.services,
    ledger.from(() => ((loaded.ledger = true), Promise.reject(new Error("not here")))),
  ];
  const both = system("both", { services: entries });
  assert.throws(() => createFetchHandler(both, { services: ["nobody"] }), /no service "nobody"/);
  const handle = createFetchHandler(both, { services: ["desk"] });
  t.after(() => handle.close());
  assert.equal((await handle(new Request("http://x/hello/a"))).status, 200);
  assert.equal((await handle(new Request("http://x/ledger"))).status, 503);
  assert.deepEqual([loaded.ledger, seen.opens], [false, 1]);
});

test("an opening whose request has gone does not hold up the others for ever", async () => {
  const clock = createVirtualClock();
  const closed: number[] = [];
  const opening = new Opening<number>({
    clock,
    mayBeLost: true,
    close: (value) => Promise.resolve(void closed.push(value)),
  });
  const lost = Promise.withResolvers<number>();
  let opens = 0;
  const open = () => (++opens === 1 ? lost.promise : Promise.resolve(opens));
  const first = opening.get(open);
  const second = opening.get(open);
  await clock.advance("1s");
  assert.equal(opening.value, undefined);
  await clock.advance("2s");
  assert.equal(await second, 2);
  lost.resolve(1);
  assert.equal(await first, 2);
  await clock.advance("1s");
  assert.deepEqual(closed, [1]);
  const never = new Opening<number>({ clock, mayBeLost: true, close: () => Promise.resolve() });
  const waiting = assert.rejects(
    never.get(() => new Promise(() => {})),
    /SKEIN_CALL_DEADLINE|did not open/,
  );
  for (let i = 0; i < 6; i++) await clock.advance("2s");
  await waiting;
  const failing = new Opening<number>({ clock, mayBeLost: false, close: () => Promise.resolve() });
  await assert.rejects(
    failing.get(() => Promise.reject(skeinError("SKEIN_RESOURCE_FAILED"))),
    /SKEIN_RESOURCE_FAILED|resource/i,
  );
});

test("cookies are Secure in development where the request's address is https", async (t) => {
  const { handle } = start(t, { mode: "development" });
  const cookieOf = async (address: string) => (await handle(new Request(address))).headers.get("set-cookie");
  assert.equal(await cookieOf("https://desk.example/enter"), "sid=s1; Path=/; HttpOnly; Secure; SameSite=Lax");
  assert.equal(await cookieOf("http://desk.example/enter"), "sid=s1; Path=/; HttpOnly; SameSite=Lax");
});
