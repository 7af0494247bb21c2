/** Owns the clients of the comparison, in a process of their own: opens sockets that say nothing, or one item each. */
import process from "node:process";
import { WebSocket } from "ws";

const port = Number(process.argv[2]);
const path = process.argv[3] ?? "/";
const sockets: WebSocket[] = [];

/** Opens up to `count` sockets; each says one item and hears one, so that nothing is left to be set up. */
async function open(count: number): Promise<void> {
  const width = 50;
  while (sockets.length < count) {
    const some = Math.min(width, count - sockets.length);
    await Promise.all(Array.from({ length: some }, one));
  }
}

function one(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, path === "/" ? [] : ["skein.channel.1"], {
      perMessageDeflate: false,
      // A gateway takes 1,000 connections of one address.
      localAddress: `127.0.0.${2 + Math.floor(sockets.length / 800)}`,
    });
    socket.on("error", reject);
    socket.on("open", () => socket.send('{"n":1,"item":{"text":"hello"}}'));
    socket.once("message", () => resolve());
    sockets.push(socket);
  });
}

process.on("message", ({ count }: { count: number }) => {
  void open(count).then(
    () => process.send?.({ opened: sockets.length }),
    (error: unknown) => process.send?.({ failed: String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
process.send?.({ ready: true });
