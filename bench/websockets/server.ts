/**
 * Owns one server of the comparison, in a process of its own: `skein` (a gateway with every default on, a channel) or `ws`
 * (the bare library on node:http). Tells its port, and its memory when it is asked. It must never do anything else.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { WebSocketServer } from "ws";
import * as z from "zod";
import { channel, contract, createHost, service, system } from "../../src/index.ts";
import { createGateway } from "../../src/gateway/index.ts";

let connections = 0;

async function startSkein(): Promise<number> {
  const Idle = contract("idle", {
    talk: channel({
      receive: z.object({ text: z.string() }),
      send: z.object({ seq: z.int() }),
      id: "seq",
      http: "GET /talk",
    }),
  });
  const idle = service(Idle, { policy: { talk: { access: "public" } } }).implement({
    async *talk(_input, _own, call) {
      connections++;
      try {
        let seq = 0;
        for await (const { text } of call.received) yield { seq: (seq += text.length) };
      } finally {
        connections--;
      }
    },
  });
  const host = await createHost(system("idle", { services: [idle] }));
  return (await createGateway(host, { port: 0 })).port;
}

/** As its own documentation says for production: no compression, a ping every 30 s. */
async function startBare(): Promise<number> {
  const server = createServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 1_048_576 });
  const alive = new WeakMap<object, boolean>();
  sockets.on("connection", (socket) => {
    connections++;
    let seq = 0;
    alive.set(socket, true);
    socket.on("error", () => undefined);
    socket.on("pong", () => alive.set(socket, true));
    socket.on("close", () => connections--);
    socket.on("message", (data: Buffer) => {
      const { item } = JSON.parse(data.toString("utf8")) as { item: { text: string } };
      socket.send(JSON.stringify({ item: { seq: (seq += item.text.length) } }));
    });
  });
  setInterval(() => {
    for (const socket of sockets.clients) {
      if (alive.get(socket) === false) socket.terminate();
      alive.set(socket, false);
      socket.ping();
    }
  }, 30_000);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const collect = (globalThis as { gc?: () => void }).gc;
process.on("message", () => {
  // Twice: what the first run frees may hold what the second one frees.
  collect?.();
  collect?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send?.({ rss, heapUsed, external, connections });
});
process.on("disconnect", () => process.exit(0));
const port = await (process.argv[2] === "ws" ? startBare() : startSkein());
process.send?.({ port });
