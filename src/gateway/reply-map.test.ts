/** Replies by contract: over a real port, and by property for every text a handler may return. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import * as fc from "fast-check";
import * as z from "zod";
import { action, contract, query } from "../contract/index.ts";
import { isSkeinError } from "../errors/index.ts";
import { createHost, type Host } from "../host/index.ts";
import { service, system } from "../system/index.ts";
import { createGateway, type Gateway, renderOpenApi } from "./index.ts";
import { ReplyMap } from "./reply-map.ts";

const Login = contract("login", {
  enter: action({
    input: z.object({ user: z.string(), made: z.boolean().default(true) }),
    output: z.object({ token: z.string().nullable(), url: z.string(), made: z.boolean(), hello: z.string() }),
    http: {
      route: "POST /enter",
      reply: {
        headers: { location: "url" },
        cookies: { sid: { field: "token", maxAge: "8h" } },
        status: { field: "made", is: { true: 201, false: 200 } },
      },
    },
  }),
  who: query({
    input: z.object({ token: z.string().optional() }),
    output: z.object({ token: z.string().optional() }),
    http: { route: "GET /who", cookies: { sid: "token" } },
  }),
  leave: action({
    output: z.object({ token: z.null() }),
    http: { route: "POST /leave", status: 204, reply: { cookies: { sid: { field: "token", path: "/a" } } } },
  }),
  find: query({
    input: z.object({ to: z.string() }),
    output: z.object({ url: z.string().nullable(), version: z.int(), at: z.date(), big: z.bigint() }),
    http: {
      route: "GET /find",
      status: 302,
      reply: { headers: { location: "url", etag: "version", "last-modified": "at", "x-big": "big" } },
    },
  }),
});

const login = service(Login, {
  policy: Object.fromEntries(["enter", "who", "leave", "find"].map((name) => [name, { access: "public" as const }])),
}).implement({
  enter: ({ user, made }) => ({ token: made ? `t-${user}` : null, url: `/users/${user}`, made, hello: user }),
  who: ({ token }) => ({ ...(token !== undefined && { token }) }),
  leave: () => ({ token: null }),
  find: ({ to }) => ({ url: to === "" ? null : to, version: 7, at: new Date(0), big: 9n }),
});

let host: Host;
let gateway: Gateway;
const logged: string[] = [];
before(async () => {
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (m: string, f?: object) => void logged.push(m + JSON.stringify(f)),
  };
  host = await createHost(system("s", { services: [login] }), { log });
  gateway = await createGateway(host, { port: 0, log });
});
after(async () => {
  await gateway.close();
  await host.close();
});

const ask = (path: string, init: RequestInit = {}) => fetch(gateway.url + path, { redirect: "manual", ...init });
const enter = (body: object) =>
  ask("/enter", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

describe("a reply by contract", () => {
  test("mapped fields leave the body, and a field chooses the status", async () => {
    const made = await enter({ user: "ann" });
    assert.equal(made.status, 201);
    assert.equal(made.headers.get("location"), "/users/ann");
    assert.equal(made.headers.get("set-cookie"), "sid=t-ann; Path=/; Max-Age=28800; HttpOnly; Secure; SameSite=Lax");
    assert.deepEqual(await made.json(), { hello: "ann" });
    const found = await enter({ user: "bo", made: false });
    assert.equal(found.status, 200);
    assert.equal(found.headers.get("set-cookie"), "sid=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax");
  });

  test("a caller near gets the whole value", async () => {
    const near = await host.call("login", "enter", { user: "ann" });
    assert.deepEqual(near, { token: "t-ann", url: "/users/ann", made: true, hello: "ann" });
  });

  test("a cookie of the request is a field of the input, and such an answer is nobody else's", async () => {
    const known = await ask("/who?token=evil", { headers: { cookie: 'a=1; sid="t-ann"; b=2' } });
    assert.deepEqual(await known.json(), { token: "t-ann" });
    assert.equal(known.headers.get("cache-control"), "no-store");
    const twice = await ask("/who", { headers: { cookie: "sid=1; sid=2" } });
    assert.equal(twice.status, 400);
    assert.deepEqual(await (await ask("/who", { headers: { cookie: "xsid=1" } })).json(), {});
  });

  test("nothing but a cookie that is cleared", async () => {
    const left = await ask("/leave", { method: "POST" });
    assert.equal(left.status, 204);
    assert.match(left.headers.get("set-cookie") ?? "", /^sid=; Path=\/a; Max-Age=0;/);
  });

  test("a redirect has no body; versions are tags, instants are dates", async () => {
    const { status, headers, body } = await ask("/find?to=%2Fcaf%C3%A9");
    assert.equal(status, 302);
    const seen = ["location", "etag", "last-modified", "x-big", "content-length"].map((name) => headers.get(name));
    assert.deepEqual(seen, ["/caf%C3%A9", '"7"', "Thu, 01 Jan 1970 00:00:00 GMT", "9", "0"]);
    assert.equal(body === null ? "" : await new Response(body).text(), "");
    assert.equal(
      (await ask("/find?to=https://a.example/x", { method: "HEAD" })).headers.get("location"),
      "https://a.example/x",
    );
  });

  const bad = [
    "//evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "data:,x",
    "evil.example",
    "/a\r\nSet-Cookie: x=1",
    "/a b",
    "/\0",
    "https://",
    "",
    "ftp://a.example",
  ];
  for (const to of bad) {
    test(`a redirect to ${JSON.stringify(to)} is the handler's mistake, and is not shown`, async () => {
      const answer = await ask(`/find?to=${encodeURIComponent(to)}`);
      const text = await answer.text();
      assert.equal(answer.status, to.includes("\0") ? 400 : 500);
      if (answer.status === 400) return;
      assert.equal(JSON.parse(text).code, "SKEIN_OUTPUT_INVALID");
      assert.equal(answer.headers.get("location"), null);
      assert.equal(answer.headers.get("set-cookie"), null);
      if (to !== "") assert.ok(!text.includes("evil") && !text.includes("alert"), text);
      const last = logged.at(-1) ?? "";
      assert.match(last, /cannot be sent as its contract maps it/);
      if (to !== "") assert.ok(!last.includes("evil"), last);
    });
  }
});

test("OpenAPI says what is a header, a cookie and a status, and what is left for the body", async () => {
  const api = (await renderOpenApi(host.system)) as { paths: Record<string, Record<string, Record<string, never>>> };
  const { valid, errors } = await new Validator().validate(structuredClone(api) as unknown as Record<string, unknown>);
  assert.ok(valid, JSON.stringify(errors, undefined, 1));
  const found = api.paths["/find"]?.["get"]?.["responses"]?.["302"] as unknown as Record<string, object>;
  assert.deepEqual(Object.keys(found["headers"] ?? {}), ["X-Request-Id", "location", "etag", "last-modified", "x-big"]);
  assert.equal(found["content"], undefined);
  const entered = api.paths["/enter"]?.["post"]?.["responses"] as unknown as Record<string, Record<string, object>>;
  assert.deepEqual(Object.keys(entered), ["200", "201", "400", "default"]);
  assert.deepEqual(Object.keys(entered["201"]?.["headers"] ?? {}), ["X-Request-Id", "location", "Set-Cookie"]);
  assert.match(
    JSON.stringify(entered["201"]?.["content"]),
    /"properties":\{"hello":\{"type":"string"\}\},"required":\["hello"\]/,
  );
  const parameters = api.paths["/who"]?.["get"]?.["parameters"] as unknown as object[];
  assert.deepEqual(parameters, [{ name: "sid", in: "cookie", required: false, schema: { type: "string" } }]);
});

describe("any text that a handler returns", () => {
  const map = new ReplyMap("a.b", 200, {
    headers: { location: "url", "x-text": "text", etag: "tag" },
    cookies: { sid: { field: "sid" } },
  });
  test("is sent as safe header text, or refused with a code", () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.constantFrom("/\r\n", "//x", "/a;b", "\0", "é"),
    );
    fc.assert(
      fc.property(text, fc.constantFrom("url", "text", "tag", "sid"), (value, field) => {
        try {
          const { headers, body } = map.apply({ [field]: value, left: 1 }, false);
          for (const line of Object.values(headers).flat()) {
            assert.match(String(line), /^[\t\x20-\x7e\x80-\xff]*$/);
          }
          assert.deepEqual(body, { left: 1 });
          const cookies = headers["set-cookie"] as string[];
          assert.equal(cookies.length, 1);
          assert.deepEqual(cookies[0]?.split("; ").slice(1, 2), ["Path=/"]);
          if (headers["location"] !== undefined) {
            const target = new URL(headers["location"] as string, "http://self.example");
            assert.ok(target.host === "self.example" || /^https?:\/\//i.test(value), value);
            assert.match(target.protocol, /^https?:$/);
          }
        } catch (error) {
          assert.ok(isSkeinError(error) && error.code === "SKEIN_OUTPUT_INVALID", String(error));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("that is too long is refused", () => {
    assert.throws(() => map.apply({ text: "x".repeat(8_193) }, false), { code: "SKEIN_OUTPUT_INVALID" });
    assert.throws(() => map.apply({ sid: "x".repeat(4_094) }, false), { code: "SKEIN_OUTPUT_INVALID" });
  });

  test("other values than text", () => {
    assert.deepEqual(map.apply(null, false).body, null);
    assert.throws(() => map.apply({ text: {} }, false), { code: "SKEIN_OUTPUT_INVALID" });
    assert.throws(() => map.apply({ url: 7 }, false), { code: "SKEIN_OUTPUT_INVALID" });
    assert.equal(map.apply({ tag: 'W/"a"' }, false).headers["etag"], 'W/"a"');
    assert.deepEqual(map.apply({ sid: 7 }, false).headers["set-cookie"], ["sid=7; Path=/; HttpOnly; SameSite=Lax"]);
  });
});
