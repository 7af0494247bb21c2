/** Uploads and downloads over a real port: limits, pace, early ends, conditions, ranges, names. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import fc from "fast-check";
import * as z from "zod";
import { action, bytes, command, contract, query, raw } from "../contract/index.ts";
import { createVirtualClock } from "../core/index.ts";
import { createHost, type Host } from "../host/index.ts";
import { download, role, service, system } from "../system/index.ts";
import { attachment } from "./download.ts";
import { open, sendRaw, toAnswer } from "./fixtures/client.ts";
import { createGateway, type Gateway } from "./index.ts";
import { bodyBytesPerSecondMin } from "./limits.ts";

const Files = contract("files", {
  put: action({
    input: z.object({ how: z.string(), tag: z.string().optional(), match: z.string().optional() }),
    body: bytes({ max: "64MiB", types: ["text/*"] }),
    output: z.json(),
    http: { route: "PUT /files/:how", status: 201, headers: { "if-match": "match" } },
  }),
  small: action({ body: bytes({ max: 10 }), output: z.int(), http: "POST /small" }),
  hook: action({ body: raw({ max: "1KiB" }), output: z.string(), http: "POST /hook" }),
  secret: action({ body: bytes({ max: "1MiB" }), http: "PUT /secret" }),
  get: query({ input: z.object({ how: z.string() }), output: bytes({ type: "text/plain" }), http: "GET /files/:how" }),
  once: action({ output: bytes(), http: "POST /report" }),
  // A command with a body stands for its shape here: it needs a database to run.
  note: command({ body: raw({ max: "1KiB" }) }),
});
const text = (value: string) => new TextEncoder().encode(value);
const modified = new Date("2025-01-01T10:00:00.500Z");
const lastModified = "Wed, 01 Jan 2025 10:00:00 GMT";
const happened: string[] = [];
/** What a handler waits for. */
let go = Promise.withResolvers<void>();

const files = service(Files, {
  policy: Object.fromEntries(
    Object.keys(Files.members).map((name) => [name, { access: name === "secret" ? role("admin") : "public" }] as const),
  ),
}).implement({
  async put({ how, tag, match }, _own, call) {
    if (how === "head") return [call.body.type ?? null, call.body.length ?? null, tag ?? null, match ?? null];
    if (how === "none") return "none";
    if (how === "wait") await go.promise;
    const hash = createHash("sha256");
    try {
      for await (const piece of call.body) {
        happened.push("piece");
        hash.update(piece);
        if (how === "first") return "enough";
      }
    } catch (error) {
      happened.push(`broke ${(error as { code?: string }).code} ${call.signal.aborted}`);
      throw error;
    }
    return hash.digest("hex");
  },
  small: async (_input, _own, call) => (await call.body.bytes()).length,
  hook: (_input, _own, call) => call.body.text(),
  secret: () => undefined,
  get({ how }) {
    const content = text("0123456789");
    const made = {
      size: 10,
      etag: "v1",
      modified,
      read: ({ start, end }: { start: number; end: number | undefined }) => content.subarray(start, end),
    };
    if (how === "missing") throw new Error("no such file");
    if (how === "plain") return content;
    if (how === "short") return download({ ...made, read: () => text("012") });
    if (how === "unsized") return download({ read: () => content });
    if (how === "endless") return download({ read: endless });
    return download({ ...made, name: 'Ünder "the" sea\r\n.txt' });
  },
  once: () => download({ type: "text/csv", name: "report.csv", read: () => text("a,b\n") }),
  note: () => undefined,
});

async function* endless(): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      happened.push("gave");
      yield new Uint8Array(65_536);
    }
  } finally {
    happened.push("closed");
  }
}

let host: Host;
let gateway: Gateway;
before(async () => {
  host = await createHost(system("bytes", { services: [files] }));
  gateway = await createGateway(host, { port: 0 });
});
after(async () => {
  await gateway.close();
  await host.close();
});
beforeEach(() => {
  happened.length = 0;
  go = Promise.withResolvers();
});

const turn = () => new Promise((resolve) => setImmediate(resolve));
const put = (
  how: string,
  body: string | Uint8Array<ArrayBuffer> | ReadableStream | undefined,
  headers: Record<string, string> = {},
) =>
  fetch(`${gateway.url}/files/${how}`, {
    method: "PUT",
    headers: { "content-type": "text/plain", ...headers },
    ...(body !== undefined && { body, duplex: "half" }),
  });
const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code;
const get = (how: string, headers: Record<string, string> = {}, method = "GET") =>
  fetch(`${gateway.url}/files/${how}`, { method, headers });

function pieces(count: number, size: number): ReadableStream<Uint8Array> {
  let left = count;
  return new ReadableStream({
    pull(controller) {
      if (left-- > 0) controller.enqueue(new Uint8Array(size).fill(left));
      else controller.close();
    },
  });
}

describe("an upload", () => {
  test("streams into its handler; the input comes from path, query and headers", async () => {
    const content = new Uint8Array(3_000_000).map((_, i) => i % 251);
    const hash = createHash("sha256").update(content).digest("hex");
    const answer = await put("all", content);
    assert.equal(answer.status, 201);
    assert.equal(await answer.json(), hash);
    assert.ok(happened.length > 5, `${happened.length} pieces`);
    const head = await put("head?tag=x", "abc", { "if-match": "e" });
    assert.deepEqual(await head.json(), ["text/plain", 3, "x", "e"]);
    const chunked = await put("head", pieces(2, 3));
    assert.deepEqual(await chunked.json(), ["text/plain", null, null, null]);
    assert.equal(
      await (await put("all", pieces(3, 70_000))).json(),
      createHash("sha256")
        .update(new Uint8Array(70_000).fill(2))
        .update(new Uint8Array(70_000).fill(1))
        .update(new Uint8Array(70_000))
        .digest("hex"),
    );
  });

  test("without a body is one of no bytes", async () => {
    assert.deepEqual(await (await put("head", undefined)).json(), ["text/plain", 0, null, null]);
    assert.equal(await (await put("all", undefined)).json(), createHash("sha256").digest("hex"));
  });

  test("too large is refused by its length, and else by its count", async () => {
    const byLength = await sendRaw(gateway.port, "POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
    assert.deepEqual([byLength.status, byLength.json()["code"]], [413, "SKEIN_HTTP_BODY_TOO_LARGE"]);
    const byCount = await fetch(`${gateway.url}/small`, { method: "POST", body: pieces(1, 11), duplex: "half" });
    assert.deepEqual([byCount.status, await codeOf(byCount)], [413, "SKEIN_HTTP_BODY_TOO_LARGE"]);
    const fits = await fetch(`${gateway.url}/small`, { method: "POST", body: pieces(2, 5), duplex: "half" });
    assert.equal(await fits.json(), 10);
    const rawLarge = await fetch(`${gateway.url}/hook`, { method: "POST", body: pieces(3, 500), duplex: "half" });
    assert.equal(rawLarge.status, 413);
  });

  test("of another type, or compressed, is refused", async () => {
    for (const headers of [{ "content-type": "image/png" }, { "content-encoding": "gzip" }]) {
      const answer = await put("all", "x", headers);
      assert.deepEqual([answer.status, await codeOf(answer)], [415, "SKEIN_HTTP_MEDIA_TYPE"]);
    }
    const none = await sendRaw(
      gateway.port,
      "PUT /files/all HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
    );
    assert.equal(none.status, 415);
    assert.deepEqual(happened, []);
  });

  test("a raw body is its exact bytes", async () => {
    const body = ' {"a" :1}\r\n';
    assert.equal(await (await fetch(`${gateway.url}/hook`, { method: "POST", body })).json(), body);
  });

  test("is asked for (100 Continue) when its handler reads, and never where it is refused", async () => {
    const head =
      "HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n";
    const socket = await open(gateway.port);
    socket.write(`PUT /files/wait ${head}`);
    while (gateway.inFlight < 1) await turn();
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
    await turn();
    assert.equal(received, "");
    go.resolve();
    while (!received.includes("\r\n\r\n")) await turn();
    assert.equal(received, "HTTP/1.1 100 Continue\r\n\r\n");
    socket.write("abc");
    await once(socket, "close");
    assert.match(received, /HTTP\/1\.1 201 Created/);
    for (const [target, status] of [
      ["/secret", 401],
      ["/files/none", 201],
    ] as const) {
      const answer = await sendRaw(gateway.port, `PUT ${target} ${head}`);
      assert.equal(answer.status, status, target);
    }
  });

  test("that its handler does not read to the end is answered, and its connection closed", async () => {
    for (const [how, body] of [
      ["first", "enough"],
      ["none", "none"],
    ] as const) {
      const socket = await open(gateway.port);
      let received = "";
      socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
      socket.on("error", () => undefined);
      socket.write(
        `PUT /files/${how} HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 50000000\r\n\r\n`,
      );
      socket.write(new Uint8Array(200_000));
      await once(socket, "close");
      const answer = toAnswer(received);
      assert.deepEqual(
        [answer.status, answer.headers["connection"], answer.body],
        [201, "close", JSON.stringify(body)],
      );
    }
  });

  test("is read no faster than its handler reads", async () => {
    const socket = await open(gateway.port);
    socket.write("PUT /files/wait HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 50000000\r\n\r\n");
    const sent = await fill(socket, 50_000_000);
    assert.ok(sent < 20_000_000, `${sent} bytes were taken while nobody read`);
    assert.deepEqual(happened, []);
    go.resolve();
    socket.end(new Uint8Array(50_000_000 - sent));
    const [first] = (await once(socket, "data")) as [Buffer];
    assert.equal(toAnswer(first.toString()).status, 201);
  });

  test("that breaks off ends its handler", async () => {
    const socket = await open(gateway.port);
    socket.write("PUT /files/all HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nabc");
    while (happened.length === 0) await turn();
    socket.destroy();
    while (happened.length === 1) await turn();
    assert.deepEqual(happened, ["piece", "broke SKEIN_CALL_CANCELED true"]);
    while (gateway.inFlight > 0) await turn();
  });

  test("keeps its connection when it was read to its end", async () => {
    const agent = await open(gateway.port);
    const one = "PUT /files/all HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc";
    for (let i = 0; i < 3; i++) {
      agent.write(one);
      const [answer] = (await once(agent, "data")) as [Buffer];
      assert.equal(toAnswer(answer.toString()).status, 201);
    }
    agent.destroy();
  });
});

describe("a slow upload", () => {
  const head = "HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 1000000\r\n\r\n";
  const start = async (how: string) => {
    const clock = createVirtualClock();
    const slow = await createGateway(host, { port: 0, clock });
    const socket = await open(slow.port);
    socket.on("error", () => undefined);
    socket.write(`PUT /files/${how} ${head}`);
    while (slow.inFlight < 1) await turn();
    const end = async () => {
      socket.destroy();
      let isClosed = false;
      const closed = slow.close().then(() => (isClosed = true));
      while (!isClosed) await clock.advance("1s");
      await closed;
    };
    return { clock, socket, slow, end };
  };
  /** Some bytes in every second, and each of them taken. */
  const drip = async (t: Awaited<ReturnType<typeof start>>, bytesPerSecond: number, seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      const before = happened.length;
      t.socket.write(new Uint8Array(bytesPerSecond));
      while (happened.length === before && t.slow.inFlight > 0) await turn();
      await t.clock.advance("1s");
    }
  };

  test("may take longer than any other request, at 1 KiB/s", async () => {
    const t = await start("all");
    await drip(t, bodyBytesPerSecondMin + 100, 30);
    assert.equal(t.slow.inFlight, 1);
    await t.end();
  });

  test("below that is cut, also when it came fast at first", async () => {
    const t = await start("all");
    await drip(t, 100_000, 6);
    const answer = once(t.socket, "data");
    await drip(t, 10, 12);
    const [received] = (await answer) as [Buffer];
    assert.equal(toAnswer(received.toString()).status, 408);
    while (t.slow.inFlight > 0) await turn();
    await t.end();
  });

  test("is not blamed for a handler that does not read", async () => {
    const t = await start("wait");
    await t.clock.advance("30s");
    assert.equal(t.slow.inFlight, 1);
    await t.end();
  });
});

describe("a download", () => {
  test("has its length, validators, and a name that cannot break out of its header", async () => {
    const answer = await get("whole");
    assert.equal(answer.status, 200);
    assert.deepEqual(
      Object.fromEntries(
        [...answer.headers].filter(
          ([name]) => !["date", "connection", "keep-alive", "x-request-id", "content-security-policy"].includes(name),
        ),
      ),
      {
        "accept-ranges": "bytes",
        "cache-control": "no-cache",
        "content-disposition": `attachment; filename="_nder _the_ sea__.txt"; filename*=UTF-8''%C3%9Cnder%20%22the%22%20sea__.txt`,
        "content-length": "10",
        "content-type": "text/plain",
        etag: '"v1"',
        "last-modified": lastModified,
        "x-content-type-options": "nosniff",
      },
    );
    assert.equal(await answer.text(), "0123456789");
  });

  test("answers HEAD with everything but the bytes", async () => {
    const answer = await get("whole", { range: "bytes=0-1" }, "HEAD");
    assert.deepEqual([answer.status, answer.headers.get("content-length"), await answer.text()], [200, "10", ""]);
  });

  test("gives one range", async () => {
    const parts: Record<string, [string, string]> = {
      "bytes=0-0": ["0", "bytes 0-0/10"],
      "bytes=2-4": ["234", "bytes 2-4/10"],
      "bytes=8-": ["89", "bytes 8-9/10"],
      "bytes=8-99": ["89", "bytes 8-9/10"],
      "bytes=-3": ["789", "bytes 7-9/10"],
      "Bytes= -99 ": ["0123456789", "bytes 0-9/10"],
    };
    for (const [range, [body, contentRange]] of Object.entries(parts)) {
      const answer = await get("whole", { range });
      assert.deepEqual(
        [answer.status, answer.headers.get("content-range"), answer.headers.get("content-length"), await answer.text()],
        [206, contentRange, String(body.length), body],
        range,
      );
    }
  });

  test("gives the whole for several ranges, none, and what is no range", async () => {
    for (const range of [
      "bytes=0-1,3-4",
      "bytes=",
      "bytes=-",
      "bytes=4-2",
      "bytes=a-b",
      "items=0-1",
      "bytes=0x1-2",
      "bytes=1-2-3",
      `bytes=${"9".repeat(30)}-`,
    ]) {
      const answer = await get("whole", { range });
      assert.deepEqual([answer.status, await answer.text()], [200, "0123456789"], range);
    }
    const unsized = await get("unsized", { range: "bytes=0-1" });
    assert.deepEqual(
      [unsized.status, unsized.headers.get("accept-ranges"), await unsized.text()],
      [200, "none", "0123456789"],
    );
  });

  test("says where a range that is not there would have to be", async () => {
    for (const range of ["bytes=10-", "bytes=10-20", "bytes=-0"]) {
      const answer = await get("whole", { range });
      assert.deepEqual(
        [answer.status, answer.headers.get("content-range"), await codeOf(answer)],
        [416, "bytes */10", "SKEIN_CALL_RANGE"],
        range,
      );
    }
  });

  test("gives a range only of what the client has the rest of", async () => {
    const cases: [string, number][] = [
      ['"v1"', 206],
      [lastModified, 206],
      ['"v2"', 200],
      ['W/"v1"', 200],
      ["Wed, 01 Jan 2025 09:00:00 GMT", 200],
      ["yesterday", 200],
    ];
    for (const [ifRange, status] of cases) {
      const answer = await get("whole", { range: "bytes=0-1", "if-range": ifRange });
      assert.equal(answer.status, status, ifRange);
      await answer.text();
    }
  });

  test("keeps to the client's conditions, in their order", async () => {
    const cases: [Record<string, string>, number][] = [
      [{ "if-none-match": '"v1"' }, 304],
      [{ "if-none-match": 'W/"v1"' }, 304],
      [{ "if-none-match": '"a,b", "v1"' }, 304],
      [{ "if-none-match": "*" }, 304],
      [{ "if-none-match": '"v2"' }, 200],
      [{ "if-none-match": '"v2"', "if-modified-since": lastModified }, 200],
      [{ "if-modified-since": lastModified }, 304],
      [{ "if-modified-since": "Wed, 01 Jan 2025 09:59:59 GMT" }, 200],
      [{ "if-modified-since": "soon" }, 200],
      [{ "if-match": '"v1"' }, 200],
      [{ "if-match": "*" }, 200],
      [{ "if-match": 'W/"v1"' }, 412],
      [{ "if-match": '"v2"' }, 412],
      [{ "if-match": '"v1"', "if-none-match": '"v1"' }, 304],
      [{ "if-unmodified-since": lastModified }, 200],
      [{ "if-unmodified-since": "Wed, 01 Jan 2025 09:59:59 GMT" }, 412],
    ];
    for (const [headers, status] of cases) {
      for (const method of ["GET", "HEAD"]) {
        const answer = await get("whole", headers, method);
        assert.equal(answer.status, status, `${method} ${JSON.stringify(headers)}`);
        const body = await answer.text();
        if (status === 304) assert.deepEqual([body, answer.headers.get("etag")], ["", '"v1"']);
        if (status === 412 && method === "GET") assert.match(body, /SKEIN_HTTP_PRECONDITION/);
      }
    }
  });

  test("fails with a status before its first byte, and breaks off after", async () => {
    assert.equal((await get("missing")).status, 500);
    const short = await get("short");
    assert.equal(short.status, 200);
    await assert.rejects(short.text());
    assert.equal((await get("plain")).headers.get("content-length"), "10");
  });

  test("can be an action's answer", async () => {
    const answer = await fetch(`${gateway.url}/report`, { method: "POST" });
    assert.deepEqual(
      [answer.headers.get("content-type"), answer.headers.get("content-disposition"), await answer.text()],
      ["text/csv", 'attachment; filename="report.csv"', "a,b\n"],
    );
  });

  test("goes at its reader's pace, and closes its source when the reader leaves", async () => {
    const socket = await open(gateway.port);
    socket.write("GET /files/endless HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(socket, "readable");
    let before = -1;
    // Buffers fill in real time: done when nothing more was asked of the source for a while.
    while (before !== happened.length && happened.length < 1_000) {
      before = happened.length;
      for (let i = 0; i < 200; i++) await turn();
    }
    assert.ok(
      happened.length * 65_536 < 20_000_000,
      `${happened.length} pieces of 64 KiB for a client that reads nothing`,
    );
    socket.destroy();
    while (!happened.includes("closed")) await turn();
    while (gateway.inFlight > 0) await turn();
  });
});

describe("a file's name in a header", () => {
  test("is one header value whatever it holds, and comes back as it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 100 }), (name) => {
        const value = attachment(name);
        assert.match(value, /^attachment; filename="[^"\\%\r\n]*"(; filename\*=UTF-8''[A-Za-z0-9%!~._-]+)?$/);
        const encoded = /filename\*=UTF-8''(.*)$/.exec(value)?.[1];
        const back = encoded === undefined ? /filename="(.*)"/.exec(value)?.[1] : decodeURIComponent(encoded);
        assert.equal(back, name.replace(/[\u0000-\u001f\u007f-\u009f/\\]/g, "_"));
      }),
    );
    assert.equal(attachment("\ud800"), `attachment; filename="_"; filename*=UTF-8''%EF%BF%BD`);
  });
});

/** Writes until the connection takes no more; how much it took. */
async function fill(socket: Socket, bytesMax: number): Promise<number> {
  const piece = new Uint8Array(100_000);
  let idle = 0;
  let written = 0;
  while (idle < 500 && written < bytesMax) {
    if (socket.writableLength === 0) {
      socket.write(piece);
      written += piece.length;
      idle = 0;
    } else idle++;
    await turn();
  }
  return written;
}
