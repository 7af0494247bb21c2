// Owns a TCP proxy that resets connections as told: before a request reaches the server, or before its answer leaves.
// Must never change a byte of what it lets through.

import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** What happens to one request: it passes, never arrives, or arrives and its answer is lost. */
export type Fate = "pass" | "lost request" | "lost answer";

export interface FlakyProxy {
  readonly url: string;
  /** Fates of the next requests, in order; all later ones pass. */
  next(...fates: readonly Fate[]): void;
  /** Requests that came in. */
  count(): number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A proxy in front of `target`. Requests are told apart by the bytes they begin with, which small ones send in one piece. */
export async function flakyProxy(target: string): Promise<FlakyProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let fates: Fate[] = [];
  let requests = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    let fate: Fate = "pass";
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket
        .on("error", () => undefined)
        .on("close", () => {
          sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
    }
    client.on("data", (chunk) => {
      if (/^(?:GET|POST|PUT|PATCH|DELETE) /.test(chunk.toString("latin1"))) {
        requests++;
        fate = fates.shift() ?? "pass";
      }
      if (fate === "lost request") client.resetAndDestroy();
      else upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      if (fate === "lost answer") client.resetAndDestroy();
      else client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: (...given) => void (fates = [...given]),
    count: () => requests,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
