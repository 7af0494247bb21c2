/** What pages of other origins are told, on a real port: what is declared, and not a header more. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { createHost, type Host } from "../host/index.ts";
import { type CorsSpec, system } from "../system/index.ts";
import { sample } from "./fixtures/sample.ts";
import { sendRaw } from "./fixtures/client.ts";
import { createGateway, type Gateway } from "./index.ts";

const open: AsyncDisposable[] = [];
after(async () => {
  for (const one of open.toReversed()) await one[Symbol.asyncDispose]();
});

async function start(cors?: CorsSpec): Promise<Gateway> {
  const parts = { services: [...sample().services], ...(cors !== undefined && { http: { cors } }) };
  const host: Host = await createHost(system("pages", parts).with({}));
  const gateway = await createGateway(host, { port: 0 });
  open.push(host, gateway);
  return gateway;
}

const app = "https://app.example";
const send = ({ port }: Gateway, line: string, headers: Record<string, string> = {}) =>
  sendRaw(
    port,
    `${line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join("")}\r\n`,
  );
const ask = (gateway: Gateway, origin: string, verb = "POST") =>
  send(gateway, "OPTIONS /orders", {
    origin,
    "access-control-request-method": verb,
    "access-control-request-headers": "content-type,x-evil",
  });
const corsOf = (headers: Readonly<Record<string, string>>) =>
  Object.keys(headers).filter((name) => name.startsWith("access-control-"));

describe("CORS", () => {
  test("undeclared: nothing is said, to anybody", async () => {
    const gateway = await start();
    for (const answer of [await ask(gateway, app), await send(gateway, "GET /orders", { origin: app })]) {
      assert.deepEqual(corsOf(answer.headers), []);
      assert.equal(answer.headers["vary"], undefined);
    }
  });

  test("a declared origin is answered with its name, on success and on failure", async () => {
    const gateway = await start({ origins: [app, "http://localhost:5173"], credentials: true, exposed: ["X-Total"] });
    for (const target of ["/orders", "/orders?limit=x", "/secret", "/boom"]) {
      const { headers, status } = await send(gateway, `GET ${target}`, { origin: app });
      assert.equal(headers["access-control-allow-origin"], app, `${target} ${status}`);
      assert.equal(headers["access-control-allow-credentials"], "true");
      assert.match(headers["access-control-expose-headers"] ?? "", /etag.*x-total/);
      assert.match(headers["vary"] ?? "", /\borigin\b/);
    }
    const plain = await send(gateway, "GET /orders");
    assert.deepEqual(corsOf(plain.headers), []);
    assert.match(plain.headers["vary"] ?? "", /\borigin\b/, "a cache may not give a page what a program got");
  });

  test("a preflight is answered by route; methods and headers are the declared ones, not those asked for", async () => {
    const gateway = await start({ origins: [app], headers: ["X-Tenant"], maxAge: "1h" });
    const { status, headers } = await ask(gateway, app, "DELETE");
    assert.equal(status, 204);
    assert.equal(headers["access-control-allow-origin"], app);
    assert.equal(headers["access-control-allow-methods"], "GET, HEAD, POST, OPTIONS");
    assert.match(headers["access-control-allow-headers"] ?? "", /content-type.*x-tenant/);
    assert.doesNotMatch(headers["access-control-allow-headers"] ?? "", /x-evil/);
    assert.equal(headers["access-control-max-age"], "3600");
    assert.equal(headers["access-control-allow-credentials"], undefined);
    assert.equal((await send(gateway, "OPTIONS /nowhere", { origin: app })).status, 404);
    assert.equal(
      (await send(gateway, "OPTIONS /orders", { origin: app })).headers["allow"],
      "GET, HEAD, POST, OPTIONS",
    );
  });

  test("no other origin is ever repeated", async () => {
    const gateway = await start({ origins: [app], credentials: true });
    for (const origin of [
      "null",
      "*",
      "https://app.example.evil.example",
      "https://evil.example/https://app.example",
      "https://evilapp.example",
      "http://app.example",
      "https://app.example:444",
      "https://app.example/",
      "HTTPS://APP.EXAMPLE",
      "https://app.example, https://evil.example",
      "https://app.example https://evil.example",
      "",
    ]) {
      for (const answer of [await ask(gateway, origin), await send(gateway, "GET /orders", { origin })]) {
        assert.deepEqual(corsOf(answer.headers), [], origin);
        assert.match(answer.headers["vary"] ?? "", /\borigin\b/);
      }
    }
    // Two Origin headers are joined, and so are no origin.
    const two = await sendRaw(
      gateway.port,
      `GET /orders HTTP/1.1\r\nhost: a\r\norigin: ${app}\r\norigin: https://evil.example\r\nconnection: close\r\n\r\n`,
    );
    assert.deepEqual(corsOf(two.headers), []);
  });

  test('"*" is for any page, without credentials', async () => {
    const gateway = await start({ origins: "*" });
    const { headers } = await send(gateway, "GET /orders", { origin: "https://anywhere.example" });
    assert.equal(headers["access-control-allow-origin"], "*");
    assert.equal(headers["access-control-allow-credentials"], undefined);
  });

  test("a declaration that would allow more than it says is refused", () => {
    const bad = [
      { origins: "*", credentials: true },
      { origins: ["*"] },
      { origins: [] },
      { origins: ["null"] },
      { origins: ["https://*.example"] },
      { origins: ["https://app.example/"] },
      { origins: ["app.example"] },
      { origins: ["https://APP.example"] },
      { origins: [app], maxAge: "2d" },
      { origins: [app], headers: ["*"] },
      { origins: [app], headers: ["x\r\ny"] },
      { origins: [app], exposed: ["a b"] },
    ] as unknown as CorsSpec[];
    for (const cors of bad) {
      const make = () => system("pages", { services: [], http: { cors } });
      assert.throws(make, { code: "SKEIN_SYSTEM_INVALID" }, JSON.stringify(cors));
    }
  });
});
