/** Mounted applications on a real port: paths, access, headers, limits, failures, drain, measurements. No framework. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after, before, describe, test } from "node:test";
import * as z from "zod";
import { contract, query } from "../contract/index.ts";
import { createHost, type Host } from "../host/index.ts";
import { define, mount, role, service, system } from "../system/index.ts";
import { principalOf, session } from "./authenticate/index.ts";
import { Exchange } from "./exchange.ts";
import { open, sendRaw } from "./fixtures/client.ts";
import { createGateway, type Gateway, type RequestLine } from "./index.ts";

type Located = IncomingMessage & { readonly baseUrl?: string; readonly originalUrl?: string };
type Answer = (request: Located, response: ServerResponse, next?: (error?: unknown) => void) => unknown;

const Users = contract("users", {
  get: query({ input: z.object({ id: z.string() }), output: z.string(), http: "GET /old/users/:id" }),
});
const users = service(Users, { policy: { get: { access: "public" } } }).implement({ get: ({ id }) => `new ${id}` });

/** What the applications do, by path; each test adds its own. */
const answers = new Map<string, Answer>();
const listener: Answer = (request, response, next) => {
  const answer = answers.get((request.url ?? "").split("?")[0] ?? "");
  if (answer !== undefined) return answer(request, response, next);
  response.setHeader("content-type", "application/json");
  return response.end(JSON.stringify(seen(request)));
};
const middleware: Answer = (request, response, next) => listener(request, response, next);
const seen = (request: Located) => ({
  url: request.url,
  baseUrl: request.baseUrl,
  originalUrl: request.originalUrl,
  headers: request.headers,
  raw: request.rawHeaders,
  principal: principalOf(request),
});

const Who = z.object({ subject: z.string(), roles: z.array(z.string()) });
const sessions = session({
  cookie: "sid",
  lookup: (id: string) =>
    Promise.resolve(id.startsWith("user") ? { subject: id, roles: id === "user-admin" ? ["admin"] : [] } : undefined),
});
const fetched = { fetch: (request: Request) => answerFetch(request) };
let answerFetch: (request: Request) => Response | Promise<Response> = () => new Response("fetched");

const shop = define({ principal: Who, authenticate: [sessions] }).system("shop", {
  services: [
    users,
    mount("/old", (request: Located, response: ServerResponse) => listener(request, response), {
      access: "public",
      timeout: 300,
      moved: ["GET /old/users/:id"],
    }),
    mount("/admin", (request: Located, response: ServerResponse) => listener(request, response), {
      access: role("admin"),
      prefix: "keep",
    }),
    mount(
      "/next",
      (request: Located, response: ServerResponse, next: () => void) => middleware(request, response, next),
      { access: "public" },
    ),
    mount("/fetch", () => Promise.resolve({ default: fetched }), {
      access: "public",
      timeout: 300,
      limits: { body: "2KiB" },
    }),
  ],
});

let host: Host;
let gateway: Gateway;
const lines: RequestLine[] = [];
const logged: string[] = [];
const note = (message: string) => logged.push(message);
const log = { debug() {}, info: note, warn: note, error: note };

before(async () => {
  host = await createHost(shop, { log });
  gateway = await createGateway(host, { port: 0, log, onRequest: (line) => lines.push(line) });
});
after(async () => {
  await gateway.close();
  await host.close();
});

async function get(path: string, init: RequestInit = {}) {
  const response = await fetch(gateway.url + path, { redirect: "manual", ...init });
  const text = await response.text();
  const isJson = (response.headers.get("content-type") ?? "").endsWith("json");
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? (JSON.parse(text) as Record<string, unknown>) : undefined,
  };
}
const outcomes = (endpoint: string) => host.recorder.endpoints().find((one) => one.endpoint === endpoint)?.outcomes;
const settled = async () => {
  while (gateway.inFlight > 0) await new Promise((resolve) => setImmediate(resolve));
};

describe("paths", () => {
  test("the prefix is taken off as below app.use, and every other path is nobody's", async () => {
    for (const [path, url] of [
      ["/old/a/b?x=1", "/a/b?x=1"],
      ["/old", "/"],
      ["/old?x", "/?x"],
      ["/old/", "/"],
      ["/old//%40me/%C3%A9", "//%40me/%C3%A9"],
    ] as const) {
      const { body } = await get(path);
      assert.deepEqual([body?.url, body?.baseUrl, body?.originalUrl], [url, "/old", path]);
    }
    for (const path of ["/older", "/OLD", "/%6Fld/x", "/x/old"]) assert.equal((await get(path)).status, 404, path);
    for (const path of ["/old/%2e%2e/x", "/old/a%2Fb", "/old/%00", "/old/%zz"])
      assert.equal((await sendRaw(gateway.port, `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)).status, 400, path);
    assert.deepEqual(lines.find(({ path }) => path === "/old/a/b")?.endpoint, "old.*");
  });

  test("a route that has moved is the contract's, with its verb alone", async () => {
    assert.equal((await get("/old/users/7")).text, '"new 7"');
    assert.equal((await get("/old/users/7", { method: "DELETE" })).body?.url, "/users/7");
  });

  test("what meets a contract or the gateway itself does not start", async () => {
    const app = (_request: unknown, _response: unknown) => undefined;
    const open = { access: "public" } as const;
    for (const mounts of [
      [mount("/old", app, open)],
      [mount("/docs", app, open)],
      [mount("/health", app, open)],
      [mount("/a", app, open), mount("/a", app, { ...open, name: "b" })],
      [mount("/a", app, { ...open, moved: ["GET /a/b"] })],
    ]) {
      const other = await createHost(system("other", { services: [users, ...mounts] }));
      await assert.rejects(createGateway(other, { port: 0 }), { code: "SKEIN_SYSTEM_INVALID" });
      await other.close();
    }
    await assert.rejects(
      createHost(system("other", { services: [users, mount("/x", app, { ...open, name: "users" })] })),
      { code: "SKEIN_SYSTEM_INVALID" },
    );
  });
});

describe("who, and what is said of it", () => {
  test("a role is asked for before the application sees anything", async () => {
    const kept = await get("/admin/x?y", { headers: { cookie: "sid=user-admin" } });
    assert.deepEqual([kept.body?.url, kept.body?.baseUrl, kept.body?.originalUrl], ["/admin/x?y", "", "/admin/x?y"]);
    assert.deepEqual(kept.body?.principal, { subject: "user-admin", roles: ["admin"] });
    assert.equal((await get("/admin/x")).body?.code, "SKEIN_ACCESS_UNAUTHENTICATED");
    assert.equal((await get("/admin/x", { headers: { cookie: "sid=nobody" } })).status, 401);
    assert.equal((await get("/admin/x", { headers: { cookie: "sid=user-1" } })).body?.code, "SKEIN_ACCESS_DENIED");
    await settled();
    assert.deepEqual(outcomes("admin.*"), { ok: 1, SKEIN_ACCESS_UNAUTHENTICATED: 1, SKEIN_ACCESS_DENIED: 1 });
  });

  test("where anyone may come, a credential that is not the system's is the application's own", async () => {
    const own = await get("/old/x", { headers: { authorization: "Bearer its-own", cookie: "sid=theirs; other=1" } });
    assert.equal(own.status, 200);
    assert.equal(own.body?.principal, undefined);
    assert.equal((own.body?.headers as Record<string, string> | undefined)?.authorization, "Bearer its-own");
    assert.deepEqual((await get("/old/x", { headers: { cookie: "sid=user-1" } })).body?.principal, {
      subject: "user-1",
      roles: [],
    });
    answerFetch = (request) => Response.json(principalOf(request) ?? null);
    assert.deepEqual((await get("/fetch/x", { headers: { cookie: "sid=user-1" } })).body, {
      subject: "user-1",
      roles: [],
    });
    assert.equal(principalOf({ req: { raw: {} } }), undefined);
  });

  test("what a client may not say of itself is gone, what the gateway knows is there", async () => {
    const trace = "0af7651916cd43dd8448eb211c80319c";
    const lying = {
      "x-forwarded-for": "1.2.3.4",
      "x-forwarded-host": "evil",
      forwarded: "for=1.2.3.4",
      "x-real-ip": "1.2.3.4",
      "x-user-id": "1",
      "x-skein-principal": "{}",
      "remote-user": "root",
      "x-original-url": "/admin",
      "x-request-id": "mine",
      te: "trailers",
      "x-mine": "kept",
      traceparent: `00-${trace}-b7ad6b7169203331-00`,
    };
    const { body, headers } = await get("/old/x", { headers: lying });
    const found = body?.headers as Record<string, string>;
    for (const name of Object.keys(lying).slice(0, 8)) assert.equal(found[name], undefined, name);
    assert.equal(found.te, undefined);
    assert.equal(found["x-mine"], "kept");
    assert.equal(found["x-request-id"], trace);
    assert.equal(headers.get("x-request-id"), trace);
    assert.match(found.traceparent ?? "", new RegExp(`^00-${trace}-(?!b7ad6b7169203331)[0-9a-f]{16}-00$`));
    assert.equal(found["x-forwarded-prefix"], "/old");
    const raw = body?.raw as string[];
    assert.ok(!raw.some((text) => /1\.2\.3\.4|evil|^\{\}$|mine/.test(text) && text !== "x-mine"));
    const named = await sendRaw(
      gateway.port,
      "GET /old/x HTTP/1.1\r\nHost: x\r\nConnection: close, X-Gone, Cookie\r\nX-Gone: 1\r\nCookie: a=1\r\n\r\n",
    );
    assert.deepEqual([named.body.includes("x-gone"), named.body.includes('"cookie":"a=1"')], [false, true]);
  });
});

describe("limits", () => {
  test("a body beyond the limit is refused, announced or not, and the application gets neither more nor an end", async () => {
    const got = Promise.withResolvers<string>();
    let bytes = 0;
    answers.set("/upload", (request, response) => {
      request.on("data", (chunk: Buffer) => (bytes += chunk.length));
      request.on("end", () => (got.resolve("end"), response.end("whole")));
      request.on("aborted", () => got.resolve("aborted"));
    });
    const announced = await sendRaw(
      gateway.port,
      "POST /old/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n",
    );
    assert.equal(announced.status, 413);
    const piece = Buffer.alloc(65_536, 97);
    const chunks = Array.from({ length: 40 }, () =>
      Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]),
    );
    const counted = await sendRaw(
      gateway.port,
      "POST /old/upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
      ...chunks,
      "0\r\n\r\n",
    );
    assert.equal(counted.status, 413);
    assert.equal(counted.json().code, "SKEIN_HTTP_BODY_TOO_LARGE");
    assert.equal(counted.json().outcome, "unknown");
    assert.equal(await got.promise, "aborted");
    assert.ok(bytes <= 1_048_576, `${bytes} bytes`);
    const whole = await get("/old/upload", { method: "POST", body: Buffer.alloc(1_048_576) });
    assert.equal(whole.text, "whole");
  });

  test("an application that never answers is answered for, and what it says later is nobody's", async () => {
    const late = Promise.withResolvers<void>();
    answers.set("/never", (_request, response) => {
      response.setHeader("set-cookie", "half=done");
      setTimeout(() => {
        response.setHeader("x", "1");
        response.statusCode = 200;
        response.writeHead(200, { a: "b" });
        response.write("late");
        response.end("later", () => late.resolve());
      }, 400);
    });
    const { status, body, headers } = await get("/old/never");
    assert.deepEqual([status, body?.code, headers.get("set-cookie")], [504, "SKEIN_CALL_DEADLINE", null]);
    await late.promise;
    await settled();
    assert.equal(outcomes("old.*")?.SKEIN_CALL_DEADLINE, 1);
  });

  test("one that stops in the middle is cut off; one that goes on is not", async () => {
    answers.set("/stall", (_request, response) => void response.write("begun"));
    const stalled = await sendRaw(gateway.port, "GET /old/stall HTTP/1.1\r\nHost: x\r\n\r\n");
    assert.equal(stalled.status, 200);
    assert.ok(stalled.body.includes("begun") && !stalled.body.endsWith("0\r\n\r\n"));
    answers.set("/slowly", (_request, response) => {
      let count = 0;
      const timer = setInterval(() => {
        response.write("x");
        if (++count < 12) return;
        clearInterval(timer);
        response.end();
      }, 60);
    });
    assert.equal((await get("/old/slowly")).text, "x".repeat(12));
  });

  test("a WebSocket is refused in words", async () => {
    const answer = await sendRaw(
      gateway.port,
      "GET /old/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    assert.equal(answer.status, 400);
    assert.equal(answer.json().code, "SKEIN_MOUNT_UPGRADE");
  });
});

describe("failures", () => {
  test("what an application throws, rejects or passes on is 500 without its words", async () => {
    const boom = new Error("secret words");
    answers.set("/throw", () => {
      throw boom;
    });
    answers.set("/reject", () => Promise.reject(boom));
    answers.set("/pass", (_request, _response, next) => next?.(boom));
    answers.set("/none", (_request, _response, next) => next?.());
    for (const path of ["/old/throw", "/old/reject", "/next/pass", "/next/throw"]) {
      const { status, body, text } = await get(path);
      assert.deepEqual([path, status, body?.code], [path, 500, "SKEIN_MOUNT_FAILED"]);
      assert.ok(!text.includes("secret"));
    }
    assert.equal((await get("/next/none")).body?.code, "SKEIN_HTTP_NOT_FOUND");
    answerFetch = () => Promise.reject(boom);
    assert.equal((await get("/fetch/x")).body?.code, "SKEIN_MOUNT_FAILED");
    answerFetch = () => Response.error();
    assert.equal((await get("/fetch/x")).status, 500);
    assert.ok(logged.includes("a mounted application failed"));
  });

  test("a failure in the middle of an answer breaks it off", async () => {
    answers.set("/half", async (_request, response) => {
      response.write("half");
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error("then");
    });
    const half = await sendRaw(gateway.port, "GET /old/half HTTP/1.1\r\nHost: x\r\n\r\n");
    assert.ok(half.body.includes("half") && !half.body.endsWith("0\r\n\r\n"));
    answers.set("/after", (_request, response) => {
      response.end("done");
      response.write("after the end");
    });
    assert.equal((await get("/old/after")).text, "done");
  });

  test("what is no application does not start, and says what it is", async () => {
    const open = { access: "public" } as const;
    for (const [app, why] of [
      [{ a: 1 }, /an object with a/],
      [() => undefined, /no default export/],
      [(_one: unknown) => undefined, /1 parameters/],
    ] as const)
      await assert.rejects(
        createHost(system("x", { services: [mount("/x", app, open)] })),
        (error: Error & { code: string }) => error.code === "SKEIN_MOUNT_UNKNOWN" && why.test(error.message),
      );
    const broken = mount("/x", () => Promise.reject(new Error("no such file")), open);
    await assert.rejects(createHost(system("x", { services: [broken] })), { code: "SKEIN_SYSTEM_LOAD" });
    const unready = { ready: () => Promise.reject(new Error("no database")), routing: listener };
    await assert.rejects(
      createHost(system("x", { services: [mount("/x", unready, open)] })),
      /did not start: no database/,
    );
  });

  test("an engine that is not Node's says so", () => {
    assert.throws(() => Exchange.prototype.handOver.call({} as Exchange, {} as never), { code: "SKEIN_MOUNT_ENGINE" });
  });
});

describe("fetch applications", () => {
  test("method, path, headers, cookies and bodies go both ways in pieces", async () => {
    answerFetch = async (request) => {
      const headers = new Headers({ "x-path": new URL(request.url).pathname, "x-method": request.method });
      headers.append("set-cookie", "a=1");
      headers.append("set-cookie", "b=2");
      return new Response(request.body, { status: 201, headers });
    };
    const { status, headers, text } = await get("/fetch/a/b?c", { method: "PUT", body: "héllo" });
    assert.deepEqual([status, headers.get("x-path"), headers.get("x-method"), text], [201, "/a/b", "PUT", "héllo"]);
    assert.deepEqual(headers.getSetCookie(), ["a=1", "b=2"]);
    assert.equal((await get("/fetch/x", { method: "POST", body: Buffer.alloc(2_049) })).status, 413);
    answerFetch = () => new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(10)) }));
    assert.equal((await get("/fetch/x", { method: "HEAD" })).text, "");
  });

  test("a client that reads slowly slows the application down, one that leaves ends it", async () => {
    let made = 0;
    const ended = Promise.withResolvers<void>();
    const signalled = Promise.withResolvers<void>();
    answerFetch = (request) => {
      request.signal.addEventListener("abort", () => signalled.resolve());
      return new Response(
        new ReadableStream({
          pull(controller) {
            made += 65_536;
            controller.enqueue(new Uint8Array(65_536));
          },
          cancel: () => ended.resolve(),
        }),
      );
    };
    const socket = await open(gateway.port);
    socket.pause();
    socket.write("GET /fetch/x HTTP/1.1\r\nHost: x\r\n\r\n");
    let last = -1;
    while (last !== made || made === 0) {
      last = made;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(made < 32 * 1_048_576, `${made} bytes for a client that reads nothing`);
    socket.destroy();
    await Promise.all([ended.promise, signalled.promise]);
    await settled();
    assert.ok((outcomes("fetch.*")?.SKEIN_CALL_CANCELED ?? 0) >= 1);
  });

  test("what is no request of the web is its client's mistake", async () => {
    answerFetch = () => new Response("asked");
    const ask = async (line: string, hostname: string) =>
      (await sendRaw(gateway.port, `${line} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`)).status;
    assert.equal(await ask("TRACE /fetch/x", "x"), 405);
    for (const hostname of ["x:99999", "a:b:c", ":80", "[", "[::"])
      assert.equal(await ask("GET /fetch/x", hostname), 400, hostname);
    assert.equal(await ask("GET /fetch//x", "[::1]:80"), 200);
    assert.equal(await ask("PURGE /fetch/x", "x"), 200);
  });

  test("a body that the application does not want costs it nothing", async () => {
    answerFetch = async (request) => {
      await request.body?.cancel();
      return new Response("no, thanks");
    };
    assert.equal((await get("/fetch/x", { method: "POST", body: "x".repeat(2_000) })).text, "no, thanks");
  });
});

test("a drain waits for what an application still answers, and closes its connection", async () => {
  const other = await createGateway(host, { port: 0 });
  const asked = Promise.withResolvers<ServerResponse>();
  answers.set("/long", (_request, response) => asked.resolve(response));
  const socket = await open(other.port);
  socket.write("GET /old/long HTTP/1.1\r\nHost: x\r\n\r\n");
  const response = await asked.promise;
  assert.equal(other.inFlight, 1);
  const closed = other.close();
  const ended = once(socket, "close");
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  response.end("at last");
  await Promise.all([ended, closed]);
  assert.ok(text.includes("at last") && /connection: close/i.test(text), text);
});
