/** Authentication over a real socket: what travels into the call, what a refusal looks like, what does not start. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import * as z from "zod";
import { systemClock } from "../../core/index.ts";
import { action, command, contract, query } from "../../contract/index.ts";
import { isSkeinError } from "../../errors/index.ts";
import { createHost } from "../../host/index.ts";
import { type Authenticator, define, type Mode, role } from "../../system/index.ts";
import { sendRaw } from "../fixtures/client.ts";
import { createGateway, createHandler } from "../index.ts";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { basicForDev } from "./basic-for-dev.ts";
import { Who } from "./fixtures/gate.ts";
import { audience, badTokens, createIssuer, ed, issuer } from "./fixtures/tokens.ts";
import { jwt } from "./jwt.ts";
import { session } from "./session.ts";

const by = createIssuer();
const tokens = jwt({ issuer, audience, keys: { set: by.set } });
// Wall time stands still: a token that is refused for the next second only stays so.
const startMs = systemClock.now();
const clock = { ...systemClock, now: () => startMs };
const now = () => Math.floor(startMs / 1_000);
const bearer = (more: object = {}) => ({ authorization: `Bearer ${by.token(ed, { ...by.claims(now()), ...more })}` });

const Desk = contract("desk", {
  who: query({ output: z.unknown(), http: "GET /who" }),
  mine: query({ output: z.string(), http: "GET /mine" }),
  own: query({ input: z.object({ id: z.string() }), output: z.string(), http: "GET /own/:id" }),
  keyed: action({ output: z.unknown(), http: "POST /keyed" }),
  hidden: command({ output: z.string() }),
});

function office(authenticate: readonly Authenticator[]) {
  const { service, system } = define({ principal: Who, authenticate });
  const desk = service(Desk, {
    policy: {
      who: { access: "public" },
      mine: { access: role("customer") },
      own: { access: "guarded" },
      keyed: { access: "public" },
      hidden: { access: "internal" },
    },
  });
  const code = desk.implement(
    {
      who: (_input, _own, call) => call.principal ?? null,
      mine: (_input, _own, call) => `${call.principal?.subject} of ${call.principal?.tenant ?? "nobody"}`,
      own: ({ id }) => id,
      keyed: (_input, _own, call) => call.key ?? null,
      hidden: () => "",
    },
    { guards: { own: ({ id }, _own, call) => call.principal?.subject === id } },
  );
  return system("office", { services: [code] });
}

async function start(t: TestContext, authenticate: readonly Authenticator[], mode: Mode = "production") {
  const host = await createHost(office(authenticate), { mode: "test", inMemory: true });
  const gateway = await createGateway(host, { port: 0, clock, mode });
  t.after(async () => {
    await gateway.close();
    await host.close();
  });
  return async (path: string, init: RequestInit = {}) => {
    const response = await fetch(gateway.url + path, init);
    return { status: response.status, headers: response.headers, text: await response.text(), port: gateway.port };
  };
}

test("a principal reaches the handler, roles and guards decide by it, and nothing about it is cached for others", async (t) => {
  const ask = await start(t, [tokens]);
  assert.equal((await ask("/who")).text, "null");
  assert.equal((await ask("/who")).headers.get("cache-control"), "no-cache");
  const known = await ask("/who", { headers: bearer({ tenant: "acme" }) });
  assert.deepEqual(JSON.parse(known.text), { subject: "ann", roles: ["customer"], tenant: "acme" });
  assert.equal(known.headers.get("cache-control"), "no-store");
  assert.equal((await ask("/mine", { headers: bearer({ tenant: "acme" }) })).text, '"ann of acme"');
  assert.equal((await ask("/mine")).status, 401);
  assert.equal((await ask("/mine", { headers: bearer({ roles: ["admin"] }) })).status, 403);
  assert.equal((await ask("/own/ann", { headers: bearer() })).status, 200);
  assert.equal((await ask("/own/bob", { headers: bearer() })).status, 403);
  assert.equal((await ask("/own/ann")).status, 403);
  for (const name of [
    "x-user-id",
    "x-user",
    "x-principal",
    "x-real-ip",
    "x-roles",
    "forwarded",
    "x-forwarded-user",
    "remote-user",
  ])
    assert.equal((await ask("/who", { headers: { [name]: "ann" } })).text, "null", `${name} makes nobody somebody`);
});

test("who is known may have a short idempotency key; who is not may not", async (t) => {
  const ask = await start(t, [tokens]);
  const keyed = (headers: object) =>
    ask("/keyed", { method: "POST", headers: { "idempotency-key": "short", ...headers } });
  assert.equal((await keyed({})).status, 400);
  assert.equal((await keyed(bearer())).text, '"short"');
});

test("every broken token is the same 401 on every route, public ones too, and never a 5xx", async (t) => {
  const ask = await start(t, [tokens]);
  const bodies = new Set<string>();
  let large = 0;
  for (const [name, token] of badTokens(by, startMs / 1_000)) {
    // What cannot be a header's value does not leave the client.
    if (/[^\x20-\x7e]/.test(token)) continue;
    for (const path of ["/who", "/mine", "/own/ann"]) {
      const { status, headers, text } = await ask(path, { headers: { authorization: `Bearer ${token}` } });
      if (token.length > 16_000) {
        large++;
        assert.equal(status, 431, name);
        continue;
      }
      assert.equal(status, 401, `${name} at ${path}`);
      assert.equal(headers.get("www-authenticate"), "Bearer", name);
      bodies.add(text.replace(/"traceId":"[0-9a-f]+"/, ""));
    }
  }
  assert.equal(bodies.size, 1, [...bodies].join("\n"));
  assert.ok(large > 0);
});

test("two Authorization headers are one too many, whichever is good", async (t) => {
  const ask = await start(t, [tokens]);
  const { port } = await ask("/who");
  const good = `Authorization: ${bearer().authorization}\r\n`;
  for (const other of [good, "authorization: Bearer x\r\n", "AUTHORIZATION:\r\n"]) {
    const answer = await sendRaw(port, `GET /who HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${good}${other}\r\n`);
    assert.equal(answer.status, 400);
  }
});

test("a gateway whose authenticators cannot open does not listen; behind another server each request says so", async () => {
  const host = await createHost(office([basicForDev({ users: {} })]), { mode: "test", inMemory: true });
  const isRefused = (error: unknown) => isSkeinError(error) && error.code === "SKEIN_ACCESS_DEV_ONLY";
  await assert.rejects(createGateway(host, { port: 0, mode: "production" }), isRefused);
  const server = createServer(createHandler(host, { mode: "production" })).listen(0, "127.0.0.1");
  await once(server, "listening");
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/who`);
  assert.equal(response.status, 500);
  assert.equal(((await response.json()) as { code: string }).code, "SKEIN_ACCESS_DEV_ONLY");
  server.closeAllConnections();
  server.close();
  await host.close();
});

test("the 401 for a session that is over deletes its cookie, also on a public route; no other refusal does", async (t) => {
  const ann = { subject: "ann", roles: ["customer"] };
  const name = "__Host-sid";
  const lookup = (id: string) => {
    if (id === "down") throw new Error("connection refused");
    return id === "s1" ? ann : id === "old" ? { subject: 7 } : undefined;
  };
  const ask = await start(t, [tokens, session({ cookie: name, lookup })]);
  const login = (cookie: string, more: object = {}) => ask("/keyed", { method: "POST", headers: { cookie, ...more } });
  const gone = `${name}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax`;
  const bodies = new Set<string>();
  for (const cookie of [`a=1; ${name}=expired`, `${name}=${"x".repeat(2_000)}`]) {
    const { status, headers, text } = await login(cookie);
    assert.equal(status, 401);
    assert.deepEqual(headers.getSetCookie(), [gone]);
    bodies.add(text.replace(/"traceId":"\w+"/, ""));
  }
  // A browser that did as it was told.
  assert.equal((await login("a=1")).status, 200);
  const others: Array<readonly [number, string, object?]> = [
    [200, `${name}=s1`],
    [503, `${name}=down`],
    [401, `${name}=s1; ${name}=s2`],
    [401, `${name}=old`],
    [401, `${name}=expired`, { authorization: "Bearer x" }],
    [401, "", { authorization: "Basic eDp5" }],
    [403, `${name}=expired`, { "sec-fetch-site": "cross-site" }],
    [403, `${name}=${"x".repeat(2_000)}`, { origin: "https://evil.example" }],
  ];
  for (const [status, cookie, more] of others) {
    const found = await login(cookie, more);
    assert.equal(found.status, status, found.text);
    assert.deepEqual(found.headers.getSetCookie(), [], cookie);
    if (status === 401) bodies.add(found.text.replace(/"traceId":"\w+"/, ""));
  }
  assert.equal(bodies.size, 1);
  assert.ok(![...bodies].join().includes("expired"));
});

test("over plain HTTP in development the cookie is deleted in a way that a browser takes", async (t) => {
  const lookup = () => undefined;
  for (const [name, secure] of [
    ["sid", ""],
    ["__Host-sid", " Secure;"],
  ] as const) {
    const ask = await start(t, [session({ cookie: name, lookup })], "development");
    const { headers } = await ask("/who", { headers: { cookie: `${name}=expired` } });
    assert.deepEqual(headers.getSetCookie(), [`${name}=; Path=/; Max-Age=0; HttpOnly;${secure} SameSite=Lax`]);
  }
});
