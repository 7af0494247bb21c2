/** Owns what a service in another language may be declared as, and what its answers mean, over a real server. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import * as z from "zod";
import { bytes, channel, command, contract, query, stream } from "../contract/index.ts";
import { isSkeinError, type SkeinError } from "../errors/index.ts";
import { createHost, type Host } from "../host/index.ts";
import { endpointGraph } from "../system/graph.ts";
import { checkSystem } from "../system/check.ts";
import { onePlacement, readPlacement, service, system } from "../system/index.ts";
import { foreign } from "./index.ts";

const token = "a-token-that-only-this-test-knows-0123456789";
const Scores = contract("scores", {
  score: query({
    input: z.object({ id: z.string() }),
    output: z.object({ score: z.number(), at: z.date() }),
    errors: { UNKNOWN: { data: z.object({ since: z.date() }), status: 404 } },
  }),
  watch: query({ output: stream(z.object({ n: z.int() })) }),
});
const Pages = contract("pages", { home: query({ output: z.number() }), secret: query({ output: z.number() }) });
const pages = service(Pages, {
  uses: { scores: Scores.pick("score") },
  policy: { home: { access: "public" }, secret: { access: "internal" } },
});
const library = system("library", {
  services: [
    pages.implement({
      home: async (_, { scores }) => (await scores.score({ id: "a" })).score,
      secret: () => 1,
    }),
    foreign(Scores, { url: "http://127.0.0.1:9", uses: { pages: Pages.pick("secret") } }),
  ],
});

let answer: (request: IncomingMessage, response: ServerResponse) => void;
const server = createServer((request, response) => {
  request.resume().once("end", () => answer(request, response));
});
let host: Host;
let url = "";

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  host = await createHost(library, { env: { SCORES_URL: url, SCORES_TOKEN: token }, mode: "test", inMemory: true });
});
after(async () => {
  await host.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  answer = () => assert.fail("not expected");
});

function answers(status: number, type: string, body: string): void {
  answer = (_, response) => response.writeHead(status, { "content-type": type }).end(body);
}

async function failure(promise: Promise<unknown>): Promise<SkeinError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(isSkeinError(error), String(error));
    return error;
  }
  assert.fail("it resolved");
}

const scores = () => host.client(Scores);

test("what cannot be kept over HTTP + JSON is refused when it is declared", () => {
  const declare = (C: Parameters<typeof foreign>[0], policy?: object) => () =>
    foreign(C, { url: "http://127.0.0.1:9", ...(policy !== undefined && { policy }) });
  const invalid = { code: "SKEIN_SERVICE_INVALID" };
  assert.throws(declare(contract("a", { do: command({ output: z.null() }) })), invalid);
  assert.throws(declare(contract("a", { get: query({ output: bytes() }) })), invalid);
  const talk = channel({ receive: z.string(), send: z.string() });
  assert.throws(declare(contract("a", { talk })), invalid);
  assert.throws(declare(Scores, { score: { access: "guarded" } }), invalid);
  // @ts-expect-error -- no such method
  assert.throws(() => foreign(Scores, { url: "", policy: { none: { access: "public" } } }), invalid);
});

test("a host does not start without its token, or with an address that is not this machine's", async () => {
  for (const env of [
    {},
    { SCORES_TOKEN: "short" },
    { SCORES_TOKEN: token, SCORES_URL: "nowhere" },
    { SCORES_TOKEN: token, SCORES_URL: "http://192.0.2.1:80" },
    { SCORES_TOKEN: token, SCORES_URL: "https://127.0.0.1" },
    { SCORES_TOKEN: token, SCORES_URL: `${url}/path` },
  ])
    await assert.rejects(createHost(library, { env, inMemory: true }), { code: "SKEIN_CONFIG_INVALID" });
});

test("it is in the graph and the check, and in no placement", async () => {
  const graph = endpointGraph(library.services.map(({ declaration }) => declaration));
  assert.deepEqual(graph.calls.get("pages.home"), ["scores.score"]);
  assert.deepEqual(graph.calls.get("scores.watch"), ["pages.secret"]);
  const errors = (await checkSystem(library)).filter(({ level }) => level === "error");
  assert.deepEqual(errors, []);
  assert.deepEqual(onePlacement(library).groups["one"]?.services, ["gateway", "pages"]);
  const named = { rest: "a", groups: { a: { services: ["scores"] } }, pins: { scores: { never: ["pages"] } } };
  assert.throws(() => readPlacement(named, library), /"scores" runs in another language.*and 1 more/);
});

test("its methods are internal unless a policy says more", async () => {
  const outside = host.call("scores", "score", { id: "a" }, { fromOutside: true }) as Promise<unknown>;
  assert.equal((await failure(outside)).code, "SKEIN_ACCESS_DENIED");
});

test("a reply is validated here, by its schema", async () => {
  answer = (request, response) => {
    assert.equal(request.headers.authorization, `Bearer ${token}`);
    assert.equal(request.url, "/scores/score");
    assert.equal(request.headers["skein-path"], "pages.home, scores.score");
    assert.ok(Number(request.headers["skein-timeout-ms"]) <= 10_000);
    response
      .writeHead(200, { "content-type": "application/json" })
      .end('{"score":3,"at":"2026-01-02T00:00:00Z","x":1}');
  };
  assert.equal(await host.client(Pages).home(), 3);
  answers(200, "application/json", '{"score":"3","at":"2026-01-02T00:00:00Z"}');
  assert.equal((await failure(scores().score({ id: "a" }))).code, "SKEIN_OUTPUT_INVALID");
});

test("of a problem the name is enough; one that the contract does not have is nobody's to see", async () => {
  answers(404, "application/problem+json", '{"code":"UNKNOWN","data":{"since":"2026-01-02T00:00:00Z"}}');
  const declared = await failure(scores().score({ id: "a" }));
  assert.deepEqual(
    [declared.code, declared.outcome, declared.data],
    ["UNKNOWN", "failed", { since: new Date("2026-01-02") }],
  );
  answers(404, "application/json", '{"code":"OTHER"}');
  assert.equal((await failure(scores().score({ id: "a" }))).code, "SKEIN_ERROR_UNDECLARED");
});

test("what is no answer of this protocol has a code of its own, and none of its words travel", async () => {
  const html = "<h1>secret of a proxy</h1>";
  for (const [status, type, body, code, outcome] of [
    [502, "text/html", html, "SKEIN_CALL_FAILED", "unknown"],
    [500, "application/json", "{", "SKEIN_CALL_FAILED", "unknown"],
    [500, "application/json", '{"code":"SKEIN_NO_SUCH_CODE"}', "SKEIN_CALL_FAILED", "unknown"],
    [401, "text/html", html, "SKEIN_TRANSPORT_DENIED", "not_started"],
    [200, "text/html", html, "SKEIN_TRANSPORT_PROTOCOL", "unknown"],
    [200, "application/json", '{"__proto__":{}}', "SKEIN_TRANSPORT_PROTOCOL", "unknown"],
    [302, "text/html", html, "SKEIN_TRANSPORT_PROTOCOL", "unknown"],
    [200, "application/json", `"${"x".repeat(4_194_304)}"`, "SKEIN_TRANSPORT_TOO_LARGE", "unknown"],
  ] as const) {
    answers(status, type, body);
    const error = await failure(scores().score({ id: "a" }));
    assert.deepEqual([error.code, error.outcome], [code, outcome], `${status} ${type}`);
    assert.ok(!error.message.includes("secret"), error.message);
  }
});

test("a stream that breaks off is no stream that ended", async () => {
  const read = async () => {
    const seen: number[] = [];
    for await (const { n } of scores().watch()) seen.push(n);
    return seen;
  };
  answers(
    200,
    "text/event-stream",
    'retry: 1\n\n: hello\n\ndata: {"n":1}\n\nid: 2\r\ndata:{"n":2}\r\n\r\nevent: end\ndata: {}\n\n',
  );
  assert.deepEqual(await read(), [1, 2]);
  answers(200, "text/event-stream", 'data: {"n":1}\n\n');
  assert.equal((await failure(read())).code, "SKEIN_TRANSPORT_LOST");
  answers(200, "text/event-stream", 'event: error\ndata: {"code":"SKEIN_DATA_BUSY","status":503}\n\n');
  assert.equal((await failure(read())).code, "SKEIN_DATA_BUSY");
  answers(200, "application/x-ndjson", '{"n":1}\n');
  assert.equal((await failure(read())).code, "SKEIN_TRANSPORT_PROTOCOL");
});
