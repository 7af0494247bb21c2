/** What a caller sends to a running method: pace, copies, every way to end; near and far, under a virtual clock. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { action, contract, query, service, stream, system } from "../index.ts";
import { testSystem } from "../testing/index.ts";
import { codeOf, drainItems, failureOf, hang, modes } from "./fixtures/support.ts";

const open = { access: "public" } as const;
const how = z.object({ how: z.string() });
const Sink = contract("sink", {
  take: action({ input: how, output: z.json() }),
  echo: query({ output: stream(z.json()) }),
  closed: action(),
});
const Relay = contract("relay", { pass: action({ input: how, output: z.json() }) });

/** What only the runtime sees so far: typed doors (bodies, channels) are built on it. */
interface Receiving {
  readonly incoming: AsyncIterable<unknown> & AsyncIterator<unknown>;
}
const happened: string[] = [];
let left: Promise<unknown> = Promise.resolve();

async function take(given: string, call: Receiving): Promise<z.core.util.JSONType> {
  const items: unknown[] = [];
  if (given === "nothing") return [];
  if (given === "late") {
    const reading = call.incoming.next();
    left = reading.then(() => codeOf(call.incoming.next()));
    await reading;
    left = codeOf(call.incoming.next());
    return [];
  }
  if (given === "both") {
    const both = await Promise.all([call.incoming.next(), call.incoming.next()]);
    return both.map(({ value }) => value as string);
  }
  for await (const item of call.incoming) {
    items.push(item);
    happened.push(`took ${items.length}`);
    if (given === "two" && items.length === 2) break;
    if (given === "throw") throw new Error("no");
    if (given === "change") (item as { n: number }).n = 9;
  }
  if (given === "again") for await (const item of call.incoming) items.push(item);
  return items as z.core.util.JSONType;
}

const sink = service(Sink, { policy: { take: open, echo: open } }).implement({
  take: ({ how: given }, _own, call) => take(given, call as unknown as Receiving),
  async *echo(_input, _own, call) {
    yield* (call as unknown as Receiving).incoming as AsyncIterable<string>;
  },
  closed: () => undefined,
});
let source = () => numbers(3);
const relay = service(Relay, { uses: { sink: Sink }, policy: { pass: open } }).implement({
  pass: ({ how: given }, own) => own.sink.take({ how: given }, { incoming: source() } as object),
});
const whole = system("s", { services: [sink, relay] });

async function* numbers(count: number, end?: () => Promise<unknown>): AsyncGenerator<unknown> {
  try {
    for (let n = 1; n <= count; n++) {
      happened.push(`made ${n}`);
      yield { n };
    }
    await end?.();
  } finally {
    happened.push("stopped");
  }
}

for (const { mode, far } of modes) {
  describe(`what a caller sends, ${mode}`, () => {
    /** One call from the test itself, and one from another service. */
    const send = async (given: string, items: AsyncIterable<unknown>) => {
      await using t = await testSystem(whole, { far });
      happened.length = 0;
      return await t.client(Sink).take({ how: given }, { incoming: items } as object);
    };
    const relayed = async (given: string, items: AsyncGenerator<unknown>) => {
      await using t = await testSystem(whole, { far });
      happened.length = 0;
      source = () => items;
      return await t.client(Relay).pass({ how: given });
    };

    for (const [name, call] of Object.entries({ send, relayed })) {
      it(`arrives in order, at the handler's pace (${name})`, async () => {
        assert.deepEqual(await call("all", numbers(3)), [{ n: 1 }, { n: 2 }, { n: 3 }]);
        assert.deepEqual(happened, ["made 1", "took 1", "made 2", "took 2", "made 3", "took 3", "stopped"]);
      });

      it(`is told to stop when the handler has enough, fails, or never reads (${name})`, async () => {
        assert.deepEqual(await call("two", numbers(1000)), [{ n: 1 }, { n: 2 }]);
        assert.deepEqual(happened, ["made 1", "took 1", "made 2", "took 2", "stopped"]);
        assert.equal(await codeOf(call("throw", numbers(1000))), "SKEIN_CALL_FAILED");
        assert.deepEqual(happened, ["made 1", "took 1", "stopped"]);
        let returned = 0;
        const idle = { next: hang, return: () => (returned++, hang()), [Symbol.asyncIterator]: () => idle };
        assert.deepEqual(await call("nothing", idle as unknown as AsyncGenerator), []);
        assert.equal(returned, 1);
      });
    }

    it("is a copy: neither side sees what the other changes", async () => {
      const shared = { n: 1 };
      const items = (async function* () {
        yield shared;
        assert.equal(shared.n, 1);
      })();
      assert.deepEqual(await send("change", items), [{ n: 9 }]);
      assert.equal(shared.n, 1);
    });

    it("is given in turn to whoever asks for two at once, and read once", async () => {
      assert.deepEqual(await send("both", numbers(3)), [{ n: 1 }, { n: 2 }]);
      assert.equal(await codeOf(send("again", numbers(3))), "SKEIN_CALL_FAILED");
    });

    it("that fails is SKEIN_CALL_INCOMING to the handler, and its mistake to whoever called the caller", async () => {
      const broken = () => numbers(1, () => Promise.reject(new Error("the disk")));
      const error = await failureOf(send("all", broken()));
      assert.equal(error.code, "SKEIN_CALL_INCOMING");
      assert.doesNotMatch(error.message, /disk/);
      assert.equal(error.outcome, "unknown");
      assert.equal(await codeOf(relayed("all", broken())), "SKEIN_CALL_FAILED");
    });

    it("refuses an item outside the value set", async () => {
      const items = (async function* () {
        yield () => 1;
      })();
      assert.equal(await codeOf(send("all", items)), "SKEIN_VALUE_SET");
    });

    it("ends with the call's deadline, and with its cancellation", async () => {
      await using t = await testSystem(whole, { far });
      happened.length = 0;
      const late = codeOf(t.client(Sink).take({ how: "all" }, { incoming: numbers(1, hang), timeout: "2s" } as object));
      await t.clock.advance("3s");
      assert.equal(await late, "SKEIN_CALL_DEADLINE");
      const controller = new AbortController();
      const options = { incoming: numbers(1, hang), signal: controller.signal };
      const canceled = codeOf(t.client(Sink).take({ how: "all" }, options as object));
      await t.clock.advance("1s");
      controller.abort();
      assert.equal(await canceled, "SKEIN_CALL_CANCELED");
    });

    it("is closed when the call is refused before it begins", async () => {
      await using t = await testSystem(whole, { far });
      let returned = 0;
      const idle = { next: hang, return: () => (returned++, hang()), [Symbol.asyncIterator]: () => idle };
      const options = { incoming: idle } as object;
      assert.equal(await codeOf(t.client(Sink).closed(undefined, options)), "SKEIN_ACCESS_DENIED");
      assert.equal(await codeOf(t.client(Sink).take({ how: "all" }, { ...options, key: "" })), "SKEIN_KEY_INVALID");
      assert.equal(returned, 2);
    });

    it("reads on in work that outlives its call, and learns that it is over", async () => {
      await using t = await testSystem(whole, { far });
      await t.client(Sink).take({ how: "late" }, { incoming: numbers(1, hang) } as object);
      assert.equal(await left, "SKEIN_CALL_CANCELED");
    });

    it("flows beside a stream in the other direction, and ends with it", async () => {
      await using t = await testSystem(whole, { far });
      happened.length = 0;
      const all = t.client(Sink).echo(undefined, { incoming: numbers(2) } as object);
      assert.deepEqual(await drainItems(all), { items: [{ n: 1 }, { n: 2 }], code: "ok" });
      happened.length = 0;
      for await (const _ of t.client(Sink).echo(undefined, { incoming: numbers(9) } as object)) break;
      await t.clock.advance(1);
      assert.deepEqual(happened, ["made 1", "stopped"]);
    });
  });
}
