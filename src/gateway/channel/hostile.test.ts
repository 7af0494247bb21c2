/** Frames that no honest client sends, and crowds of upgrades: the channel ends, the gateway serves everybody else. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import * as fc from "fast-check";
import { createHost, type Host } from "../../index.ts";
import { chatSystem, dial, upgradeHead, Witness } from "../fixtures/chat.ts";
import { open } from "../fixtures/client.ts";
import { createGateway, type Gateway } from "../index.ts";

const witness = new Witness();
let host: Host;
let gateway: Gateway;
before(async () => {
  host = await createHost(chatSystem(witness));
  gateway = await createGateway(host, { port: 0 });
});
after(async () => {
  await gateway.close();
  await host.close();
});

/** One frame; a client's are masked (here with zeros, which any mask may be). */
function frame(opcode: number, payload: string | Buffer, { fin = true, masked = true, rsv = 0 } = {}): Buffer {
  const bytes = Buffer.from(payload);
  const first = (fin ? 0x80 : 0) | rsv | opcode;
  const mask = masked ? 0x80 : 0;
  let head: Buffer;
  if (bytes.length < 126) head = Buffer.from([first, mask | bytes.length]);
  else if (bytes.length < 65_536) head = Buffer.from([first, mask | 126, bytes.length >> 8, bytes.length & 255]);
  else {
    head = Buffer.alloc(10);
    head[0] = first;
    head[1] = mask | 127;
    head.writeBigUInt64BE(BigInt(bytes.length), 2);
  }
  return Buffer.concat([head, masked ? Buffer.alloc(4) : Buffer.alloc(0), bytes]);
}

async function upgraded(path = "/rooms/a", headers = {}): Promise<{ socket: Socket; head: string }> {
  const socket = await open(gateway.port);
  socket.write(upgradeHead(path, headers));
  const [head] = (await once(socket, "data")) as [Buffer];
  return { socket, head: head.toString("latin1") };
}

/** The code of the close frame, or 0 where the connection just ended. */
async function endOf(socket: Socket): Promise<number> {
  const received: Buffer[] = [];
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => received.push(chunk));
  socket.on("end", () => socket.end());
  if (!socket.destroyed) await once(socket, "close");
  const bytes = Buffer.concat(received);
  for (let at = 0; at + 2 <= bytes.length;) {
    const opcode = (bytes[at] as number) & 0x0f;
    let length = (bytes[at + 1] as number) & 0x7f;
    let start = at + 2;
    if (length === 126) {
      length = bytes.readUInt16BE(start);
      start += 2;
    }
    if (opcode === 8) return bytes.readUInt16BE(start);
    at = start + length;
  }
  return 0;
}

/** Somebody else, who must not notice. */
async function serves(): Promise<void> {
  const talk = await dial(`${gateway.url}/rooms/a`);
  talk.say(1, { text: "hello" });
  assert.deepEqual((await talk.next())["item"], { seq: 1, text: "hello" });
  talk.client.terminate();
  assert.equal((await fetch(`${gateway.url}/plain`)).status, 200);
}

describe("a hostile frame", () => {
  const item = '{"n":1,"item":{"text":"x"}}';
  const cases: Array<[title: string, bytes: Buffer, code: number]> = [
    ["that is not masked", frame(1, item, { masked: false }), 1002],
    ["that is not UTF-8", frame(1, Buffer.from([0x22, 0xff, 0xfe, 0x22])), 1007],
    ["that is compressed, which was not agreed", frame(1, item, { rsv: 0x40 }), 1002],
    ["with a reserved bit", frame(1, item, { rsv: 0x10 }), 1002],
    ["with an unknown opcode", frame(3, item), 1002],
    ["that continues nothing", frame(0, item), 1002],
    ["that says it has 2^62 bytes", Buffer.from([0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 1009],
    ["that says it has 2 MiB", Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0]), 1009],
    ["of a message of 2 MiB in pieces", pieces(32, 65_536), 1009],
    ["of a message in 100,000 empty pieces", pieces(100_000, 0), 1008],
    ["of a ping in pieces", frame(9, "x", { fin: false }), 1002],
    ["of a ping of 126 bytes", frame(9, "x".repeat(126)), 1002],
    ["that closes with a code nobody may send", frame(8, Buffer.from([0x03, 0xee])), 1002],
    ["that closes with half a code", frame(8, Buffer.from([0x03])), 1002],
    ["that is empty", frame(1, ""), 1008],
    ["with 20,000 keys", frame(1, `{"n":1,"item":{${keys(20_000)}}}`), 1008],
    ["with 500,000 levels", frame(1, `{"n":1,"item":${"[".repeat(500_000)}`), 1008],
  ];
  for (const [title, bytes, code] of cases) {
    test(`${title} ends its channel with ${code}`, async () => {
      const { socket, head } = await upgraded();
      assert.match(head, /^HTTP\/1\.1 101 /);
      socket.write(bytes);
      assert.equal(await endOf(socket), code);
      await serves();
    });
  }

  test("and any bytes at all end in order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
        const { socket } = await upgraded();
        socket.write(bytes);
        socket.end();
        await endOf(socket);
      }),
      { numRuns: 150 },
    );
    await serves();
  });

  test("in front of the answer is read after it", async () => {
    const socket = await open(gateway.port);
    socket.write(Buffer.concat([Buffer.from(upgradeHead("/rooms/a")), frame(1, item)]));
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    while (!text.includes('{"ack":1}')) await once(socket, "data");
    socket.destroy();
  });

  test("asking for compression gets none", async () => {
    const asked = { "sec-websocket-extensions": "permessage-deflate; client_max_window_bits" };
    const { socket, head } = await upgraded("/rooms/a", asked);
    assert.doesNotMatch(head, /extensions/i);
    socket.destroy();
  });
});

describe("a crowd", () => {
  test("of pings is answered or cut, and hurts nobody", async () => {
    const { socket } = await upgraded();
    socket.on("error", () => undefined);
    const flood = Buffer.concat(Array.from({ length: 10_000 }, () => frame(9, "x".repeat(100))));
    socket.write(flood);
    await serves();
    socket.destroy();
  });

  test("of 200 upgrades that stop half-way lets others in, and is cut", async () => {
    const half = upgradeHead("/rooms/a").slice(0, 60);
    const sockets = await Promise.all(Array.from({ length: 200 }, () => open(gateway.port)));
    const closed = sockets.map((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", () => undefined);
      return once(socket, "close");
    });
    for (const socket of sockets) socket.write(half);
    await serves();
    await Promise.all(closed);
  });

  test("of 200 that open and leave leaves nothing behind", async () => {
    const before = witness.aborted;
    const all = await Promise.all(Array.from({ length: 200 }, () => upgraded()));
    for (const { socket, head } of all) {
      assert.match(head, /^HTTP\/1\.1 101 /);
      socket.on("error", () => undefined);
      socket.resetAndDestroy();
    }
    while (gateway.inFlight > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(witness.aborted >= before);
    await serves();
  });
});

function pieces(count: number, size: number): Buffer {
  const middle = frame(0, "x".repeat(size), { fin: false });
  const all = [frame(1, "x".repeat(size), { fin: false })];
  for (let i = 0; i < count; i++) all.push(middle);
  return Buffer.concat(all);
}

function keys(count: number): string {
  return Array.from({ length: count }, (_, i) => `"k${i}":0`).join(",");
}
