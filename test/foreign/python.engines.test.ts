/** Owns what a service in Python is to its callers, and they to it, with a real interpreter. It must never use a fixed port. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createHost, type Host } from "../../src/host/index.ts";
import { Peers, principalSecret } from "../../src/host/remote/index.ts";
import type { Listener } from "../../src/transport/index.ts";
import { isSkeinError, type SkeinError } from "../../src/errors/index.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Books, library, Scores } from "./library.ts";
import { assertPython, freePort, Python, token } from "./python.ts";

const hostsToken = "h".repeat(43);
const added = new Date("2026-01-02T03:04:05.000Z");

let home = "";
/** Runs the books; the other one has the door, and routes what comes through it. */
let books: Host;
let front: Host;
let python: Python;
let port = 0;
let url = "";
const closing: (() => Promise<unknown>)[] = [];

before(async () => {
  assertPython();
  home = await mkdtemp(path.join(tmpdir(), "skein-foreign-"));
  closing.push(() => rm(home, { recursive: true }));
  port = await freePort();
  const env = { SCORES_URL: `http://127.0.0.1:${port}`, SCORES_TOKEN: token };
  const address = path.join(home, "books.sock");
  const routes = { epoch: 1, groups: { books: { services: ["books"], addresses: [address] } } };
  const open = async (services: readonly string[]) => {
    const peers = new Peers(library, { greeting: { system: "library", token: hostsToken } });
    const secret = principalSecret(hostsToken);
    const host = await createHost(library, { home, env, services, secret, remote: peers.routes, mode: "development" });
    closing.push(async () => {
      await host.close();
      peers.close();
    });
    return { peers, host };
  };
  const one = await open(["books"]);
  books = one.host;
  const inner: Listener = await one.peers.listen(one.host, { path: address });
  closing.push(() => inner.close(0));
  const two = await open([]);
  front = two.host;
  two.peers.update(routes);
  const door = await two.peers.listenHttp(two.host, { host: "127.0.0.1", port: 0 }, env);
  closing.push(() => door.close(0));
  url = `http://${door.address}`;
  python = await Python.start("scores.py", port, url);
  closing.push(() => python.kill());
});

after(async () => {
  for (const close of closing.toReversed()) await close();
});

const ann = { subject: "ann", roles: ["customer"] };
const scores = () => front.client(Scores, { principal: ann });

async function failure(promise: Promise<unknown>): Promise<SkeinError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(isSkeinError(error), String(error));
    return error;
  }
  assert.fail("it resolved");
}

test("a call, its values by the schema, and a call back to a service in another process", async () => {
  const reply = await scores().score({ id: "b1" });
  assert.deepEqual(reply, { id: "b1", score: 12, added, total: 2n ** 70n });
});

test("a declared error comes with its data, and an undeclared failure without a word of it", async () => {
  const declared = await failure(scores().score({ id: "empty" }));
  assert.deepEqual([declared.code, declared.status, declared.data], ["UNSCORABLE", 409, { id: "empty", since: added }]);
  const broken = await failure(scores().boom());
  assert.deepEqual([broken.code, broken.outcome, broken.retry], ["SKEIN_CALL_FAILED", "unknown", false]);
  assert.ok(!JSON.stringify(broken).includes("hunter2"));
  assert.match(python.stderr, /hunter2/, "its own log has it");
});

test("trace, principal, path and the rest of the deadline pass through", async () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const options = { principal: ann, traceId, timeoutMs: 3_000, caller: "books", path: ["books.round"] };
  const reply = (await front.call("scores", "who", undefined, options)) as {
    here: string;
    leftMs: number;
    there: Record<"caller" | "subject" | "traceId" | "leftMs", string | number>;
  };
  assert.equal(reply.here, "books");
  assert.deepEqual({ ...reply.there, leftMs: 0 }, { caller: "scores", subject: "ann", traceId, leftMs: 0 });
  assert.ok(Number(reply.there.leftMs) > 500 && Number(reply.there.leftMs) <= 3_000, JSON.stringify(reply));
  const span = front.recorder.spans().find((one) => one.traceId === traceId && one.service === "scores");
  assert.equal(span?.code, "ok");
  const inner = books.recorder.spans().find((one) => one.traceId === traceId && one.service === "books");
  assert.deepEqual([inner?.caller, inner?.method], ["scores", "who"]);
});

test("a stream, item by item, and its error after the last", async () => {
  const items = [];
  for await (const item of scores().trend({ to: 3 })) items.push(item);
  assert.deepEqual(
    items,
    [0, 1, 2].map((n) => ({ n, at: added })),
  );
  const seen: number[] = [];
  const read = async () => {
    for await (const { n } of scores().trend({ to: 2, fails: true })) seen.push(n);
  };
  assert.equal((await failure(read())).code, "UNSCORABLE");
  assert.deepEqual(seen, [0, 1]);
});

test("the deadline ends it here on time, and keeps it from calling back there", async () => {
  const error = await failure(scores().late());
  assert.equal(error.code, "SKEIN_CALL_DEADLINE");
});

test("a caller that gives up hangs up, and Python can tell", async () => {
  const controller = new AbortController();
  const call = failure(scores().hang(undefined, { signal: controller.signal }));
  await python.says("hanging");
  controller.abort();
  assert.equal((await call).code, "SKEIN_CALL_CANCELED");
  await python.says("cancelled");
});

test("what it calls back is what its uses name, its kind allows and the principal may", async () => {
  const asking = async (service: string, method: string) => (await scores().ask({ service, method })).code;
  assert.equal(await asking("books", "byId"), undefined);
  assert.equal(await asking("books", "secret"), "SKEIN_CALL_UNDECLARED");
  assert.equal(await asking("books", "lend"), "SKEIN_CALL_KIND");
  assert.equal(await asking("books", "staff"), "SKEIN_ACCESS_DENIED");
  assert.equal(await asking("books", "nothing"), "SKEIN_CALL_NO_ROUTE");
});

test("a cycle through Python is refused, and says so at its start", async () => {
  const error = await failure(books.client(Books).round());
  assert.equal(error.code, "SKEIN_CALL_CYCLE");
  assert.match(error.message, /books\.round -> scores\.through -> books\.round/);
});

test("killed: what was under way is unknown, what comes next has not started, and a restart answers again", async () => {
  await python.kill();
  python = await Python.start("scores.py", port, url);
  const call = failure(scores().hang());
  await python.says("hanging");
  await python.kill();
  const lost = await call;
  assert.deepEqual([lost.code, lost.outcome], ["SKEIN_TRANSPORT_LOST", "unknown"]);
  const down = await failure(scores().hang());
  assert.deepEqual([down.code, down.outcome], ["SKEIN_TRANSPORT_UNREACHABLE", "not_started"]);
  python = await Python.start("scores.py", port, url);
  assert.equal((await scores().score({ id: "b2" })).id, "b2");
});

test("another token is refused by both sides", async () => {
  await python.kill();
  python = await Python.start("scores.py", port, url, "another-token-another-token-another-token");
  const error = await failure(scores().score({ id: "b1" }));
  assert.deepEqual([error.code, error.outcome], ["SKEIN_TRANSPORT_DENIED", "not_started"]);
  await python.kill();
  python = await Python.start("scores.py", port, url);
});
