/** Owns who may call what over a host's HTTP + JSON, and the port that hosts take in turn. It must never use a fixed port. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { action, bytes, contract, query } from "../../contract/index.ts";
import { systemClock } from "../../core/index.ts";
import { foreign } from "../../external/index.ts";
import { silentLog } from "../../observe/index.ts";
import { service, system } from "../../system/index.ts";
import { createHost } from "../index.ts";
import { Door, doorPort, Peers, principalSecret } from "./index.ts";

const hosts = "h".repeat(43);
const scores = "s".repeat(43);
const Scores = contract("scores", { top: query({ output: z.null() }), run: action({ output: z.null() }) });
const Books = contract("books", {
  list: query({ input: z.object({ by: z.string().optional() }), output: z.unknown() }),
  lend: action({ output: z.null() }),
  secret: query({ output: z.null() }),
  open: query({ output: z.null() }),
  cover: query({ output: bytes() }),
});
const books = service(Books, {
  policy: {
    list: { access: "internal" },
    lend: { access: "internal" },
    secret: { access: "internal" },
    open: { access: "public" },
    cover: { access: "public" },
  },
});
const library = system("library", {
  services: [
    books.implement({
      list: (_, __, { caller, principal, traceId, key }) => ({ caller, subject: principal?.subject, traceId, key }),
      lend: () => null,
      secret: () => null,
      open: () => null,
      cover: () => assert.fail("it has no form here"),
    }),
    foreign(Scores, { url: "http://127.0.0.1:9", uses: { books: Books.pick("list", "lend", "cover") } }),
  ],
});
const env = { SCORES_TOKEN: scores };

async function open() {
  const host = await createHost(library, { env, inMemory: true, mode: "test", secret: principalSecret(hosts) });
  const peers = new Peers(library, { greeting: { system: "library", token: hosts } });
  const listener = await peers.listenHttp(host, { host: "127.0.0.1", port: 0 }, env);
  return {
    async post(path: string, headers: Record<string, string> = {}, body: unknown = {}) {
      const response = await fetch(`http://${listener.address}${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${scores}`, "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
      const text = await response.text();
      return [response.status, text === "" ? undefined : (JSON.parse(text) as { code?: string })] as const;
    },
    async [Symbol.asyncDispose]() {
      await listener.close(0);
      peers.close();
      await host.close();
    },
  };
}

test("a foreign service calls what its uses name, as itself", async () => {
  await using door = await open();
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  assert.deepEqual(await door.post("/books/list", { traceparent, "idempotency-key": "k" }), [
    200,
    { caller: "scores", traceId: "4bf92f3577b34da6a3ce929d0e0e4736", key: "k" },
  ]);
  for (const [path, headers, code] of [
    ["/books/secret", {}, "SKEIN_CALL_UNDECLARED"],
    ["/books/open", {}, "SKEIN_CALL_UNDECLARED"],
    ["/scores/top", {}, "SKEIN_CALL_UNDECLARED"],
    ["/books/cover", {}, "SKEIN_FEATURE_LATER"],
    ["/books/$start", {}, "SKEIN_CALL_NO_ROUTE"],
    ["/books/lend", { "skein-path": "scores.top" }, "SKEIN_CALL_KIND"],
    ["/books/list", { "skein-path": "books.list, scores.top" }, "SKEIN_CALL_CYCLE"],
    ["/books/list", { "skein-path": "pages.home" }, "SKEIN_CALL_UNDECLARED"],
    ["/books/list", { "skein-path": Array.from({ length: 32 }, () => "scores.top").join(",") }, "SKEIN_CALL_DEPTH"],
    ["/books/list", { "skein-timeout-ms": "0" }, "SKEIN_CALL_DEADLINE"],
  ] as const)
    assert.equal((await door.post(path, headers))[1]?.code, code, path);
  // Of its own accord, and from an action.
  assert.deepEqual(await door.post("/books/lend", {}, null), [200, null]);
  assert.deepEqual(await door.post("/books/lend", { "skein-path": "scores.run" }, null), [200, null]);
});

test("the hosts' token names any caller; who names none is outside", async () => {
  await using door = await open();
  const authorization = `Bearer ${hosts}`;
  assert.equal((await door.post("/books/list", { authorization }))[1]?.code, "SKEIN_ACCESS_DENIED");
  assert.deepEqual(await door.post("/books/open", { authorization }, null), [200, null]);
  assert.equal((await door.post("/books/list", { authorization, "skein-caller": "scores" }))[0], 200);
  const nobody = await door.post("/books/list", { authorization, "skein-caller": "nobody" });
  assert.equal(nobody[1]?.code, "SKEIN_CALL_UNDECLARED");
});

test("a listener without the tokens of its foreign services is refused", async () => {
  const peers = new Peers(library, { greeting: { system: "library", token: hosts } });
  const host = await createHost(library, { env, inMemory: true, mode: "test" });
  const listening = peers.listenHttp(host, { host: "127.0.0.1", port: 0 }, {});
  await assert.rejects(listening, { code: "SKEIN_CONFIG_INVALID" });
  await host.close();
});

test("a taken port is taken over when its owner ends", async () => {
  const host = await createHost(library, { env, inMemory: true, mode: "test" });
  const peers = new Peers(library, { greeting: { system: "library", token: hosts } });
  let port = 0;
  const options = {
    clock: systemClock,
    log: silentLog,
    open: () => peers.listenHttp(host, { host: "127.0.0.1", port }, env),
  };
  const first = await Door.open(options);
  port = Number(first.url?.split(":").at(-1));
  const second = await Door.open(options);
  assert.equal(second.url, undefined);
  await first.close();
  await first.close();
  while (second.url === undefined) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(second.url, `http://127.0.0.1:${port}`);
  await second.close();
  await host.close();
});

test("what is no port is refused", () => {
  assert.equal(doorPort(undefined), undefined);
  assert.equal(doorPort("4100"), 4_100);
  for (const text of ["x", "-1", "65536", "4100 "])
    assert.throws(() => doorPort(text), { code: "SKEIN_CONFIG_INVALID" });
});
