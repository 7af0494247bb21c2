/** HTTPS on real ports with real certificates: reload, redirect, client certificates, and clients that speak no TLS. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import { connect as connectPlain } from "node:net";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import * as z from "zod";
import { action, contract, query } from "../../contract/index.ts";
import { createHost, type Host } from "../../host/index.ts";
import type { LogFields } from "../../system/log.ts";
import { define } from "../../system/index.ts";
import { clientCertificate } from "../authenticate/index.ts";
import { sendRaw } from "../fixtures/client.ts";
import { Authority } from "../../transport/fixtures/certificates.ts";
import { createGateway, type Gateway, type TlsOptions } from "../index.ts";
import { toCertificate } from "./client-certificate.ts";

const Who = contract("who", {
  me: query({ output: z.string(), http: "GET /me" }),
  change: action({ http: "POST /change" }),
  free: query({ output: z.string(), http: "GET /free" }),
  enter: query({
    output: z.object({ id: z.string(), other: z.string() }),
    http: {
      route: "GET /enter",
      reply: { cookies: { sid: { field: "id" }, open: { field: "other", secure: false } } },
    },
  }),
});
const { service, system } = define({
  principal: z.object({ subject: z.string(), roles: z.array(z.string()) }),
  authenticate: [
    clientCertificate({
      lookup: ({ names, commonName }) =>
        names["URI"]?.[0] === "spiffe://shop/billing" ? { subject: `cert:${commonName}`, roles: ["peer"] } : undefined,
    }),
  ],
});
const who = service(Who, {
  policy: {
    me: { access: { role: "peer" } },
    change: { access: { role: "peer" } },
    free: { access: "public" },
    enter: { access: "public" },
  },
});

let host: Host;
let authority: Authority;
before(async () => {
  authority = new Authority();
  const code = who.implement({
    me: (_input, _own, call) => call.principal?.subject ?? "nobody",
    change: () => undefined,
    free: () => "free",
    enter: () => ({ id: "s1", other: "s1" }),
  });
  host = await createHost(system("tls", { services: [code] }));
});
after(async () => {
  await host.close();
  authority[Symbol.dispose]();
});

/** What was logged, and a promise of the next line that matches. */
class Lines {
  readonly all: string[] = [];
  readonly #waiting: Array<() => void> = [];
  readonly #add = (message: string, fields?: LogFields): void => {
    this.all.push(
      `${message} ${JSON.stringify(fields, (_key, value: unknown) => (value instanceof Error ? value.message : value))}`,
    );
    for (const wake of this.#waiting.splice(0)) wake();
  };
  readonly log = { debug: this.#add, info: this.#add, warn: this.#add, error: this.#add };

  async find(pattern: RegExp): Promise<string> {
    for (;;) {
      const line = this.all.find((one) => pattern.test(one));
      if (line !== undefined) return line;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

function start(tls: Partial<TlsOptions>, lines = new Lines()): Promise<Gateway> {
  const pair = tls.cert === undefined ? authority.issue("server") : {};
  return createGateway(host, { port: 0, log: lines.log, tls: { ...pair, ...tls } as TlsOptions });
}

interface Got {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
  readonly fingerprint: string;
  readonly protocol: string | null;
}

function get(gateway: Gateway, target: string, options: RequestOptions = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = httpsRequest(
      { host: "127.0.0.1", port: gateway.port, path: target, ca: readFileSync(authority.ca), agent: false, ...options },
      (response) => {
        const socket = response.socket as TLSSocket;
        const { fingerprint256 } = socket.getPeerCertificate();
        const protocol = socket.getProtocol();
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (text: string) => (body += text));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body,
            fingerprint: fingerprint256,
            protocol,
          }),
        );
      },
    );
    asked.on("error", reject);
    asked.end();
  });
}

const fingerprintOf = (file: string) => new X509Certificate(readFileSync(file)).fingerprint256;
const refusesHandshake = (port: number, options: ConnectionOptions) =>
  assert.rejects(
    new Promise<void>((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port, ca: readFileSync(authority.ca), ...options }, () =>
        // TLS 1.3 tells a client that its certificate is missing only after it believes the handshake is over.
        socket.once("data", () => resolve()).write("GET /free HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"),
      );
      socket.once("error", reject).once("close", () => reject(new Error("closed")));
    }),
  );

describe("HTTPS", () => {
  test("answers over TLS 1.3, and over 1.2 where the client has no more", async () => {
    await using gateway = await start({ hsts: { maxAge: "30d", includeSubDomains: true } });
    assert.match(gateway.url, /^https:\/\/127\.0\.0\.1:\d+$/);
    const answer = await get(gateway, "/free");
    assert.equal(answer.status, 200);
    assert.equal(answer.protocol, "TLSv1.3");
    assert.equal(answer.headers["strict-transport-security"], "max-age=2592000; includeSubDomains");
    assert.equal((await get(gateway, "/free", { maxVersion: "TLSv1.2" })).protocol, "TLSv1.2");
    await refusesHandshake(gateway.port, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" });
    await refusesHandshake(gateway.port, { maxVersion: "TLSv1.2", ciphers: "AES128-SHA" });
  });

  test("cookies are Secure in development too, but where the gateway speaks plain HTTP", async () => {
    const secure = ["sid=s1; Path=/; HttpOnly; Secure; SameSite=Lax", "open=s1; Path=/; HttpOnly; SameSite=Lax"];
    const pair = authority.issue("server");
    await using dev = await createGateway(host, { port: 0, mode: "development", tls: { ...pair } });
    assert.deepEqual((await get(dev, "/enter")).headers["set-cookie"], secure);
    await using production = await start({});
    assert.deepEqual((await get(production, "/enter")).headers["set-cookie"], secure);
    const cookiesOf = async (gateway: Gateway) => (await fetch(`${gateway.url}/enter`)).headers.getSetCookie();
    await using plain = await createGateway(host, { port: 0, mode: "development" });
    assert.deepEqual(
      await cookiesOf(plain),
      secure.map((line) => line.replace("Secure; ", "")),
    );
    await using behind = await createGateway(host, { port: 0 });
    assert.deepEqual(await cookiesOf(behind), secure, "a proxy in front may speak HTTPS");
  });

  test("minVersion TLSv1.3 refuses 1.2, and nothing of HSTS is said unless declared", async () => {
    await using gateway = await start({ minVersion: "TLSv1.3" });
    await refusesHandshake(gateway.port, { maxVersion: "TLSv1.2" });
    assert.equal((await get(gateway, "/free")).headers["strict-transport-security"], undefined);
  });

  test("what cannot work is refused at the start, with the file's name", async () => {
    const one = authority.issue("one");
    const two = authority.issue("two");
    const garbage = path.join(authority.directory, "garbage.pem");
    writeFileSync(garbage, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    const cases: Array<[Partial<TlsOptions>, string, RegExp]> = [
      [{ cert: one.cert, key: two.key }, "SKEIN_TLS_CERTIFICATE", /two.*is not that of.*one/],
      [{ cert: `${one.cert}.none`, key: one.key }, "SKEIN_TLS_CERTIFICATE", /cert file .*none cannot be read/],
      [{ cert: garbage, key: one.key }, "SKEIN_TLS_CERTIFICATE", /garbage.pem holds no certificate/],
      [{ cert: one.cert, key: one.cert }, "SKEIN_TLS_CERTIFICATE", /holds no private key/],
      [{ cert: authority.directory, key: one.key }, "SKEIN_TLS_CERTIFICATE", /cannot be read/],
      [
        { ...one, ca: garbage, clientCertificates: "request" },
        "SKEIN_TLS_CERTIFICATE",
        /ca file .* holds no certificate/,
      ],
      [{ ...one, clientCertificates: "require" }, "SKEIN_CONFIG_INVALID", /needs ca/],
      [{ ...one, ca: authority.ca }, "SKEIN_CONFIG_INVALID", /ca is for/],
      [{ ...one, redirectPort: 70_000 }, "SKEIN_CONFIG_INVALID", /redirectPort/],
      [{ ...one, hsts: { maxAge: "1d", preload: true } }, "SKEIN_CONFIG_INVALID", /preload/],
    ];
    for (const [tls, code, message] of cases) {
      await assert.rejects(start(tls), { code, message });
    }
  });

  test("a key that others can read is warned about, and its text is in no line", async () => {
    const pair = authority.issue("open");
    chmodSync(pair.key, 0o644);
    const lines = new Lines();
    await using _gateway = await start(pair, lines);
    assert.match(await lines.find(/chmod 600/), /"mode":"644"/);
    const secret = readFileSync(pair.key, "utf8").split("\n")[1] ?? "";
    assert.ok(secret.length > 20);
    assert.ok(!lines.all.some((line) => line.includes(secret)));
  });
});

describe("certificates that change", () => {
  /** A pair at fixed names, which the test replaces. */
  function place(name: string) {
    const directory = path.join(authority.directory, name);
    mkdirSync(directory);
    const pair = { cert: path.join(directory, "tls.crt"), key: path.join(directory, "tls.key") };
    const put = (from: { cert: string; key: string }) => {
      for (const what of ["cert", "key"] as const) {
        copyFileSync(from[what], `${pair[what]}.new`);
        renameSync(`${pair[what]}.new`, pair[what]);
      }
    };
    return { pair, put };
  }

  test("reload under load: new connections get the new certificate, and no request fails", async () => {
    const { pair, put } = place("load");
    put(authority.issue("first"));
    const lines = new Lines();
    await using gateway = await start(pair, lines);
    const before = fingerprintOf(pair.cert);
    const keptAlive = new Agent({ keepAlive: true, maxSockets: 2 });
    const seen = new Map<string, number>();
    let isOver = false;
    const load = Array.from({ length: 6 }, async (_, i) => {
      while (!isOver) {
        const answer = await get(gateway, "/free", i < 2 ? { agent: keptAlive } : {});
        assert.equal(answer.status, 200);
        seen.set(answer.fingerprint, (seen.get(answer.fingerprint) ?? 0) + 1);
      }
    });
    const changes: string[] = [];
    for (let i = 0; i < 4; i++) {
      put(authority.issue(`next-${i}`));
      const fresh = fingerprintOf(pair.cert);
      changes.push(fresh);
      await lines.find(new RegExp(`read again.*${fresh}`));
      assert.equal((await get(gateway, "/free")).fingerprint, fresh);
    }
    isOver = true;
    await Promise.all(load);
    keptAlive.destroy();
    // The connections that were kept open still have the certificate they began with.
    assert.ok((seen.get(before) ?? 0) > 0);
    assert.ok(
      changes.some((fresh) => (seen.get(fresh) ?? 0) > 0),
      "the load met a new certificate",
    );
  });

  test("a broken pair is refused and said so, the old one stays, and the repaired one is taken", async () => {
    const { pair, put } = place("broken");
    put(authority.issue("good"));
    const lines = new Lines();
    await using gateway = await start(pair, lines);
    const good = fingerprintOf(pair.cert);
    const next = authority.issue("better");
    copyFileSync(next.cert, pair.cert);
    assert.match(await lines.find(/the old one stays/), /is not that of the certificate/);
    assert.equal((await get(gateway, "/free")).fingerprint, good);
    copyFileSync(next.key, pair.key);
    await lines.find(/read again/);
    assert.equal((await get(gateway, "/free")).fingerprint, fingerprintOf(next.cert));
  });

  test("a directory replaced by its link, as Kubernetes does it", async () => {
    const root = path.join(authority.directory, "mounted");
    mkdirSync(root);
    const version = (name: string, from: { cert: string; key: string }) => {
      mkdirSync(path.join(root, name));
      copyFileSync(from.cert, path.join(root, name, "tls.crt"));
      copyFileSync(from.key, path.join(root, name, "tls.key"));
      symlinkSync(name, path.join(root, "..data.new"));
      renameSync(path.join(root, "..data.new"), path.join(root, "..data"));
    };
    version("v1", authority.issue("v1"));
    for (const file of ["tls.crt", "tls.key"]) symlinkSync(path.join("..data", file), path.join(root, file));
    const lines = new Lines();
    await using gateway = await start({ cert: path.join(root, "tls.crt"), key: path.join(root, "tls.key") }, lines);
    const second = authority.issue("v2");
    version("v2", second);
    await lines.find(/read again/);
    assert.equal((await get(gateway, "/free")).fingerprint, fingerprintOf(second.cert));
  });
});

describe("clients that speak no TLS", () => {
  test("plain HTTP, garbage and a handshake broken off: closed, and the gateway goes on", async () => {
    const lines = new Lines();
    await using gateway = await start({}, lines);
    for (const bytes of [
      "GET /free HTTP/1.1\r\nhost: a\r\n\r\n",
      "\x16\x03\x01\x00\xff".repeat(50),
      "\0".repeat(4_000),
    ]) {
      const answer = await sendRaw(gateway.port, Buffer.from(bytes, "latin1")).catch(() => undefined);
      assert.notEqual(answer?.status, 200);
    }
    const halfway = connectPlain(gateway.port, "127.0.0.1");
    await once(halfway, "connect");
    halfway.write(Buffer.from("16030100ff", "hex"));
    halfway.resetAndDestroy();
    await lines.find(/handshake failed/);
    assert.equal((await get(gateway, "/free")).status, 200);
  });

  test("a client that begins no handshake is cut after 3 s", async () => {
    await using gateway = await start({});
    const startMs = performance.now();
    const idle = connectPlain(gateway.port, "127.0.0.1");
    idle.on("error", () => undefined);
    await once(idle, "close");
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs > 2_000 && tookMs < 8_000, `cut after ${tookMs} ms`);
  });

  test("closing ends connections in their handshake too", async () => {
    const gateway = await start({});
    const idle = connectPlain(gateway.port, "127.0.0.1");
    idle.on("error", () => undefined);
    await once(idle, "connect");
    await get(gateway, "/free");
    const gone = once(idle, "close");
    await gateway.close();
    await gone;
  });
});

describe("plain HTTP beside HTTPS", () => {
  test("readers are led to HTTPS, everybody else is refused, and no Host is believed blindly", async () => {
    await using gateway = await start({ redirectPort: 0 });
    const port = gateway.redirectPort ?? 0;
    const ask = (head: string) => sendRaw(port, `${head}\r\n\r\n`);
    const found = await ask("GET /orders?a=%20b HTTP/1.1\r\nhost: shop.example:80");
    assert.equal(found.status, 308);
    assert.equal(found.headers["location"], `https://shop.example:${gateway.port}/orders?a=%20b`);
    assert.equal((await ask("HEAD / HTTP/1.1\r\nhost: [::1]")).headers["location"], `https://[::1]:${gateway.port}/`);
    const posted = await ask("POST /login HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 0");
    assert.equal(posted.status, 403);
    assert.equal(posted.json()["code"], "SKEIN_HTTP_TLS_REQUIRED");
    for (const head of [
      "GET / HTTP/1.1\r\nhost: a\r\nhost: b",
      "GET / HTTP/1.1",
      "GET / HTTP/1.1\r\nhost: a/b",
      "GET / HTTP/1.1\r\nhost: user@a",
      "GET http://evil.example/ HTTP/1.1\r\nhost: a",
    ]) {
      assert.equal((await ask(head)).status, 400, head);
    }
  });
});

describe("client certificates", () => {
  test("a certificate of the authorities becomes a typed principal; none is anonymous; others are 401", async () => {
    using strangers = new Authority("strangers");
    await using gateway = await start({ ca: authority.ca, clientCertificates: "request" });
    const shown = (from: Authority, names: string) => {
      const pair = from.issue("billing", { names });
      return { cert: readFileSync(pair.cert), key: readFileSync(pair.key) };
    };
    assert.equal((await get(gateway, "/free")).status, 200);
    assert.equal((await get(gateway, "/me")).status, 401);
    const known = await get(gateway, "/me", shown(authority, "URI:spiffe://shop/billing"));
    assert.equal(known.body, '"cert:billing"');
    const unknown = await get(gateway, "/free", shown(authority, "URI:spiffe://shop/other"));
    assert.equal(unknown.status, 401);
    const foreign = await get(gateway, "/free", shown(strangers, "URI:spiffe://shop/billing"));
    assert.equal(foreign.status, 401);
    assert.ok(!foreign.body.includes("authorities"), "the reason is for the log");
  });

  test("another site's page may not act with a browser's certificate", async () => {
    await using gateway = await start({ ca: authority.ca, clientCertificates: "require" });
    const own = authority.issue("billing", { names: "URI:spiffe://shop/billing" });
    const pair = { cert: readFileSync(own.cert), key: readFileSync(own.key), method: "POST" };
    const from = (headers: Record<string, string>) => get(gateway, "/change", { ...pair, headers });
    assert.equal((await from({ "sec-fetch-site": "cross-site", origin: "https://evil.example" })).status, 403);
    assert.equal((await from({ origin: "https://evil.example" })).status, 403);
    assert.equal((await from({})).status, 204);
  });

  test("names are read in one way only, or not at all", () => {
    const read = (fields: Partial<X509Certificate>) => toCertificate(fields as X509Certificate, true);
    const { names } = read({ subject: "CN=a", subjectAltName: 'URI:spiffe://x/y, DNS:"a, URI:spiffe://z", DNS:b' });
    assert.deepEqual({ ...names }, { URI: ["spiffe://x/y"], DNS: ["a, URI:spiffe://z", "b"] });
    for (const text of ['DNS:a"b', 'DNS:"a', "DNS:a, b", "nonsense", 'DNS:"a"b, URI:c']) {
      assert.deepEqual({ ...read({ subject: "", subjectAltName: text }).names }, {}, text);
    }
    assert.equal(read({ subject: "O=x\nCN=a" }).commonName, "a");
    for (const subject of ["CN=a\nCN=b", "CN=a + CN=b", "CN=a\\0ACN=b", "O=CN=a", ""]) {
      assert.equal(read({ subject }).commonName, undefined, subject);
    }
    assert.equal(read({ subject: "O=x\nCN=a" }).subject, "O=x, CN=a");
  });

  test("require ends the handshake of who shows none, or a stranger's", async () => {
    using strangers = new Authority("strangers");
    await using gateway = await start({ ca: authority.ca, clientCertificates: "require" });
    await refusesHandshake(gateway.port, {});
    const foreign = strangers.issue("billing", { names: "URI:spiffe://shop/billing" });
    await refusesHandshake(gateway.port, { cert: readFileSync(foreign.cert), key: readFileSync(foreign.key) });
    const own = authority.issue("billing", { names: "URI:spiffe://shop/billing" });
    const answer = await get(gateway, "/me", { cert: readFileSync(own.cert), key: readFileSync(own.key) });
    assert.equal(answer.status, 200);
  });
});
