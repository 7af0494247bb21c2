/** Owns running the conformance suite over HTTP + JSON, and what is special to it. It must never use a fixed port. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import { createLog } from "../../observe/index.ts";
import { isSkeinError } from "../../errors/index.ts";
import { ask } from "../fixtures/asked.ts";
import { Authority } from "../fixtures/certificates.ts";
import { conformance } from "../fixtures/conformance.ts";
import type { CallHead } from "../port.ts";
import { openHostCertificates } from "../tls/identity.ts";
import { fromHeaders, toHeaders } from "./head.ts";
import type { SocketAddress } from "../sockets.ts";
import { connectHttp, reachHttp } from "./connection.ts";
import { bearers, echo, listenEcho, options, portIn, token } from "./fixtures/setup.ts";
import { listenHttp } from "./listener.ts";

const skips = {
  "a callee that leaves waits as long as it is told to": "what it would wait for, uploads, does not cross",
  "values that fit no layout cross as they are":
    "JSON has no word for an instant, a bigint or -0 where the schema describes nothing",
  "items that the caller sends while the call runs, at the callee's pace, and their failure":
    "HTTP/1.1 does not carry items in both directions at once through everything between two hosts",
  "an item of the caller's that is too large ends its own call, and nothing else": "the same",
  "a call that crosses the word of its callee's leaving is answered":
    "HTTP/1.1 has no word for leaving: a request on a connection that is being closed is lost",
  "a callee that leaves finishes what it has, and takes no more":
    "HTTP/1.1 has no word for leaving: the next call is answered that it did not start",
};

const overTcp = { host: "127.0.0.1", port: 0 };

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

const authority = new Authority();
after(() => authority[Symbol.dispose]());

async function certificates(names: string) {
  const files = { ...authority.issue("host", { names }), ca: authority.ca };
  return openHostCertificates(files, "shop", options.clock, createLog({ clock: options.clock, sink: () => undefined }));
}

conformance({
  name: "https",
  skips,
  aheadMax: 20_000,
  async open(find, answer) {
    const [here, there] = await Promise.all([
      certificates("URI:spiffe://shop/host/orders-1"),
      certificates("URI:spiffe://shop/host/front-1"),
    ]);
    const listener = await listenHttp({ ...overTcp, tls: there }, { ...options, bearers }, find, answer);
    const address: SocketAddress = { host: "127.0.0.1", port: portIn(listener.address), tls: here };
    return {
      connect: () => Promise.resolve(connectHttp(address, { ...options, token })),
      close: async (drainMs) => {
        await listener.close(drainMs);
        here.close();
        there.close();
      },
    };
  },
});

test("plain HTTP is for this machine only", async () => {
  const address = { host: "192.0.2.1", port: 9 };
  assert.throws(() => connectHttp(address, { ...options, token }), { code: "SKEIN_CONFIG_INVALID" });
  const listening = listenHttp(address, { ...options, bearers }, () => undefined, {} as never);
  await assert.rejects(listening, { code: "SKEIN_CONFIG_INVALID" });
});

const head: CallHead = { traceId: "a".repeat(32), parentSpan: 0, path: [] };

test("a listener that leaves finishes what it has; the next call has not started", async () => {
  const release = Promise.withResolvers<unknown>();
  const arrived = Promise.withResolvers<void>();
  const { listener, port } = await listenEcho(() => {
    arrived.resolve();
    return release.promise;
  });
  const connection = connectHttp({ host: "127.0.0.1", port }, { ...options, token });
  const first = ask(connection, { operation: echo, head, input: 1 });
  await arrived.promise;
  const closed = listener.close(10_000);
  await assert.rejects(ask(connection, { operation: echo, head, input: 2 }), { outcome: "not_started" });
  release.resolve("done");
  assert.equal(await first, "done");
  await closed;
  connection.close();
});

test("who is reached is over when nobody answers there any more", async () => {
  const { listener, port } = await listenEcho();
  const address = { host: "127.0.0.1", port };
  const connection = await reachHttp(address, { ...options, token });
  assert.equal(await ask(connection, { operation: echo, head, input: 1 }), 1);
  await listener.close(0);
  // The kept connection may not have been seen to close; the next one cannot be made.
  await assert.rejects(ask(connection, { operation: echo, head, input: 1 }), (error) => isSkeinError(error));
  await assert.rejects(ask(connection, { operation: echo, head, input: 1 }), { code: "SKEIN_TRANSPORT_UNREACHABLE" });
  await connection.closed;
  assert.equal(connection.isOpen, false);
  await assert.rejects(reachHttp(address, { ...options, token }), { code: "SKEIN_TRANSPORT_UNREACHABLE" });
});

test("property: a head comes back from its headers as it was, whatever its texts are", () => {
  const text = fc.string({ minLength: 1, maxLength: 60, unit: "grapheme" });
  const heads = fc.record(
    {
      traceId: fc.constant("0af7651916cd43dd8448eb211c80319c"),
      parentSpan: fc.maxSafeNat(),
      path: fc.array(fc.stringMatching(/^[a-z]{1,8}\.[a-z$]{1,8}$/), { maxLength: 32 }),
      timeoutMs: fc.nat(100_000_000),
      key: text,
      caller: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
      principal: fc.record({ subject: text, roles: fc.array(text, { maxLength: 3 }) }, { noNullPrototype: true }),
      resumeFrom: text,
      fromOutside: fc.constant(true),
      extra: fc.dictionary(
        fc.stringMatching(/^[a-z]{1,8}$/),
        fc.oneof(text, fc.bigInt(), fc.date({ noInvalidDate: true })),
        {
          minKeys: 1,
          maxKeys: 3,
          noNullPrototype: true,
        },
      ),
    },
    { requiredKeys: ["traceId", "parentSpan", "path"], noNullPrototype: true },
  );
  fc.assert(
    fc.property(heads, (given) => {
      assert.deepEqual(fromHeaders(toHeaders(given, options), options), given);
    }),
  );
});

test("property: any header at all is read or refused with a code", () => {
  const names = ["skein-timeout-ms", "skein-caller", "skein-path", "skein-principal", "skein-extra", "traceparent"];
  const headers = fc.dictionary(fc.constantFrom(...names), fc.string());
  fc.assert(
    fc.property(headers, (given) => {
      try {
        fromHeaders(given, options);
      } catch (error) {
        assert.ok(isSkeinError(error), String(error));
      }
    }),
  );
});
