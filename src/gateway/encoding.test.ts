/** Answers that are known already or sent smaller, and bodies that come compressed, on a real port. */
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { after, before, describe, test } from "node:test";
import { brotliCompressSync, brotliDecompressSync, deflateRawSync, deflateSync, gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import * as z from "zod";
import { action, contract, query } from "../contract/index.ts";
import { createHost, type Host } from "../host/index.ts";
import { service, system } from "../system/index.ts";
import { chooseEncoding, withVary } from "./encoding.ts";
import { createGateway, type Gateway } from "./index.ts";

const Texts = contract("texts", {
  get: query({ input: z.object({ n: z.coerce.number() }), output: z.string(), http: "GET /texts/:n" }),
  echo: action({ input: z.unknown(), output: z.unknown(), http: "POST /echo" }),
});
const texts = service(Texts, { policy: { get: { access: "public" }, echo: { access: "public" } } });

let host: Host;
let gateway: Gateway;
before(async () => {
  const code = texts.implement({ get: ({ n }) => "lorem ipsum ".repeat(n), echo: (input) => input });
  host = await createHost(system("texts", { services: [code] }));
  gateway = await createGateway(host, { port: 0 });
});
after(async () => {
  await gateway.close();
  await host.close();
});

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** As it is on the wire: `fetch` would decompress. */
function ask(path: string, headers: Record<string, string> = {}, body?: Buffer, port = gateway.port): Promise<Got> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const asked = httpRequest({ port, path, method, headers: { ...type, ...headers }, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part)).on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

describe("ETag", () => {
  test("a query's answer has one, and a client that has it gets 304 without a body", async () => {
    const first = await ask("/texts/1");
    const etag = first.headers["etag"] as string;
    assert.match(etag, /^"[\w-]{22}"$/);
    assert.equal((await ask("/texts/1")).headers["etag"], etag);
    assert.notEqual((await ask("/texts/2")).headers["etag"], etag);
    for (const known of [etag, `W/${etag}`, `"a", ${etag}`, `"x,y" , W/${etag},"b"`, "*", ` ${etag} `]) {
      const again = await ask("/texts/1", { "if-none-match": known });
      assert.equal(again.status, 304, known);
      assert.equal(again.body.length, 0);
      assert.equal(again.headers["etag"], etag);
      assert.equal(again.headers["cache-control"], "no-cache");
      assert.equal(again.headers["content-type"], undefined);
    }
    for (const other of ['"nothing"', etag.slice(1, -1), `"${etag.slice(2)}`, "", ",", 'W/"']) {
      assert.equal((await ask("/texts/1", { "if-none-match": other })).status, 200, other);
    }
    // Eight kilobytes of tags, ours the last.
    const many = Array.from({ length: 300 }, (_, i) => `"${String(i).padStart(22, "x")}"`);
    assert.equal((await ask("/texts/1", { "if-none-match": [...many, etag].join(",") })).status, 304);
    assert.equal((await ask("/texts/1", { "if-none-match": many.join(",") })).status, 200);
  });

  test("nothing else has one: an action, an error", async () => {
    assert.equal((await ask("/echo", {}, Buffer.from("1"))).headers["etag"], undefined);
    const wrong = await ask("/texts/x", { "if-none-match": "*" });
    assert.equal(wrong.status, 400);
    assert.equal(wrong.headers["etag"], undefined);
  });
});

describe("compressed answers", () => {
  test("by what the client likes best; the tag becomes weak and still matches", async () => {
    const plain = await ask("/texts/500");
    assert.equal(plain.headers["vary"], "accept-encoding");
    for (const [accepted, encoding, undo] of [
      ["gzip", "gzip", gunzipSync],
      ["gzip, deflate, br", "br", brotliDecompressSync],
      ["br;q=0.5, gzip;q=0.9", "gzip", gunzipSync],
    ] as const) {
      const squeezed = await ask("/texts/500", { "accept-encoding": accepted });
      assert.equal(squeezed.headers["content-encoding"], encoding);
      assert.ok(squeezed.body.length < plain.body.length / 10);
      assert.deepEqual(undo(squeezed.body), plain.body);
      assert.equal(Number(squeezed.headers["content-length"]), squeezed.body.length);
      assert.equal(squeezed.headers["etag"], `W/${plain.headers["etag"] as string}`);
      const again = await ask("/texts/500", {
        "accept-encoding": accepted,
        "if-none-match": squeezed.headers["etag"] as string,
      });
      assert.equal(again.status, 304);
      assert.equal(again.headers["vary"], "accept-encoding");
    }
  });

  test("not what is short, not what nobody asked for, and not when it is turned off", async () => {
    const short = await ask("/texts/10", { "accept-encoding": "gzip" });
    assert.equal(short.headers["content-encoding"], undefined);
    assert.equal(short.headers["vary"], undefined);
    for (const accepted of ["identity", "gzip;q=0", "zstd", "*;q=0", "gzip;q=x"]) {
      const answer = await ask("/texts/500", { "accept-encoding": accepted });
      assert.equal(answer.headers["content-encoding"], undefined, accepted);
    }
    await using plain = await createGateway(host, { port: 0, compression: false });
    const answer = await ask("/texts/500", { "accept-encoding": "gzip" }, undefined, plain.port);
    assert.equal(answer.headers["content-encoding"], undefined);
    assert.equal(answer.headers["vary"], undefined);
  });

  test("not what a page of another site may have asked for with cookies (BREACH)", async () => {
    const asked = { "accept-encoding": "gzip", cookie: "sid=1" };
    for (const site of ["cross-site", "same-site", "none", undefined]) {
      const answer = await ask("/texts/500", { ...asked, ...(site !== undefined && { "sec-fetch-site": site }) });
      assert.equal(answer.headers["content-encoding"], undefined, site);
    }
    const own = await ask("/texts/500", { ...asked, "sec-fetch-site": "same-origin" });
    assert.equal(own.headers["content-encoding"], "gzip");
  });

  test("the document of the API is compressed too", async () => {
    const answer = await ask("/openapi.json", { "accept-encoding": "br" });
    assert.equal(answer.headers["content-encoding"], "br");
    assert.equal((JSON.parse(brotliDecompressSync(answer.body).toString()) as { openapi: string }).openapi, "3.1.0");
  });

  test("Accept-Encoding by the book, and never more than the client said", () => {
    const cases: Array<[string | undefined, string | undefined]> = [
      [undefined, undefined],
      ["", undefined],
      ["*", "br"],
      ["*;q=0.1", "br"],
      ["br;q=0, *", "gzip"],
      ["GZIP", "gzip"],
      ["gzip;q=0.5, identity;q=0.6", undefined],
      ["gzip;q=1.001", undefined],
      ["gzip;q=0.0001", undefined],
      ["gzip; q=0.3 , br ;q=0.2", "gzip"],
      [`${"x,".repeat(200)}gzip`, undefined],
    ];
    for (const [accepted, chosen] of cases) assert.equal(chooseEncoding(accepted), chosen, accepted);
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (accepted) => {
        const chosen = chooseEncoding(accepted);
        assert.ok(chosen === undefined || accepted.includes("*") || accepted.toLowerCase().includes(chosen));
      }),
    );
    assert.equal(withVary("origin", "accept-encoding"), "origin, accept-encoding");
    assert.equal(withVary("Accept-Encoding, origin", "accept-encoding"), "Accept-Encoding, origin");
    assert.equal(withVary("*", "accept-encoding"), "*");
  });
});

describe("compressed bodies", () => {
  const json = Buffer.from(JSON.stringify({ text: "käse ".repeat(200) }));
  const send = (encoding: string, body: Buffer) => ask("/echo", { "content-encoding": encoding }, body);

  test("gzip, deflate and br are taken", async () => {
    const sent = [
      ["gzip", gzipSync(json)],
      ["deflate", deflateSync(json)],
      ["br", brotliCompressSync(json)],
      ["GZip", gzipSync(json)],
      ["identity", json],
    ] as const;
    for (const [encoding, body] of sent) {
      const answer = await send(encoding, body);
      assert.equal(answer.status, 200, encoding);
      assert.deepEqual(answer.body, json);
    }
  });

  test("two encodings, unknown ones and twice the header are 415 or 400, and the answer says what is taken", async () => {
    for (const encoding of ["gzip, gzip", "gzip,br", "zstd", "compress", "x-gzip", "", " gzip;q=1", "gzip,"]) {
      const answer = await send(encoding, gzipSync(gzipSync(json)));
      assert.equal(answer.status, 415, encoding);
      assert.equal(answer.headers["accept-encoding"], "gzip, deflate, br");
    }
  });

  test("what is no gzip, or ends early, or holds another encoding is 400", async () => {
    const whole = gzipSync(json);
    for (const [encoding, body] of [
      ["gzip", json],
      ["gzip", whole.subarray(0, whole.length - 9)],
      ["deflate", deflateRawSync(json)],
      ["br", whole],
      ["gzip", gzipSync(whole)],
    ] as const) {
      const answer = await send(encoding, body);
      assert.equal(answer.status, 400, encoding);
      assert.match(answer.body.toString(), /SKEIN_HTTP_BODY_INVALID/);
    }
  });

  test("a bomb is refused while it is read, and memory stays flat", async () => {
    // Made of 10 MiB, which gzip makes a thousandth of; a gigabyte would be the same bytes more often.
    const part = Buffer.alloc(10_485_760, " ");
    const bombs = [
      ["gzip", gzipSync(part)],
      ["deflate", deflateSync(part)],
      ["br", brotliCompressSync(part)],
      ["gzip", Buffer.concat(Array.from({ length: 60 }, () => gzipSync(part)))],
    ] as const;
    for (const [encoding, body] of bombs) {
      assert.ok(body.length < 1_048_576);
      const beforeBytes = process.memoryUsage().rss;
      const answer = await send(encoding, body);
      assert.equal(answer.status, 413, encoding);
      const grownBytes = process.memoryUsage().rss - beforeBytes;
      assert.ok(grownBytes < 50_000_000, `${grownBytes}`);
    }
    // Large enough, and more than a hundred times what was sent, though less than the limit.
    const small = gzipSync(Buffer.alloc(500_000, " "));
    assert.equal((await send("gzip", small)).status, 413);
    // At most 64 KiB: any ratio is honest.
    const list = Buffer.from(JSON.stringify(Array.from({ length: 20_000 }, () => 0)));
    assert.equal((await send("gzip", gzipSync(list))).status, 200);
  });
});
