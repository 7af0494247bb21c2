/** Owns running the conformance suite over every adapter, and what is special to sockets. It must never use a fixed port. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { createVirtualClock, systemClock } from "../core/index.ts";
import { answering } from "./fixtures/asked.ts";
import { createLog } from "../observe/index.ts";
import { Authority } from "./fixtures/certificates.ts";
import { conformance } from "./fixtures/conformance.ts";
import { connectionsMax } from "./limits.ts";
import { MemoryNetwork } from "./memory-transport.ts";
import type { Connection } from "./port.ts";
import type { SessionOptions } from "./session.ts";
import { connectSocket, listenSocket } from "./sockets.ts";
import { openHostCertificates } from "./tls/identity.ts";

const soon = (run: () => void): void => void setImmediate(run);
const options: SessionOptions = { clock: systemClock, soon, greeting: { system: "shop", token: "t".repeat(32) } };

conformance({
  name: "memory",
  open(find, answer) {
    const network = new MemoryNetwork(soon);
    const listener = network.listen("a", options, find, answer);
    return Promise.resolve({
      connect: () => network.connect("a", options),
      close: (drainMs, mayWait) => listener.close(drainMs, mayWait),
    });
  },
});

conformance({
  name: "unix",
  async open(find, answer) {
    const directory = await mkdtemp(path.join(tmpdir(), "skein-transport-"));
    const address = { path: path.join(directory, "host.sock") };
    const listener = await listenSocket(address, options, find, answer);
    return {
      connect: () => connectSocket(address, options),
      close: async (drainMs, mayWait) => {
        await listener.close(drainMs, mayWait);
        await rm(directory, { recursive: true, force: true });
      },
    };
  },
});

conformance({
  name: "tcp",
  async open(find, answer) {
    const listener = await listenSocket({ host: "127.0.0.1", port: 0 }, options, find, answer);
    const port = Number(listener.address.split(":").at(-1));
    return {
      connect: () => connectSocket({ host: "127.0.0.1", port }, options),
      close: (drainMs, mayWait) => listener.close(drainMs, mayWait),
    };
  },
});

const authority = new Authority();
after(() => authority[Symbol.dispose]());

conformance({
  name: "tls",
  async open(find, answer) {
    const files = () => ({
      ...authority.issue("host", { names: "URI:spiffe://shop/host/orders-1" }),
      ca: authority.ca,
    });
    const openTls = () =>
      openHostCertificates(files(), "shop", systemClock, createLog({ clock: systemClock, sink: () => undefined }));
    const [here, there] = await Promise.all([openTls(), openTls()]);
    const listener = await listenSocket({ host: "127.0.0.1", port: 0, tls: there }, options, find, answer);
    const port = Number(listener.address.split(":").at(-1));
    return {
      connect: () => connectSocket({ host: "127.0.0.1", port, tls: here }, options),
      close: async (drainMs, mayWait) => {
        await listener.close(drainMs, mayWait);
        here.close();
        there.close();
      },
    };
  },
});

const nobody = () => undefined;

/** What a stranger who sends these bytes is sent before the connection closes. */
async function answerTo(port: number, bytes: string): Promise<Buffer> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(bytes);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk as Buffer));
  await once(socket, "close");
  return Buffer.concat(chunks);
}

test("a peer of another system, without the token or of no protocol at all gets nothing", async () => {
  const listener = await listenSocket({ host: "127.0.0.1", port: 0 }, options, nobody, answering(nobody));
  const port = Number(listener.address.split(":").at(-1));
  for (const greeting of [
    { system: "other", token: options.greeting.token },
    { system: "shop", token: "x".repeat(32) },
    { system: "shop", token: "" },
  ]) {
    await assert.rejects(connectSocket({ host: "127.0.0.1", port }, { ...options, greeting }), {
      code: "SKEIN_TRANSPORT_UNREACHABLE",
    });
  }
  assert.equal(
    (await answerTo(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")).length,
    0,
    "nothing is said to who has shown no token",
  );
  await listener.close(0);
});

test("strangers who only connect cannot take more than a listener's share, and hosts get in again after them", async (t) => {
  // Nobody is closed for not greeting: this clock stands still.
  const listener = await listenSocket(
    { host: "127.0.0.1", port: 0 },
    { ...options, clock: createVirtualClock() },
    nobody,
    answering(nobody),
  );
  const port = Number(listener.address.split(":").at(-1));
  const [extra, atOnce] = [16, 100];
  const over = Promise.withResolvers<void>();
  let closed = 0;
  const strangers: Socket[] = [];
  // Also where it fails: sockets that are left would keep the process.
  t.after(() => {
    for (const socket of strangers) socket.destroy();
    return listener.close(0);
  });
  // No more at once than the kernel keeps for a listener. Beyond it Linux may lose a connection of which only its caller knows, and nobody would close that one.
  while (strangers.length < connectionsMax + extra) {
    const come = Array.from({ length: Math.min(atOnce, connectionsMax + extra - strangers.length) }, () => {
      const socket = connect(port, "127.0.0.1").on("error", () => undefined);
      socket.resume().on("close", () => ++closed === extra && over.resolve());
      return socket;
    });
    strangers.push(...come);
    await Promise.all(
      come.map((socket) => new Promise((resolve) => socket.once("connect", resolve).once("close", resolve))),
    );
  }
  await over.promise;
  for (const socket of strangers) socket.destroy();
  // The listener sees them leave a little later. Without a pause each try would leave a port behind that is not free for a minute.
  let connection: Connection | undefined;
  for (const endMs = performance.now() + 20_000; connection === undefined && performance.now() < endMs;) {
    connection = await connectSocket({ host: "127.0.0.1", port }, options).catch(() => undefined);
    if (connection === undefined) await pause(20);
  }
  assert.ok(connection !== undefined, "no host got in within 20 s");
  connection.close();
});

test("where nobody listens, and where somebody listens who says nothing, connecting fails in time", async () => {
  const silent = createServer((socket) => socket.resume());
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as { port: number };
  const clock = createVirtualClock();
  const connecting = connectSocket({ host: "127.0.0.1", port }, { ...options, clock });
  const refused = assert.rejects(connecting, { code: "SKEIN_TRANSPORT_UNREACHABLE" });
  await clock.advance(3_500);
  await refused;
  await new Promise((resolve) => silent.close(resolve));
  await assert.rejects(connectSocket({ host: "127.0.0.1", port }, options), { code: "SKEIN_TRANSPORT_UNREACHABLE" });
});

test("plain TCP to another machine is refused", async () => {
  await assert.rejects(connectSocket({ host: "192.0.2.1", port: 9 }, options), { code: "SKEIN_CONFIG_INVALID" });
});
