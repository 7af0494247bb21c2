/** Server-sent events through real sockets: signs of life, resuming after cuts anywhere, readers that are slow. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import * as z from "zod";
import { contract, query, stream } from "../contract/index.ts";
import { createSeededRandom, createVirtualClock } from "../core/index.ts";
import { createHost, type Host } from "../host/index.ts";
import { service, system } from "../system/index.ts";
import { cuttingProxy } from "./fixtures/cutting-proxy.ts";
import { open } from "./fixtures/client.ts";
import { createGateway, type Gateway } from "./index.ts";

const Feed = contract("feed", {
  numbers: query({
    input: z.object({ until: z.int(), pad: z.int().default(0) }),
    output: stream(z.object({ seq: z.int(), text: z.string() }), { id: "seq" }),
    http: "GET /numbers",
  }),
  quiet: query({ output: stream(z.int()), http: "GET /quiet" }),
});

let made = 0;
let speak: ((n: number) => void) | undefined;
const open_ = { access: "public" } as const;
const feed = service(Feed, { policy: { numbers: open_, quiet: open_ } }).implement({
  async *numbers({ until, pad }, _own, call) {
    for (let seq = Number(call.resumeFrom ?? 0) + 1; seq <= until; seq++) {
      made = seq;
      yield { seq, text: "x".repeat(pad) };
      if (seq % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  },
  async *quiet(_input, _own, call) {
    yield 0;
    while (!call.signal.aborted) yield await new Promise<number>((resolve) => (speak = resolve));
  },
});

let host: Host;
let gateway: Gateway;
before(async () => {
  host = await createHost(system("feeds", { services: [feed] }));
  gateway = await createGateway(host, { port: 0 });
});
after(async () => {
  await gateway.close();
  await host.close();
});

const accept = { accept: "text/event-stream" };

/** Reads events until the end or the cut, as an EventSource would: an event counts once its blank line has come. */
async function readEvents(url: string, state: { lastId: string; seen: number[] }): Promise<boolean> {
  const resume = state.lastId === "" ? {} : { "last-event-id": state.lastId };
  try {
    const response = await fetch(url, { headers: { ...accept, ...resume, connection: "close" } });
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      rest += decoder.decode(chunk, { stream: true });
      const events = rest.split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) {
        if (event.includes("event: end")) return true;
        const id = /^id: (.*)$/m.exec(event)?.[1];
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (id !== undefined) state.lastId = id;
        if (data !== undefined) state.seen.push((JSON.parse(data) as { seq: number }).seq);
      }
    }
  } catch (error) {
    // A cut connection; anything else would be a defect of the gateway.
    assert.ok(error instanceof TypeError, String(error));
  }
  return false;
}

describe("server-sent events", () => {
  test("a client that is cut at 60 random places and resumes loses nothing and sees nothing twice", async (t) => {
    const seed = Date.now() % 1_000_000;
    t.diagnostic(`seed ${seed}`);
    const random = createSeededRandom(seed);
    let left = 60;
    // Some cuts fall into the head, some into the middle of an event.
    const bytesOf = () => (left-- > 0 ? 1 + random.int(6_000) : Number.POSITIVE_INFINITY);
    await using proxy = await cuttingProxy(gateway.port, bytesOf);
    const state = { lastId: "", seen: [] as number[] };
    const until = 20_000;
    let turns = 0;
    while (!(await readEvents(`http://127.0.0.1:${proxy.port}/numbers?until=${until}`, state))) {
      assert.ok(++turns <= 100, `${turns} connections`);
    }
    assert.equal(proxy.cuts, 60);
    assert.deepEqual(
      state.seen,
      Array.from({ length: until }, (_, i) => i + 1),
    );
  });

  test("a client that reads slowly of 256 MB holds the handler back, and still gets all of it", async () => {
    const [until, pad] = [16_384, 16_384];
    made = 0;
    const socket = connect({ port: gateway.port, host: "127.0.0.1" });
    await once(socket, "connect");
    socket.write(`GET /numbers?until=${until}&pad=${pad} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    let [bytes, leadMax, heldMax] = [0, 0, 0];
    const heldBefore = process.memoryUsage();
    for await (const chunk of socket) {
      bytes += (chunk as Buffer).length;
      leadMax = Math.max(leadMax, made * pad - bytes);
      const { external, arrayBuffers } = process.memoryUsage();
      heldMax = Math.max(heldMax, external + arrayBuffers - heldBefore.external - heldBefore.arrayBuffers);
      // Now and then it does nothing for a moment, so that every buffer on the way fills.
      if (bytes < 32_000_000) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(bytes > until * pad, `${bytes} bytes`);
    // What the kernel buffers of two sockets hold, and no more: the stream is ten times as long.
    assert.ok(leadMax < 24_000_000, `the handler was ${leadMax} bytes ahead`);
    assert.ok(heldMax < 64_000_000, `${heldMax} bytes were held`);
  });

  test("a silent stream says that it lives every 15 s, and only while it is silent", async () => {
    const clock = createVirtualClock();
    const beating = await createGateway(host, { port: 0, clock });
    const socket = await open(beating.port);
    let text = "";
    socket.on("data", (chunk) => (text += String(chunk)));
    const until = async (part: string) => {
      while (!text.includes(part)) await once(socket, "data");
    };
    socket.write("GET /quiet HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n");
    await until("data: 0\n\n");
    assert.ok(text.includes("retry: 1000\n\n"));
    await clock.advance("14s");
    speak?.(1);
    await until("data: 1\n\n");
    await clock.advance("14s");
    assert.ok(!text.includes(":\n\n"), text);
    await clock.advance("1s");
    await until(":\n\n");
    text = "";
    await clock.advance("15s");
    await until(":\n\n");
    socket.destroy();
    while (beating.inFlight > 0) await new Promise((resolve) => setImmediate(resolve));
    speak?.(2);
    const closing = beating.close();
    await clock.advance("1s");
    await closing;
  });

  test("lines without events say nothing while they are silent", async () => {
    const response = await fetch(`${gateway.url}/numbers?until=2`);
    assert.equal(await response.text(), '{"seq":1,"text":""}\n{"seq":2,"text":""}\n');
  });
});
