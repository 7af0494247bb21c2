/** Where hosts answer each other, as the environment says it: what is refused, and how a port of a range is found. */
import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { createSeededRandom, systemClock } from "../core/index.ts";
import { connectSocket, listenSocket, type SessionOptions, type SocketAddress } from "../transport/index.ts";
import { listenToPeers, peersAddress, reachPeersWith } from "./peers-address.ts";

const tcp = { SKEIN_TRANSPORT: "tcp" };
const tls = { SKEIN_PEERS_TLS_CERT: "host.pem", SKEIN_PEERS_TLS_KEY: "host.key", SKEIN_PEERS_TLS_CA: "ca.pem" };
const files = { cert: "host.pem", key: "host.key", ca: "ca.pem" };
const any = { host: "127.0.0.1", first: 0, last: 0, announced: "127.0.0.1", tls: undefined };

describe("the address", () => {
  const good: readonly [string, Record<string, string>, object][] = [
    ["a unix socket", {}, { path: "s" }],
    ["an empty variable is none", { SKEIN_TRANSPORT: "", SKEIN_PEERS_LISTEN: "" }, { path: "s" }],
    ["a free port", tcp, any],
    ["a range", { ...tcp, SKEIN_PEERS_LISTEN: "127.0.0.1:7400-7499" }, { ...any, first: 7400, last: 7499 }],
    [
      "one port",
      { ...tcp, SKEIN_PEERS_LISTEN: "[::1]:7400" },
      { ...any, host: "::1", first: 7400, last: 7400, announced: "::1" },
    ],
    ["IPv6 without a port", { ...tcp, SKEIN_PEERS_LISTEN: "::1" }, { ...any, host: "::1", announced: "::1" }],
    [
      "another address of this machine",
      { ...tcp, SKEIN_PEERS_ANNOUNCE: "127.0.0.2" },
      { ...any, announced: "127.0.0.2" },
    ],
    [
      "another machine, with certificates",
      { ...tcp, ...tls, SKEIN_PEERS_LISTEN: "0.0.0.0:7400-7401", SKEIN_PEERS_ANNOUNCE: "10.1.2.3" },
      { host: "0.0.0.0", first: 7400, last: 7401, announced: "10.1.2.3", tls: files },
    ],
  ];
  for (const [what, env, expected] of good) test(what, () => assert.deepEqual(peersAddress(env, "s"), expected));

  const bad: readonly [string, Record<string, string>, RegExp][] = [
    ["no such transport", { SKEIN_TRANSPORT: "pigeons" }, /neither unix nor tcp/],
    ["an address for unix sockets", { SKEIN_PEERS_LISTEN: "127.0.0.1" }, /SKEIN_TRANSPORT=tcp/],
    ["a name", { ...tcp, SKEIN_PEERS_LISTEN: "localhost" }, /no IP address/],
    ["a range that ends before it begins", { ...tcp, SKEIN_PEERS_LISTEN: "127.0.0.1:7401-7400" }, /no IP address/],
    ["a port that is none", { ...tcp, SKEIN_PEERS_LISTEN: "127.0.0.1:65536" }, /no IP address/],
    ["a range from 0", { ...tcp, SKEIN_PEERS_LISTEN: "127.0.0.1:0-9" }, /no IP address/],
    ["a name to be told", { ...tcp, SKEIN_PEERS_ANNOUNCE: "host.internal" }, /no IP address/],
    ["another machine in the clear", { ...tcp, SKEIN_PEERS_LISTEN: "10.1.2.3" }, /mutual TLS only/],
    ["one announced in the clear", { ...tcp, SKEIN_PEERS_ANNOUNCE: "10.1.2.3" }, /mutual TLS only/],
    ["every address, and none to call", { ...tcp, ...tls, SKEIN_PEERS_LISTEN: "0.0.0.0" }, /SKEIN_PEERS_ANNOUNCE/],
    ["a certificate without its authority", { ...tcp, ...tls, SKEIN_PEERS_TLS_CA: "" }, /SKEIN_PEERS_TLS_CA/],
  ];
  for (const [what, env, expected] of bad)
    test(`refused: ${what}`, () =>
      assert.throws(() => peersAddress(env, "s"), { code: "SKEIN_CONFIG_INVALID", message: expected }));
});

const session: SessionOptions = {
  clock: systemClock,
  greeting: { system: "shop", token: "t".repeat(32) },
  soon: (run) => queueMicrotask(run),
};
const listen = (address: SocketAddress) =>
  listenSocket(address, session, () => undefined, {
    unary: () => undefined,
    stream: () => Promise.reject(new Error("none")),
  });
const listening = async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port };
};

test("a port that is taken is passed over, with none left it says so, and peers are told another address with the same port", async () => {
  const { server, port } = await listening();
  const env = { ...tcp, SKEIN_PEERS_LISTEN: `127.0.0.1:${port}`, SKEIN_PEERS_ANNOUNCE: "127.0.0.2" };
  const address = peersAddress(env, "s");
  const bind = () => listenToPeers(address, undefined, createSeededRandom("ports"), listen);
  await assert.rejects(bind(), { code: "SKEIN_CONFIG_INVALID", message: /names too few/ });
  await new Promise((resolve) => server.close(resolve));

  const bound = await bind();
  assert.equal(bound.address, `127.0.0.2:${port}`);
  const there = reachPeersWith(undefined)(bound.address);
  assert.deepEqual(there, { host: "127.0.0.2", port });
  await assert.rejects(connectSocket(there, session), { code: "SKEIN_TRANSPORT_UNREACHABLE" }, "nothing stands there");
  const connection = await connectSocket({ host: "127.0.0.1", port }, session);
  connection.close();
  await bound.listener.close(0);
});

test("of a range the whole is used, whatever port is first", async () => {
  const address = peersAddress({ ...tcp, SKEIN_PEERS_LISTEN: "127.0.0.1:7400-7402" }, "s");
  const taken = new Set<number>();
  const random = createSeededRandom("range");
  const fake = (one: SocketAddress) => {
    const at = "path" in one ? 0 : one.port;
    if (taken.has(at)) return Promise.reject(Object.assign(new Error("taken"), { code: "EADDRINUSE" }));
    taken.add(at);
    return Promise.resolve({ address: `127.0.0.1:${at}`, close: () => Promise.resolve() });
  };
  for (let i = 0; i < 3; i++) await listenToPeers(address, undefined, random, fake);
  assert.deepEqual(
    [...taken].toSorted((a, b) => a - b),
    [7400, 7401, 7402],
  );
  await assert.rejects(listenToPeers(address, undefined, random, fake), { code: "SKEIN_CONFIG_INVALID" });
});
