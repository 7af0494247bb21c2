/** Deadlines, cancellation and what keeps them: near and far, under a virtual clock. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { action, contract, createHost, query, service, stream, system } from "../index.ts";
import { createVirtualClock } from "../core/index.ts";
import { isSkeinError } from "../errors/index.ts";
import { testSystem } from "../testing/index.ts";
import { codeOf, failureOf, hang, modes } from "./fixtures/support.ts";

const Leaf = contract("leaf", {
  hang: query(),
  left: query({ output: z.number() }),
  short: query({ output: z.number() }),
  tellSignal: query({ output: z.string() }),
});
const Middle = contract("middle", {
  hang: action({ output: z.string() }),
  left: action({ input: z.number().optional(), output: z.array(z.number()) }),
  late: action({ output: z.string() }),
  patient: action({ output: z.string() }),
  short: action({ output: z.number() }),
  race: action({ output: z.string() }),
  busy: action({ output: z.string() }),
  items: action({ output: stream(z.number()) }),
});
const seen: string[] = [];
let background: Promise<string> | undefined;
const leaf = service(Leaf, {
  policy: {
    hang: { access: "public" },
    left: { access: "public" },
    short: { access: "public", timeout: "1s" },
    tellSignal: { access: "public" },
  },
}).implement({
  hang,
  left: (_, __, call) => call.remainingMs(),
  short: (_, __, call) => call.remainingMs(),
  tellSignal: (_, __, call) =>
    new Promise((resolve) => {
      call.signal.addEventListener("abort", () => {
        seen.push(`leaf ${isSkeinError(call.signal.reason) ? call.signal.reason.code : "?"}`);
        resolve("aborted");
      });
    }),
});
const open = { access: "public" } as const;
const middle = service(Middle, {
  uses: { leaf: Leaf },
  policy: {
    hang: open,
    left: open,
    late: open,
    patient: { ...open, timeout: "2s" },
    short: open,
    race: open,
    busy: open,
    items: open,
  },
}).implement({
  async hang(_, { leaf }, call) {
    try {
      await leaf.hang();
      return "never";
    } catch (error) {
      seen.push(`middle ${isSkeinError(error) ? error.code : "?"} ${call.signal.aborted}`);
      throw error;
    }
  },
  async left(timeout, { leaf }, call) {
    return [call.remainingMs(), await leaf.left(undefined, timeout === undefined ? {} : { timeout })];
  },
  async late(_, { leaf }) {
    try {
      await leaf.hang(undefined, { timeout: "1s" });
    } catch (error) {
      if (isSkeinError(error)) return `${error.code} ${error.outcome}`;
    }
    return "never";
  },
  async patient(_, { leaf }) {
    await leaf.tellSignal();
    return "never";
  },
  short: (_, { leaf }) => leaf.short(undefined, { timeout: "1h" }),
  async race(_, { leaf }) {
    background = codeOf(leaf.hang());
    return "done";
  },
  async busy(_, { leaf }, call) {
    call.signal.addEventListener("abort", () => seen.push("own signal"));
    await leaf.hang(undefined, { signal: call.signal });
    return "never";
  },
  async *items(_, { leaf }) {
    yield await leaf.left();
    await leaf.hang();
  },
});
const whole = system("s", { services: [leaf, middle] });

for (const { mode, far } of modes) {
  describe(`deadline, ${mode}`, () => {
    it("a hung callee rejects its caller at the deadline, with its code and outcome", async () => {
      await using t = await testSystem(whole, { far });
      const started = t.clock.monotonic();
      let endedAt = -1;
      const failing = failureOf(t.client(Leaf).hang(undefined, { timeout: 250 })).finally(
        () => (endedAt = t.clock.monotonic()),
      );
      await t.clock.advance(249);
      assert.equal(endedAt, -1);
      await t.clock.advance(20);
      const error = await failing;
      assert.equal(
        `${error.code} ${error.outcome} ${error.retry} ${error.status}`,
        "SKEIN_CALL_DEADLINE unknown false 504",
      );
      assert.ok(endedAt - started >= 250 && endedAt - started <= 260, `at ${endedAt - started} ms`);
    });

    it("is 10 seconds where nobody says otherwise, also for what a stream calls", async () => {
      await using t = await testSystem(whole, { far });
      assert.deepEqual(await t.client(Middle).left(undefined), [10_000, 10_000]);
      for await (const left of t.client(Middle).items()) {
        assert.equal(left, 10_000);
        break;
      }
    });

    it("is inherited by nested calls, shortened by them, and never lengthened", async () => {
      await using t = await testSystem(whole, { far });
      const client = t.client(Middle);
      assert.deepEqual(await client.left(undefined, { timeout: "3s" }), [3000, 3000]);
      assert.deepEqual(await client.left(500, { timeout: "3s" }), [3000, 500]);
      assert.deepEqual(await client.left(60_000, { timeout: "3s" }), [3000, 3000]);
      assert.equal(await client.short(), 1000, "the callee's own policy shortens it too");
      assert.equal(await client.short(undefined, { timeout: 400 }), 400);
    });

    it("the handler in the middle learns of the deadline as the deadline, and its signal is aborted", async () => {
      await using t = await testSystem(whole, { far });
      seen.length = 0;
      const code = codeOf(t.client(Middle).hang(undefined, { timeout: "1s" }));
      await t.clock.advance("1.1s");
      assert.equal(await code, "SKEIN_CALL_DEADLINE");
      await t.clock.advance(1);
      assert.deepEqual(seen, ["middle SKEIN_CALL_DEADLINE true"]);
    });

    it("a nested deadline of its own leaves the caller alive", async () => {
      await using t = await testSystem(whole, { far });
      const reply = t.client(Middle).late();
      await t.clock.advance("1.1s");
      assert.equal(await reply, "SKEIN_CALL_DEADLINE unknown");
    });

    it("travels to a nested handler's signal", async () => {
      await using t = await testSystem(whole, { far });
      seen.length = 0;
      const code = codeOf(t.client(Middle).patient());
      await t.clock.advance("2.1s");
      assert.equal(await code, "SKEIN_CALL_DEADLINE");
      assert.deepEqual(seen, ["leaf SKEIN_CALL_DEADLINE"]);
    });

    it("a handler's own signal handed on stays a deadline", async () => {
      await using t = await testSystem(whole, { far });
      seen.length = 0;
      const code = codeOf(t.client(Middle).busy(undefined, { timeout: "1s" }));
      await t.clock.advance("1.1s");
      assert.equal(await code, "SKEIN_CALL_DEADLINE");
      assert.deepEqual(seen, ["own signal"]);
    });

    it("a call that nobody waits for still ends at the deadline", async () => {
      await using t = await testSystem(whole, { far });
      assert.equal(await t.client(Middle).race(undefined, { timeout: "1s" }), "done");
      await t.clock.advance("1.1s");
      assert.equal(await background, "SKEIN_CALL_DEADLINE");
    });

    it("a call whose time is already over is not started", async () => {
      await using t = await testSystem(whole, { far });
      const error = await failureOf(t.client(Leaf).left(undefined, { timeout: 0 }));
      assert.equal(`${error.code} ${error.outcome}`, "SKEIN_CALL_DEADLINE not_started");
      assert.deepEqual(t.spans, []);
    });
  });

  describe(`cancellation, ${mode}`, () => {
    it("rejects the caller at once and travels to nested calls", async () => {
      await using t = await testSystem(whole, { far });
      seen.length = 0;
      const abort = new AbortController();
      const failing = failureOf(t.client(Middle).patient(undefined, { signal: abort.signal }));
      await t.clock.advance(1);
      abort.abort(new Error("not for anybody's eyes"));
      const error = await failing;
      assert.equal(`${error.code} ${error.outcome} ${error.status}`, "SKEIN_CALL_CANCELED unknown 499");
      await t.clock.advance(1);
      assert.deepEqual(seen, ["leaf SKEIN_CALL_CANCELED"]);
    });

    it("before the start, nothing starts", async () => {
      await using t = await testSystem(whole, { far });
      const error = await failureOf(t.client(Leaf).left(undefined, { signal: AbortSignal.abort() }));
      assert.equal(`${error.code} ${error.outcome}`, "SKEIN_CALL_CANCELED not_started");
      assert.deepEqual(t.spans, []);
    });

    it("leaves no listener on a signal that outlives the call", async () => {
      await using t = await testSystem(whole, { far });
      const abort = new AbortController();
      let listeners = 0;
      const { signal } = abort;
      const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
      signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
      signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
      for (let i = 0; i < 50; i++) await t.client(Leaf).left(undefined, { signal });
      assert.equal(listeners, 0);
    });
  });
}

describe("what deadlines cost", () => {
  it("one timer is armed however many calls there are, and none is left behind", async () => {
    const clock = createVirtualClock();
    await using host = await createHost(whole, { clock, mode: "test", inMemory: true });
    const before = clock.pending;
    const calls = Array.from({ length: 1000 }, () => codeOf(host.client(Middle).hang()));
    assert.equal(clock.pending - before, 1);
    await clock.advance("11s");
    assert.deepEqual(new Set(await Promise.all(calls)), new Set(["SKEIN_CALL_DEADLINE"]));
    assert.equal(clock.pending - before, 0);
  });

  it("a call makes no AbortController that nobody asked for", async () => {
    const clock = createVirtualClock();
    await using host = await createHost(whole, { clock, mode: "test", inMemory: true });
    const Real = globalThis.AbortController;
    let made = 0;
    globalThis.AbortController = class extends Real {
      constructor() {
        super();
        made++;
      }
    };
    try {
      await host.client(Middle).left(undefined);
      assert.equal(made, 0);
      const code = codeOf(host.client(Leaf).tellSignal(undefined, { timeout: 5 }));
      await clock.advance(20);
      assert.equal(await code, "SKEIN_CALL_DEADLINE");
      assert.equal(made, 1);
    } finally {
      globalThis.AbortController = Real;
    }
  });

  it("closing ends the calls that still wait, and draining waits for them", async () => {
    const clock = createVirtualClock();
    const host = await createHost(whole, { clock, mode: "test", inMemory: true });
    const calls = [codeOf(host.client(Leaf).hang()), codeOf(host.client(Leaf).hang())];
    assert.equal(host.inFlight, 2);
    const drained = [host.drain().then(() => "drained"), host.drain().then(() => "drained")];
    assert.equal(await codeOf(host.client(Leaf).left()), "SKEIN_HOST_DRAINING");
    await host.close();
    assert.deepEqual(await Promise.all(calls), ["SKEIN_CALL_CANCELED", "SKEIN_CALL_CANCELED"]);
    assert.deepEqual(await Promise.all(drained), ["drained", "drained"]);
    assert.equal(host.inFlight, 0);
    await host.drain();
  });
});
