/** Uploads and downloads by the web's own objects: piece by piece, with an early end on either side. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as z from "zod";
import { action, bytes, contract, query, raw } from "../../contract/index.ts";
import { download, service, system } from "../../system/index.ts";
import { createFetchHandler } from "./index.ts";

const text = (value: string) => new TextEncoder().encode(value);
const Files = contract("files", {
  put: action({
    input: z.object({ how: z.string() }),
    body: bytes({ max: 100 }),
    output: z.json(),
    http: "PUT /files/:how",
  }),
  hook: action({ body: raw({ max: 100 }), output: z.string(), http: "POST /hook" }),
  get: query({ output: bytes({ type: "text/plain" }), http: "GET /file" }),
});
const files = service(Files, {
  policy: { put: { access: "public" }, hook: { access: "public" }, get: { access: "public" } },
}).implement({
  async put({ how }, _own, call) {
    const lengths: number[] = [];
    for await (const piece of call.body) {
      lengths.push(piece.length);
      if (how === "first") break;
    }
    return lengths;
  },
  hook: (_input, _own, call) => call.body.text(),
  get: () => download({ size: 10, etag: "v1", read: ({ start, end }) => text("0123456789").subarray(start, end) }),
});

describe("bytes by fetch", () => {
  const handler = createFetchHandler(system("bytes", { services: [files] }), { mode: "test" });
  const send = (path: string, init: RequestInit = {}) => handler(new Request(`http://a.example${path}`, init));

  test("an upload streams in, and is told to stop when its handler has enough", async () => {
    let canceled = 0;
    let left = 3;
    const body = () =>
      new ReadableStream<Uint8Array>({
        pull: (controller) => (left-- > 0 ? controller.enqueue(new Uint8Array(10)) : controller.close()),
        cancel: () => void canceled++,
      });
    const all = await send("/files/all", { method: "PUT", body: body(), duplex: "half" });
    assert.deepEqual(await all.json(), [10, 10, 10]);
    left = 3;
    const first = await send("/files/first", { method: "PUT", body: body(), duplex: "half" });
    assert.deepEqual(await first.json(), [10]);
    assert.equal(canceled, 1);
    left = 11;
    const large = await send("/files/all", { method: "PUT", body: body(), duplex: "half" });
    assert.equal(large.status, 413);
    assert.equal(await (await send("/hook", { method: "POST", body: " exact " })).json(), " exact ");
    assert.deepEqual(await (await send("/files/all", { method: "PUT" })).json(), []);
  });

  test("a download has its head, its range and its conditions", async () => {
    const whole = await send("/file");
    assert.deepEqual(
      [whole.status, whole.headers.get("content-length"), await whole.text()],
      [200, "10", "0123456789"],
    );
    const part = await send("/file", { headers: { range: "bytes=-2" } });
    assert.deepEqual([part.status, part.headers.get("content-range"), await part.text()], [206, "bytes 8-9/10", "89"]);
    const head = await send("/file", { method: "HEAD" });
    assert.deepEqual([head.status, head.headers.get("content-length"), await head.text()], [200, "10", ""]);
    assert.equal((await send("/file", { headers: { "if-none-match": '"v1"' } })).status, 304);
    assert.equal((await send("/file", { headers: { range: "bytes=10-" } })).status, 416);
  });
});
