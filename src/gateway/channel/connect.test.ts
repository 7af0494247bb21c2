/** The client of channels against a real gateway: cut anywhere, slow on either side, refused, drained. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { WebSocket as LibraryWebSocket } from "ws";
import * as z from "zod";
import { type ChannelWebSocket, connectChannel } from "../../contract/http-client/index.ts";
import { createSeededRandom } from "../../core/index.ts";
import { channel, contract, createHost, type Host, isSkeinError, service, system } from "../../index.ts";
import { cuttingProxy } from "../fixtures/cutting-proxy.ts";
import { createGateway, type Gateway } from "../index.ts";

const Both = contract("both", {
  run: channel({
    input: z.object({ until: z.int(), pad: z.int().default(0) }),
    receive: z.object({ k: z.int() }),
    send: z.object({ seq: z.int(), pad: z.string() }),
    id: "seq",
    http: "GET /run",
    errors: { NO: { status: 409 } },
  }),
  closed: channel({ receive: z.object({ k: z.int() }), send: z.int(), http: "GET /closed" }),
  bare: channel({ receive: z.int(), send: z.int(), http: "GET /bare" }),
});

let order: number[] = [];
let made = 0;
let wait: Promise<void> | undefined;
const open = { access: "public" } as const;
const both = service(Both, { policy: { run: open, bare: open, closed: { access: { role: "nobody" } } } }).implement({
  async *run({ until, pad }, _own, call) {
    const reading = (async () => {
      for await (const { k } of call.received) {
        order.push(k);
        if (wait !== undefined) await wait;
        if (k < 0) throw call.error("NO");
      }
    })();
    reading.catch(() => undefined);
    for (let seq = Number(call.resumeFrom ?? 0) + 1; seq <= until; seq++) {
      made = seq;
      yield { seq, pad: "x".repeat(pad) };
      if (seq % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await reading;
  },
  async *closed() {
    yield await Promise.resolve(1);
  },
  async *bare(_input, _own, call) {
    for await (const n of call.received) {
      yield n;
      if (n === 3) return;
    }
  },
});

let host: Host;
let gateway: Gateway;
before(async () => {
  host = await createHost(system("both", { services: [both] }));
  gateway = await createGateway(host, { port: 0 });
});
after(async () => {
  await gateway.close();
  await host.close();
});

interface Item {
  readonly seq: number;
}
const numbers = (until: number) => Array.from({ length: until }, (_, i) => i + 1);
const soon = { float: () => 0.01, int: () => 0, bytes: (length: number) => new Uint8Array(length) };

describe("connectChannel", () => {
  test("cut at 60 random places: every item once and in order out, every item at least once and in order in", async (t) => {
    const seed = Date.now() % 1_000_000;
    t.diagnostic(`seed ${seed}`);
    const random = createSeededRandom(seed);
    let cuts = 60;
    const bytesOf = () => (cuts-- > 0 ? 1 + random.int(8_000) : Number.POSITIVE_INFINITY);
    await using proxy = await cuttingProxy(gateway.port, bytesOf);
    order = [];
    const [until, sends] = [12_000, 2_000];
    const chat = connectChannel<Item, { k: number }>(`http://127.0.0.1:${proxy.port}/run?until=${until}`, {
      random: soon,
    });
    const sending = (async () => {
      for (let k = 1; k <= sends; k++) await chat.send({ k });
      chat.end();
    })();
    const seen: number[] = [];
    for await (const { seq } of chat) seen.push(seq);
    await sending;
    assert.equal(proxy.cuts, 60);
    assert.deepEqual(seen, numbers(until));
    assert.equal(chat.lastId, String(until));
    // Sent again is what was not acknowledged: each first time comes in order.
    const first = order.filter((k, i) => order.indexOf(k) === i);
    assert.deepEqual(first, numbers(sends));
    t.diagnostic(`${order.length - sends} of ${sends} items were sent again`);
  });

  test("a reader that is slow holds the handler back, with a socket that cannot be slowed down", async () => {
    made = 0;
    const chat = connectChannel<Item>(`${gateway.url}/run?until=40000&pad=500`, { random: soon });
    const seen: number[] = [];
    let lead = 0;
    for await (const { seq } of chat) {
      seen.push(seq);
      lead = Math.max(lead, made - seq);
      if (seq < 4_000 && seq % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (seq === 40_000) break;
    }
    assert.deepEqual(seen, numbers(40_000));
    // What is held here, and what the sockets' buffers hold.
    assert.ok(lead < 30_000, `the handler was ${lead} items ahead`);
  });

  test("a handler that is slow holds the sender back", async () => {
    let release: () => void = () => undefined;
    wait = new Promise((resolve) => (release = resolve));
    order = [];
    const chat = connectChannel<Item, { k: number }>(`${gateway.url}/run?until=1`);
    let sent = 0;
    const sending = (async () => {
      for (let k = 1; k <= 500; k++) {
        await chat.send({ k });
        sent = k;
      }
      chat.end();
    })();
    while (order.length === 0) await new Promise((resolve) => setImmediate(resolve));
    for (let turns = 0; turns < 200; turns++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(sent, 63);
    assert.equal(chat.unacknowledged, 64);
    release();
    wait = undefined;
    for await (const _ of chat) continue;
    await sending;
    assert.deepEqual(order, numbers(500));
    await assert.rejects(chat.send({ k: 1 }), { code: "SKEIN_CALL_CANCELED" });
  });

  test("ends with the channel's own error", async () => {
    const chat = connectChannel<Item, { k: number }>(`${gateway.url}/run?until=0`);
    await chat.send({ k: -1 });
    await assert.rejects(
      async () => {
        for await (const _ of chat) continue;
      },
      (error) => isSkeinError(error) && error.code === "NO" && error.status === 409,
    );
    const refused = connectChannel<Item, object>(`${gateway.url}/run?until=0`);
    await refused.send({ k: "x" });
    await assert.rejects(refused[Symbol.asyncIterator]().next(), { code: "SKEIN_INPUT_INVALID" });
  });

  test("gives up after five connections that never opened, and so does a send that waits", async () => {
    for (const [path, attempts, retries] of [
      ["/nothing", undefined, 4],
      ["/closed", undefined, 4],
      ["/run?until=x", 7, 6],
      ["/nothing", 1, 0],
    ] as const) {
      const retried: number[] = [];
      const chat = connectChannel<unknown, { k: number }>(gateway.url + path, {
        random: soon,
        onReconnect: (n) => retried.push(n),
        ...(attempts !== undefined && { attempts }),
      });
      const failed = { code: "SKEIN_CLIENT_NETWORK", outcome: "not_started" };
      for (let k = 1; k < 64; k++) await chat.send({ k });
      await Promise.all([
        assert.rejects(chat.send({ k: 64 }), failed),
        assert.rejects(chat[Symbol.asyncIterator]().next(), failed),
      ]);
      assert.deepEqual(retried, numbers(retries), path);
      assert.deepEqual(await chat[Symbol.asyncIterator]().next(), { done: true, value: undefined });
    }
    for (const attempts of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => connectChannel(gateway.url, { attempts }), { code: "SKEIN_CLIENT_SETUP" });
    }
  });

  test("a connection that has opened begins the count again, and what was sent on it may have been handled", async () => {
    // How each connection goes: refused, or broken once it is open.
    const ways = [..."....o....o...o....."];
    let tried = 0;
    const openAt = (url: string, protocol: string) => {
      const opens = ways[tried++] === "o";
      const socket = new LibraryWebSocket(opens ? url : url.replace("/run", "/nothing"), protocol);
      if (opens) socket.on("open", () => socket.terminate());
      return socket as ChannelWebSocket;
    };
    const chat = connectChannel<Item>(`${gateway.url}/run?until=0`, { open: openAt, random: soon });
    await assert.rejects(chat[Symbol.asyncIterator]().next(), { code: "SKEIN_CLIENT_NETWORK", outcome: "unknown" });
    assert.equal(tried, ways.length);
  });

  test("does not pretend to resume where items have no id", async () => {
    await using proxy = await cuttingProxy(gateway.port, () => 330);
    const chat = connectChannel<number, number>(`http://127.0.0.1:${proxy.port}/bare`, { random: soon });
    const items = chat[Symbol.asyncIterator]();
    await chat.send(1);
    const found: unknown[] = [];
    await assert.rejects(
      async () => {
        for (let n = 4; ; n++) {
          found.push((await items.next()).value);
          await chat.send(n);
        }
      },
      { code: "SKEIN_CALL_CANCELED" },
    );
  });

  test("goes on at another gateway when the first one closes", async () => {
    const first = await createGateway(host, { port: 0 });
    let port = first.port;
    const openAt = (url: string, protocol: string) =>
      new WebSocket(url.replace(/:\d+/, `:${port}`), protocol) as ChannelWebSocket;
    const chat = connectChannel<Item, { k: number }>(`${first.url}/run?until=4000`, { open: openAt, random: soon });
    const seen: number[] = [];
    let closing: Promise<void> | undefined;
    for await (const { seq } of chat) {
      seen.push(seq);
      if (seq === 100) {
        port = gateway.port;
        closing = first.close();
      }
      if (seq === 4_000) chat.end();
    }
    await closing;
    assert.deepEqual(seen, numbers(4_000));
  });

  test("takes another library's socket, a signal, and leaves when its reader does", async () => {
    const controller = new AbortController();
    const openAt = (url: string, protocol: string) =>
      new LibraryWebSocket(url, protocol, { headers: { "x-mine": "1" } }) as ChannelWebSocket;
    const chat = connectChannel<Item>(`${gateway.url}/run?until=3`, { open: openAt, signal: controller.signal });
    const items = chat[Symbol.asyncIterator]();
    for (const seq of [1, 2, 3]) assert.equal((await items.next()).value.seq, seq);
    const next = items.next();
    controller.abort();
    await assert.rejects(next, { code: "SKEIN_CALL_CANCELED" });
    for await (const { seq } of connectChannel<Item>(`${gateway.url}/run?until=3`)) if (seq === 2) break;
    while (gateway.inFlight > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});
