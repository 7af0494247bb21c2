/** Channels in process: both directions at their readers' pace, near and far, under a virtual clock. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { action, channel, contract, isSkeinError, role, service, stream, system } from "../index.ts";
import { fake, testSystem } from "../testing/index.ts";
import { codeOf, failureOf, hang, modes } from "./fixtures/support.ts";

const Message = z.object({ text: z.string().max(10), at: z.date().optional() });
const Chat = contract("chat", {
  talk: channel({
    input: z.object({ room: z.string() }),
    receive: Message,
    send: z.object({ seq: z.int(), text: z.string() }),
    id: "seq",
    errors: { NO_ROOM: { status: 404 } },
  }),
  vip: channel({ receive: z.string(), send: z.string() }),
});
const Relay = contract("relay", { pass: action({ output: stream(z.object({ seq: z.int(), text: z.string() })) }) });

const log: string[] = [];
const chat = service(Chat, { policy: { talk: { access: "public" }, vip: { access: role("vip") } } }).implement({
  async *talk({ room }, _own, call) {
    if (room === "none") throw call.error("NO_ROOM");
    let seq = Number(call.resumeFrom ?? 0);
    if (room === "deaf") {
      for (;;) yield { seq: ++seq, text: "tick" };
    }
    for await (const { text, at } of room === "stubborn" ? stubborn(call.received) : call.received) {
      log.push(`heard ${text}`);
      yield { seq: ++seq, text: at === undefined ? text : at.toISOString() };
      if (text === "bye") return;
    }
    yield { seq: ++seq, text: "the end" };
  },
  async *vip(_input, _own, call) {
    yield* call.received;
  },
});

/** A handler that does not care that an item was refused. */
async function* stubborn<T>(items: AsyncIterableIterator<T>): AsyncGenerator<T> {
  for (;;) {
    try {
      const next = await items.next();
      if (next.done === true) return;
      yield next.value;
    } catch {
      await hang();
    }
  }
}
const relay = service(Relay, { uses: { chat: Chat }, policy: { pass: { access: "public" } } }).implement({
  pass: (_input, own) => own.chat.talk({ room: "a" }, { received: says("hi", "bye") }),
});
const whole = system("s", { services: [chat, relay] });

async function* says(...texts: string[]): AsyncGenerator<{ text: string }> {
  try {
    for (const text of texts) {
      log.push(`said ${text}`);
      yield { text };
    }
  } finally {
    log.push("left");
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

for (const { mode, far } of modes) {
  describe(`a channel, ${mode}`, () => {
    it("carries items both ways, one at a time, to the end of either side", async () => {
      await using t = await testSystem(whole, { far });
      log.length = 0;
      const { talk } = t.client(Chat);
      assert.deepEqual(await collect(talk({ room: "a" }, { received: says("x", "y") })), [
        { seq: 1, text: "x" },
        { seq: 2, text: "y" },
        { seq: 3, text: "the end" },
      ]);
      assert.deepEqual(log, ["said x", "heard x", "said y", "heard y", "left"]);
      log.length = 0;
      assert.equal((await collect(talk({ room: "a" }, { received: says("bye", "more") }))).length, 1);
      assert.deepEqual(log, ["said bye", "heard bye", "left"]);
    });

    it("resumes after what its caller names, and takes values that JSON has no word for", async () => {
      await using t = await testSystem(whole, { far });
      const at = (async function* () {
        yield { text: "", at: new Date(0) };
      })();
      const items = t.client(Chat).talk({ room: "a" }, { received: at, resumeFrom: "41" });
      assert.deepEqual(await collect(items), [
        { seq: 42, text: "1970-01-01T00:00:00.000Z" },
        { seq: 43, text: "the end" },
      ]);
    });

    it("is pulled by its reader, and ends what it is sent when the reader leaves", async () => {
      await using t = await testSystem(whole, { far });
      log.length = 0;
      for await (const { seq } of t.client(Chat).talk({ room: "deaf" }, { received: says("x") })) if (seq === 3) break;
      await t.clock.advance(1);
      assert.ok(!log.includes("heard x"));
    });

    for (const room of ["a", "stubborn"]) {
      it(`ends with SKEIN_INPUT_INVALID at an item that the contract refuses (${room})`, async () => {
        await using t = await testSystem(whole, { far });
        const received = says("ok", "much too long a text", "never");
        const error = await failureOf(collect(t.client(Chat).talk({ room }, { received })));
        assert.equal(error.code, "SKEIN_INPUT_INVALID");
        assert.equal(error.outcome, "unknown");
        assert.match(JSON.stringify(error.data), /\$\.text/);
      });
    }

    it("has declared errors, and access that is checked before its handler", async () => {
      await using t = await testSystem(whole, { far });
      const received = says("x");
      assert.equal(await codeOf(collect(t.client(Chat).talk({ room: "none" }, { received }))), "NO_ROOM");
      const refused = t.client(Chat).vip(undefined, { received: says("x") as never });
      assert.equal(await codeOf(collect(refused)), "SKEIN_ACCESS_UNAUTHENTICATED");
    });

    it("that is sent nothing reads an end", async () => {
      await using t = await testSystem(whole, { far });
      const talk = t.client(Chat).talk as unknown as (input: object) => AsyncIterable<object>;
      assert.deepEqual(await collect(talk({ room: "a" })), [{ seq: 1, text: "the end" }]);
    });

    it("is called by another service", async () => {
      await using t = await testSystem(whole, { far });
      assert.deepEqual(await collect(t.client(Relay).pass()), [
        { seq: 1, text: "hi" },
        { seq: 2, text: "bye" },
      ]);
    });

    it("may be silent for long, not for ever", async () => {
      await using t = await testSystem(whole, { far });
      const silent = { [Symbol.asyncIterator]: () => ({ next: hang }) } as AsyncIterable<{ text: string }>;
      const code = codeOf(collect(t.client(Chat).talk({ room: "a" }, { received: silent })));
      let isOver = false;
      void code.then(() => (isOver = true));
      await t.clock.advance("59m");
      assert.equal(isOver, false);
      await t.clock.advance("2m");
      assert.equal(await code, "SKEIN_CALL_DEADLINE");
    });

    it("has fakes", async () => {
      const answers = fake(Chat, {
        async *talk(_input, call) {
          for await (const { text } of call.received) yield { seq: 1, text: `fake ${text}` };
        },
      });
      await using t = await testSystem(system("f", { services: [answers, relay] }), { far });
      assert.deepEqual(await collect(t.client(Relay).pass()), [
        { seq: 1, text: "fake hi" },
        { seq: 1, text: "fake bye" },
      ]);
    });
  });
}

it("a channel's declaration is refused where it cannot work", () => {
  const spec = { receive: z.string(), send: z.string() };
  const refused = (http: string, message: RegExp) =>
    assert.throws(
      () => contract("a", { b: channel({ ...spec, http: http as never }) }),
      (error) => isSkeinError(error) && error.code === "SKEIN_CONTRACT_INVALID" && message.test(error.message),
    );
  refused("POST /a", /begins with GET/);
  refused("GET /a/:resume", /goes on after/);
});
