/** Bytes by the client against a real gateway: bodies of every kind, limits, downloads with their heads and ranges. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import * as z from "zod";
import { action, bytes, contract, query, raw } from "../../contract/index.ts";
import {
  createHttpClient,
  type BodySource,
  type Download,
  type HttpClientOptions,
} from "../../contract/http-client/index.ts";
import { hastyClock, scripted } from "../../contract/http-client/fixtures/scripted-server.ts";
import { createHost, type Host } from "../../host/index.ts";
import { download, service, system } from "../../system/index.ts";
import { createGateway, type Gateway, renderClient } from "../index.ts";
import { tableOf } from "./render.ts";

const Files = contract("files", {
  put: action({
    input: z.object({ name: z.string(), at: z.date().optional() }),
    body: bytes({ max: "64MiB" }),
    output: z.object({
      bytes: z.int(),
      first: z.int().optional(),
      type: z.string().optional(),
      name: z.string(),
      at: z.date().optional(),
    }),
    http: "PUT /files/:name",
  }),
  hook: action({ body: raw({ max: 10 }), output: z.string(), http: "POST /hook" }),
  leave: action({ body: bytes({ max: "64MiB" }), output: z.int(), http: "POST /leave" }),
  get: query({
    input: z.object({ kind: z.enum(["sized", "broken", "missing"]) }),
    output: bytes(),
    http: "GET /files",
    errors: { MISSING: { data: z.object({ at: z.date() }), status: 404 } },
  }),
});

const content = new TextEncoder().encode("0123456789");
const open = { access: "public" } as const;
const files = service(Files, { policy: { put: open, hook: open, leave: open, get: open } }).implement({
  async put({ name, at }, _own, call) {
    let count = 0;
    let first: number | undefined;
    for await (const piece of call.body) {
      first ??= piece[0];
      count += piece.byteLength;
    }
    return {
      bytes: count,
      name,
      type: call.body.type,
      ...(first !== undefined && { first }),
      ...(at !== undefined && { at }),
    };
  },
  hook: (_input, _own, call) => call.body.text(),
  async leave(_input, _own, call) {
    for await (const piece of call.body) return piece.byteLength;
    return 0;
  },
  get({ kind }, _own, call) {
    if (kind === "missing") throw call.error("MISSING", { at: new Date(5) });
    const source = { size: 10, type: "text/plain", etag: "v1", modified: new Date(5_000), name: 'a "b" ü.txt' };
    if (kind === "broken")
      return download({
        ...source,
        read: async function* () {
          yield content.subarray(0, 3);
          throw new Error("disk");
        },
      });
    return download({ ...source, read: ({ start, end }) => content.subarray(start, end) });
  },
});
const whole = system("files", { services: [files] });

interface Methods {
  put(
    input: object,
    options: { body: BodySource; type?: string; length?: number; timeout?: number; key?: string },
  ): Promise<{ bytes: number }>;
  hook(input: undefined, options: { body: BodySource; type?: string }): Promise<string>;
  leave(input: undefined, options: { body: BodySource }): Promise<number>;
  get(input: object, options?: object): Download;
}

async function* pieces(count: number, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield new Uint8Array(size).fill(7);
}

async function read(download: Download): Promise<string> {
  let text = "";
  for await (const piece of download) text += new TextDecoder().decode(piece);
  return text;
}

suite("bytes", () => {
  let host: Host;
  let gateway: Gateway;
  let client: Methods;
  const clientOf = async (options: Partial<HttpClientOptions> = {}) =>
    createHttpClient<{ files: Methods }>(await tableOf(whole), { baseUrl: gateway.url, ...options }).files;
  before(async () => {
    host = await createHost(whole, { mode: "development" });
    gateway = await createGateway(host, { port: 0, mode: "development" });
    client = await clientOf();
  });
  after(async () => {
    await gateway?.close();
    await host?.close();
  });

  test("a body may be bytes, an iterable or a stream; the rest of the input is beside it", async () => {
    const at = new Date(9);
    const input = { name: "a b.txt", at };
    const bodies: [BodySource, number][] = [
      [new Uint8Array([7, 8]), 2],
      [pieces(3, 10), 30],
      [new ReadableStream<Uint8Array>({ start: (c) => (c.enqueue(new Uint8Array([7])), c.close()) }), 1],
      [
        {
          getReader: () => {
            const it = pieces(2, 5);
            return {
              read: () => it.next() as Promise<{ done: boolean; value?: Uint8Array }>,
              cancel: async () => undefined,
            };
          },
        },
        10,
      ],
    ];
    for (const [body, count] of bodies) {
      const got = await client.put(input, { body, type: "image/png" });
      assert.deepEqual(got, { bytes: count, first: 7, type: "image/png", ...input });
    }
    assert.deepEqual(await client.put({ name: "e" }, { body: new Uint8Array() }), {
      bytes: 0,
      name: "e",
      type: "application/octet-stream",
    });
    assert.equal(await client.hook(undefined, { body: new TextEncoder().encode("{ }") }), "{ }");
  });

  test("20 MB go through a stream that is never held", async () => {
    let ahead = 0;
    let most = 0;
    async function* counted(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 320; i++) {
        most = Math.max(most, ++ahead);
        yield new Uint8Array(65_536);
        ahead--;
      }
    }
    assert.equal((await client.put({ name: "big" }, { body: counted(), timeout: 60_000 })).bytes, 20_971_520);
    assert.equal(most, 1);
  });

  test("what is known to be too much is refused before it is sent, and what turns out to be by the server", async () => {
    await assert.rejects(client.hook(undefined, { body: new Uint8Array(11) }), {
      code: "SKEIN_HTTP_BODY_TOO_LARGE",
      outcome: "not_started",
    });
    await assert.rejects(client.put({ name: "x" }, { body: pieces(1, 1), length: 70 * 2 ** 20 }), {
      code: "SKEIN_HTTP_BODY_TOO_LARGE",
    });
    await assert.rejects(client.hook(undefined, { body: pieces(3, 10) }), { code: "SKEIN_HTTP_BODY_TOO_LARGE" });
    await assert.rejects(client.hook(undefined, {} as never), { code: "SKEIN_CLIENT_SETUP" });
  });

  test("what the caller's own stream throws is what the call throws", async () => {
    const mine = new Error("mine");
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw mine;
    }
    await assert.rejects(client.put({ name: "x" }, { body: broken() }), (error) => error === mine);
  });

  test("a body that is a stream is sent once, whatever its method may", async () => {
    await using server = await scripted((response) =>
      response
        .writeHead(503, { "content-type": "application/problem+json" })
        .end(
          JSON.stringify({ status: 503, title: "x", code: "SKEIN_HOST_DRAINING", outcome: "not_started", retry: true }),
        ),
    );
    const other = await clientOf({ baseUrl: server.url, clock: hastyClock() });
    await assert.rejects(other.put({ name: "x" }, { body: pieces(1, 1) }), { code: "SKEIN_HOST_DRAINING" });
    assert.equal(server.seen.length, 1);
    await assert.rejects(other.put({ name: "x" }, { body: new Uint8Array(1) }), { code: "SKEIN_HOST_DRAINING" });
    assert.equal(server.seen.length, 4);
  });

  test("a download has its head, and its bytes; a part of it too", async () => {
    const all = client.get({ kind: "sized" });
    const head = { size: 10, type: "text/plain", etag: '"v1"', modified: new Date(5_000), name: 'a "b" ü.txt' };
    assert.deepEqual(await all.head, head);
    assert.equal(await read(all), "0123456789");
    for (const [range, start, end] of [
      [{ start: 2, end: 5 }, 2, 5],
      [{ start: 7 }, 7, 10],
      [{ suffix: 4 }, 6, 10],
      [{ start: 1, ifRange: '"v1"' }, 1, 10],
    ] as const) {
      const part = client.get({ kind: "sized" }, { range });
      assert.equal(await read(part), "0123456789".slice(start, end));
      assert.deepEqual(await part.head, { ...head, range: { start, end } });
    }
    assert.equal(await read(client.get({ kind: "sized" }, { range: { start: 3, ifRange: '"other"' } })), "0123456789");
    await assert.rejects(read(client.get({ kind: "sized" }, { range: { start: 50 } })), { status: 416 });
  });

  test("errors: before the first byte as the contract declares them, after it as a failure of the network", async () => {
    await assert.rejects(client.get({ kind: "missing" }).head, { code: "MISSING", data: { at: new Date(5) } });
    await assert.rejects(read(client.get({ kind: "missing" })), { code: "MISSING" });
    await assert.rejects(read(client.get({ kind: "broken" })), { code: "SKEIN_CLIENT_NETWORK" });
  });

  test("a reader that leaves ends the request", async () => {
    let left: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (left = resolve));
    await using server = await scripted((response) => void response.on("close", left).writeHead(200).write("x"));
    const other = await clientOf({ baseUrl: server.url });
    for await (const _ of other.get({ kind: "sized" })) break;
    await gone;
  });

  test("the file says which options a method takes", async () => {
    const { text, leftOut } = await renderClient(whole);
    for (const line of [
      "  put(input: FilesPutInput, options: CallOptions & BodyCallOptions): CallPromise<FilesPutOutput, Record<never, never>>;",
      "  hook(input: undefined, options: CallOptions & BodyCallOptions): CallPromise<FilesHookOutput, Record<never, never>>;",
      "  get(input: FilesGetInput, options?: DownloadCallOptions): Download;",
      '    hook: { kind: "action", http: "POST /hook", body: { max: 10 } },',
    ])
      assert.ok(text.includes(`${line}\n`), `${line}\n${text}`);
    assert.deepEqual(leftOut, []);
  });
});
