/** One bundle of the shop's edge in Node, Bun and workerd: the same answers as the Node gateway's, and each request on its own. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { type IncomingHttpHeaders, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import edge from "../../examples/shop/edge/system.ts";
import { bundleEdge } from "../../examples/shop/edge/bundle.ts";
import { binaryOf, type Running, type Runtime, runtimes, startEdge } from "../../examples/shop/edge/start.ts";
import { mustRun } from "../../scripts/lib/repository.ts";
import { createGateway } from "../../src/gateway/index.ts";
import { createHost } from "../../src/host/index.ts";
import { type Asked, requests } from "./requests.ts";

const binaries = path.join(import.meta.dirname, "binaries");
const directory = mkdtempSync(path.join(tmpdir(), "skein-edge-"));
after(() => rmSync(directory, { recursive: true, force: true }));

before(() => {
  // Binaries of platforms come as packages; nothing of them runs when they are installed.
  if (!existsSync(path.join(binaries, "node_modules")))
    mustRun("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: binaries,
      timeoutMs: 300_000,
    });
  for (const runtime of ["bun", "workerd"] as const) binaryOf(runtime);
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** By `node:http`, which sends a target as it is given. */
function ask(url: string, asked: Omit<Asked, "status">): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const { method = "GET", headers = {}, body } = asked;
    const given = { ...headers, ...(body !== undefined && { "content-length": Buffer.byteLength(body) }) };
    const sent = httpRequest({ hostname, port, method, path: asked.path, headers: given, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => (text += piece));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const compared = [
  "content-type",
  "cache-control",
  "etag",
  "allow",
  "www-authenticate",
  "retry-after",
  "x-content-type-options",
  "content-security-policy",
];

/** What must not differ: all but dates, connections, lengths, and the id of the trace. */
function essence({ status, headers, body }: Answer): object {
  const named = Object.fromEntries(compared.map((name) => [name, headers[name]]));
  return { status, ...named, body: body.replace(/"traceId":"[0-9a-f]{32}"/, '"traceId":""') };
}

describe("one bundle", () => {
  const running = new Map<Runtime, Running>();
  let reference = "";
  const closes: (() => Promise<void>)[] = [];

  before(async () => {
    const bundle = await bundleEdge(path.join(directory, "shop"));
    console.log(`# bundle.js: ${bundle.bytes} bytes, ${bundle.gzipBytes} compressed`);
    const host = await createHost(edge);
    const gateway = await createGateway(host, { port: 0 });
    closes.push(
      () => gateway.close(),
      () => host.close(),
    );
    reference = gateway.url;
    for (const runtime of runtimes) {
      const started = await startEdge(runtime, bundle.file);
      running.set(runtime, started);
      closes.push(() => started.close());
    }
  });
  after(async () => {
    for (const close of closes) await close();
  });

  for (const runtime of runtimes) {
    test(`${runtime} answers ${requests.length} requests as the gateway on node:http does`, async () => {
      const url = running.get(runtime)?.url ?? "";
      for (const asked of requests) {
        const expected = await ask(reference, asked);
        const name = `${asked.method ?? "GET"} ${asked.path.slice(0, 60)}`;
        assert.equal(expected.status, asked.status, `the gateway: ${name}: ${expected.body.slice(0, 200)}`);
        assert.deepEqual(essence(await ask(url, asked)), essence(expected), `${runtime}: ${name}`);
      }
    });

    test(`${runtime} answers a hundred requests at once, and an ETag with 304`, async () => {
      const url = running.get(runtime)?.url ?? "";
      const paths = ["/home", "/products?q=tea", "/products/TEA-0301/related", "/export?limit=60", "/products/none"];
      const expected = await Promise.all(paths.map((one) => ask(reference, { path: one })));
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, i) => ask(url, { path: paths[i % 5] as string })),
      );
      answers.forEach((answer, i) => assert.deepEqual(essence(answer), essence(expected[i % 5] as Answer)));
      const { headers } = await ask(url, { path: "/openapi.json" });
      const again = await ask(url, { path: "/openapi.json", headers: { "if-none-match": headers.etag ?? "" } });
      assert.deepEqual([again.status, again.body, again.headers.etag], [304, "", headers.etag]);
      assert.match(headers["x-request-id"] as string, /^[0-9a-f]{32}$/);
      const traceId = "0af7651916cd43dd8448eb211c80319c";
      const traced = await ask(url, { path: "/home", headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } });
      assert.equal(traced.headers["x-request-id"], traceId);
    });
  }
});

describe("requests that wait", () => {
  let file = "";
  before(async () => {
    file = (await bundleEdge(path.join(directory, "slow"), path.join(import.meta.dirname, "slow-app.ts"))).file;
  });

  const start = async (t: TestContext, runtime: Runtime) => {
    const running = await startEdge(runtime, file);
    t.after(() => running.close());
    return running;
  };
  const seenBy = async (url: string) =>
    JSON.parse((await ask(url, { path: "/seen" })).body) as { aborted: number; runs: number };

  for (const runtime of runtimes) {
    test(`${runtime}: each has its own deadline, and those of others do not end it`, async (t) => {
      const { url } = await start(t, runtime);
      const hangs = Array.from({ length: 20 }, () => ask(url, { path: "/hang" }));
      const naps = Array.from({ length: 20 }, (_, i) => ask(url, { path: `/nap?ms=${i * 40}` }));
      for (const answer of await Promise.all(hangs)) {
        assert.deepEqual(
          [answer.status, (JSON.parse(answer.body) as { code: string }).code],
          [504, "SKEIN_CALL_DEADLINE"],
        );
      }
      for (const answer of await Promise.all(naps)) assert.deepEqual([answer.status, answer.body], [200, '"rested"']);
    });

    test(`${runtime}: the one that opens the system, or fills the cache, may leave`, async (t) => {
      const { url } = await start(t, runtime);
      await leave(url, "/nap?ms=1");
      assert.equal((await ask(url, { path: "/nap?ms=1" })).status, 200);
      const left = Promise.all([leave(url, "/kept?name=a&ms=400"), leave(url, "/kept?name=a&ms=400")]);
      const stayed = await Promise.all(Array.from({ length: 5 }, () => ask(url, { path: "/kept?name=a&ms=400" })));
      await left;
      for (const answer of stayed) assert.deepEqual([answer.status, answer.body], [200, "7"]);
      const { runs } = await seenBy(url);
      assert.equal((await ask(url, { path: "/kept?name=a&ms=400" })).body, "7");
      assert.equal((await seenBy(url)).runs, runs, "the last one came from the cache");
    });

    test(`${runtime}: a stream whose reader leaves ends its handler`, async (t) => {
      const { url } = await start(t, runtime);
      const leaving = new AbortController();
      const response = await fetch(`${url}/drip`, { signal: leaving.signal });
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      assert.equal(new TextDecoder().decode((await reader.read()).value).split("\n")[0], "0");
      leaving.abort();
      await reader.read().catch(() => undefined);
      const untilMs = performance.now() + 10_000;
      while ((await seenBy(url)).aborted === 0) assert.ok(performance.now() < untilMs, "the handler still runs");
    });
  }
});

test("a system with a database is refused by every runtime, and the service is named", async () => {
  const { file } = await bundleEdge(path.join(directory, "books"), path.join(import.meta.dirname, "stateful-app.ts"));
  for (const runtime of runtimes) {
    await assert.rejects(
      startEdge(runtime, file),
      /SKEIN_RUNTIME_UNSUPPORTED|ledger has the database "ledger"/,
      runtime,
    );
  }
});

/** A request whose client is gone before the answer. */
async function leave(url: string, target: string): Promise<void> {
  const leaving = new AbortController();
  const asked = fetch(url + target, { signal: leaving.signal });
  const timer = setTimeout(() => leaving.abort(), 100);
  await asked.catch(() => undefined);
  clearTimeout(timer);
}
