/** Owns what mutual TLS between hosts must refuse, and certificates that change. It must never use a well-known certificate. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, readFileSync, renameSync } from "node:fs";
import { type AddressInfo, connect as connectPlain, createServer as createPlainServer, type Server } from "node:net";
import path from "node:path";
import { after, test } from "node:test";
import {
  connect as connectTls,
  type ConnectionOptions,
  createServer as createTlsServer,
  type TlsOptions,
} from "node:tls";
import { systemClock } from "../../core/index.ts";
import { isSkeinError, type SkeinError } from "../../errors/index.ts";
import { createLog } from "../../observe/index.ts";
import { Codec } from "../codec/codec.ts";
import { answering, ask } from "../fixtures/asked.ts";
import { Authority, type CertificateSpec } from "../fixtures/certificates.ts";
import { FrameWriter, frame } from "../frames.ts";
import type { Operation } from "../port.ts";
import { loose, type SessionOptions } from "../session.ts";
import { connectSocket, listenSocket } from "../sockets.ts";
import { type CertificateFiles, Certificates } from "./certificates.ts";
import { openHostCertificates, strangerProblem } from "./identity.ts";

const ours = new Authority("ours");
const theirs = new Authority("theirs");
after(() => {
  ours[Symbol.dispose]();
  theirs[Symbol.dispose]();
});

const options: SessionOptions = {
  clock: systemClock,
  soon: (run) => void setImmediate(run),
  greeting: { system: "shop", token: "t".repeat(32) },
};
const log = createLog({ clock: systemClock, sink: () => undefined });
const any = new Codec({ is: "any" });
const echo: Operation = { service: "a", method: "echo", isStream: false, input: any, output: any };
const host = "127.0.0.1";
/** Refusals come from what is seen, so at once; this is a multiple of the limits that end the rest. */
const timeout = 15_000;

function filesOf(authority: Authority, spec: CertificateSpec = { names: "URI:spiffe://shop/host/orders-1" }) {
  return { ...authority.issue("host", spec), ca: authority.ca };
}

function pemOf({ cert, key, ca }: Required<CertificateFiles>) {
  return { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(ca) };
}

/** Without the check of the own certificate, to meet what others would say. */
function unjudged(files: CertificateFiles): Promise<Certificates> {
  return Certificates.open(files, systemClock, log);
}

async function listening(files: Required<CertificateFiles> = filesOf(ours)) {
  const tls = await openHostCertificates(files, "shop", systemClock, log);
  const listener = await listenSocket(
    { host, port: 0, tls },
    options,
    () => echo,
    answering((call) => Promise.resolve(call.input)),
  );
  const port = Number(listener.address.split(":").at(-1));
  const own = await openHostCertificates(filesOf(ours), "shop", systemClock, log);
  return {
    port,
    /** A host of the system is answered. */
    async serves() {
      const connection = await connectSocket({ host, port, tls: own }, options);
      const head = { traceId: "t", parentSpan: 0, path: [] };
      assert.equal(await ask(connection, { operation: echo, head, input: "still here" }), "still here");
      connection.close();
    },
    async [Symbol.asyncDispose]() {
      await listener.close(0);
      tls.close();
      own.close();
    },
  };
}

/** What a client of Node's own is sent, which says the right greeting, until it is cut. */
async function bytesOf(port: number, given: ConnectionOptions): Promise<number> {
  const socket = connectTls({ host, port, checkServerIdentity: () => undefined, ...given });
  let bytes = 0;
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => (bytes += chunk.length));
  socket.write(hello());
  await new Promise((resolve) => socket.on("close", resolve));
  return bytes;
}

/** The greeting of a host that has the token. */
function hello(): Buffer {
  let bytes: Buffer = Buffer.alloc(0);
  const frames = new FrameWriter(
    (given) => (bytes = given),
    () => undefined,
  );
  loose.write(frames.begin(frame.hello, 0), { version: 1, ...options.greeting });
  frames.finish();
  frames.flush();
  return bytes;
}

async function withServer(server: Server, use: (port: number) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

async function refusal(port: number, tls?: Certificates): Promise<SkeinError> {
  const refused: unknown = await connectSocket({ host, port, ...(tls && { tls }) }, options).then(
    () => assert.fail("connected"),
    (error: unknown) => error,
  );
  tls?.close();
  assert.ok(isSkeinError(refused));
  return refused;
}

test("a listener refuses who has no certificate of a host of this system, and goes on", { timeout }, async () => {
  await using server = await listening();
  const { port } = server;
  const ca = readFileSync(ours.ca);
  const clients: Record<string, ConnectionOptions> = {
    "no certificate": { ca },
    "a certificate of another authority": { ...pemOf(filesOf(theirs)), ca },
    "an expired one": pemOf(filesOf(ours, { names: "URI:spiffe://shop/host/a", days: -1 })),
    "TLS 1.2": { ...pemOf(filesOf(ours)), maxVersion: "TLSv1.2" },
    "another system's": pemOf(filesOf(ours, { names: "URI:spiffe://other/host/a" })),
    "no host's": pemOf(filesOf(ours, { names: "URI:spiffe://shop/user/ann" })),
    "two ids": pemOf(filesOf(ours, { names: "URI:spiffe://shop/host/a,URI:spiffe://shop/host/b" })),
    "a name that is no id": pemOf(filesOf(ours, { names: "DNS:localhost" })),
  };
  const right = connectTls({ host, port, checkServerIdentity: () => undefined, ...pemOf(filesOf(ours)) });
  right.write(hello());
  await once(right, "data");
  right.destroy();
  for (const [name, given] of Object.entries(clients)) {
    assert.equal(await bytesOf(port, given), 0, name);
    await server.serves();
  }
});

test("a host whose certificate is not believed over there is told so as unreachable", { timeout }, async () => {
  await using server = await listening();
  const foreign = await unjudged({ ...theirs.issue("host", { names: "URI:spiffe://shop/host/a" }), ca: ours.ca });
  const refused = await refusal(server.port, foreign);
  assert.deepEqual([refused.code, refused.outcome], ["SKEIN_TRANSPORT_UNREACHABLE", "not_started"]);
  assert.match(refused.message, /without a greeting/);
  await server.serves();
});

test("a host sends nothing to a listener that is no host of its system", { timeout }, async () => {
  const listeners: Record<string, { readonly given: TlsOptions; readonly says: RegExp }> = {
    "another authority's": { given: pemOf(filesOf(theirs)), says: /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO/ },
    "an expired one": {
      given: pemOf(filesOf(ours, { names: "URI:spiffe://shop/host/a", days: -1 })),
      says: /CERT_HAS_EXPIRED/,
    },
    "another system's": {
      given: pemOf(filesOf(ours, { names: "URI:spiffe://other/host/a" })),
      says: /spiffe:\/\/other\/host\/a is not spiffe:\/\/shop\/host\//,
    },
    "without an id": { given: pemOf(filesOf(ours, { names: "IP:127.0.0.1" })), says: /0 URI names/ },
    "TLS 1.2": { given: { ...pemOf(filesOf(ours)), maxVersion: "TLSv1.2" }, says: /EPROTO|ERR_SSL/ },
  };
  for (const [name, { given, says }] of Object.entries(listeners)) {
    let bytes = 0;
    const server = createTlsServer(given, (socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (chunk) => (bytes += chunk.length));
    });
    server.on("tlsClientError", (_, socket) => socket.destroy());
    await withServer(server, async (port) => {
      const refused = await refusal(port, await openHostCertificates(filesOf(ours), "shop", systemClock, log));
      assert.deepEqual([refused.code, refused.outcome], ["SKEIN_TRANSPORT_UNREACHABLE", "not_started"], name);
      assert.match(refused.message, says, name);
    });
    assert.equal(bytes, 0, `${name}: the token stays here`);
  }
  let bytes = 0;
  const right = createTlsServer(pemOf(filesOf(ours)), (socket) => {
    socket.on("data", (chunk) => (bytes += chunk.length)).on("data", () => socket.destroy());
  });
  await withServer(right, async (port) => {
    await refusal(port, await openHostCertificates(filesOf(ours), "shop", systemClock, log));
  });
  assert.ok(bytes > 0, "a host of the system is greeted");
});

test("plain bytes to a TLS listener and TLS to a plain one end at once, and both go on", { timeout }, async () => {
  await using secure = await listening();
  assert.equal((await refusal(secure.port)).outcome, "not_started");
  const socket = connectPlain(secure.port, host);
  socket.on("error", () => undefined).resume();
  socket.write("GET / HTTP/1.1\r\n\r\n");
  await once(socket, "close");
  await secure.serves();

  const plain = await listenSocket(
    { host, port: 0 },
    options,
    () => echo,
    answering((call) => Promise.resolve(call.input)),
  );
  const port = Number(plain.address.split(":").at(-1));
  const tls = await openHostCertificates(filesOf(ours), "shop", systemClock, log);
  assert.equal((await refusal(port, tls)).code, "SKEIN_TRANSPORT_UNREACHABLE");
  (await connectSocket({ host, port }, options)).close();
  await plain.close(0);
});

test("a listener that never finishes the handshake is given up in the time of a greeting", { timeout }, async () => {
  await withServer(
    createPlainServer((socket) => void socket.on("error", () => undefined).resume()),
    async (port) => {
      const tls = await openHostCertificates(filesOf(ours), "shop", systemClock, log);
      const startMs = performance.now();
      assert.equal((await refusal(port, tls)).code, "SKEIN_TRANSPORT_UNREACHABLE");
      const tookMs = performance.now() - startMs;
      assert.ok(tookMs > 2_000 && tookMs < 6_000, `${tookMs} ms`);
    },
  );
});

test("other machines are spoken to over TLS only, and never without an authority", async () => {
  const tls = await unjudged(ours.issue("host", { names: "URI:spiffe://shop/host/a" }));
  for (const address of [
    { host: "192.0.2.1", port: 9 },
    { host: "0.0.0.0", port: 0 },
    { host, port: 9, tls },
  ]) {
    await assert.rejects(connectSocket(address, options), { code: "SKEIN_CONFIG_INVALID" });
    await assert.rejects(
      listenSocket(
        address,
        options,
        () => echo,
        answering(() => undefined),
      ),
      { code: "SKEIN_CONFIG_INVALID" },
    );
  }
  tls.close();
});

test("a host's own certificate is looked at before others have to refuse it", async () => {
  const stranger = filesOf(ours, { names: "URI:spiffe://other/host/a" });
  await assert.rejects(openHostCertificates(stranger, "shop", systemClock, log), {
    code: "SKEIN_TLS_CERTIFICATE",
    message: /not the certificate of a host of shop/,
  });
});

test("which names are a host of the system", () => {
  const hosts = ["URI:spiffe://shop/host/orders-1", "DNS:a, URI:spiffe://shop/host/eu/orders-1, IP Address:127.0.0.1"];
  for (const names of hosts) assert.equal(strangerProblem(names, "shop"), undefined, names);
  for (const names of [
    undefined,
    "",
    "DNS:spiffe://shop/host/a",
    "URI:spiffe://shop/host/",
    "URI:spiffe://shop/host",
    "URI:spiffe://shop/hosts/a",
    "URI:spiffe://shop.example/host/a",
    "URI:spiffe://SHOP/host/a",
    "URI:spiffe://shop/host/a/../../user/b",
    "URI:spiffe://shop/host//a",
    "URI:spiffe://shop/host/a?b",
    "URI:https://shop/host/a",
    "URI:spiffe://shop/host/a, URI:spiffe://shop/host/b",
    // A name that ends another one early is quoted by Node and must not be read as two.
    'DNS:"x, URI:spiffe://shop/host/a"',
    'URI:"spiffe://shop/host/a',
  ])
    assert.ok(strangerProblem(names, "shop") !== undefined, names);
});

test(
  "changed certificates are those of new connections, on both ends; a broken one is not taken",
  { timeout },
  async () => {
    const at = (name: string) => path.join(ours.directory, name);
    const pair = { cert: at("live.pem"), key: at("live.key"), ca: ours.ca };
    const put = (from: { cert: string; key: string }): void => {
      for (const what of ["key", "cert"] as const) {
        copyFileSync(from[what], `${pair[what]}.new`);
        renameSync(`${pair[what]}.new`, pair[what]);
      }
    };
    put(filesOf(ours));
    await using server = await listening(pair);
    const seenBy = async (): Promise<string> => {
      const socket = connectTls({
        host,
        port: server.port,
        checkServerIdentity: () => undefined,
        ...pemOf(filesOf(ours)),
      });
      await once(socket, "secureConnect");
      const found = socket.getPeerX509Certificate()?.fingerprint256 ?? "";
      socket.destroy();
      return found;
    };
    const lasting = await connectSocket({ host, port: server.port, tls: await unjudged(filesOf(ours)) }, options);
    const next = filesOf(ours);
    const { fingerprint256 } = new X509Certificate(readFileSync(next.cert));
    assert.notEqual(await seenBy(), fingerprint256);
    put(next);
    while ((await seenBy()) !== fingerprint256);
    put(filesOf(ours, { names: "URI:spiffe://other/host/a" }));
    // The files are read 100 ms after they changed; what must not happen would have.
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.equal(await seenBy(), fingerprint256);
    await server.serves();
    const head = { traceId: "t", parentSpan: 0, path: [] };
    assert.equal(await ask(lasting, { operation: echo, head, input: 1 }), 1, "a connection lives on");
    lasting.close();
  },
);

test("a session is never taken up again without its certificate being looked at", { timeout }, async () => {
  await using server = await listening();
  const given = pemOf(filesOf(ours));
  const first = connectTls({ host, port: server.port, checkServerIdentity: () => undefined, ...given });
  const [session] = (await once(first, "session")) as [Buffer];
  first.destroy();
  const second = connectTls({ host, port: server.port, checkServerIdentity: () => undefined, ...given, session });
  await once(second, "secureConnect");
  assert.equal(second.isSessionReused(), false);
  second.destroy();
});
