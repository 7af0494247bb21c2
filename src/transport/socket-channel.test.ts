/** Owns the proof that accepted sockets are read like those that connect, on the Node that runs it, and end like others. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import type { Channel } from "./channel.ts";
import { Authority } from "./fixtures/certificates.ts";
import { DirectRead, readDirectly, socketChannel } from "./socket-channel.ts";

test("an accepted socket is read without its stream, can be paused, and lets its server close", async () => {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [accepted] = (await once(server, "connection")) as [Socket];
  const read = new DirectRead();
  const socket = readDirectly(accepted, read);
  assert.notEqual(
    socket,
    accepted,
    "this Node has no handle to take over: sockets are read by their streams, which costs more",
  );

  let got = "";
  let heard = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<Error | undefined>();
  const buffers = new Set<ArrayBufferLike>();
  const channel = socketChannel(socket, read);
  channel.start({
    data: (bytes) => {
      got += bytes.toString();
      buffers.add(bytes.buffer);
      heard.resolve();
    },
    drained: () => undefined,
    closed: closed.resolve,
  });
  client.write("one");
  await heard.promise;
  channel.pause();
  heard = Promise.withResolvers();
  await new Promise((resolve) => client.write("two", resolve));
  channel.write(Buffer.from("answer"));
  assert.equal(String((await once(client, "data"))[0]), "answer");
  assert.equal(got, "one");
  channel.resume();
  await heard.promise;
  assert.equal(got, "onetwo");
  assert.equal(buffers.size, 1, "all reads are into one buffer");

  const done = once(server, "close");
  server.close();
  client.end();
  assert.equal(await closed.promise, undefined);
  await done;
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Whether something drains within so many turns. */
async function drains(channel: Channel, turns: number): Promise<boolean> {
  for (let i = 0; i < turns; i++) {
    await turn();
    if (channel.hasDrained?.() === true) return true;
  }
  return false;
}

/** What is written to a side that reads when it is told to. */
async function seesProgress(server: Server, accepts: string, open: () => Socket): Promise<void> {
  const accepted = once(server, accepts) as Promise<[Socket]>;
  const client = open();
  const channel = socketChannel(client);
  channel.start({ data: () => undefined, drained: () => undefined, closed: () => undefined });
  const [there] = await accepted;
  there.on("error", () => undefined);
  channel.write(Buffer.from("a little"));
  assert.equal(await drains(channel, 100), false, "what goes at once has not waited");
  for (let i = 0; i < 4; i++) channel.write(Buffer.alloc(8_388_608));
  while (await drains(channel, 1_000));
  assert.equal(await drains(channel, 1_000), false, "nobody reads it");
  channel.write(Buffer.alloc(1_000));
  assert.equal(await drains(channel, 1_000), false, "and what is written now only waits with it");
  there.resume();
  assert.equal(await drains(channel, 100_000), true, "somebody reads it");
  channel.destroy();
  there.destroy();
  server.close();
  await once(server, "close");
}

test("a channel sees whether what waits to go out goes, over TCP", async () => {
  const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  await seesProgress(server, "connection", () => connect((server.address() as AddressInfo).port, "127.0.0.1"));
});

test("and over a unix socket", async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), "skein-channel-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const address = path.join(directory, "a.sock");
  const server = createServer({ pauseOnConnect: true }).listen(address);
  await once(server, "listening");
  await seesProgress(server, "connection", () => connect(address));
});

test("and over TLS", async () => {
  using authority = new Authority();
  const { cert, key } = authority.issue("host", { names: "URI:spiffe://shop/host/any" });
  const [ca, pair] = [readFileSync(authority.ca), { cert: readFileSync(cert), key: readFileSync(key) }];
  const server = createTlsServer(pair).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await seesProgress(server, "secureConnection", () =>
    connectTls({ host: "127.0.0.1", port, ca, checkServerIdentity: () => undefined }),
  );
});
