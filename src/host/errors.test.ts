/** What a caller sees of a failure, and which calls are refused before they start: near and far. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { action, command, contract, database, isDeclared, query, safe, service, stream, system } from "../index.ts";
import { inTransaction } from "../call/transaction-mark.ts";
import { declaredError, skeinError } from "../errors/index.ts";
import { fake, test, testSystem } from "../testing/index.ts";
import { codeOf, drainItems, failureOf, modes } from "./fixtures/support.ts";

const open = { access: "public" } as const;
const Low = contract("low", {
  fail: query({
    input: z.string(),
    errors: {
      GONE: {
        data: z.object({ since: z.string().transform((text) => text.length) }),
        status: 410,
        canonical: "not_found",
        message: "it is gone",
      },
      PLAIN: {},
    },
  }),
  echo: query({ input: z.object({ n: z.int() }), output: z.object({ n: z.int() }) }),
  save: command({ output: z.string() }),
  items: query({ input: z.string(), output: stream(z.int()) }),
});
const High = contract("high", {
  pass: query({ input: z.string(), errors: { GONE: { data: z.object({ since: z.number() }) } } }),
  hide: query({ input: z.string(), errors: { GONE: { status: 404, message: "not here" } } }),
  passAction: action({ input: z.string() }),
  bad: action(),
  badQuery: query(),
  key: action({ input: z.string() }),
  sneak: query(),
  items: action({ input: z.string(), output: z.array(z.int()) }),
});
const secret = "password=hunter2";
const low = service(Low, { policy: { fail: open, echo: open, save: open, items: open } }).implement({
  async fail(what, _own, call) {
    switch (what) {
      case "gone":
        throw call.error("GONE", { since: "1999" });
      case "plain":
        throw call.error("PLAIN");
      case "foreign":
        throw new Error(secret, { cause: new Error(secret) });
      case "thrown text":
        // oxlint-disable-next-line typescript/only-throw-error -- users' code may throw anything
        throw secret;
      case "undeclared":
        throw declaredError("OTHER", { secret });
      case "raised undeclared":
        throw (call.error as (code: string) => Error)("OTHER");
      case "wrong data":
        throw declaredError("GONE", { since: 7 });
      case "shed":
        throw skeinError("SKEIN_DATA_BUSY");
      default:
        throw new Error("what?");
    }
  },
  echo: (input) => input,
  save: () => "x",
  async *items(what) {
    yield 1;
    if (what === "foreign") throw new Error(secret);
    yield what === "wrong" ? ("two" as never) : 2;
  },
});
const high = service(High, {
  uses: { low: Low },
  policy: { pass: open, hide: open, passAction: open, bad: open, badQuery: open, key: open, sneak: open, items: open },
}).implement({
  pass: (what, { low }) => low.fail(what),
  hide: (what, { low }) => low.fail(what),
  passAction: (what, { low }) => low.fail(what),
  async bad(_, { low }) {
    await low.echo({ n: "x" as never });
  },
  async badQuery(_, { low }) {
    await low.echo({ n: "x" as never });
  },
  async key(key, { low }) {
    await low.save(undefined, { key });
  },
  async sneak(_, { low }) {
    await (low as unknown as { save(): Promise<string> }).save();
  },
  async items(what, { low }) {
    const all: number[] = [];
    for await (const item of low.items(what)) all.push(item);
    return all;
  },
});
const whole = system("s", { services: [low, high] });

for (const { mode, far } of modes) {
  describe(`errors, ${mode}`, () => {
    it("a declared error arrives with its data parsed once, its status, canonical code and message", async () => {
      await using t = await testSystem(whole, { far });
      const error = await failureOf(t.client(Low).fail("gone"));
      const { code, status, canonical, message, outcome, data } = error;
      assert.deepEqual(
        { code, status, canonical, message, outcome, data },
        {
          code: "GONE",
          status: 410,
          canonical: "not_found",
          message: "it is gone",
          outcome: "failed",
          data: { since: 4 },
        },
      );
      assert.ok(isDeclared(error, "GONE") && !isDeclared(error, "PLAIN"));
      assert.equal((await failureOf(t.client(Low).fail("plain"))).status, 422);
      const answer = await safe(t.client(Low).fail("gone"));
      assert.ok(!answer.ok && answer.declared && answer.error.code === "GONE");
      assert.equal(answer.error.data.since, 4);
      const other = await safe(t.client(Low).fail("shed"));
      assert.ok(!other.ok && !other.declared && other.error.code === "SKEIN_DATA_BUSY");
      assert.deepEqual(await safe(t.client(Low).echo({ n: 1 })), { ok: true, value: { n: 1 } });
    });

    it("a foreign error is SKEIN_CALL_FAILED, and nothing of it travels", async () => {
      for (const what of ["foreign", "thrown text"]) {
        await using t = await testSystem(whole, { far });
        const error = await failureOf(t.client(Low).fail(what));
        assert.equal(`${error.code} ${error.outcome} ${error.who}`, "SKEIN_CALL_FAILED unknown bug");
        assert.ok(!`${error.message} ${JSON.stringify(error)}`.includes("hunter2"));
        if (far) assert.equal(error.cause, undefined);
        const nested = await failureOf(t.client(High).pass(what));
        assert.equal(nested.code, "SKEIN_CALL_FAILED");
        assert.ok(!`${nested.message} ${JSON.stringify(nested)}`.includes("hunter2"));
        const line = t.log.find(({ level }) => level === "error");
        assert.ok(
          JSON.stringify(line).includes("[redacted]"),
          "its log is where the author finds it, but for the password",
        );
        assert.ok(!JSON.stringify(line).includes("hunter2"));
      }
    });

    it("an undeclared error is the handler's mistake", async () => {
      await using t = await testSystem(whole, { far });
      for (const what of ["undeclared", "raised undeclared"]) {
        const error = await failureOf(t.client(Low).fail(what));
        assert.equal(error.code, "SKEIN_ERROR_UNDECLARED");
        assert.ok(!JSON.stringify(error).includes("hunter2"));
      }
      assert.equal(await codeOf(t.client(Low).fail("wrong data")), "SKEIN_OUTPUT_INVALID");
      // One that a dependency declares and this method does not.
      const passed = await failureOf(t.client(High).pass("plain"));
      assert.equal(passed.message, "high.pass let the error PLAIN through, which its contract does not declare");
      assert.equal((await failureOf(t.client(High).pass("gone"))).code, "GONE", "declared on both sides");
    });

    it("a dependency's error of the same name is what this contract says of it, and carries nothing more", async () => {
      await using t = await testSystem(whole, { far });
      const { code, status, canonical, message, data } = await failureOf(t.client(High).hide("gone"));
      assert.deepEqual(
        { code, status, canonical, message, data },
        { code: "GONE", status: 404, canonical: "failed_precondition", message: "not here", data: undefined },
      );
    });

    it("what a dependency calls its caller's mistake is the handler's own failure", async () => {
      await using t = await testSystem(whole, { far });
      const outside = await failureOf(t.client(Low).echo({ n: "x" as never }));
      assert.equal(outside.code, "SKEIN_INPUT_INVALID");
      assert.match(JSON.stringify(outside.data), /\$\.n/);
      assert.equal(await codeOf(t.client(High).bad()), "SKEIN_CALL_FAILED");
      assert.equal(await codeOf(t.client(High).badQuery()), "SKEIN_CALL_FAILED");
      assert.equal(await codeOf(t.client(High).key("")), "SKEIN_CALL_FAILED");
    });

    it("a failure that may be retried says so to the nearest caller only, where something else has begun", async () => {
      await using t = await testSystem(whole, { far });
      const near = await failureOf(t.client(Low).fail("shed"));
      assert.equal(`${near.outcome} ${near.retry}`, "not_started true");
      const through = await failureOf(t.client(High).passAction("shed"));
      assert.equal(`${through.code} ${through.outcome} ${through.retry}`, "SKEIN_DATA_BUSY unknown false");
      const query = await failureOf(t.client(High).pass("shed"));
      assert.equal(`${query.outcome} ${query.retry}`, "not_started true", "a query has no effect");
    });

    it("a value outside the value set is refused, by whoever made it", async () => {
      await using t = await testSystem(whole, { far });
      const cases: Array<[unknown, string]> = [
        [{ n: () => 1 }, "$.n is function"],
        [{ n: [1, undefined] }, "$.n[1] is undefined"],
        // oxlint-disable-next-line no-sparse-arrays -- a hole is the case
        [{ n: [1, , 2] }, "$.n[1] is a hole"],
        [{ n: new Map() }, "$.n is Map"],
        [{ n: Number.NaN }, "$.n is NaN"],
      ];
      for (const [input, where] of cases) {
        const error = await failureOf(t.client(Low).echo(input as never));
        assert.equal(`${error.code}: ${error.message}`, `SKEIN_VALUE_SET: the input of low.echo: ${where}`);
      }
      const Any = contract("any", { give: query({ output: z.any() }) });
      const any = service(Any, { policy: { give: open } }).implement({ give: () => ({ when: new Set() }) });
      await using u = await testSystem(system("s", { services: [any] }), { far });
      const error = await failureOf(u.client(Any).give());
      assert.equal(`${error.code} ${error.who} ${error.status}`, "SKEIN_OUTPUT_INVALID bug 500");
      assert.equal(error.message, "the reply of any.give cannot be passed on: $.when is Set");
    });

    it("a stream that fails mid-way gives what it had, then the error", async () => {
      await using t = await testSystem(whole, { far });
      assert.deepEqual(await drainItems(t.client(Low).items("ok")), { items: [1, 2], code: "ok" });
      assert.deepEqual(await drainItems(t.client(Low).items("foreign")), { items: [1], code: "SKEIN_CALL_FAILED" });
      assert.deepEqual(await drainItems(t.client(Low).items("wrong")), { items: [1], code: "SKEIN_OUTPUT_INVALID" });
      assert.deepEqual(await drainItems(t.client(Low).items(7 as never)), { items: [], code: "SKEIN_INPUT_INVALID" });
      assert.deepEqual(await t.client(High).items("ok"), [1, 2]);
      assert.equal(await codeOf(t.client(High).items("foreign")), "SKEIN_CALL_FAILED");
    });

    it("keys have 1 to 255 characters", async () => {
      const pay = fake(Low, {
        fail: () => undefined,
        echo: (i) => i,
        save: () => "saved",
        items: async function* () {},
      });
      await using t = await test(high, { fakes: { low: pay }, far });
      assert.equal(await codeOf(t.key("k".repeat(255))), "ok");
      assert.equal(await codeOf(t.call.key("k", { key: "k".repeat(256) })), "SKEIN_KEY_INVALID");
      assert.equal(await codeOf(t.call.key("k", { key: "" })), "SKEIN_KEY_INVALID");
      assert.equal(await codeOf(t.call.key("k", { key: 7 as never })), "SKEIN_KEY_INVALID");
      assert.equal(await codeOf(t.key("k".repeat(256))), "SKEIN_CALL_FAILED");
    });
  });

  describe(`refused routes, ${mode}`, () => {
    it("a query that calls a command, past the compiler", async () => {
      await using t = await testSystem(whole, { far });
      const error = await failureOf(t.client(High).sneak());
      assert.equal(error.code, "SKEIN_CALL_KIND");
      assert.equal(error.message, "high.sneak acts as a query and may not call low.save, which is a command");
    });

    it("a command whose handler opened no transaction", async () => {
      await using t = await testSystem(whole, { far });
      assert.equal(await codeOf(t.client(Low).save()), "SKEIN_COMMAND_NO_TRANSACTION");
    });

    it("a cycle, with its path", async () => {
      const A = contract("a", { go: action(), leaf: query() });
      const B = contract("b", { go: action() });
      const C = contract("c", { go: action() });
      const a = service(A, { uses: { b: B }, policy: { go: open, leaf: open } }).implement({
        go: (_, { b }) => b.go(),
        leaf: () => undefined,
      });
      const b = service(B, { uses: { c: C }, policy: { go: open } }).implement({ go: (_, { c }) => c.go() });
      const c = service(C, { uses: { a: A }, policy: { go: open } }).implement({
        async go(_, { a }) {
          // Another method of a service on the path is no cycle.
          await a.leaf();
          await a.go();
        },
      });
      await using t = await testSystem(system("s", { services: [a, b, c] }), { far });
      const error = await failureOf(t.client(A).go());
      assert.equal(
        `${error.code}: ${error.message}`,
        "SKEIN_CALL_CYCLE: the call would close a cycle: a.go -> b.go -> c.go -> a.go",
      );
      assert.equal(t.spans.filter(({ method }) => method === "leaf").length, 1);
    });

    it("a chain that is too deep", async () => {
      const contracts = Array.from({ length: 40 }, (_, i) => contract(`n${i}`, { go: action({ output: z.int() }) }));
      const services = contracts.map((one, i) => {
        const next = contracts[i + 1];
        if (next === undefined) return service(one, { policy: { go: open } }).implement({ go: () => i });
        return service(one, { uses: { next }, policy: { go: open } }).implement({ go: (_, { next }) => next.go() });
      });
      await using t = await testSystem(system("s", { services }), { far });
      assert.equal(
        await t.client(contracts[8] as never as typeof High extends never ? never : (typeof contracts)[0] & {}).go(),
        39,
      );
      const error = await failureOf((t.client(contracts[0] as (typeof contracts)[0] & {}) as { go(): unknown }).go());
      assert.equal(
        `${error.code}: ${error.message}`,
        "SKEIN_CALL_DEPTH: n31.go is 32 calls deep and may not call n32.go",
      );
    });

    it("a call inside a transaction, of a database or by its mark", async () => {
      const T = contract("t", {
        mark: action(),
        real: command({ input: z.boolean(), output: z.int() }),
        items: action({ output: z.string() }),
      });
      const has = { db: database<{ rows: { n: number } }>("t", { dialect: "portable", migrations: [] }) };
      const transacting = service(T, {
        uses: { low: Low },
        has,
        policy: { mark: open, real: open, items: open },
      }).implement({
        mark: (_, { low }) => inTransaction(async () => void (await low.echo({ n: 1 }))),
        real: async (inside, { db, low }) => {
          const before = await low.echo({ n: 2 });
          return db.transaction(async () => (inside ? (await low.echo({ n: 1 })).n : before.n));
        },
        items: (_, { low }) =>
          inTransaction(async () => {
            const { items, code } = await drainItems(low.items("ok"));
            return `${items.length} ${code}`;
          }),
      });
      await using t = await testSystem(system("s", { services: [low, transacting] }), { far });
      const error = await failureOf(t.client(T).mark());
      assert.equal(
        `${error.code}: ${error.message}`,
        "SKEIN_CALL_IN_TRANSACTION: t.mark calls low.echo inside its transaction",
      );
      assert.equal(await t.client(T).real(false), 2);
      assert.equal(await codeOf(t.client(T).real(true)), "SKEIN_CALL_IN_TRANSACTION");
      assert.equal(await t.client(T).items(), "0 SKEIN_CALL_IN_TRANSACTION");
      assert.equal(await t.client(T).real(false), 2, "the refused transaction is over");
    });

    it("a command that returns something else than its transaction did, or opens a second one", async () => {
      const C = contract("c", { other: command({ output: z.string() }), twice: command({ output: z.string() }) });
      const has = { db: database<{ rows: { n: number } }>("c", { dialect: "portable", migrations: [] }) };
      const c = service(C, { has, policy: { other: open, twice: open } }).implement({
        async other(_, { db }) {
          await db.transaction(async () => "stored");
          return "told";
        },
        async twice(_, { db }) {
          await db.transaction(async () => "one");
          return db.transaction(async () => "two");
        },
      });
      await using t = await testSystem(system("s", { services: [c] }), { far });
      assert.equal(await codeOf(t.client(C).other()), "SKEIN_COMMAND_REPLY");
      assert.equal(await codeOf(t.client(C).twice()), "SKEIN_COMMAND_SECOND_TRANSACTION");
    });

    it("a service that runs nowhere", async () => {
      await using t = await testSystem(system("s", { services: [high] }), { far });
      const error = await failureOf(t.client(High).pass("gone"));
      assert.equal(
        `${error.code}: ${error.message}`,
        "SKEIN_CALL_NO_ROUTE: no host that runs low.fail can be reached from here",
      );
      assert.equal(await codeOf(t.client(High).items("ok")), "SKEIN_CALL_NO_ROUTE");
      assert.deepEqual(await drainItems(t.client(Low).items("ok")), { items: [], code: "SKEIN_CALL_NO_ROUTE" });
    });
  });
}
