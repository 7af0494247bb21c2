/** Streams of the HTTP client against real servers: any split of the bytes, errors, resuming, pace, limits. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { isSkeinError, type SkeinError } from "../../errors/index.ts";
import {
  createHttpClient,
  type HttpClientOptions,
  type HttpTable,
  isDeclared,
  type StreamCallOptions,
} from "./index.ts";
import { createVirtualClock } from "../../core/index.ts";
import { hastyClock, problem, reset, scripted, type Step } from "./fixtures/scripted-server.ts";
import { framesOf, type Frame } from "./frames.ts";
import { Lifetime } from "./lifetime.ts";

const table: HttpTable = {
  feed: {
    ids: {
      kind: "query",
      http: "GET /ids",
      stream: { id: "id" },
      answer: { properties: { big: { type: "string", "x-skein": "bigint" } } },
    },
    plain: { kind: "query", http: "GET /plain", stream: {} },
    act: { kind: "action", http: "POST /act", stream: { id: "id" } },
  },
};
type Open = (input?: unknown, options?: StreamCallOptions) => AsyncIterable<unknown>;
type Feed = Readonly<Record<"ids" | "plain" | "act", Open>>;

function feedOf(baseUrl: string, options: Partial<HttpClientOptions> = {}): Feed {
  return createHttpClient<{ feed: Feed }>(table, { baseUrl, clock: hastyClock(), ...options }).feed;
}

const events = { "content-type": "text/event-stream" };
const lines = { "content-type": "application/x-ndjson" };
const event = (id: number): string => `id: ${id}\ndata: {"id":${id}}\n\n`;

/** Everything up to the end or the error. */
async function drain(
  items: AsyncIterable<unknown>,
): Promise<{ readonly got: unknown[]; readonly error: SkeinError | undefined }> {
  const got: unknown[] = [];
  try {
    for await (const item of items) got.push(item);
    return { got, error: undefined };
  } catch (error) {
    assert.ok(isSkeinError(error), String(error));
    return { got, error };
  }
}

/** Writes a text and then resets the connection, once the text has gone out. */
function cutAfter(headers: Record<string, string>, text: string): Step {
  return (response) => {
    response.writeHead(200, headers);
    response.write(text, () => response.socket?.destroySoon());
  };
}

suite("bytes", () => {
  const item = fc.oneof(
    fc.jsonValue(),
    fc.constant({ error: { type: "urn:skein:error:X", n: 1 } }),
    fc.constant("ü€😀\n"),
  );

  test("items come whole however the bytes are split, as events and as lines", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 8 }), fc.boolean(), fc.nat(), async (items, isEvents, seed) => {
        const text = items.map((each) =>
          isEvents ? `: beat\nid: 1\ndata: ${JSON.stringify(each)}\r\n\n` : `${JSON.stringify(each)}\n`,
        );
        const bytes = new TextEncoder().encode(text.join("") + (isEvents ? "event: end\ndata: {}\n\n" : ""));
        const frames = await framesFrom(bytes, isEvents ? events : lines, (seed % 7) + 1);
        const got = frames.filter((frame) => frame.type === "item").map((frame) => JSON.parse(frame.text) as unknown);
        assert.deepEqual(JSON.stringify(got), JSON.stringify(items));
        assert.equal(frames.at(-1)?.type, "end");
      }),
    );
  });

  async function framesFrom(bytes: Uint8Array, headers: Record<string, string>, size: number): Promise<Frame[]> {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    });
    const life = new Lifetime(createVirtualClock(), 1_000, undefined);
    const frames: Frame[] = [];
    for await (const frame of framesOf(new Response(body, { headers }), life, () => 1_000)) frames.push(frame);
    return frames;
  }

  test("an item longer than the limit is refused before it is whole", async () => {
    for (const start of [`data: `, `data: 1\ndata: `]) {
      const endless: Step = (response) => {
        response.writeHead(200, events);
        response.write(start);
        const more = (): void => {
          while (response.write("x".repeat(65_536)));
        };
        response.on("drain", more);
        more();
      };
      await using server = await scripted(endless);
      assert.equal((await drain(feedOf(server.url).plain())).error?.code, "SKEIN_CLIENT_TOO_LARGE");
    }
  });

  test("a slow reader holds the sender back", async () => {
    let written = 0;
    let isFull: () => void = () => undefined;
    const full = new Promise<void>((resolve) => (isFull = resolve));
    const piece = `{"text":"${"x".repeat(10_000)}"}\n`;
    const flood: Step = (response) => {
      response.writeHead(200, lines);
      const more = (): void => {
        while (written < 5_000) {
          written++;
          if (!response.write(piece)) return isFull();
        }
        response.end();
      };
      response.on("drain", more);
      more();
    };
    await using server = await scripted(flood);
    const iterator = feedOf(server.url).plain()[Symbol.asyncIterator]();
    await iterator.next();
    await full;
    // 50 MB are offered; what is under way is what sockets and the first reads hold.
    const before = written;
    assert.ok(before < 2_500, `${before} of 5000 pieces were taken from the server for one item read`);
    let count = 1;
    while ((await iterator.next()).done !== true) count++;
    assert.deepEqual([count, written], [5_000, 5_000]);
  });
});

suite("ends", () => {
  test("asks for events, or for lines; the end event is an end and a broken connection is not", async () => {
    const good: Step = (response) => response.writeHead(200, events).end(`${event(1)}event: end\ndata: {}\n\n`);
    await using server = await scripted(good);
    assert.deepEqual(await drain(feedOf(server.url).plain()), { got: [{ id: 1 }], error: undefined });
    assert.equal(server.seen[0]?.headers.accept, "text/event-stream");
    await using plain = await scripted((response) => response.writeHead(200, lines).end('{"id":1}\n{"id":2}'));
    assert.deepEqual((await drain(feedOf(plain.url, { streams: "ndjson" }).plain())).got, [{ id: 1 }, { id: 2 }]);
    assert.equal(plain.seen[0]?.headers.accept, "application/x-ndjson");
    await using broken = await scripted((response) => response.writeHead(200, events).end(event(1)));
    const { got, error } = await drain(feedOf(broken.url).plain());
    assert.deepEqual([got, error?.code, error?.data], [[{ id: 1 }], "SKEIN_CLIENT_NETWORK", { lastId: "1" }]);
  });

  test("an error after items is the typed error, in events and in lines", async () => {
    const body = {
      type: "urn:skein:error:SOLD",
      title: "sold",
      status: 409,
      code: "SOLD",
      outcome: "failed",
      retry: false,
      data: { n: 1 },
      traceId: "t",
    };
    await using asEvents = await scripted((response) =>
      response.writeHead(200, events).end(`${event(1)}event: error\ndata: ${JSON.stringify(body)}\n\n`),
    );
    await using asLines = await scripted(cutAfter(lines, `{"id":1}\n${JSON.stringify({ error: body })}\n`));
    for (const server of [asEvents, asLines]) {
      const { got, error } = await drain(feedOf(server.url).ids());
      assert.deepEqual([got, error?.code, error?.data, error?.traceId], [[{ id: 1 }], "SOLD", { n: 1 }, "t"]);
      assert.ok(isDeclared(error, "SOLD"));
    }
    await using lookalike = await scripted((response) =>
      response.writeHead(200, lines).end(`${JSON.stringify({ error: body })}\n`),
    );
    assert.deepEqual((await drain(feedOf(lookalike.url).ids())).got, [{ error: body }]);
  });

  test("a reader that leaves ends the request", async () => {
    let left: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (left = resolve));
    await using server = await scripted((response) => {
      response.on("close", left).writeHead(200, events).write(event(1));
    });
    for await (const _ of feedOf(server.url).ids()) break;
    await gone;
  });

  test("a stream that is silent for too long, or longer than its caller's timeout, ends", async () => {
    const clock = createVirtualClock();
    const first: Step = (response) => {
      response.writeHead(200, events).write(event(1));
    };
    await using server = await scripted(first);
    const idle = feedOf(server.url, { clock, streamIdle: "30s" }).act()[Symbol.asyncIterator]();
    assert.deepEqual((await idle.next()).value, { id: 1 });
    // Nobody waits here, so no time of the stream's passes.
    await clock.advance("1h");
    const waiting = drain({ [Symbol.asyncIterator]: () => idle });
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance("31s");
    assert.deepEqual(
      [(await waiting).error?.code, (await waiting).error?.data],
      ["SKEIN_CLIENT_NETWORK", { lastId: "1" }],
    );
    const total = feedOf(server.url, { clock }).ids(undefined, { timeout: "5s" })[Symbol.asyncIterator]();
    await total.next();
    await clock.advance("6s");
    assert.equal((await drain({ [Symbol.asyncIterator]: () => total })).error?.code, "SKEIN_CALL_DEADLINE");
  });

  test("an answer that is no stream is refused", async () => {
    await using server = await scripted((response) =>
      response.writeHead(200, { "content-type": "text/html" }).end("x"),
    );
    assert.equal((await drain(feedOf(server.url).act())).error?.code, "SKEIN_CLIENT_ANSWER");
  });
});

suite("resuming", () => {
  test("a query with ids goes on after the last one, without loss and without a second copy", async () => {
    /** Three items a connection, and then a cut. */
    const some: Step = (response, { headers }) => {
      const from = Number(headers["last-event-id"] ?? 0);
      response.writeHead(200, events);
      if (from >= 9) {
        response.end("event: end\ndata: {}\n\n");
        return;
      }
      response.write(event(from + 1) + event(from + 2) + event(from + 3) + `id: ${from + 4}\ndata: {"id"`, () =>
        response.socket?.destroySoon(),
      );
    };
    await using server = await scripted(some);
    const { got, error } = await drain(feedOf(server.url).ids());
    assert.equal(error, undefined);
    assert.deepEqual(
      got,
      Array.from({ length: 9 }, (_, i) => ({ id: i + 1 })),
    );
    assert.deepEqual(
      server.seen.map((each) => each.headers["last-event-id"]),
      [undefined, "3", "6", "9"],
    );
  });

  test("lines resume by the field that is the id; resumeFrom is where it begins", async () => {
    await using server = await scripted(cutAfter(lines, '{"id":5,"big":"12"}\n'), (response) =>
      response.writeHead(200, lines).end('{"id":6,"big":"13"}\n'),
    );
    const { got } = await drain(feedOf(server.url).ids(undefined, { resumeFrom: "4" }));
    assert.deepEqual(got, [
      { id: 5, big: 12n },
      { id: 6, big: 13n },
    ]);
    assert.deepEqual(
      server.seen.map((each) => each.headers["last-event-id"]),
      ["4", "5"],
    );
  });

  test("without progress it gives up after three attempts; an item without an id cannot be resumed after", async () => {
    await using server = await scripted(cutAfter(events, event(1)), reset);
    const { got, error } = await drain(feedOf(server.url).ids());
    assert.deepEqual([got, error?.code, server.seen.length], [[{ id: 1 }], "SKEIN_CLIENT_NETWORK", 3]);
    await using other = await scripted(cutAfter(events, `${event(1)}data: {"x":1}\n\n`));
    await drain(feedOf(other.url).ids());
    assert.equal(other.seen.length, 1);
  });

  test("a query without ids is opened again only before its first item, an action never once it was sent", async () => {
    await using server = await scripted(reset, cutAfter(events, event(1)));
    assert.deepEqual((await drain(feedOf(server.url).plain())).got, [{ id: 1 }]);
    assert.equal(server.seen.length, 2);
    await using acting = await scripted(cutAfter(events, event(7)));
    const { error } = await drain(feedOf(acting.url).act());
    assert.deepEqual(
      [error?.code, error?.outcome, error?.retry, error?.data],
      ["SKEIN_CLIENT_NETWORK", "unknown", false, { lastId: "7" }],
    );
    await using early = await scripted(reset);
    assert.equal((await drain(feedOf(early.url).act())).error?.outcome, "unknown");
    assert.deepEqual([acting.seen.length, early.seen.length], [1, 1]);
  });

  test("an error of the server that allows it is a reason to resume, one that does not is not", async () => {
    const failing =
      (retry: boolean): Step =>
      (response) => {
        const body = { title: "x", status: 503, code: "SKEIN_HOST_DRAINING", outcome: "not_started", retry };
        response.writeHead(200, events).end(`${event(1)}event: error\ndata: ${JSON.stringify(body)}\n\n`);
      };
    const rest: Step = (response) => response.writeHead(200, events).end(`${event(2)}event: end\ndata: {}\n\n`);
    await using server = await scripted(failing(true), rest);
    assert.deepEqual((await drain(feedOf(server.url).ids())).got, [{ id: 1 }, { id: 2 }]);
    await using other = await scripted(failing(false), rest);
    assert.equal((await drain(feedOf(other.url).ids())).error?.code, "SKEIN_HOST_DRAINING");
    // What a gateway that makes room says in lines, and in events.
    const moved = { type: "urn:skein:error:SKEIN_MOVED", title: "x", status: 503, code: "SKEIN_MOVED", retry: true };
    await using inLines = await scripted(
      cutAfter(
        lines,
        `{"id":1}\n{"error":${JSON.stringify({ ...moved, outcome: "unknown", data: { lastId: "1" } })}}\n`,
      ),
      (response) => response.writeHead(200, events).end("retry: 1000\n\nretry: 17\n\n"),
      rest,
    );
    assert.deepEqual((await drain(feedOf(inLines.url).ids())).got, [{ id: 1 }, { id: 2 }]);
    assert.deepEqual(
      inLines.seen.map(({ headers }) => headers["last-event-id"]),
      [undefined, "1", "1"],
    );
    await using refused = await scripted(problem("SKEIN_ACCESS_DENIED", 403));
    assert.equal((await drain(feedOf(refused.url).ids())).error?.code, "SKEIN_ACCESS_DENIED");
  });
});
