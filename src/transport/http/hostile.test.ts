/** Owns what strangers, browsers and broken programs get from a host's HTTP. It must never reach a method with any of it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { createInternalTokens } from "../../call/index.ts";
import { Secret } from "../../core/index.ts";
import { listenEcho, scoresToken, token, tokens } from "./fixtures/setup.ts";

let echo: Awaited<ReturnType<typeof listenEcho>>;

before(async () => {
  echo = await listenEcho();
});

after(() => echo.listener.close(0));

interface Given {
  readonly line?: string;
  /** `undefined` leaves the usual one out; a list says it more than once. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: string | Buffer;
  /** Sent instead of a length: chunks. */
  readonly chunks?: readonly (string | Buffer)[];
}

/** What comes back until the connection closes; one connection for each request. */
async function send({ line = "POST /orders/echo HTTP/1.1", headers = {}, body = "", chunks }: Given) {
  const socket = connect(echo.port, "127.0.0.1");
  socket.on("error", () => undefined);
  const all: Record<string, string | readonly string[] | undefined> = {
    host: `127.0.0.1:${echo.port}`,
    authorization: `Bearer ${token.reveal()}`,
    "content-type": "application/json",
    connection: "close",
    ...(chunks === undefined
      ? { "content-length": String(Buffer.byteLength(body)) }
      : { "transfer-encoding": "chunked" }),
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : (typeof value === "string" ? [value] : value).map((one) => `${name}: ${one}`),
  );
  const received: Buffer[] = [];
  socket.on("data", (data: Buffer) => received.push(data));
  socket.write(`${line}\r\n${lines.join("\r\n")}\r\n\r\n`);
  if (chunks === undefined) socket.write(body);
  else {
    for (const chunk of chunks) {
      socket.write(`${Buffer.byteLength(chunk).toString(16)}\r\n`);
      socket.write(chunk);
      socket.write("\r\n");
    }
    socket.write("0\r\n\r\n");
  }
  await once(socket, "close");
  const text = Buffer.concat(received).toString("utf8");
  const [head = "", rest = ""] = text.split("\r\n\r\n", 2);
  const json = rest.startsWith("{") ? (JSON.parse(rest) as { code?: string; detail?: string }) : {};
  return { status: Number(head.split(" ", 2)[1] ?? 0), head, code: json.code, rest };
}

async function refused(given: Given, status: number, code: string | undefined): Promise<void> {
  const answer = await send(given);
  assert.deepEqual([answer.status, answer.code], [status, code], JSON.stringify(given).slice(0, 200) + answer.head);
  assert.equal(echo.calls.length, 0, "it reached the method");
}

test("who shows no token, or another one, learns nothing", async () => {
  const bodies = new Set<string>();
  for (const authorization of [
    undefined,
    "",
    "Bearer",
    "Bearer x",
    `Basic ${token.reveal()}`,
    `Bearer ${token.reveal()}x`,
  ])
    for (const line of ["POST /orders/echo HTTP/1.1", "POST /none/none HTTP/1.1", "GET / HTTP/1.1"]) {
      const given = { line, headers: { authorization } };
      await refused(given, 401, "SKEIN_TRANSPORT_DENIED");
      bodies.add((await send(given)).rest.replace(/"traceId":"[0-9a-f]*"/, ""));
    }
  assert.equal(bodies.size, 1);
});

test("a browser is refused, whatever it shows", async () => {
  for (const host of ["evil.example", "evil.example:80", `127.0.0.1.evil.example:${echo.port}`, "127.0.0.1:1"])
    await refused({ headers: { host } }, 403, "SKEIN_TRANSPORT_DENIED");
  await refused({ headers: { origin: "http://127.0.0.1" } }, 403, "SKEIN_TRANSPORT_DENIED");
  await refused({ headers: { origin: "null" } }, 403, "SKEIN_TRANSPORT_DENIED");
  await refused({ headers: { "sec-fetch-site": "same-origin" } }, 403, "SKEIN_TRANSPORT_DENIED");
  const preflight = await send({ line: "OPTIONS /orders/echo HTTP/1.1", headers: { authorization: undefined } });
  assert.equal(preflight.status, 401);
  assert.doesNotMatch(preflight.head, /access-control/i);
});

test("only a method's own path, by POST", async () => {
  for (const target of [
    "/orders/none",
    "/none/echo",
    "/",
    "/orders",
    "/orders/echo/",
    "//orders/echo",
    "/orders/echo?x=1",
    "/orders/../orders/echo",
    "/orders%2fecho",
    "/orders/constructor",
    "/__proto__/toString",
    "*",
    `http://127.0.0.1:${echo.port}/orders/echo`,
  ])
    await refused({ line: `POST ${target} HTTP/1.1` }, 404, "SKEIN_CALL_NO_ROUTE");
  const upgrade = { connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
  const key = { "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" };
  const opening = { line: "GET /orders/echo HTTP/1.1", headers: { ...upgrade, ...key, connection: "upgrade, close" } };
  await refused(opening, 405, "SKEIN_HTTP_METHOD");
  for (const verb of ["GET", "PUT", "DELETE", "OPTIONS"])
    await refused({ line: `${verb} /orders/echo HTTP/1.1` }, 405, "SKEIN_HTTP_METHOD");
});

test("bodies of another type, too large, too deep, with too many or wrong keys", async () => {
  const body = "{}";
  for (const type of [undefined, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"])
    await refused({ headers: { "content-type": type }, body }, 415, "SKEIN_HTTP_MEDIA_TYPE");
  await refused({ headers: { "content-encoding": "gzip" }, body }, 415, "SKEIN_HTTP_MEDIA_TYPE");
  await refused({ headers: { "content-length": "4194305" } }, 413, "SKEIN_HTTP_BODY_TOO_LARGE");
  const mebibyte = Buffer.alloc(1_048_576, " ");
  await refused({ chunks: [mebibyte, mebibyte, mebibyte, mebibyte, "1"] }, 413, "SKEIN_HTTP_BODY_TOO_LARGE");
  const keys = `{${Array.from({ length: 50_001 }, (_, i) => `"k${i}":1`).join(",")}}`;
  for (const broken of ["{", "nul", '{"a":1e999}', `${"[".repeat(65)}${"]".repeat(65)}`, "[".repeat(1_000_000), keys])
    await refused({ body: broken }, 400, "SKEIN_HTTP_BODY_INVALID");
  await refused({ body: Buffer.from([0x22, 0xff, 0x22]) }, 400, "SKEIN_HTTP_BODY_INVALID");
  for (const key of ["__proto__", "constructor", "prototype", "\\u005f_proto__"])
    await refused({ body: `{"a":{"${key}":{"polluted":true}}}` }, 400, "SKEIN_HTTP_BODY_INVALID");
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test("who asks before sending too much is told no before it does", async () => {
  const answer = await send({ headers: { expect: "100-continue", "content-length": "4194305" } });
  assert.equal(answer.status, 413);
  assert.doesNotMatch(answer.head, /100 Continue/i);
});

test("what two readers could take for two requests, or for different ones", async () => {
  const chunked = { "transfer-encoding": "chunked" };
  for (const headers of [
    { host: [`127.0.0.1:${echo.port}`, "evil.example"] },
    { authorization: [`Bearer ${token.reveal()}`, "Bearer x"] },
    { "content-type": ["application/json", "text/plain"] },
    { "skein-caller": ["page", "scores"] },
    { ...chunked, "transfer-encoding": "gzip, chunked" },
  ])
    await refused({ headers: { "content-length": undefined, ...headers }, body: "" }, 400, "SKEIN_HTTP_BAD_REQUEST");
  // These the parser gives up, and closes.
  for (const headers of [
    { ...chunked, "content-length": "2" },
    { "content-length": ["2", "3"] },
    { "content-length": "+2" },
    { "transfer-encoding": "chunked, identity" },
    { "bad name": "x" },
    { "x-a": "b\r\n folded: c" },
  ])
    await refused({ headers, body: "{}" }, 400, undefined);
  await refused({ line: "POST /orders/echo HTTP/1.0" }, 400, "SKEIN_HTTP_BAD_REQUEST");
  await refused({ headers: { "x-big": "x".repeat(40_000) } }, 431, undefined);
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`x-${i}`, "1"]));
  await refused({ headers: many }, 431, "SKEIN_HTTP_HEADERS");
});

test("a head that is malformed, a principal that no host has signed, another service's name", async () => {
  for (const headers of [
    { "skein-timeout-ms": "-1" },
    { "skein-timeout-ms": "1e9" },
    { "skein-path": "a b" },
    { "skein-path": Array.from({ length: 65 }, () => "a.b").join(",") },
    { "skein-caller": "a\tb" },
    { "skein-extra": "bm90IGpzb24" },
  ])
    await refused({ headers }, 400, "SKEIN_HTTP_BAD_REQUEST");
  const ann = { subject: "ann", roles: ["admin"] };
  const later = Date.now() + 60_000;
  const others = createInternalTokens("shop", new Secret(new Uint8Array(32).fill(8)));
  for (const principal of [
    "x",
    others.sign(ann, later),
    tokens.sign(ann, Date.now() - 1),
    `${tokens.sign(ann, later)}x`,
  ])
    await refused({ headers: { "skein-principal": principal } }, 401, "SKEIN_ACCESS_UNAUTHENTICATED");
  const authorization = `Bearer ${scoresToken.reveal()}`;
  await refused({ headers: { authorization, "skein-caller": "page" } }, 403, "SKEIN_TRANSPORT_DENIED");
});

test("after all that a right request is answered, and a service's token is its name", async () => {
  assert.equal((await send({ body: '{"a":[1]}' })).rest, '{"a":[1]}');
  assert.equal((await send({ chunks: ['{"a"', ":2}"] })).rest, '{"a":2}');
  assert.equal((await send({ headers: { authorization: `Bearer ${scoresToken.reveal()}` } })).status, 204);
  assert.deepEqual(
    echo.calls.map(({ head, input }) => [head.caller, input]),
    [
      [undefined, { a: [1] }],
      [undefined, { a: 2 }],
      ["scores", undefined],
    ],
  );
});
