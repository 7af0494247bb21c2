/** Owns the proof that accepted sockets are read like those that connect, on the Node that runs it, and end like others. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
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
