/** The gateway on a real port: routes, values, errors, health, streams, hostile bytes, drain. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, createServer, request as httpRequest } from "node:http";
import { type AddressInfo, createServer as createNetServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { createHost, type Host } from "../host/index.ts";
import type { LogFields } from "../system/index.ts";
import { answerBrokenRequest } from "./node/broken-request.ts";
import { open, sendRaw, toAnswer } from "./fixtures/client.ts";
import { sample, Signals } from "./fixtures/sample.ts";
import { createGateway, createHandler, type Gateway, type RequestLine } from "./index.ts";
import { toSettings } from "./options.ts";

let host: Host;
let gateway: Gateway;
let signals: Signals;
const lines: RequestLine[] = [];
const logged: string[] = [];
const log = { debug() {}, info() {}, warn: note, error: note };
function note(message: string, fields?: LogFields): void {
  logged.push(`${message} ${String(fields?.error)}`);
}

before(async () => {
  signals = new Signals();
  host = await createHost(sample(signals), { log });
  gateway = await createGateway(host, { port: 0, log, onRequest: (line) => lines.push(line) });
});
after(async () => {
  await gateway.close();
  await host.close();
  assert.deepEqual(
    logged.filter((line) => line.startsWith("a request failed in the gateway")),
    [],
  );
});

const json = { "content-type": "application/json" };
async function get(path: string, init: RequestInit = {}) {
  const response = await fetch(gateway.url + path, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: bodyOf(response, text) };
}
function bodyOf(response: Response, text: string): Record<string, unknown> | undefined {
  return (response.headers.get("content-type") ?? "").endsWith("json") && text.startsWith("{") && !text.includes("\n")
    ? (JSON.parse(text) as Record<string, unknown>)
    : undefined;
}
const post = (path: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = json) =>
  get(path, { method: "POST", headers, body });
const raw = (...chunks: Array<string | Buffer>) => sendRaw(gateway.port, ...chunks);

describe("routes and values", () => {
  test("query strings become what the schema says, and only that", async () => {
    const { status, body } = await get("/orders?limit=3&tags=a&tags=b&open=true&user=7");
    assert.equal(status, 200);
    assert.deepEqual(body?.input, { limit: 3, tags: ["a", "b"], open: true, user: "7" });
    assert.deepEqual((await get("/orders?tags=a+b%2Bc")).body?.input, { limit: 20, tags: ["a b+c"] });
    assert.deepEqual((await get("/valibot?n=1.5&on=false")).body, { n: 1.5, on: false });
  });
  test("a repeated name is a list only where the schema takes one", async () => {
    const { status, body } = await get("/orders?user=a&user=b");
    assert.equal(status, 400);
    assert.equal(body?.code, "SKEIN_INPUT_INVALID");
  });
  test("values that JSON has no word for travel as text", async () => {
    assert.deepEqual((await get("/orders/5")).body, {
      id: 5,
      user: "ada",
      at: "1970-01-01T00:00:00.000Z",
      total: "12345678901234567890",
    });
    const made = await post("/arktype", JSON.stringify({ name: "x", at: "2021-10-01T14:30:00Z" }));
    assert.deepEqual(made.body, { name: "x", at: "2021-10-01T14:30:00.000Z" });
  });
  test("a path segment is decoded exactly once", async () => {
    assert.deepEqual((await get("/texts/a%20b%C3%A9")).body, { name: "a b\u00e9" });
    assert.deepEqual((await get("/texts/%2561")).body, { name: "%61" });
    assert.deepEqual((await get("/texts/a:b@c*(d)")).body, { name: "a:b@c*(d)" });
    assert.deepEqual((await get("/caf%C3%A9/%7Bx%7D(y)/me")).body, { who: "me" });
    assert.equal((await get("/%6frders/5")).status, 200);
  });
  test("path names and headers win over the body", async () => {
    const put = await get("/orders/5/note", {
      method: "PUT",
      headers: { ...json, "if-match": '"q"' },
      body: '{"text":"t","id":99,"etag":"no"}',
    });
    assert.deepEqual(put.body, { id: 5, etag: '"q"', text: "t" });
    const list = await get("/orders/5/note", { method: "PUT", headers: json, body: "[1]" });
    assert.equal(list.status, 400);
    assert.equal(list.body?.code, "SKEIN_HTTP_BODY_INVALID");
  });
  test("statuses: declared, 204 for nothing, HEAD without a body", async () => {
    assert.equal((await post("/orders", '{"user":"a","items":[{"sku":"x","quantity":1}]}')).status, 201);
    for (const init of [{ method: "POST" }, { method: "POST", headers: json, body: "{}" }])
      assert.equal((await get("/ping", init)).status, 204);
    assert.equal((await get("/orders/5", { method: "DELETE" })).status, 204);
    const head = await get("/orders/5", { method: "HEAD" });
    assert.equal(head.status, 200);
    assert.equal(head.text, "");
    assert.ok(Number(head.headers.get("content-length")) > 10);
  });
  test("unknown paths and verbs", async () => {
    assert.equal((await get("/nope")).body?.code, "SKEIN_HTTP_NOT_FOUND");
    const patch = await get("/orders/5", { method: "PATCH" });
    assert.equal(patch.status, 405);
    assert.equal(patch.headers.get("allow"), "GET, HEAD, DELETE, OPTIONS");
    assert.equal(patch.body?.code, "SKEIN_HTTP_METHOD");
    const options = await get("/orders/5", { method: "OPTIONS" });
    assert.equal(options.status, 204);
    assert.equal(options.headers.get("allow"), "GET, HEAD, DELETE, OPTIONS");
    assert.equal((await get("/health/live", { method: "POST" })).status, 405);
    assert.equal((await get("/orders/5/note/more")).status, 404);
    assert.equal((await get("//orders")).status, 404);
  });
  test("headers of every answer", async () => {
    const open = await get("/orders/5");
    assert.equal(open.headers.get("x-content-type-options"), "nosniff");
    assert.equal(open.headers.get("cache-control"), "no-cache");
    const made = await post("/echo", "1");
    assert.equal(made.headers.get("cache-control"), "no-store");
    assert.match(made.headers.get("x-request-id") ?? "", /^[0-9a-f]{32}$/);
  });
  test("a valid traceparent is taken, an invalid one replaced", async () => {
    const id = "0af7651916cd43dd8448eb211c80319c";
    const idOf = async (traceparent: string) => (await get("/nope", { headers: { traceparent } })).body?.traceId;
    assert.equal(await idOf(`00-${id}-b7ad6b7169203331-01`), id);
    for (const bad of [
      `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
      `ff-${id}-b7ad6b7169203331-01`,
      `00-${id}-b7ad6b7169203331-01-x`,
      `00-${id.toUpperCase()}-b7ad6b7169203331-01`,
      "x",
    ]) {
      const given = await idOf(bad);
      assert.notEqual(given, id);
      assert.match(String(given), /^[0-9a-f]{32}$/);
    }
  });
  test("the request line names the endpoint and the error", async () => {
    await get("/orders/404?password=x");
    const line = lines.at(-1);
    assert.deepEqual(
      { ...line, durationMs: 0, traceId: "" },
      {
        method: "GET",
        path: "/orders/404",
        status: 404,
        durationMs: 0,
        endpoint: "orders.get",
        code: "NO_SUCH_ORDER",
        traceId: "",
      },
    );
  });
  test("a listener without a socket serves on anybody's server", async () => {
    const server = createServer(createHandler(host)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    assert.equal((await fetch(`http://127.0.0.1:${port}/orders/5`)).status, 200);
    server.close();
    server.closeAllConnections();
  });
});

describe("errors", () => {
  test("a declared error has its status and data", async () => {
    const { status, headers, body } = await get("/orders/404");
    assert.equal(status, 404);
    assert.equal(headers.get("content-type"), "application/problem+json");
    const { traceId, ...rest } = body ?? {};
    assert.match(String(traceId), /^[0-9a-f]{32}$/);
    assert.deepEqual(rest, {
      type: "urn:skein:error:NO_SUCH_ORDER",
      title: "There is no such order.",
      status: 404,
      code: "NO_SUCH_ORDER",
      outcome: "failed",
      retry: false,
      data: { id: 404 },
    });
  });
  test("bad input says where", async () => {
    const { status, body } = await get("/orders/x");
    assert.equal(status, 400);
    assert.deepEqual(
      (body?.data as { issues: Array<{ path: string }> } | undefined)?.issues.map((issue) => issue.path),
      ["$.id"],
    );
  });
  test("a bug leaks nothing outside development", async () => {
    for (const path of ["/boom", "/wrong"]) {
      const { status, text, body } = await get(path);
      assert.equal(status, 500);
      assert.doesNotMatch(text, /hunter2|postgres|issues|orders\./);
      assert.deepEqual(Object.keys(body ?? {}).toSorted(), [
        "code",
        "outcome",
        "retry",
        "status",
        "title",
        "traceId",
        "type",
      ]);
    }
  });
  test("in development a bug says what it was, and still no foreign message", async () => {
    await using developing = await createGateway(host, { port: 0, mode: "development" });
    const wrong = (await (await fetch(`${developing.url}/wrong`)).json()) as { detail: string };
    assert.match(wrong.detail, /orders\.wrong/);
    assert.doesNotMatch(await (await fetch(`${developing.url}/boom`)).text(), /hunter2/);
  });
  test("401 has one body and a challenge; 403 names no role", async () => {
    const secret = await get("/secret");
    assert.equal(secret.status, 401);
    assert.equal(secret.headers.get("www-authenticate"), "Bearer");
    assert.doesNotMatch(secret.text, /admin|principal .* role/);
    const denied = await get("/denied");
    assert.equal(denied.status, 403);
    assert.equal(denied.body?.detail, undefined);
  });
  test("idempotency keys", async () => {
    const body = '{"user":"a","items":[{"sku":"x","quantity":1}]}';
    const withKey = (key: string) => post("/orders", body, { ...json, "idempotency-key": key });
    assert.equal((await withKey("0123456789abcdef")).body?.key, "0123456789abcdef");
    for (const key of ["short", "a".repeat(256), "with space in the middle"]) {
      const refused = await withKey(key);
      assert.equal(refused.status, 400);
      assert.equal(refused.body?.code, "SKEIN_KEY_INVALID");
    }
    assert.equal((await get("/orders/5", { headers: { "idempotency-key": "x" } })).status, 200);
  });
});

describe("bodies", () => {
  const code = async (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = json) => {
    const answer = await post("/echo", body, headers);
    return `${answer.status} ${String(answer.body?.code ?? "")}`.trim();
  };
  test("types", async () => {
    assert.equal(await code("{}", { "content-type": "application/json; charset=UTF-8" }), "200");
    for (const type of [
      "text/plain",
      "application/json; charset=latin1",
      "application/x-www-form-urlencoded",
      "application/jsonp",
    ]) {
      assert.equal(await code("{}", { "content-type": type }), "415 SKEIN_HTTP_MEDIA_TYPE");
    }
    assert.equal(await code("{}", { ...json, "content-encoding": "zstd" }), "415 SKEIN_HTTP_MEDIA_TYPE");
    assert.equal(await code("{}", { ...json, "content-encoding": "gzip" }), "400 SKEIN_HTTP_BODY_INVALID");
  });
  test("what is no JSON, or hurts", async () => {
    const invalid = "400 SKEIN_HTTP_BODY_INVALID";
    for (const text of ["{", '{"a":1,}', '"a', "\ufeff{}", "nul", '{"a":"\\x"}', "[1] 2"])
      assert.equal(await code(text), invalid, text);
    assert.equal(await code(new Uint8Array([0x22, 0xff, 0x22])), invalid);
    assert.equal(await code("[".repeat(65) + "]".repeat(65)), invalid);
    assert.equal(await code("[".repeat(500_000)), invalid);
    assert.equal(await code(`{${Array.from({ length: 10_001 }, (_, i) => `"k${i}":1`).join(",")}}`), invalid);
    for (const key of ["__proto__", "constructor", "prototype", "\\u005f_proto__", "c\\u006fnstructor"]) {
      assert.equal(await code(`{"a":[{"${key}": {"x":1}}]}`), invalid, key);
    }
    assert.equal(({} as Record<string, unknown>).x, undefined);
  });
  test("what only looks like that passes", async () => {
    assert.equal(await code(`{${Array.from({ length: 9_000 }, (_, i) => `"k${i}":1`).join(",")}}`), "200");
    assert.equal(await code("[".repeat(60) + "]".repeat(60)), "200");
    assert.equal(await code(`["__proto__", "{[{[", "${"[".repeat(100)}", "a\\"b\\\\"]`), "200");
    const echoed = await post("/echo", '{"a":"__proto__","b":"\\u00e9\\ud83d\\ude00"}');
    assert.deepEqual(echoed.body, { a: "__proto__", b: "\u00e9\u{1f600}" });
  });
  test("100,000 keys do not block the loop", async () => {
    const body = `{${Array.from({ length: 80_000 }, (_, i) => `"k${i}":1`).join(",")}}`;
    const started = performance.now();
    assert.equal(await code(body), "400 SKEIN_HTTP_BODY_INVALID");
    assert.ok(performance.now() - started < 1_000);
  });
  test("a body over 1 MiB is refused before it is sent, and while it is", async () => {
    const declared = await raw(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1048577\r\n\r\n",
    );
    assert.equal(declared.status, 413);
    assert.equal(declared.headers.connection, "close");
    const chunk = `10000\r\n${" ".repeat(65536)}\r\n`;
    const streamed = await raw(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
      ...Array.from({ length: 40 }, () => chunk),
      "0\r\n\r\n",
    );
    assert.equal(streamed.status, 413);
    assert.equal(streamed.json().code, "SKEIN_HTTP_BODY_TOO_LARGE");
    assert.equal(await code(`"${"a".repeat(1_048_574)}"`), "200");
  });
  test("a client that asks first is told before it sends", async () => {
    const refused = await raw(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n",
    );
    assert.equal(refused.status, 413);
    const socket = await open(gateway.port);
    socket.write(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
    );
    const [first] = (await once(socket, "data")) as [Buffer];
    assert.match(first.toString(), /^HTTP\/1\.1 100 Continue/);
    socket.write("1");
    const [second] = (await once(socket, "data")) as [Buffer];
    assert.equal(toAnswer(second.toString()).status, 200);
  });
  test("a GET with a body is refused", async () => {
    const answer = await raw("GET /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
    assert.equal(answer.status, 400);
    assert.equal(answer.headers.connection, "close");
  });
});

describe("hostile requests", () => {
  const status = async (head: string) => (await raw(`${head}\r\nConnection: close\r\n\r\n`)).status;
  test("Host: exactly one, and in agreement with the target", async () => {
    assert.equal(await status("GET /orders/5 HTTP/1.1\r\nHost: a\r\nHost: b"), 400);
    assert.equal(await status("GET /orders/5 HTTP/1.1\r\nHost: a\r\nhOST: a"), 400);
    assert.equal(await status("GET /orders/5 HTTP/1.1\r\nX: y"), 400);
    assert.equal(await status("GET /orders/5 HTTP/1.1\r\nHost: a/b"), 400);
    assert.equal(await status("GET http://b/orders/5 HTTP/1.1\r\nHost: a"), 400);
    assert.equal(await status("GET http://a/orders/5 HTTP/1.1\r\nHost: a"), 200);
    assert.equal(await status("OPTIONS * HTTP/1.1\r\nHost: a"), 204);
  });
  test("paths that two readers could read differently", async () => {
    for (const path of [
      "/texts/a%2Fb",
      "/texts/a%5Cb",
      "/texts/%00",
      "/texts/%zz",
      "/texts/%",
      "/texts/%ff",
      "/texts/..",
      "/texts/%2e%2e",
      "/a/../orders/5",
      "/./orders/5",
      "/orders?a=%zz",
      "/orders?a=%00",
      "/orders?__proto__=1",
    ]) {
      assert.equal(await status(`GET ${path} HTTP/1.1\r\nHost: a`), 400, path);
    }
    assert.equal(await status("GET /texts/%252e%252e HTTP/1.1\r\nHost: a"), 200);
  });
  test("limits of the head", async () => {
    assert.equal(await status(`GET /orders?user=${"a".repeat(9_000)} HTTP/1.1\r\nHost: a`), 414);
    assert.equal(await status(`GET /orders/5 HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(17_000)}`), 431);
    assert.equal(
      await status(
        `GET /orders/5 HTTP/1.1\r\nHost: a\r\n${Array.from({ length: 120 }, (_, i) => `x${i}: y`).join("\r\n")}`,
      ),
      431,
    );
    assert.equal(
      await status(`GET /orders?${Array.from({ length: 101 }, (_, i) => `a${i}=1`).join("&")} HTTP/1.1\r\nHost: a`),
      400,
    );
  });
  test("refusals of the head are problems with their own codes", async () => {
    const code = async (head: string) => (await raw(`${head}\r\nConnection: close\r\n\r\n`)).json().code;
    assert.equal(await code(`GET /orders?user=${"a".repeat(9_000)} HTTP/1.1\r\nHost: a`), "SKEIN_HTTP_TARGET");
    assert.equal(await code(`GET /orders/5 HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(17_000)}`), "SKEIN_HTTP_HEADERS");
  });
  test("a request that the parser gave up waiting for is told so, and its connection closed", async () => {
    const settings = { ...toSettings({}, "s"), log };
    const server = createNetServer((socket) => {
      answerBrokenRequest(Object.assign(new Error(), { code: "ERR_HTTP_REQUEST_TIMEOUT" }), socket, false, settings);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const answer = await sendRaw((server.address() as AddressInfo).port);
    assert.equal(answer.status, 408);
    assert.equal(answer.json().code, "SKEIN_HTTP_TIMEOUT");
    server.close();
  });
  test("bytes that are no request, and framing in two ways", async () => {
    for (const bytes of [
      "\x16\x03\x01\x02\x00",
      "GET\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ]) {
      const answer = await raw(bytes);
      assert.equal(answer.status, 400, JSON.stringify(bytes));
      assert.equal(answer.json().code, "SKEIN_HTTP_BAD_REQUEST");
    }
  });
  test("after all that it still answers", async () => {
    assert.equal((await get("/orders/5")).status, 200);
    assert.equal(gateway.inFlight, 0);
  });
});

describe("streams", () => {
  test("one item per line", async () => {
    const { headers, text } = await get("/watch?count=3");
    assert.equal(headers.get("content-type"), "application/x-ndjson");
    assert.equal(text, '{"n":0}\n{"n":1}\n{"n":2}\n');
  });
  test("server-sent events, resumed after the last id", async () => {
    const { headers, text } = await get("/watch?count=3", {
      headers: { accept: "text/event-stream", "last-event-id": "0" },
    });
    assert.equal(headers.get("content-type"), "text/event-stream");
    assert.equal(text, 'retry: 1000\n\nid: 1\ndata: {"n":1}\n\nid: 2\ndata: {"n":2}\n\nevent: end\ndata: {}\n\n');
  });
  test("an error before the first item has its own status, a later one breaks the stream off", async () => {
    assert.equal((await get("/watch?count=x")).status, 400);
    await assert.rejects(get("/watch?count=1&fail=true"));
    const events = await get("/watch?count=1&fail=true", { headers: { accept: "text/event-stream" } });
    assert.match(events.text, /event: error\ndata: \{.*SKEIN_CALL_FAILED/);
    assert.doesNotMatch(events.text, /private reason/);
  });
  test("a reader that stops reading stops the handler", async () => {
    signals.itemsMade = 0;
    const socket = await open(gateway.port);
    socket.write("GET /watch?count=100000000 HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(socket, "data");
    socket.pause();
    // Made items stop growing once the buffers between here and there are full.
    let before = -1;
    for (let turns = 0; turns < 400 && before !== signals.itemsMade; turns++) {
      before = signals.itemsMade;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(signals.itemsMade, before);
    assert.ok(before < 5_000_000, `${before} items made ahead of a reader that reads none`);
    socket.destroy();
    while (gateway.inFlight > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(signals.aborted.includes("watch"));
  });
});

describe("life", () => {
  test("a client that leaves aborts the handler", async () => {
    const started = signals.whenStarted("hang");
    const aborted = signals.whenStarted("aborted");
    const socket = await open(gateway.port);
    socket.write("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
    await started;
    socket.destroy();
    await aborted;
    assert.deepEqual(
      signals.aborted.filter((name) => name === "hang"),
      ["hang"],
    );
    while (gateway.inFlight > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(lines.findLast((line) => line.path === "/hang")?.status, 499);
  });
  test("one connection serves many requests", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    for (let i = 0; i < 20; i++) {
      const request = httpRequest(`${gateway.url}/${i % 2 === 0 ? "orders/5" : "nope"}`, { agent });
      request.end();
      const [response] = (await once(request, "response")) as [import("node:http").IncomingMessage];
      ports.add(response.socket.localPort);
      response.resume();
      await once(response, "end");
    }
    agent.destroy();
    assert.equal(ports.size, 1);
  });
  test("health", async () => {
    assert.deepEqual((await get("/health/live")).body, { status: "live" });
    assert.deepEqual((await get("/health/ready")).body, { status: "ready" });
  });
  test("ready says no while the host cannot serve, asked at most once per 500 ms", async () => {
    let asked = 0;
    const unwell = new Proxy(host, {
      get(target, name) {
        if (name === "ready") return () => (asked++, Promise.reject(new Error("no database")));
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    await using sick = await createGateway(unwell, { port: 0 });
    const answers = await Promise.all(Array.from({ length: 50 }, () => fetch(`${sick.url}/health/ready`)));
    assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([503]));
    assert.equal(answers[0]?.headers.get("retry-after"), "1");
    assert.doesNotMatch((await Promise.all(answers.map((answer) => answer.text()))).join(""), /database/);
    assert.equal(asked, 1);
    assert.equal((await fetch(`${sick.url}/health/live`)).status, 200);
  });
  test("a taken port names the process that has it", async () => {
    await assert.rejects(
      createGateway(host, { port: gateway.port }),
      (error: Error & { code: string; data?: { pid?: number } }) => {
        assert.equal(error.code, "SKEIN_PORT_TAKEN");
        if (process.platform === "linux") {
          assert.equal(error.data?.pid, process.pid);
          assert.match(error.message, new RegExp(`process ${process.pid} \\(`));
        }
        return true;
      },
    );
  });
  test("a drain under load fails no request", async () => {
    const draining = await createGateway(host, { port: 0 });
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    let done = 0;
    let failed = 0;
    let refused = 0;
    const client = async () => {
      while (failed === 0) {
        const code = await new Promise<number | string>((resolve) => {
          const request = httpRequest(`${draining.url}/orders/5`, { agent }, (response) => {
            response.resume();
            response.on("end", () => resolve(response.statusCode ?? 0));
            response.on("error", () => resolve("broken"));
          });
          request.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
          request.end();
        });
        if (code === 200) done++;
        // A new connection to a closed port is refused before anything is sent: that is what stopping to accept means.
        else if (code === "ECONNREFUSED") return void refused++;
        else failed++;
      }
    };
    const clients = Array.from({ length: 20 }, client);
    while (done < 500) await new Promise((resolve) => setImmediate(resolve));
    await draining.close();
    // Each of them goes on until nobody listens any more.
    await Promise.all(clients);
    agent.destroy();
    assert.deepEqual([failed, refused], [0, clients.length]);
    assert.ok(done >= 500);
  });
  test("a drain waits for what is in flight, says so, and is safe twice", async () => {
    const draining = await createGateway(host, { port: 0 });
    const started = signals.whenStarted("slow");
    const slow = fetch(`${draining.url}/slow`);
    await started;
    const idle = await open(draining.port);
    const closing = Promise.all([draining.close(), draining.close()]);
    await once(idle, "close");
    assert.equal(draining.inFlight, 1);
    signals.release();
    const answer = await slow;
    assert.equal(await answer.text(), '"done"');
    assert.equal(answer.headers.get("connection"), "close");
    await closing;
  });
});
