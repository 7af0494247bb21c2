/** Bodies and downloads between services: limits, pace, hashes, ranges; near and far, under a virtual clock. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import * as z from "zod";
import {
  action,
  type Body,
  type ByteRange,
  bytes,
  command,
  contract,
  database,
  type Download,
  download,
  fileDownload,
  migration,
  query,
  raw,
  service,
  stream,
  system,
} from "../index.ts";
import { fake, test, testSystem } from "../testing/index.ts";
import { codeOf, drainItems, failureOf, hang, modes } from "./fixtures/support.ts";

const open = { access: "public" } as const;
const text = (value: string) => new TextEncoder().encode(value);
const how = z.object({ how: z.string() });
const Files = contract("files", {
  put: action({ input: how, body: bytes({ max: "1KiB", types: ["text/*", "image/png"] }), output: z.json() }),
  note: command({ input: how, body: raw({ max: 64 }), output: z.object({ body: z.string(), count: z.int() }) }),
  check: action({ input: how, body: raw({ max: 64 }), output: z.json() }),
  lines: action({ body: bytes({ max: "1MiB" }), output: stream(z.string()) }),
  get: query({ input: how, output: bytes({ type: "text/plain" }) }),
  plain: action({ output: z.json() }),
});
const Used = Files.pick("put", "get");
const Relay = contract("relay", {
  pass: action({ input: how, body: bytes({ max: "1MiB" }), output: z.json() }),
  get: query({ input: how, output: bytes() }),
});
const happened: string[] = [];
const decoder = new TextDecoder();

async function put(given: string, body: Body): Promise<z.core.util.JSONType> {
  if (given === "none") return [body.type ?? null, body.length ?? null];
  if (given === "bytes") return (await body.bytes()).length;
  if (given === "each") {
    const kept: Uint8Array[] = [];
    const size = await body.each((piece) => void kept.push(piece));
    return [size, ...kept.map((piece) => piece.length)];
  }
  if (given === "twice") return [await body.text(), await body.text()];
  const pieces: string[] = [];
  for await (const piece of body) {
    pieces.push(decoder.decode(piece));
    happened.push(`took ${pieces.length}`);
    if (given === "first") break;
    if (given === "slow") await hang();
  }
  return pieces;
}

async function* three(): AsyncGenerator<Uint8Array> {
  try {
    for (const piece of ["abc", "def", "ghij"]) {
      happened.push(`gave ${piece}`);
      yield text(piece);
    }
  } finally {
    happened.push("closed");
  }
}

const modified = new Date("2025-01-01T10:00:00.500Z");
const downloads: Record<string, () => unknown> = {
  bytes: () => text("0123456789"),
  empty: () => new Uint8Array(),
  whole: () => ({
    ...download({
      size: 10,
      etag: "v1",
      modified,
      name: "a.txt",
      read: ({ start, end }) => {
        happened.push(`read ${start} ${end}`);
        return Readable.from([text("0123456789".slice(start, end))]);
      },
    }),
  }),
  endless: () =>
    download({
      read: () =>
        new ReadableStream<Uint8Array>({
          start: (controller) => controller.enqueue(text("x")),
          cancel: () => void happened.push("canceled"),
        }),
    }),
  short: () => download({ size: 10, read: three }),
  long: () => download({ size: 9, read: three }),
  wrong: () => ({ size: 1 }),
  notBytes: () => download({ read: () => Readable.from(["text"]) as never }),
  badTag: () => download({ etag: 'a"b', read: three }),
  badType: () => download({ type: "a/b\r\nx: y", read: three }),
  badSize: () => download({ size: -1, read: three }),
};

const files = service(Files, {
  has: {
    db: database<{ notes: { body: string } }>("files", {
      dialect: "portable",
      migrations: [migration("001_notes", ["create table notes (body text not null)"])],
    }),
  },
  policy: {
    put: { ...open, timeout: "5s" },
    note: open,
    check: open,
    lines: open,
    get: open,
    plain: open,
  },
}).implement({
  put: ({ how: given }, _own, call) => put(given, call.body),
  async note(_input, { db }, call) {
    const body = await call.body.text();
    return db.transaction(async (tx) => {
      await tx.insertInto("notes").values({ body }).execute();
      return { body, count: (await tx.selectFrom("notes").selectAll().execute()).length };
    });
  },
  async check(_input, _own, call) {
    const first = await call.body.bytes();
    first.fill(0);
    return [call.body.type ?? null, call.body.length ?? null, await call.body.text()];
  },
  async *lines(_input, _own, call) {
    for await (const piece of call.body) yield decoder.decode(piece);
  },
  get: ({ how: given }) => downloads[given]?.() as Uint8Array,
  plain: () => null,
});
const relay = service(Relay, { uses: { files: Used }, policy: { pass: open, get: open } }).implement({
  pass: ({ how: given }, own, call) => own.files.put({ how: given }, { body: call.body, type: "text/plain" }),
  async get({ how: given }, own) {
    const inner = own.files.get({ how: given });
    const { size, type } = await inner.head;
    return download({ size, type, read: ({ start, end }) => own.files.get({ how: given }, { range: { start, end } }) });
  },
});
const whole = system("s", { services: [files, relay] });

async function read(from: Download): Promise<string> {
  let all = "";
  for await (const piece of from) all += decoder.decode(piece);
  return all;
}

for (const { mode, far } of modes) {
  describe(`a streaming body, ${mode}`, () => {
    it("arrives piece by piece, at the handler's pace, and is closed when the handler has enough", async () => {
      await using t = await testSystem(whole, { far });
      happened.length = 0;
      const sent = { body: three(), type: "text/plain" };
      assert.deepEqual(await t.client(Files).put({ how: "all" }, sent), ["abc", "def", "ghij"]);
      const expected = ["gave abc", "took 1", "gave def", "took 2", "gave ghij", "took 3", "closed"];
      assert.deepEqual(happened, expected);
      happened.length = 0;
      assert.deepEqual(await t.client(Files).put({ how: "first" }, { ...sent, body: three() }), ["abc"]);
      assert.deepEqual(happened, ["gave abc", "took 1", "closed"]);
      happened.length = 0;
      assert.deepEqual(await t.client(Relay).pass({ how: "all" }, { body: three() }), ["abc", "def", "ghij"]);
      assert.deepEqual(happened, expected);
    });

    it("is bytes, an async iterable, a ReadableStream or a stream of Node", async () => {
      await using t = await testSystem(whole, { far });
      const readable = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(text("abc"));
          controller.close();
        },
      });
      for (const body of [text("abc"), readable, Readable.from([text("abc")]), Buffer.from("abc")]) {
        assert.deepEqual(await t.client(Files).put({ how: "all" }, { body, type: "text/plain" }), ["abc"]);
      }
      assert.equal(await t.client(Files).put({ how: "bytes" }, { body: new Uint8Array(), type: "text/css" }), 0);
      const nonsense = { body: "abc" as never, type: "text/plain" };
      assert.equal(await codeOf(t.client(Files).put({ how: "all" }, nonsense)), "SKEIN_CALL_INCOMING");
      const pieces = { body: Readable.from(["abc"]) as never, type: "text/plain" };
      assert.equal(await codeOf(t.client(Files).put({ how: "all" }, pieces)), "SKEIN_INPUT_INVALID");
    });

    it("knows its type and its length, and is refused for them before the handler runs", async () => {
      await using t = await testSystem(whole, { far });
      const put = t.client(Files).put;
      assert.deepEqual(await put({ how: "none" }, { body: text("abc"), type: "image/png" }), ["image/png", 3]);
      assert.deepEqual(await put({ how: "none" }, { body: three(), type: "text/plain; charset=utf-8" }), [
        "text/plain; charset=utf-8",
        null,
      ]);
      happened.length = 0;
      for (const type of [undefined, "image/jpeg", "text"]) {
        const refused = put({ how: "all" }, { body: three(), ...(type !== undefined && { type }) });
        assert.equal(await codeOf(refused), "SKEIN_HTTP_MEDIA_TYPE");
      }
      const large = put({ how: "all" }, { body: three(), type: "text/plain", length: 1025 });
      const error = await failureOf(large);
      assert.deepEqual([error.code, error.outcome, error.status], ["SKEIN_HTTP_BODY_TOO_LARGE", "not_started", 413]);
      assert.deepEqual(happened, []);
    });

    it("lends its pieces, whose memory is then given back", async () => {
      await using t = await testSystem(whole, { far });
      const own = new Uint8Array(512).fill(1);
      const big = async function* () {
        yield own;
        yield own;
      };
      const put = t.client(Files).put;
      assert.deepEqual(await put({ how: "each" }, { body: big(), type: "text/plain" }), [1024, 512, 512]);
      const large = t.client(Relay);
      assert.equal(await codeOf(large.pass({ how: "each" }, { body: new Uint8Array(5_000) })), "SKEIN_CALL_FAILED");
      // The sender's own is never touched.
      assert.ok(own.every((byte) => byte === 1));
    });

    it("ends at the limit and is never held", async () => {
      await using t = await testSystem(whole, { far });
      let given = 0;
      const endless = async function* () {
        for (;;) {
          given += 100;
          yield new Uint8Array(100);
        }
      };
      const error = await failureOf(t.client(Files).put({ how: "bytes" }, { body: endless(), type: "text/plain" }));
      assert.deepEqual([error.code, error.outcome], ["SKEIN_HTTP_BODY_TOO_LARGE", "unknown"]);
      assert.equal(given, 1_100);
    });

    it("is as long as its sender said, and read once", async () => {
      await using t = await testSystem(whole, { far });
      for (const length of [9, 11]) {
        const sent = { body: three(), type: "text/plain", length };
        assert.equal(await codeOf(t.client(Files).put({ how: "bytes" }, sent)), "SKEIN_INPUT_INVALID");
      }
      const twice = t.client(Files).put({ how: "twice" }, { body: three(), type: "text/plain" });
      assert.equal(await codeOf(twice), "SKEIN_CALL_FAILED");
    });

    it("may take longer than its method's time-out, which is how long nothing may come", async () => {
      await using t = await testSystem(whole, { far });
      const slowly = async function* () {
        for (const piece of ["a", "b", "c", "d"]) {
          const { promise, resolve } = Promise.withResolvers<void>();
          t.clock.after(4_000, resolve);
          await promise;
          yield text(piece);
        }
      };
      const done = t.client(Files).put({ how: "all" }, { body: slowly(), type: "text/plain" });
      await t.clock.advance("17s");
      assert.deepEqual(await done, ["a", "b", "c", "d"]);
      const stuck = codeOf(t.client(Files).put({ how: "all" }, { body: readForever(), type: "text/plain" }));
      await t.clock.advance("6s");
      assert.equal(await stuck, "SKEIN_CALL_DEADLINE");
      // The handler that takes one piece and hangs is over too.
      const slow = codeOf(t.client(Files).put({ how: "slow" }, { body: three(), type: "text/plain" }));
      await t.clock.advance("6s");
      assert.equal(await slow, "SKEIN_CALL_DEADLINE");
    });

    it("flows through a stream in the other direction", async () => {
      await using t = await testSystem(whole, { far });
      const lines = t.client(Files).lines(undefined, { body: three() });
      assert.deepEqual(await drainItems(lines), { items: ["abc", "def", "ghij"], code: "ok" });
    });
  });

  describe(`a raw body, ${mode}`, () => {
    it("is there as a whole, the same each time it is asked for", async () => {
      await using t = await testSystem(whole, { far });
      const sent = { body: three(), type: "application/json" };
      assert.deepEqual(await t.client(Files).check({ how: "" }, sent), ["application/json", null, "abcdefghij"]);
      const large = t.client(Files).check({ how: "" }, { body: new Uint8Array(65) });
      assert.equal((await failureOf(large)).outcome, "not_started");
      const counted = t
        .client(Files)
        .check({ how: "" }, { body: Readable.from([new Uint8Array(60), new Uint8Array(5)]) });
      assert.equal((await failureOf(counted)).code, "SKEIN_HTTP_BODY_TOO_LARGE");
    });

    it("is part of what a command's key stands for", async () => {
      await using t = await testSystem(whole, { far });
      const note = (key: string, body: string, type = "text/plain") =>
        t.client(Files).note({ how: "" }, { key, body: text(body), type });
      assert.deepEqual(await note("k1", "one"), { body: "one", count: 1 });
      assert.deepEqual(await note("k1", "one"), { body: "one", count: 1 });
      assert.equal(await codeOf(note("k1", "two")), "SKEIN_KEY_REUSED");
      assert.equal(await codeOf(note("k1", "one", "text/html")), "SKEIN_KEY_REUSED");
      assert.deepEqual(await note("k2", "one"), { body: "one", count: 2 });
    });
  });

  describe(`a download, ${mode}`, () => {
    const get = async (given: string, options = {}) => {
      const t = await testSystem(whole, { far });
      happened.length = 0;
      return { t, from: t.client(Files).get({ how: given }, options) };
    };

    it("is a head and then its bytes, opened when they are wanted", async () => {
      const { t, from } = await get("whole");
      await using _ = t;
      assert.deepEqual(await from.head, { size: 10, etag: '"v1"', modified, name: "a.txt", type: "text/plain" });
      assert.deepEqual(happened, []);
      assert.equal(await read(from), "0123456789");
      assert.deepEqual(happened, ["read 0 10"]);
      assert.equal(await read((await get("bytes")).from), "0123456789");
      assert.equal(await read((await get("empty")).from), "");
    });

    it("gives a part", async () => {
      const parts: [ByteRange, string, object | undefined][] = [
        [{ start: 2, end: 4 }, "23", { start: 2, end: 4 }],
        [{ start: 8 }, "89", { start: 8, end: 10 }],
        [{ start: 8, end: 99 }, "89", { start: 8, end: 10 }],
        [{ suffix: 3 }, "789", { start: 7, end: 10 }],
        [{ suffix: 99 }, "0123456789", { start: 0, end: 10 }],
        [{ start: 2, end: 4, ifRange: '"v1"' }, "23", { start: 2, end: 4 }],
        [{ start: 2, end: 4, ifRange: '"v2"' }, "0123456789", undefined],
        [{ start: 2, end: 4, ifRange: 'W/"v1"' }, "0123456789", undefined],
        [{ start: 2, end: 4, ifRange: "Wed, 01 Jan 2025 10:00:00 GMT" }, "23", { start: 2, end: 4 }],
        [{ start: 2, end: 4, ifRange: "Wed, 01 Jan 2025 10:00:01 GMT" }, "0123456789", undefined],
      ];
      for (const [range, expected, told] of parts) {
        const { t, from } = await get("whole", { range });
        await using _ = t;
        assert.deepEqual((await from.head).range, told);
        assert.equal(await read(from), expected);
      }
      // Without a size there are no parts.
      const { t, from } = await get("endless", { range: { start: 2 } });
      await using _ = t;
      assert.equal((await from.head).range, undefined);
    });

    it("refuses a part that is not there", async () => {
      for (const range of [{ start: 10 }, { start: 4, end: 4 }, { suffix: 0 }]) {
        const { t, from } = await get("whole", { range });
        await using _ = t;
        const error = await failureOf(from.head);
        assert.deepEqual([error.code, error.status, error.data], ["SKEIN_CALL_RANGE", 416, { size: 10 }]);
        assert.equal(await codeOf(read(from)), "SKEIN_CALL_RANGE");
      }
      for (const range of [{ start: -1 }, { start: 1.5 }, { suffix: 1, start: 1 }, {}, { start: 0, end: "9" }]) {
        assert.equal(await codeOf((await get("whole", { range })).from.head), "SKEIN_CALL_RANGE");
      }
      assert.deepEqual(happened, []);
    });

    it("that does not do what it says breaks off", async () => {
      for (const given of ["long", "wrong", "notBytes", "badTag", "badType", "badSize"]) {
        assert.equal(await codeOf(read((await get(given)).from)), "SKEIN_OUTPUT_INVALID", given);
      }
      const { from } = await get("short", {});
      assert.equal(await read(from), "abcdefghij");
      assert.equal(
        await codeOf(read((await get("short", { range: { start: 0, end: 9 } })).from)),
        "SKEIN_OUTPUT_INVALID",
      );
    });

    it("closes its source when the reader leaves, also one that waits", async () => {
      const { t, from } = await get("endless");
      await using _ = t;
      for await (const piece of from) {
        assert.equal(decoder.decode(piece), "x");
        break;
      }
      await t.clock.advance(1);
      assert.deepEqual(happened, ["canceled"]);
      happened.length = 0;
      const controller = new AbortController();
      const waiting = t.client(Files).get({ how: "endless" }, { signal: controller.signal });
      const reading = codeOf(read(waiting));
      await t.clock.advance(1);
      controller.abort();
      assert.equal(await reading, "SKEIN_CALL_CANCELED");
      await t.clock.advance(1);
      assert.deepEqual(happened, ["canceled"]);
    });

    it("can be handed on by another service, range and all", async () => {
      await using t = await testSystem(whole, { far });
      assert.equal(await read(t.client(Relay).get({ how: "whole" }, { range: { suffix: 2 } })), "89");
    });
  });
}

describe("fileDownload", () => {
  it("is a file's bytes, or nothing where there is none", async () => {
    const folder = mkdtempSync(join(tmpdir(), "skein-bytes-"));
    try {
      const path = join(folder, "a.bin");
      writeFileSync(path, "0123456789");
      writeFileSync(join(folder, "empty"), "");
      const One = contract("one", { get: query({ input: z.string(), output: bytes() }) });
      const implementation = service(One, { policy: { get: open } }).implement({
        async get(name) {
          const found = await fileDownload(join(folder, name), { type: "text/plain", name });
          return found ?? new Uint8Array();
        },
      });
      await using t = await test(implementation);
      const { size, type, name, etag } = await t.get("a.bin").head;
      assert.deepEqual([size, type, name], [10, "text/plain", "a.bin"]);
      assert.match(etag ?? "", /^"[a-z0-9-]+"$/);
      assert.equal(await read(t.get("a.bin")), "0123456789");
      assert.equal(await read(t.get("a.bin", { range: { start: 3, end: 5 } })), "34");
      assert.equal(await read(t.get("empty")), "");
      assert.equal(await fileDownload(join(folder, "none")), undefined);
      assert.equal(await fileDownload(folder), undefined);
      assert.equal(await codeOf(fileDownload(`${path}\0`)), "SKEIN_RESOURCE_FAILED");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("a fake", () => {
  it("takes bodies and gives downloads", async () => {
    const fakes = {
      files: fake(Files, {
        put: async (_input, call) => (await call.body.text()).toUpperCase(),
        get: () => text("fake"),
      }),
    };
    await using t = await test(relay, { fakes });
    assert.equal(await t.pass({ how: "" }, { body: text("abc") }), "ABC");
    assert.equal(await read(t.get({ how: "" }, { range: { start: 1 } })), "ake");
  });
});

async function* readForever(): AsyncGenerator<Uint8Array> {
  yield text("a");
  await hang();
}
