/** Channels on a real port: both directions, resuming, every refusal before the upgrade, every end after it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { createVirtualClock } from "../../core/index.ts";
import { createHost, type Host } from "../../index.ts";
import { annKey, chatSystem, dial, upgradeHead, Witness } from "../fixtures/chat.ts";
import { open, sendRaw } from "../fixtures/client.ts";
import { createGateway, type Gateway, renderOpenApi, type RequestLine } from "../index.ts";

const witness = new Witness();
let host: Host;
let gateway: Gateway;
const lines: RequestLine[] = [];
before(async () => {
  host = await createHost(chatSystem(witness));
  gateway = await createGateway(host, { port: 0, onRequest: (line) => lines.push(line) });
});
after(async () => {
  await gateway.close();
  await host.close();
});

const turn = () => new Promise((resolve) => setImmediate(resolve));
const ann = { "x-api-key": annKey.key };

describe("an open channel", () => {
  test("carries items both ways, acknowledges what the handler is done with, and ends", async () => {
    const talk = await dial(`${gateway.url}/rooms/a`);
    assert.equal(talk.client.protocol, "skein.channel.1");
    assert.equal(talk.client.extensions, "");
    talk.say(1, { text: "hello" });
    assert.deepEqual(await talk.next(), { id: "1", item: { seq: 1, text: "hello" } });
    assert.deepEqual(await talk.next(), { ack: 1 });
    talk.say(2, { text: "", at: "1970-01-01T00:00:01Z" });
    assert.deepEqual(await talk.next(), { id: "2", item: { seq: 2, text: "at 1000" } });
    assert.deepEqual(await talk.next(), { ack: 2 });
    talk.client.send('{"end":true}');
    assert.deepEqual(await talk.next(), { id: "3", item: { seq: 3, text: "you are done" } });
    assert.deepEqual(await talk.next(), { end: true });
    assert.deepEqual(await talk.closed, { code: 1000, reason: "" });
    while (gateway.inFlight > 0) await turn();
    const line = lines.at(-1);
    assert.deepEqual([line?.status, line?.endpoint, line?.code], [101, "chat.talk", undefined]);
  });

  test("goes on after what its client has seen, by query or header", async () => {
    const resumed = await dial(`${gateway.url}/rooms/a?resume=41&size=3`);
    resumed.say(7, { text: "x" });
    assert.deepEqual(await resumed.next(), { id: "42", item: { seq: 42, text: "x" } });
    resumed.client.terminate();
    const byHeader = await dial(`${gateway.url}/rooms/a`, { "last-event-id": "7" });
    byHeader.say(1, { text: "x" });
    assert.equal((await byHeader.next())["id"], "8");
    byHeader.client.terminate();
    const answers = ["resume=a&resume=b", `resume=${"x".repeat(256)}`, "resume=%00", "resume=%ff"].map((query) =>
      sendRaw(gateway.port, upgradeHead(`/rooms/a?${query}`)),
    );
    assert.deepEqual(
      (await Promise.all(answers)).map(({ status }) => status),
      [400, 400, 400, 400],
    );
  });

  test("ends with a problem where the contract refuses an item, the protocol a message, or the handler fails", async () => {
    const cases: Array<[path: string, send: string | Buffer, code: string, close: number]> = [
      ["/rooms/a", '{"n":1,"item":{"text":7}}', "SKEIN_INPUT_INVALID", 1008],
      ["/rooms/a", '{"n":2,"item":{"text":"x"}}\n{', "SKEIN_HTTP_MESSAGE", 1008],
      ["/rooms/a", '{"n":0,"item":{"text":"x"}}', "SKEIN_HTTP_MESSAGE", 1008],
      ["/rooms/a", '{"item":{"text":"x"}}', "SKEIN_HTTP_MESSAGE", 1008],
      ["/rooms/a", "[]", "SKEIN_HTTP_MESSAGE", 1008],
      ["/rooms/a", '{"n":1,"item":{"__proto__":{}}}', "SKEIN_HTTP_MESSAGE", 1008],
      ["/rooms/a", `{"n":1,"item":${"[".repeat(100)}${"]".repeat(100)}}`, "SKEIN_HTTP_MESSAGE", 1008],
      ["/rooms/a", Buffer.from('{"n":1,"item":{"text":"x"}}'), "SKEIN_HTTP_MESSAGE", 1003],
      ["/rooms/boom", "", "SKEIN_CALL_FAILED", 1011],
    ];
    for (const [path, send, code, close] of cases) {
      const talk = await dial(gateway.url + path);
      if (send !== "") talk.client.send(send);
      let last = await talk.next();
      if (path === "/rooms/boom") last = await talk.next();
      const error = last["error"] as Record<string, unknown>;
      assert.equal(error["code"], code, String(send));
      assert.ok(!JSON.stringify(error).includes("private"));
      assert.equal((await talk.closed).code, close, String(send));
    }
    const skipping = await dial(`${gateway.url}/rooms/mute`);
    skipping.say(1, { text: "x" });
    skipping.say(3, { text: "x" });
    for (;;) {
      const { error } = (await skipping.next()) as { error?: { code: string } };
      if (error === undefined) continue;
      assert.equal(error.code, "SKEIN_HTTP_MESSAGE");
      break;
    }
  });

  test("a client that leaves aborts the handler", async () => {
    const before = witness.aborted;
    const talk = await dial(`${gateway.url}/rooms/a`);
    talk.say(1, { text: "x" });
    await talk.next();
    talk.client.terminate();
    while (witness.aborted === before) await turn();
  });

  test("a client that does not read stops the handler", async () => {
    witness.made = 0;
    const talk = await dial(`${gateway.url}/rooms/flood?size=10000`);
    talk.client.pause();
    let [seen, still] = [-1, 0];
    // Still for a while: the buffers between here and there are full.
    while (still < 20) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      still = witness.made === seen ? still + 1 : 0;
      seen = witness.made;
    }
    assert.ok(witness.made < 2_000, `${witness.made} items of 10 kB were made for a reader that reads none`);
    talk.client.terminate();
  });

  test("a handler that does not take holds its client back, and loses nothing", async () => {
    let release: () => void = () => undefined;
    witness.hold = new Promise((resolve) => (release = resolve));
    witness.heard = [];
    const talk = await dial(`${gateway.url}/rooms/mute`);
    const text = "y".repeat(100);
    // Far more than every buffer holds: 20 MB would have to be somewhere.
    const count = 150_000;
    let sent = 0;
    const pump = () => {
      while (sent < count && talk.client.bufferedAmount < 65_536) talk.say(++sent, { text });
      if (sent < count) setTimeout(pump, 1);
    };
    pump();
    let [seen, still] = [-1, 0];
    while (still < 20) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      still = sent === seen ? still + 1 : 0;
      seen = sent;
    }
    assert.ok(sent < count, "nothing held the client back");
    assert.equal(witness.heard.length, 1);
    release();
    witness.hold = undefined;
    talk.client.on("message", () => undefined);
    while (witness.heard.length < count) await new Promise((resolve) => setTimeout(resolve, 10));
    talk.client.terminate();
  });
});

describe("before the upgrade", () => {
  const cases: Array<
    [title: string, path: string, headers: Record<string, string | undefined>, status: number, code: string]
  > = [
    ["no upgrade", "/rooms/a", { upgrade: undefined, connection: "close" }, 426, "SKEIN_HTTP_UPGRADE"],
    ["another upgrade", "/rooms/a", { upgrade: "h2c", connection: "Upgrade, close" }, 426, "SKEIN_HTTP_UPGRADE"],
    ["another version", "/rooms/a", { "sec-websocket-version": "8" }, 426, "SKEIN_HTTP_UPGRADE"],
    ["no key", "/rooms/a", { "sec-websocket-key": undefined }, 400, "SKEIN_HTTP_BAD_REQUEST"],
    ["a key that is none", "/rooms/a", { "sec-websocket-key": "x" }, 400, "SKEIN_HTTP_BAD_REQUEST"],
    ["another protocol", "/rooms/a", { "sec-websocket-protocol": "mqtt" }, 400, "SKEIN_HTTP_BAD_REQUEST"],
    ["another site's page", "/rooms/a", { origin: "https://evil.example" }, 403, "SKEIN_ACCESS_DENIED"],
    ["a page without a site", "/rooms/a", { origin: "null" }, 403, "SKEIN_ACCESS_DENIED"],
    ["a host that only begins alike", "/rooms/a", { origin: "http://a.evil.example" }, 403, "SKEIN_ACCESS_DENIED"],
    ["nobody where a role is needed", "/vip", {}, 401, "SKEIN_ACCESS_UNAUTHENTICATED"],
    ["a broken key", "/vip", { "x-api-key": `${annKey.key}x` }, 401, "SKEIN_ACCESS_UNAUTHENTICATED"],
    ["what a guard refuses", "/own/bob", ann, 403, "SKEIN_ACCESS_DENIED"],
    ["what the handler refuses at once", "/rooms/none", {}, 404, "NO_ROOM"],
    ["an input that does not fit", "/rooms/a?size=x", {}, 400, "SKEIN_INPUT_INVALID"],
    ["an unknown path", "/nothing", {}, 404, "SKEIN_HTTP_NOT_FOUND"],
    ["two hosts", "/rooms/a", { "Host ": undefined, host: "a\r\nhost: b" }, 400, "SKEIN_HTTP_BAD_REQUEST"],
    ["a bad target", "/rooms/%ff", {}, 400, "SKEIN_HTTP_BAD_REQUEST"],
  ];
  for (const [title, path, headers, status, code] of cases) {
    test(`${title} is ${status}`, async () => {
      const answer = await sendRaw(gateway.port, upgradeHead(path, headers));
      assert.equal(answer.status, status, answer.body);
      assert.equal(answer.json()["code"], code);
      if (status === 426) assert.equal(answer.headers["upgrade"], "websocket");
      assert.equal(answer.headers["connection"], "close");
    });
  }

  test("whom it lets in", async () => {
    for (const [path, headers] of [
      ["/vip", ann],
      ["/own/ann", ann],
      ["/rooms/a", { origin: gateway.url }],
    ] as const) {
      const talk = await dial(gateway.url + path, headers);
      talk.client.terminate();
    }
  });

  test("calls are counted", async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) {
      const socket = await open(gateway.port);
      socket.write(upgradeHead("/limited"));
      const [head] = (await once(socket, "data")) as [Buffer];
      statuses.push(Number(String(head).split(" ")[1]));
      socket.destroy();
    }
    assert.deepEqual(statuses, [101, 101, 429]);
  });

  test("a WebSocket for a route that is none is answered as any request", async () => {
    const answer = await sendRaw(gateway.port, upgradeHead("/plain"));
    assert.deepEqual([answer.status, answer.body], [200, '"plain"']);
    const health = await sendRaw(gateway.port, upgradeHead("/health/live"));
    assert.equal(health.status, 200);
  });
});

describe("life", () => {
  test("a silent client is asked whether it is there, and cut when it does not answer", async () => {
    const clock = createVirtualClock();
    await using own = await createGateway(host, { port: 0, clock });
    const dialled = dial(`${own.url}/rooms/a`);
    await openChannel(clock, own);
    const talk = await dialled;
    let pings = 0;
    talk.client.on("ping", () => pings++);
    for (let i = 0; i < 3; i++) {
      await clock.advance("35s");
      while (pings <= i) await turn();
      // Its answer has to arrive before time goes on.
      for (let turns = 0; turns < 50; turns++) await turn();
    }
    assert.equal(talk.client.readyState, talk.client.OPEN);
    const dead = await open(own.port);
    dead.write(upgradeHead("/rooms/a"));
    await openChannel(clock, own, 2);
    await once(dead, "data");
    dead.on("data", () => undefined);
    const gone = once(dead, "close");
    await clock.advance("35s");
    for (let turns = 0; turns < 50; turns++) await turn();
    await clock.advance("15s");
    await gone;
    assert.equal(talk.client.readyState, talk.client.OPEN);
    talk.client.terminate();
    while (own.inFlight > 0) await turn();
    const closing = own.close();
    await clock.advance("1s");
    await closing;
  });

  test("after an hour a client is told to connect again", async () => {
    const clock = createVirtualClock();
    await using own = await createGateway(host, { port: 0, clock });
    const dialled = dial(`${own.url}/rooms/a`);
    await openChannel(clock, own);
    const talk = await dialled;
    for (let minutes = 0; minutes < 61 && talk.client.readyState === talk.client.OPEN; minutes++) {
      for (let part = 0; part < 2; part++) {
        await clock.advance("30s");
        for (let turns = 0; turns < 20; turns++) await turn();
      }
    }
    assert.equal((await talk.closed).code, 1001);
    while (own.inFlight > 0) await turn();
    const closing = own.close();
    await clock.advance("1s");
    await closing;
  });

  test("a gateway that closes tells its clients to go on elsewhere", async () => {
    const own = await createGateway(host, { port: 0 });
    const talk = await dial(`${own.url}/rooms/a`);
    talk.say(1, { text: "x" });
    assert.equal((await talk.next())["id"], "1");
    assert.deepEqual(await talk.next(), { ack: 1 });
    const closing = own.close();
    const { error } = (await talk.next()) as { error: Record<string, unknown> };
    assert.deepEqual([error["code"], error["retry"]], ["SKEIN_MOVED", true]);
    assert.equal((await talk.closed).code, 1012);
    await closing;
  });
});

test("OpenAPI says that a route is a channel", async () => {
  const api = (await renderOpenApi(host.system)) as {
    paths: Record<string, { get: { responses: object; parameters: Array<{ name: string }> } }>;
  };
  const { responses, parameters } = api.paths["/rooms/{room}"]?.get ?? { responses: {}, parameters: [] };
  assert.ok("101" in responses && "426" in responses && !("200" in responses), JSON.stringify(Object.keys(responses)));
  assert.ok(parameters.some(({ name }) => name === "resume"));
});

/** A handler gets a moment to refuse before the channel opens; under a virtual clock somebody has to let it pass. */
async function openChannel(clock: ReturnType<typeof createVirtualClock>, own: Gateway, count = 1): Promise<void> {
  while (own.inFlight < count) await turn();
  for (let turns = 0; turns < 50; turns++) await turn();
  await clock.advance(30);
}
