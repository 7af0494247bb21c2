/** What a drain does with streams: which of them end between two items, with which token, and that their handlers end well. */
import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import * as z from "zod";
import { isSkeinError, type SkeinError } from "../errors/index.ts";
import { action, bytes, contract, createHost, query, service, stream, system } from "../index.ts";
import type { Host } from "./index.ts";

const Item = z.object({ n: z.int() });
const ids = { id: "n" };
const Feed = contract("feed", {
  count: query({ output: stream(Item, ids) }),
  plain: query({ output: stream(Item) }),
  act: action({ output: stream(Item, ids) }),
  slow: query({ output: stream(Item, ids) }),
  file: query({ output: bytes() }),
});
const Relay = contract("relay", {
  both: query({ output: stream(Item, ids) }),
});
const open = { access: "public" } as const;
let ended: string[] = [];

async function* count(name: string, from: string | undefined) {
  try {
    for (let n = Number(from ?? 0) + 1; ; n++) yield { n };
  } finally {
    ended.push(name);
  }
}
const feed = service(Feed, { policy: { count: open, plain: open, act: open, slow: open, file: open } }).implement({
  count: (_, __, call) => count("count", call.resumeFrom),
  plain: () => count("plain", undefined),
  act: (_, __, call) => count("act", call.resumeFrom),
  async *slow(_, __, call) {
    yield { n: 1 };
    await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
    ended.push(`slow ${String(call.signal.aborted)}`);
  },
  file: () => new Uint8Array([1, 2, 3]),
});
const relay = service(Relay, { uses: { feed: Feed }, policy: { both: open } }).implement({
  async *both(_, own) {
    for await (const { n } of own.feed.count()) yield { n: n * 10 };
  },
});

async function start(): Promise<Host> {
  return createHost(system("moving", { services: [feed, relay] }), { inMemory: true });
}

const outside = { fromOutside: true } as const;

function items(host: Host, service_: string, method: string, resumeFrom?: string): AsyncIterator<unknown> {
  const options = resumeFrom === undefined ? outside : { ...outside, resumeFrom };
  return (host.call(service_, method, undefined, options) as AsyncIterable<unknown>)[Symbol.asyncIterator]();
}

async function failed(step: Promise<unknown>): Promise<SkeinError> {
  const error: unknown = await step.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return isSkeinError(error) ? error : assert.fail(`it did not fail as expected: ${String(error)}`);
}

beforeEach(() => {
  ended = [];
});

describe("a host that drains", () => {
  test("ends a query's stream with ids after the item that its reader has, and its handler with it", async () => {
    await using host = await start();
    const reader = items(host, "feed", "count");
    await reader.next();
    await reader.next();
    host.moveStreams();
    const error = await failed(reader.next());
    assert.deepEqual([error.code, error.data, error.outcome], ["SKEIN_MOVED", { lastId: "2" }, "unknown"]);
    assert.deepEqual(ended, ["count"]);
    assert.equal(host.inFlight, 0);
    assert.deepEqual(await reader.next(), { done: true, value: undefined });
  });

  test("ends a wait that is under way, and aborts the handler's own", async () => {
    await using host = await start();
    const reader = items(host, "feed", "slow");
    await reader.next();
    const waiting = reader.next();
    host.moveStreams();
    assert.deepEqual((await failed(waiting)).data, { lastId: "1" });
    assert.deepEqual(ended, ["slow true"]);
  });

  test("leaves streams without ids, and those of actions, until the end of its time", async () => {
    await using host = await start();
    const [plain, act] = [items(host, "feed", "plain"), items(host, "feed", "act")];
    host.moveStreams();
    for (const one of [plain, act]) assert.deepEqual(await one.next(), { done: false, value: { n: 1 } });
    host.moveStreams("all");
    assert.equal((await failed(plain.next())).data, undefined);
    assert.deepEqual((await failed(act.next())).data, { lastId: "1" });
    assert.deepEqual(ended.toSorted(), ["act", "plain"]);
  });

  test("moves on what begins when it has begun to drain: nothing was started", async () => {
    await using host = await start();
    host.moveStreams();
    const error = await failed(items(host, "feed", "count", "7").next());
    assert.deepEqual([error.code, error.data, error.outcome], ["SKEIN_MOVED", { lastId: "7" }, "not_started"]);
    assert.deepEqual(ended, []);
  });

  test("gives the token of the stream that was read, and not of what its handler reads", async () => {
    await using host = await start();
    const reader = items(host, "relay", "both");
    await reader.next();
    await reader.next();
    await reader.next();
    host.moveStreams();
    assert.deepEqual((await failed(reader.next())).data, { lastId: "30" });
    // Of a handler's own stream nobody waits for the end.
    for (let turns = 0; turns < 100 && ended.length === 0; turns++) await new Promise(setImmediate);
    assert.deepEqual(ended, ["count"]);
  });

  test("says of a reader that has left what it was told", async () => {
    await using host = await start();
    const left = new AbortController();
    const reader = (
      host.call("feed", "slow", undefined, { ...outside, signal: left.signal }) as AsyncIterable<unknown>
    )[Symbol.asyncIterator]();
    await reader.next();
    const waiting = reader.next();
    left.abort();
    host.moveStreams();
    assert.equal((await failed(waiting)).code, "SKEIN_CALL_CANCELED");
  });

  test("counts downloads and uploads as transfers while they last", async () => {
    await using host = await start();
    const download = items(host, "feed", "file");
    assert.equal(host.transfers, 0);
    await download.next();
    assert.equal(host.transfers, 1);
    host.moveStreams();
    await download.next();
    await download.next();
    assert.deepEqual([host.transfers, host.inFlight], [0, 0]);
  });
});
