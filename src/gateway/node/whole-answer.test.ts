/** An answer that goes out as one text of the gateway's own says what Node's would, and only where Node has no say in it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { after, before, test } from "node:test";
import * as z from "zod";
import { action, contract, createHost, service, system } from "../../index.ts";
import { open, sendRaw, toAnswer } from "../fixtures/client.ts";
import { createGateway, type Gateway } from "../index.ts";
import { requestsPerSocketMax } from "../limits.ts";

const Echo = contract("echo", {
  say: action({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }), http: "POST /say" }),
  hold: action({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }), http: "POST /hold" }),
});

let release: () => void = () => undefined;
const echo = service(Echo, { policy: { say: { access: "public" }, hold: { access: "public" } } }).implement({
  async say(given) {
    return given;
  },
  async hold(given) {
    await new Promise<void>((resolve) => (release = resolve));
    return given;
  },
});

let gateway: Gateway;
let close: () => Promise<void>;

before(async () => {
  const host = await createHost(system("whole", { services: [echo] }));
  gateway = await createGateway(host, { port: 0 });
  close = async () => {
    await gateway.close();
    await host.close();
  };
});
after(() => close());

function request(text: string, { path = "/say", version = "1.1", more = "" } = {}): string {
  const body = JSON.stringify({ text });
  const head = `POST ${path} HTTP/${version}\r\nhost: h\r\ncontent-type: application/json\r\n${more}`;
  return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Reads answers to the end of the connection, or until there are `count`. */
async function answersOf(socket: Socket, count: number): Promise<string[]> {
  let text = "";
  let answers: string[] = [];
  for await (const chunk of socket) {
    text += (chunk as Buffer).toString("latin1");
    answers = text.split(/(?=HTTP\/1\.1 \d{3} )/);
    const last = answers.at(-1) ?? "";
    const length = /content-length: (\d+)/i.exec(last)?.[1];
    const isWhole = last.includes("\r\n\r\n") && last.split("\r\n\r\n")[1]?.length === Number(length);
    if (answers.length === count && isWhole) break;
  }
  return answers;
}

const withoutVolatile = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !["date", "x-request-id", "connection", "keep-alive"].includes(name))
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );

test("it has the headers of an answer that Node writes", async () => {
  const socket = await open(gateway.port);
  socket.write(request("a"));
  const [kept = ""] = await answersOf(socket, 1);
  const closed = await sendRaw(gateway.port, request("a", { more: "connection: close\r\n" }));
  const whole = toAnswer(kept);
  assert.equal(whole.status, 200);
  assert.deepEqual(withoutVolatile(whole.headers), withoutVolatile(closed.headers));
  assert.match(whole.headers["x-request-id"] ?? "", /^[0-9a-f]{32}$/);
  assert.equal(whole.headers["connection"], "keep-alive");
  assert.equal(closed.headers["connection"], "close");
  assert.ok(Math.abs(Date.parse(whole.headers["date"] ?? "") - Date.now()) < 10_000, whole.headers["date"]);
});

for (const text of ["", "plain", "Grüße", "日本語 🙂", "\u2028\u0000", "x".repeat(100_000), "é".repeat(100_000)]) {
  test(`the length is that of the bytes: ${JSON.stringify(text.slice(0, 10))}`, async () => {
    const response = await fetch(`${gateway.url}/say`, {
      method: "POST",
      headers: { "content-type": "application/json", "accept-encoding": "identity" },
      body: JSON.stringify({ text }),
    });
    assert.deepEqual(await response.json(), { text });
  });
}

test("a body in pieces of one byte is the same body", async () => {
  const socket = await open(gateway.port);
  socket.setNoDelay(true);
  for (const byte of Buffer.from(request("pieces"))) {
    socket.write(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  const [answer = ""] = await answersOf(socket, 1);
  assert.deepEqual(toAnswer(answer).json(), { text: "pieces" });
});

test("requests of one segment are answered in their order, the first being the slow one", async () => {
  const socket = await open(gateway.port);
  socket.write(request("first", { path: "/hold" }) + request("second") + request("third"));
  while (gateway.inFlight < 3) await new Promise(setImmediate);
  // The later ones have been answered by their handlers and wait for the first.
  await new Promise(setImmediate);
  release();
  const answers = (await answersOf(socket, 3)).map((answer) => toAnswer(answer).json()["text"]);
  assert.deepEqual(answers, ["first", "second", "third"]);
});

test("HTTP/1.0 and 100-continue are answered as Node does", async () => {
  const old = await sendRaw(gateway.port, request("old", { version: "1.0" }));
  assert.deepEqual([old.status, old.headers["connection"], old.json()], [200, "close", { text: "old" }]);
  const socket = await open(gateway.port);
  const [head = "", body = ""] = request("waits", { more: "expect: 100-continue\r\n" }).split("\r\n\r\n");
  socket.write(`${head}\r\n\r\n`);
  const [chunk] = (await once(socket, "data")) as [Buffer];
  assert.match(chunk.toString("latin1"), /^HTTP\/1\.1 100 /);
  socket.write(body);
  const [answer = ""] = await answersOf(socket, 1);
  assert.deepEqual(toAnswer(answer).json(), { text: "waits" });
});

test("a client that leaves in its body, or before its answer, leaves nothing behind", async () => {
  const half = await open(gateway.port);
  half.write(request("half").slice(0, -5));
  while (gateway.inFlight < 1) await new Promise(setImmediate);
  half.destroy();
  while (gateway.inFlight > 0) await new Promise(setImmediate);
  const waiting = await open(gateway.port);
  waiting.write(request("gone", { path: "/hold" }));
  while (gateway.inFlight < 1) await new Promise(setImmediate);
  waiting.destroy();
  while (gateway.inFlight > 0) await new Promise(setImmediate);
  release();
});

test("the last request that a connection may have closes it, and is answered", async () => {
  const socket = await open(gateway.port);
  let served = 0;
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text = chunk.toString("latin1");
    served += text.split("HTTP/1.1 200 ").length - 1;
    if (socket.writable) socket.write(request("again"));
  });
  socket.write(request("again"));
  await once(socket, "close");
  assert.equal(served, requestsPerSocketMax);
  assert.match(text, /connection: close/i);
});
