/** Limits per client on a real port: connections, slow senders, slow readers, rates, and whose address counts. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import * as z from "zod";
import { contract, query } from "../contract/index.ts";
import { createVirtualClock, type VirtualClock } from "../core/index.ts";
import { createHost, type Host } from "../host/index.ts";
import { service, system } from "../system/index.ts";
import { Census } from "./admission.ts";
import { countedAddress, toProxies } from "./client-address.ts";
import { open, sendRaw, toAnswer } from "./fixtures/client.ts";
import { sample } from "./fixtures/sample.ts";
import { createGateway, type Gateway } from "./index.ts";
import { connectionsPerAddressMax } from "./limits.ts";
import { createRateLimiter } from "./rate-limit.ts";
import { RequestPieces } from "./node/request-pieces.ts";
import { SlowClients } from "./node/slow-clients.ts";

const Limited = contract("limited", {
  slow: query({ output: z.string(), http: "GET /held" }),
  ping: query({ output: z.string(), http: "GET /limited" }),
  free: query({ output: z.string(), http: "GET /free" }),
});
const limited = service(Limited, {
  policy: {
    slow: { access: "public" },
    ping: { access: "public", rateLimit: { perSecond: 0.5, burst: 3, by: "ip" } },
    free: { access: "public" },
  },
});

let host: Host;
let release: () => void = () => undefined;
const held = new Promise<void>((resolve) => (release = resolve));
before(async () => {
  host = await createHost(
    system("limits", {
      services: [
        limited.implement({ slow: () => held.then(() => "slow"), ping: () => "pong", free: () => "free" }),
        ...sample().services,
      ],
    }),
  );
});
after(async () => {
  release();
  await host.close();
});

/** A drain waits on the gateway's clock, so somebody has to move it. */
function closing(gateway: Gateway, clock: VirtualClock): AsyncDisposable & Pick<Gateway, "url" | "port" | "inFlight"> {
  return {
    url: gateway.url,
    port: gateway.port,
    get inFlight() {
      return gateway.inFlight;
    },
    async [Symbol.asyncDispose]() {
      let isClosed = false;
      const closed = gateway.close().then(() => (isClosed = true));
      while (!isClosed) await clock.advance("1s");
      await closed;
    },
  };
}

describe("rates", () => {
  test("a burst, then 429 with the seconds to wait and a code of its own, then again", async () => {
    const clock = createVirtualClock();
    await using gateway = closing(await createGateway(host, { port: 0, clock }), clock);
    const call = () => fetch(`${gateway.url}/limited`);
    for (let i = 0; i < 3; i++) assert.equal((await call()).status, 200);
    const refused = await call();
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get("retry-after"), "2");
    const problem = (await refused.json()) as { code: string; retry: boolean; outcome: string };
    assert.deepEqual([problem.code, problem.retry, problem.outcome], ["SKEIN_HTTP_RATE", true, "not_started"]);
    assert.equal((await fetch(`${gateway.url}/free`)).status, 200);
    await clock.advance("2s");
    assert.equal((await call()).status, 200);
    assert.equal((await call()).status, 429);
  });
  test("behind a trusted proxy each client has a bucket of its own; an untrusted one cannot make them up", async () => {
    await using trusting = await createGateway(host, { port: 0, trustProxy: ["127.0.0.1"] });
    await using wary = await createGateway(host, { port: 0 });
    const statuses = async (url: string) => {
      const all: number[] = [];
      for (let i = 0; i < 5; i++)
        all.push((await fetch(`${url}/limited`, { headers: { "x-forwarded-for": `192.0.2.${i}` } })).status);
      return all;
    };
    assert.deepEqual(await statuses(trusting.url), [200, 200, 200, 200, 200]);
    assert.deepEqual(await statuses(wary.url), [200, 200, 200, 429, 429]);
  });
  test("no window of any length holds more than the burst and what the rate adds", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.nat(200), { maxLength: 200 }),
        (perSecond, burst, gaps) => {
          const limiter = createRateLimiter({ perSecond, burst });
          const taken: number[] = [];
          let now = 0;
          for (const gap of gaps) {
            now += gap;
            const waitMs = limiter.take("a", now);
            if (waitMs === 0) taken.push(now);
            else assert.equal(createRateLimiter({ perSecond, burst }).take("a", now + waitMs), 0);
          }
          for (const [i, from] of taken.entries())
            for (let j = i; j < taken.length; j++)
              assert.ok(j - i + 1 <= burst + (((taken[j] as number) - from) / 1_000) * perSecond + 0.01);
        },
      ),
    );
  });
  test("a rate limit remembers a fixed number of clients", () => {
    const limiter = createRateLimiter({ perSecond: 1, burst: 1 }, 3);
    for (const client of ["a", "b", "c", "d"]) assert.equal(limiter.take(client, 0), 0);
    assert.ok(limiter.take("d", 0) > 0);
    assert.ok(limiter.take("b", 0) > 0);
    assert.equal(limiter.take("a", 0), 0, "the oldest was forgotten");
  });
  test("a rate limit that could limit nothing is refused", () => {
    const inner = contract("inner", { ask: query({ output: z.string() }) });
    const rateLimit = { perSecond: 1, burst: 1, by: "ip" } as const;
    assert.throws(
      () => service(inner, { policy: { ask: { access: "internal", rateLimit } } }),
      /SKEIN_SERVICE_INVALID|no http/,
    );
    for (const bad of [
      { ...rateLimit, perSecond: 0 },
      { ...rateLimit, burst: 0 },
      { ...rateLimit, perSecond: Number.NaN },
    ])
      assert.throws(() => service(Limited, { policy: { ping: { access: "public", rateLimit: bad } } }), /rateLimit/);
  });
});

describe("addresses", () => {
  test("only what a trusted proxy wrote is believed", () => {
    const { clientOf, includes } = toProxies(["10.0.0.0/8", "::1"]);
    assert.equal(clientOf("192.0.2.1", "203.0.113.9"), "192.0.2.1");
    assert.equal(clientOf("10.0.0.1", "203.0.113.9"), "203.0.113.9");
    assert.equal(clientOf("::ffff:10.0.0.1", "6.6.6.6, 203.0.113.9, 10.2.3.4"), "203.0.113.9");
    assert.equal(clientOf("::1", "[2001:db8::1]:443"), "2001:db8::1");
    assert.equal(clientOf("10.0.0.1", "203.0.113.9:8080"), "203.0.113.9");
    for (const bad of ["", "unknown", "1.2.3", "1.2.3.4.5", "203.0.113.9\t;x", "[::1", "_hidden"])
      assert.equal(clientOf("10.0.0.1", `203.0.113.9, ${bad}`), "10.0.0.1", bad);
    assert.equal(clientOf("10.0.0.1", undefined), "10.0.0.1");
    assert.ok(includes("10.9.9.9") && !includes("11.0.0.1") && !includes(undefined));
  });
  test("a count of proxies takes the entry that the outermost one wrote", () => {
    const { clientOf } = toProxies(2);
    assert.equal(clientOf("10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2"), "203.0.113.9");
    assert.equal(clientOf("10.0.0.1", "203.0.113.9"), "203.0.113.9");
    assert.equal(clientOf("10.0.0.1", undefined), "10.0.0.1");
  });
  test("what is no address, no range and no count is refused at the start", async () => {
    for (const bad of [
      ["10.0.0.0/33"],
      ["10.0.0"],
      ["localhost"],
      ["10.0.0.0/8/8"],
      ["::1/129"],
      ["10.0.0.0/-1"],
      0,
      1.5,
      17,
    ])
      await assert.rejects(createGateway(host, { port: 0, trustProxy: bad }), { code: "SKEIN_CONFIG_INVALID" });
  });
  test("an IPv6 client counts by its /64", () => {
    assert.equal(countedAddress("2001:db8:0:1:2:3:4:5"), "2001:db8:0:1::/64");
    assert.equal(countedAddress("2001:DB8:0:1::9"), "2001:db8:0:1::/64");
    assert.equal(countedAddress("::1"), "0:0:0:0::/64");
    assert.equal(countedAddress("::ffff:192.0.2.1"), "192.0.2.1");
    assert.equal(countedAddress("fe80::1%eth0"), "fe80:0:0:0::/64");
  });
  test("a header name with an underscore is refused", async () => {
    await using gateway = await createGateway(host, { port: 0 });
    const answer = await sendRaw(gateway.port, "GET /free HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 1.2.3.4\r\n\r\n");
    assert.equal(answer.status, 400);
  });
  test("a census forgets who has left", () => {
    const census = new Census(2);
    assert.deepEqual([census.enter("a"), census.enter("a"), census.enter("a")], [true, true, false]);
    census.leave("a");
    assert.equal(census.enter("a"), true);
    census.leave("a");
    census.leave("a");
    assert.equal(census.size, 0);
  });
});

describe("connections", () => {
  test("one address has 1,000; the next is closed, and one that leaves makes room", async () => {
    await using gateway = await createGateway(host, { port: 0 });
    const sockets: Socket[] = [];
    for (let i = 0; i < connectionsPerAddressMax; i++) sockets.push(await open(gateway.port));
    const refused = connect(gateway.port, "127.0.0.1");
    refused.on("error", () => undefined);
    await once(refused, "close");
    const gone = sockets.pop() as Socket;
    gone.end();
    await once(gone, "close");
    const answer = await sendRaw(gateway.port, "GET /free HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert.equal(answer.status, 200);
    for (const socket of sockets) socket.destroy();
  });
  test("behind a trusted proxy requests in flight are counted instead", async () => {
    await using gateway = await createGateway(host, { port: 0, trustProxy: ["127.0.0.0/8"] });
    const headers = (address: string) => ({ headers: { "x-forwarded-for": address } });
    const leaving = new AbortController();
    const slow = Array.from({ length: connectionsPerAddressMax }, () =>
      fetch(`${gateway.url}/held`, { ...headers("192.0.2.1"), signal: leaving.signal }).catch(() => undefined),
    );
    while (gateway.inFlight < connectionsPerAddressMax) await new Promise((resolve) => setImmediate(resolve));
    const refused = await fetch(`${gateway.url}/free`, headers("192.0.2.1"));
    assert.equal(refused.status, 429);
    assert.equal(((await refused.json()) as { code: string }).code, "SKEIN_HTTP_CROWDED");
    assert.equal((await fetch(`${gateway.url}/free`, headers("192.0.2.2"))).status, 200);
    leaving.abort();
    await Promise.all(slow);
  });
});

describe("slow clients", () => {
  const head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n";
  test("a body below 1 KiB/s is cut with 408 after 5 s", async () => {
    const clock = createVirtualClock();
    await using gateway = closing(await createGateway(host, { port: 0, clock }), clock);
    const slow = await open(gateway.port);
    slow.write(`${head}[`);
    while (gateway.inFlight < 1) await new Promise((resolve) => setImmediate(resolve));
    const answer = once(slow, "data");
    await clock.advance("5s");
    assert.equal(gateway.inFlight, 1, "not before 5 s");
    await clock.advance("2s");
    const [bytes] = (await answer) as [Buffer];
    assert.equal(toAnswer(bytes.toString()).status, 408);
    slow.destroy();
  });
  test("an answer that nobody reads is cut after 10 s", async () => {
    const clock = createVirtualClock();
    await using gateway = closing(await createGateway(host, { port: 0, clock }), clock);
    const socket = await open(gateway.port);
    socket.write("GET /watch?count=100000000 HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(socket, "data");
    socket.pause();
    // The buffers in between fill in real time; once they have, the answer waits, and 10 s later it is cut.
    while (gateway.inFlight > 0) await clock.advance("1s");
    socket.destroy();
  });
  test("a body that does not stream arrives within 10 s, at whatever rate", async () => {
    const clock = createVirtualClock();
    await using gateway = closing(await createGateway(host, { port: 0, clock }), clock);
    const slow = await open(gateway.port);
    slow.write(`${head}[`);
    while (gateway.inFlight < 1) await new Promise((resolve) => setImmediate(resolve));
    const answer = once(slow, "data");
    for (let second = 0; second < 9; second++) {
      // A second passes on the gateway's clock once it has what was written.
      await new Promise((resolve) => slow.write(" ".repeat(5_000), resolve));
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
      await clock.advance("1s");
    }
    assert.equal(gateway.inFlight, 1, "not before 10 s");
    await clock.advance("3s");
    const [bytes] = (await answer) as [Buffer];
    assert.equal(toAnswer(bytes.toString()).status, 408);
    slow.destroy();
  });
  test("a client that keeps to 1 KiB/s, either way, is left alone", async () => {
    const clock = createVirtualClock();
    const cut = new Array<string>();
    const socket = { bytesRead: 0, bytesWritten: 1_000_000, writableLength: 1_000_000 };
    const request = { complete: false, errored: null, read: () => null, on: () => undefined };
    const response = { req: request, headersSent: false };
    // A body that streams and is waited for; others have to be there within 10 s.
    void new RequestPieces(request as unknown as IncomingMessage, () => undefined).next();
    await Promise.resolve();
    const slow = new SlowClients({
      clock,
      busy: () => [[socket as unknown as Socket, response as unknown as ServerResponse]],
      onSlowBody: () => void cut.push("body"),
      onSlowRead: () => void cut.push("read"),
    });
    slow.start();
    for (let second = 0; second < 60; second++) {
      socket.bytesRead += 1_030;
      socket.writableLength -= 1_030;
      await clock.advance("1s");
    }
    assert.equal(cut.length, 0);
    socket.bytesRead += 500;
    await clock.advance("20s");
    assert.ok(cut.includes("body"));
    response.req.complete = true;
    cut.length = 0;
    await clock.advance("60s");
    assert.ok(cut.includes("read"));
    slow.stop();
    assert.equal(clock.pending, 0);
  });
});
