/** Owns running the conformance suite over HTTP + JSON, and what is special to it. It must never use a fixed port. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInternalTokens } from "../../call/index.ts";
import { Secret, systemClock, systemRandom } from "../../core/index.ts";
import { conformance } from "../fixtures/conformance.ts";
import type { SocketAddress } from "../sockets.ts";
import { connectHttp } from "./connection.ts";
import { listenHttp } from "./listener.ts";

const token = new Secret("t".repeat(43));
const tokens = createInternalTokens("shop", new Secret(new Uint8Array(32).fill(7)));
const options = { clock: systemClock, random: systemRandom, tokens, system: "shop" };
const bearers = { hosts: token, services: new Map([["scores", new Secret("s".repeat(43))]]) };

const skips = {
  "values that fit no layout cross as they are":
    "JSON has no word for an instant, a bigint or -0 where the schema describes nothing",
  "items that the caller sends while the call runs, at the callee's pace, and their failure":
    "HTTP/1.1 does not carry items in both directions at once through everything between two hosts",
  "a callee that leaves finishes what it has, and takes no more":
    "HTTP/1.1 has no word for leaving: the next call is answered that it did not start",
};

const overTcp = { host: "127.0.0.1", port: 0 };

function portIn(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

conformance({
  name: "http",
  skips,
  aheadMax: 20_000,
  async open(find, answer) {
    const listener = await listenHttp(overTcp, { ...options, bearers }, find, answer);
    const address: SocketAddress = { host: "127.0.0.1", port: portIn(listener.address) };
    return {
      connect: () => Promise.resolve(connectHttp(address, { ...options, token })),
      close: (drainMs) => listener.close(drainMs),
    };
  },
});

conformance({
  name: "http, unix",
  skips,
  aheadMax: 5_000,
  async open(find, answer) {
    const directory = await mkdtemp(path.join(tmpdir(), "skein-http-"));
    const address = { path: path.join(directory, "host.sock") };
    const listener = await listenHttp(address, { ...options, bearers }, find, answer);
    return {
      connect: () => Promise.resolve(connectHttp(address, { ...options, token })),
      close: async (drainMs) => {
        await listener.close(drainMs);
        await rm(directory, { recursive: true, force: true });
      },
    };
  },
});
