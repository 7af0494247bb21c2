/** What readers, and uploads, see of a gateway that makes room: through real sockets, as a browser's EventSource would read. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { after, before, describe, test } from "node:test";
import * as z from "zod";
import { connectChannel } from "../contract/http-client/index.ts";
import { action, bytes, channel, contract, query, stream } from "../contract/index.ts";
import { createVirtualClock, type VirtualClock } from "../core/index.ts";
import { createHost, type Host } from "../host/index.ts";
import { service, system } from "../system/index.ts";
import { createGateway, type Gateway } from "./index.ts";

const Numbers = z.object({ seq: z.int() });
const Feed = contract("feed", {
  numbers: query({ output: stream(Numbers, { id: "seq" }), http: "GET /numbers" }),
  job: action({ output: stream(Numbers, { id: "seq" }), http: "GET /job" }),
  talk: channel({ receive: Numbers, send: Numbers, id: "seq", http: "GET /talk" }),
  put: action({ body: bytes({ max: "1MiB" }), output: z.object({ size: z.int() }), http: "POST /files" }),
});
const open = { access: "public", timeout: "1h" } as const;
const waiting: (() => void)[] = [];
/** Every handler that waits goes on. */
function tick(): void {
  for (const go of waiting.splice(0)) go();
}

async function* count(from: string | undefined) {
  for (let seq = Number(from ?? 0) + 1; ; seq++) {
    yield { seq };
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
}
const feed = service(Feed, { policy: { numbers: open, job: open, talk: open, put: open } }).implement({
  numbers: (_, __, call) => count(call.resumeFrom),
  job: (_, __, call) => count(call.resumeFrom),
  talk: (_, __, call) => count(call.resumeFrom),
  async put(_, __, call) {
    let size = 0;
    for await (const piece of call.body) size += piece.length;
    return { size };
  },
});

let host: Host;
before(async () => {
  host = await createHost(system("feeds", { services: [feed] }));
});
after(() => host.close());

/** Reads one answer as `EventSource` does, until it ends. */
async function read(gateway: Gateway, path: string, state: { lastId: string; seen: number[]; text: string }) {
  const resume = state.lastId === "" ? {} : { "last-event-id": state.lastId };
  const response = await fetch(`${gateway.url}${path}`, { headers: { accept: "text/event-stream", ...resume } });
  assert.equal(response.status, 200);
  const decoder = new TextDecoder();
  let rest = "";
  state.text = "";
  for await (const chunk of response.body ?? []) {
    const text = decoder.decode(chunk, { stream: true });
    state.text += text;
    const events = (rest + text).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) {
      const id = /^id: (.*)$/m.exec(event)?.[1];
      if (id === undefined) continue;
      state.lastId = id;
      state.seen.push((JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? "") as { seq: number }).seq);
    }
  }
}

/** Until `isTrue`, with everything that waits going on. */
async function until(isTrue: () => boolean): Promise<void> {
  for (let turns = 0; !isTrue(); turns++) {
    assert.ok(turns < 20_000, "it does not come");
    tick();
    await new Promise(setImmediate);
  }
}

/** Lets virtual time pass in steps, with real sockets between them. */
async function pass(clock: VirtualClock, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 250) {
    await clock.advance(250);
    await new Promise(setImmediate);
  }
}

describe("a gateway that makes room", () => {
  test("ends an event stream so that its reader connects again at once, and nothing is lost or comes twice", async () => {
    const state = { lastId: "", seen: [] as number[], text: "" };
    for (let turn = 1; turn <= 5; turn++) {
      const gateway = await createGateway(host, { port: 0 });
      const reading = read(gateway, "/numbers", state);
      await until(() => state.seen.length >= turn * 4);
      await Promise.all([reading, gateway.close()]);
      const [, hint = ""] =
        /retry: (\d+)\n\n$/.exec(state.text) ?? assert.fail(`it ended with ${state.text.slice(-80)}`);
      assert.ok(Number(hint) < 500, hint);
      assert.ok(!state.text.includes("event: error"), state.text);
    }
    assert.deepEqual(
      state.seen,
      state.seen.map((_, i) => i + 1),
    );
  });

  test("a reader that comes while it closes is answered, and sent on", async () => {
    const gateway = await createGateway(host, { port: 0 });
    const first = { lastId: "", seen: [] as number[], text: "" };
    const reading = read(gateway, "/job", first);
    await until(() => first.seen.length >= 1);
    // Of the connections that are open a request may still come.
    host.moveStreams();
    const late = { lastId: "7", seen: [] as number[], text: "" };
    await read(gateway, "/numbers", late);
    assert.deepEqual(late.seen, []);
    assert.match(late.text, /^retry: 1000\n\nretry: \d{1,3}\n\n$/);
    host.moveStreams("all");
    await Promise.all([reading, gateway.close()]);
    assert.match(first.text, /event: error\ndata: .*"code":"SKEIN_MOVED".*"data":\{"lastId":"\d+"\}/);
    // This host is no more for tests that begin streams.
    await host.close();
    host = await createHost(system("feeds", { services: [feed] }));
  });

  test("a channel is closed with 1012, and its client goes on at the next gateway", async () => {
    const [first, next] = [await createGateway(host, { port: 0 }), await createGateway(host, { port: 0 })];
    let { url } = first;
    const codes: number[] = [];
    const talk = connectChannel<{ seq: number }>("ws://the-gateway/talk", {
      open: (to, protocol) => {
        const socket = new WebSocket(to.replace("ws://the-gateway", url.replace("http", "ws")), protocol);
        socket.addEventListener("close", ({ code }) => codes.push(code));
        return socket;
      },
    });
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { seq } of talk) seen.push(seq);
    })();
    await until(() => seen.length >= 3);
    ({ url } = next);
    await first.close();
    const { length } = seen;
    await until(() => seen.length >= length + 3);
    talk.close();
    await reading;
    assert.deepEqual(
      seen,
      seen.map((_, i) => i + 1),
    );
    assert.equal(codes[0], 1012);
    await next.close();
  });

  test("lines end with the token, and the connection breaks off", async () => {
    const gateway = await createGateway(host, { port: 0 });
    const response = await fetch(`${gateway.url}/numbers`);
    let text = "";
    const reading = (async () => {
      for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
    })();
    await until(() => text.includes('"seq":3'));
    await Promise.all([assert.rejects(reading, TypeError), gateway.close()]);
    const { error } = JSON.parse(text.trim().split("\n").at(-1) ?? "") as { error: { code: string; data: unknown } };
    assert.equal(error.code, "SKEIN_MOVED");
    assert.deepEqual(error.data, { lastId: String(text.trim().split("\n").length - 1) });
  });

  test("an action's stream goes on until the end of the drain, and is then told so", async () => {
    const clock = createVirtualClock();
    const gateway = await createGateway(host, { port: 0, clock });
    const state = { lastId: "", seen: [] as number[], text: "" };
    const reading = read(gateway, "/job", state);
    await until(() => state.seen.length >= 1);
    const closing = gateway.close();
    await pass(clock, 19_000);
    const { length } = state.seen;
    await until(() => state.seen.length > length);
    await pass(clock, 2_000);
    await Promise.all([reading, closing]);
    assert.match(state.text, new RegExp(`event: error\ndata: .*"code":"SKEIN_MOVED".*"lastId":"${state.lastId}"`));
  });

  for (const [transfersMs, outcome] of [
    [120_000, "goes on"],
    [undefined, "is cut"],
  ] as const)
    test(`an upload that moves ${outcome} after 20 s${transfersMs === undefined ? " where nothing else is said" : ""}`, async () => {
      const clock = createVirtualClock();
      const gateway = await createGateway(host, { port: 0, clock });
      const sending = request(`${gateway.url}/files`, {
        method: "POST",
        headers: { "content-type": "application/octet-stream" },
      });
      const answered = once(sending, "response").then(([response]) => (response as { statusCode: number }).statusCode);
      answered.catch(() => undefined);
      sending.write(Buffer.alloc(10_000));
      await until(() => host.transfers === 1);
      const closing = gateway.close(transfersMs === undefined ? {} : { transfersMs });
      for (let second = 0; second < 30; second++) {
        if (!sending.destroyed) sending.write(Buffer.alloc(10_000));
        await pass(clock, 1_000);
      }
      if (transfersMs === undefined) return void (await Promise.all([assert.rejects(answered), closing]));
      sending.end();
      assert.equal(await answered, 200);
      await until(() => host.transfers === 0);
      await pass(clock, 1_000);
      await closing;
    });
});

test("before it closes it sends clients on little by little, and not any more when that is taken back", async () => {
  const clock = createVirtualClock();
  await using gateway = await createGateway(host, { port: 0, clock });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const closed = async (requests: number): Promise<number> => {
    let count = 0;
    for (let i = 0; i < requests; i++) {
      const [response] = (await once(request(`${gateway.url}/health/live`, { agent }).end(), "response")) as [
        IncomingMessage,
      ];
      await once(response.resume(), "end");
      if (response.headers.connection === "close") count++;
    }
    return count;
  };
  assert.equal(await closed(10), 0);
  gateway.yieldConnections(4_000);
  await clock.advance(1_000);
  const quarter = await closed(200);
  assert.ok(quarter > 0 && quarter < 30, `${quarter} of 200 after a quarter of the time`);
  await clock.advance(1_000);
  const half = await closed(200);
  assert.ok(half > 30 && half < 80, `${half} of 200 after half of it`);
  // It takes longer than was meant: of eight seconds three are over.
  await clock.advance(1_000);
  gateway.yieldConnections(5_000);
  const later = await closed(200);
  assert.ok(later > 10 && later < 50, `${later} of 200 after three eighths of it`);
  await clock.advance(5_000);
  assert.equal(await closed(10), 10);
  gateway.yieldConnections(0);
  assert.equal(await closed(10), 0);
  agent.destroy();
});

test("of each connection the first answer is counted, whatever comes after it", async () => {
  await using gateway = await createGateway(host, { port: 0 });
  for (const paths of [
    ["/nowhere", "/health/live", "/nowhere"],
    ["/health/live", "/nowhere", "/nowhere"],
    ["/health/live"],
  ]) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const path of paths) {
      const [response] = (await once(request(`${gateway.url}${path}`, { agent }).end(), "response")) as [
        IncomingMessage,
      ];
      await once(response.resume(), "end");
    }
    agent.destroy();
  }
  await until(() => gateway.firstAnswers.clients === 3);
  assert.deepEqual(gateway.firstAnswers, { clients: 3, refusedClients: 1 });
});
