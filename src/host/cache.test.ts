/** Cached queries and shared flights: near and far, under a virtual clock. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as z from "zod";
import { action, contract, query, role, service, system, type Schema } from "../index.ts";
import { testSystem } from "../testing/index.ts";
import { codeOf, failureOf, modes } from "./fixtures/support.ts";

const Input = z.object({ id: z.string(), page: z.int().optional() });
const Prices = contract("prices", {
  get: query({ input: Input, output: z.string() }),
  slow: query({ input: Input, output: z.string() }),
  mine: query({ output: z.string() }),
  inside: query({ output: z.string() }),
  anyone: query({ output: z.string() }),
  flaky: query({ output: z.string() }),
  guarded: query({ output: z.string() }),
});
let runs = 0;
let failing = false;
const open = { access: "public" } as const;

function pricesWith(wait: () => Promise<void>) {
  const count = (name: string) => `${name} ${++runs}`;
  return service(Prices, {
    policy: {
      get: { ...open, cache: { ttl: "10s", staleFor: "1m", entriesMax: 3 } },
      slow: { ...open, timeout: "3s", cache: { ttl: "10s" } },
      mine: { access: role("user"), cache: { ttl: "10s" } },
      inside: { access: "internal", cache: { ttl: "10s" } },
      anyone: { ...open, cache: { ttl: "10s" } },
      flaky: { ...open, cache: { ttl: "10s" } },
      guarded: { access: "guarded", cache: { ttl: "10s" } },
    },
  }).implement(
    {
      async get({ id }) {
        if (failing) throw new Error("no");
        return count(id);
      },
      async slow({ id }) {
        runs++;
        await wait();
        return id;
      },
      mine: (_, __, call) => count(call.principal?.subject ?? "nobody"),
      inside: (_, __, call) => count(call.principal?.subject ?? "nobody"),
      anyone: (_, __, call) => count(call.principal?.subject ?? "nobody"),
      async flaky() {
        runs++;
        if (failing) throw new Error("no");
        return "fine";
      },
      guarded: (_, __, call) => count(call.principal?.subject ?? "nobody"),
    },
    { guards: { guarded: (_, __, call) => call.principal?.subject !== "eve" } },
  );
}

async function start(far: boolean) {
  runs = 0;
  failing = false;
  let release = () => {};
  const waiting = new Promise<void>((resolve) => (release = resolve));
  const t = await testSystem(system("s", { services: [pricesWith(() => waiting)] }), { far });
  return { t, prices: t.client(Prices), release: () => release(), [Symbol.asyncDispose]: () => t.close() };
}
const principal = (subject: string) => ({ subject, roles: ["user"] });

for (const { mode, far } of modes) {
  describe(`cache, ${mode}`, () => {
    it("keeps a reply for its ttl, by the canonical input", async () => {
      await using s = await start(far);
      assert.equal(await s.prices.get({ id: "a", page: 1 }), "a 1");
      assert.equal(await s.prices.get({ page: 1, id: "a" }), "a 1", "the order of keys does not matter");
      assert.equal(await s.prices.get({ id: "a" }), "a 2");
      assert.equal(await s.prices.get({ id: "a", page: undefined } as never), "a 2", "undefined is no field");
      await s.t.clock.advance("9.9s");
      assert.equal(await s.prices.get({ id: "a" }), "a 2");
    });

    it("gives a stale reply while one call refreshes it, and waits once it is too old", async () => {
      await using s = await start(far);
      await s.prices.get({ id: "a" });
      await s.t.clock.advance("11s");
      const replies = await Promise.all(Array.from({ length: 10 }, () => s.prices.get({ id: "a" })));
      assert.deepEqual(new Set(replies), new Set(["a 1"]));
      await s.t.clock.advance(0);
      assert.equal(await s.prices.get({ id: "a" }), "a 2", "one of them refreshed it");
      assert.equal(runs, 2);
      await s.t.clock.advance("71s");
      assert.equal(await s.prices.get({ id: "a" }), "a 3");
    });

    it("keeps the stale reply when a refresh fails", async () => {
      await using s = await start(far);
      await s.prices.get({ id: "a" });
      await s.t.clock.advance("11s");
      failing = true;
      assert.equal(await s.prices.get({ id: "a" }), "a 1");
      await s.t.clock.advance(1);
      assert.equal(await s.prices.get({ id: "a" }), "a 1");
      await s.t.clock.advance("60s");
      assert.equal(await codeOf(s.prices.get({ id: "a" })), "SKEIN_CALL_FAILED");
    });

    it("runs the handler once for 100 callers", async () => {
      await using s = await start(far);
      const calls = Array.from({ length: 100 }, () => s.prices.slow({ id: "a" }));
      await s.t.clock.advance(1);
      s.release();
      assert.deepEqual(new Set(await Promise.all(calls)), new Set(["a"]));
      assert.equal(runs, 1);
    });

    it("one caller's abort or deadline does not stop the flight of the others", async () => {
      await using s = await start(far);
      const abort = new AbortController();
      const first = codeOf(s.prices.slow({ id: "a" }, { signal: abort.signal }));
      const second = s.prices.slow({ id: "a" });
      const third = codeOf(s.prices.slow({ id: "a" }, { timeout: 100 }));
      await s.t.clock.advance(1);
      abort.abort();
      assert.equal(await first, "SKEIN_CALL_CANCELED");
      await s.t.clock.advance(200);
      assert.equal(await third, "SKEIN_CALL_DEADLINE");
      s.release();
      assert.equal(await second, "a");
      assert.equal(runs, 1);
    });

    it("a flight that hangs ends at the method's own limit, for everyone", async () => {
      await using s = await start(far);
      const calls = Array.from({ length: 3 }, () => failureOf(s.prices.slow({ id: "a" }, { timeout: "9s" })));
      await s.t.clock.advance("3.1s");
      for (const error of await Promise.all(calls)) assert.equal(error.code, "SKEIN_CALL_DEADLINE");
      s.release();
      assert.equal(await codeOf(s.prices.slow({ id: "a" })), "ok", "the next call starts a new one");
      assert.equal(runs, 2);
    });

    it("does not cache errors", async () => {
      await using s = await start(far);
      failing = true;
      const codes = await Promise.all([codeOf(s.prices.flaky()), codeOf(s.prices.flaky())]);
      assert.deepEqual(codes, ["SKEIN_CALL_FAILED", "SKEIN_CALL_FAILED"]);
      assert.equal(runs, 1, "they shared the flight");
      assert.equal(s.t.log.filter(({ level }) => level === "error").length, 1, "and its one line in the log");
      failing = false;
      assert.equal(await s.prices.flaky(), "fine");
      assert.equal(runs, 2);
    });

    it("keeps replies apart by principal, unless the method is public", async () => {
      await using s = await start(far);
      const as = (subject: string) => s.t.as(principal(subject)).client(Prices);
      assert.equal(await as("ada").mine(), "ada 1");
      assert.equal(await as("bob").mine(), "bob 2");
      assert.equal(await as("ada").mine(), "ada 1");
      assert.equal(await as("ada").inside(), "ada 3");
      assert.equal(await s.prices.inside(), "nobody 4");
      assert.equal(await as("ada").guarded(), "ada 5");
      assert.equal(await codeOf(as("eve").guarded()), "SKEIN_ACCESS_DENIED");
      // What everybody gets must not hold what only the first caller may see.
      assert.equal(await as("ada").anyone(), "nobody 6");
      assert.equal(await as("bob").anyone(), "nobody 6");
    });

    it("is behind the access check", async () => {
      await using s = await start(far);
      await s.t.as(principal("ada")).client(Prices).mine();
      assert.equal(await codeOf(s.t.as({ subject: "ada", roles: [] }).client(Prices).mine()), "SKEIN_ACCESS_DENIED");
    });

    it("keeps entriesMax replies, the least recently used goes first", async () => {
      await using s = await start(far);
      for (const id of ["a", "b", "c"]) await s.prices.get({ id });
      await s.prices.get({ id: "a" });
      await s.prices.get({ id: "d" });
      assert.equal(await s.prices.get({ id: "a" }), "a 1");
      assert.equal(await s.prices.get({ id: "c" }), "c 3");
      assert.equal(await s.prices.get({ id: "b" }), "b 5", "b had gone");
    });

    it("says in its spans which calls were answered without the handler", async () => {
      await using s = await start(far);
      await s.prices.get({ id: "a" });
      await s.prices.get({ id: "a" });
      assert.deepEqual(
        s.t.spans.map(({ cached, code }) => `${cached} ${code}`),
        ["false ok", "true ok", "true ok"],
      );
      failing = true;
      await codeOf(s.prices.get({ id: "b" }));
      assert.equal(s.t.spans.at(-2)?.code, "SKEIN_CALL_FAILED", "the flight's");
    });
  });

  describe(`the parse, ${mode}`, () => {
    it("input and output are validated once per call, and for a hit not at all", async () => {
      let [inputs, outputs] = [0, 0];
      const counting = (count: () => void): Schema<number, number> => ({
        "~standard": {
          version: 1,
          vendor: "test",
          validate: (value) => {
            count();
            return { value: (value as number) + 1 };
          },
        },
      });
      const Count = contract("count", {
        plain: query({ input: counting(() => inputs++), output: counting(() => outputs++) }),
        kept: query({ input: counting(() => inputs++), output: counting(() => outputs++) }),
      });
      const Through = contract("through", { plain: action({ input: z.number(), output: z.number() }) });
      const count = service(Count, { policy: { plain: open, kept: { ...open, cache: { ttl: "1m" } } } }).implement({
        plain: (n) => n * 10,
        kept: (n) => n * 10,
      });
      const through = service(Through, { uses: { count: Count }, policy: { plain: open } }).implement({
        plain: (n, { count }) => count.plain(n),
      });
      await using t = await testSystem(system("s", { services: [count, through] }), { far });
      assert.equal(await t.client(Count).plain(1), 21);
      assert.deepEqual([inputs, outputs], [1, 1]);
      assert.equal(await t.client(Through).plain(1), 21);
      assert.deepEqual([inputs, outputs], [2, 2]);
      assert.equal(await t.client(Count).kept(1), 21);
      assert.deepEqual([inputs, outputs], [3, 3]);
      assert.equal(await t.client(Count).kept(1), 21);
      assert.deepEqual([inputs, outputs], [3, 3]);
    });

    it("waits for validators that are asynchronous", async () => {
      const later = z.string().refine(async (text) => text !== "bad");
      const Later = contract("later", { echo: query({ input: later, output: later }) });
      const served = service(Later, { policy: { echo: open } }).implement({
        echo: (text) => (text === "break" ? "bad" : text),
      });
      await using t = await testSystem(system("s", { services: [served] }), { far });
      assert.equal(await t.client(Later).echo("good"), "good");
      assert.equal(await codeOf(t.client(Later).echo("bad")), "SKEIN_INPUT_INVALID");
      assert.equal(await codeOf(t.client(Later).echo("break")), "SKEIN_OUTPUT_INVALID");
    });
  });
}

const Docs = contract("docs", {
  read: query({ input: z.string(), output: z.string(), errors: { GONE: {} } }),
  find: query({ input: z.string(), output: z.int() }),
});
let mayRead = true;
let isGone = false;
const docs = service(Docs, {
  policy: {
    read: { access: "guarded", cache: { ttl: "10s", staleFor: "1h" } },
    find: { ...open, cache: { ttl: "10s" } },
  },
}).implement(
  {
    read(id, _, call) {
      if (isGone) throw call.error("GONE");
      return id;
    },
    find: (text) => text.length,
  },
  { guards: { read: () => mayRead } },
);

for (const { mode, far } of modes) {
  describe(`what a cache lets go, ${mode}`, () => {
    it("a stale reply ends with the answer that the caller may not have it, or that it is gone", async () => {
      await using t = await testSystem(system("s", { services: [docs] }), { far });
      const client = t.client(Docs);
      for (const [refuse, allow, code] of [
        [() => (mayRead = false), () => (mayRead = true), "SKEIN_ACCESS_DENIED"],
        [() => (isGone = true), () => (isGone = false), "GONE"],
      ] as const) {
        await client.read("a");
        await t.clock.advance("11s");
        refuse();
        assert.equal(await client.read("a"), "a", "stale, while it is asked again");
        await t.clock.advance(1);
        assert.equal(await codeOf(client.read("a")), code);
        allow();
      }
    });

    it("does not keep inputs: a thousand large ones cost no memory", async () => {
      await using t = await testSystem(system("s", { services: [docs] }), { far });
      const client = t.client(Docs);
      const large = "x".repeat(200_000);
      const before = await heapMb();
      for (let n = 0; n < 300; n++) await client.find(`${n}${large}`);
      assert.ok((await heapMb()) - before < 20, "300 inputs of 200 KB are not kept");
      assert.equal(await client.find(`7${large}`), 200_001);
      assert.equal(t.spans.at(-1)?.cached, true);
    });
  });
}

async function heapMb(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  await new Promise((resolve) => setImmediate(resolve));
  gc();
  return process.memoryUsage().heapUsed / 2 ** 20;
}
