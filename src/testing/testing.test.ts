/** Tests of the testing door: one service with fakes, a whole system, the clock, events, log and spans. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import {
  action,
  command,
  contract,
  database,
  define,
  event,
  migration,
  query,
  resource,
  role,
  service,
  stream,
  system,
} from "../index.ts";
import { isSkeinError } from "../errors/index.ts";
import { fake, test, testSystem } from "./index.ts";

const Payments = contract("payments", {
  charge: action({
    input: z.object({ order: z.string(), amount: z.int().default(1) }),
    output: z.object({ id: z.string() }),
    errors: { DECLINED: { data: z.object({ reason: z.string() }), status: 402 } },
  }),
  refund: command({ input: z.object({ id: z.string() }), output: z.object({ ok: z.boolean() }) }),
  list: query({ output: z.array(z.string()) }),
});
const Stock = contract("stock", { left: query({ input: z.object({ sku: z.string() }), output: z.int() }) });
const Cart = z.object({ order: z.string() });
const Orders = contract("orders", {
  place: action({ input: Cart, output: z.object({ payment: z.string() }), errors: { NO_MONEY: {} } }),
  note: command({ input: z.object({ text: z.string() }), output: z.object({ count: z.int() }) }),
  notes: query({ output: z.array(z.string()) }),
  mine: query({ output: z.string() }),
  left: query({ input: z.object({ sku: z.string() }), output: z.int() }),
  ticks: query({ output: stream(z.int()) }),
  // Names that the tools of t have taken.
  clock: query({ output: z.string() }),
  close: query({ output: z.string() }),
  noted: event(z.object({ text: z.string(), at: z.date() }), { version: 2 }),
});
const tables = migration("001-notes", ["create table notes (id integer primary key, text text not null)"]);
interface Tables {
  notes: { text: string };
}
const orders = service(Orders, {
  uses: { payments: Payments.pick("charge"), stock: Stock },
  has: {
    db: database<Tables>("orders", { dialect: "portable", migrations: [tables] }),
    start: resource({
      open: ({ clock, random, env }) => ({ at: clock.now(), dice: random.float(), flag: env["FLAG"] }),
    }),
  },
  policy: {
    place: { access: role("customer"), timeout: "5s" },
    note: { access: "public" },
    notes: { access: "public", cache: { ttl: "1m" } },
    mine: { access: "public" },
    left: { access: "internal" },
    ticks: { access: "public" },
    clock: { access: "public" },
    close: { access: "public" },
  },
});
const implementation = orders.implement({
  async place({ order }, { payments }, call) {
    call.log.info("placing", { order, password: "hunter2" });
    try {
      return { payment: (await payments.charge({ order }, { key: `order:${order}` })).id };
    } catch (error) {
      if (isSkeinError(error) && error.code === "DECLINED") throw call.error("NO_MONEY");
      throw error;
    }
  },
  note: ({ text }, { db }, call) =>
    db.transaction(async (tx) => {
      await tx.insertInto("notes").values({ text }).execute();
      await tx.emit("noted", { text, at: call.now() });
      if (text === "no") throw new Error("no such note");
      const { count } = await tx
        .selectFrom("notes")
        .select((e) => e.fn.countAll().as("count"))
        .executeTakeFirstOrThrow();
      return { count: Number(count) };
    }),
  notes: async (_, { db }) => (await db.selectFrom("notes").select("text").execute()).map((row) => row.text),
  mine: (_, { start }, call) => `${call.principal?.subject ?? "nobody"} ${start.flag ?? "-"} ${start.dice}`,
  left: ({ sku }, { stock }) => stock.left({ sku }),
  async *ticks() {
    yield 1;
    yield 2;
  },
  clock: () => "o'clock",
  close: () => "nearby",
});
const customer = { subject: "ada", roles: ["customer"] };
const payments = () =>
  fake(Payments, {
    charge: ({ order, amount }, call) => {
      if (order === "broke") throw call.error("DECLINED", { reason: "no funds" });
      return { id: `${call.caller}-${order}-${amount}` };
    },
  });

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "ok";
  } catch (error) {
    assert.ok(isSkeinError(error), `not a SkeinError: ${String(error)}`);
    return error.code;
  }
}

for (const far of [false, true]) {
  describe(`test(), ${far ? "far" : "near"}`, () => {
    it("answers through the fakes, which record what they were given", async () => {
      const pay = payments();
      await using t = await test(implementation, { fakes: { payments: pay }, as: customer, far });
      assert.deepEqual(await t.place({ order: "7" }), { payment: "orders-7-1" });
      assert.deepEqual(pay.calls.charge, [{ order: "7", amount: 1 }]);
      assert.equal(await codeOf(t.place({ order: "broke" })), "NO_MONEY");
      assert.equal(pay.calls.charge.length, 2);
    });

    it("runs as the principal it is given, and as others", async () => {
      await using t = await test(implementation, {
        fakes: { payments: payments() },
        far,
        env: { FLAG: "up" },
        seed: 4,
      });
      assert.equal(await codeOf(t.place({ order: "1" })), "SKEIN_ACCESS_UNAUTHENTICATED");
      assert.equal(await codeOf(t.as({ subject: "x", roles: [] }).place({ order: "1" })), "SKEIN_ACCESS_DENIED");
      assert.equal(await codeOf(t.as(customer).place({ order: "1" })), "ok");
      const nobody = await t.mine();
      assert.match(nobody, /^nobody up 0\.\d+$/);
      assert.equal(await t.as(customer).mine(), nobody.replace("nobody", "ada"));
      await using again = await test(implementation, { far, env: { FLAG: "up" }, seed: 4 });
      assert.equal(await again.mine(), nobody, "the same seed makes the same run");
      await using other = await test(implementation, { far, env: { FLAG: "up" }, seed: 5 });
      assert.notEqual(await other.mine(), nobody);
    });

    it("keeps a database in memory, and shows the events that committed", async () => {
      await using t = await test(implementation, { far });
      assert.deepEqual(await t.note({ text: "one" }, { key: "k1" }), { count: 1 });
      assert.deepEqual(await t.note({ text: "one" }, { key: "k1" }), { count: 1 });
      assert.deepEqual(await t.note({ text: "two" }), { count: 2 });
      assert.equal(await codeOf(t.note({ text: "no" })), "SKEIN_CALL_FAILED");
      assert.deepEqual(await t.notes(), ["one", "two"]);
      const at = new Date(Date.UTC(2025, 0, 1));
      assert.deepEqual(await t.events, [
        { service: "orders", event: "noted", version: 2, value: { text: "one", at } },
        { service: "orders", event: "noted", version: 2, value: { text: "two", at } },
      ]);
    });

    it("stands still until the clock is advanced", async () => {
      await using t = await test(implementation, { far, startMs: 1000 });
      await t.note({ text: "one" });
      assert.deepEqual(await t.notes(), ["one"]);
      await t.note({ text: "two" });
      assert.deepEqual(await t.notes(), ["one"], "the cache is fresh for a minute");
      await t.clock.advance("61s");
      assert.deepEqual(await t.notes(), ["one", "two"]);
      await t.clock.advance("3d");
      assert.equal(t.clock.now(), 1000 + 61_000 + 3 * 86_400_000);
    });

    it("hangs no longer than the deadline", async () => {
      const pay = fake(Payments, { charge: () => new Promise(() => undefined) });
      await using t = await test(implementation, { fakes: { payments: pay }, as: customer, far });
      const code = codeOf(t.place({ order: "1" }));
      await t.clock.advance("5.1s");
      assert.equal(await code, "SKEIN_CALL_DEADLINE");
    });

    it("shows spans with their parents, and log lines without secrets", async () => {
      await using t = await test(implementation, { fakes: { payments: payments() }, as: customer, far });
      await t.place({ order: "1" });
      const [charge, place] = t.spans;
      assert.equal(`${charge?.service}.${charge?.method} ${charge?.caller}`, "payments.charge orders");
      assert.equal(charge?.parentId, place?.id);
      assert.equal(charge?.traceId, place?.traceId);
      const line = t.log.find(({ message }) => message === "placing");
      assert.equal(line?.["order"], "1");
      assert.equal(line?.["password"], "[redacted]");
    });

    it("reaches methods whose names the tools have taken, by t.call and t.as", async () => {
      await using t = await test(implementation, { far });
      assert.equal(await t.call.clock(), "o'clock");
      assert.equal(await t.as(undefined).close(), "nearby");
      assert.equal(await t.call.mine(), await t.mine());
      // @ts-expect-error -- here it is the virtual clock
      assert.throws(() => t.clock(), TypeError);
    });

    it("streams", async () => {
      await using t = await test(implementation, { far });
      const items = await (async () => {
        const got: number[] = [];
        for await (const tick of t.ticks()) got.push(tick);
        return got;
      })();
      assert.deepEqual(items, [1, 2]);
    });

    it("names the fake that is missing, and the method that a fake lacks", async () => {
      await using t = await test(implementation, {
        fakes: { stock: fake(Stock, { left: () => 3 }) },
        as: customer,
        far,
      });
      assert.equal(await t.left({ sku: "a" }), 3);
      await assert.rejects(t.place({ order: "1" }), {
        code: "SKEIN_CALL_NO_ROUTE",
        message:
          'test(orders) has no fake for "payments", whose "charge" was called: give it one, fakes: { payments: fake(..., { charge: (input) => ... }) }',
      });
      // Legal at run time, refused by the compiler.
      const lacking = fake(Payments, { list: () => [] });
      // @ts-expect-error -- "charge" is missing
      await using partial = await test(implementation, { fakes: { payments: lacking }, as: customer, far });
      await assert.rejects(partial.place({ order: "1" }), {
        code: "SKEIN_CALL_NO_ROUTE",
        message: 'the fake of payments has no handler for "charge": give it one, fake(..., { charge: (input) => ... })',
      });
    });
  });

  describe(`fake(), ${far ? "far" : "near"}`, () => {
    const caller = contract("caller", {
      refund: action({ input: z.object({ id: z.string(), key: z.string().optional() }), output: z.boolean() }),
      list: query({ output: z.array(z.string()) }),
    });
    const callerImplementation = service(caller, {
      uses: { payments: Payments },
      policy: { refund: { access: "public" }, list: { access: "public" } },
    }).implement({
      refund: async ({ id, key }, { payments }) => (await payments.refund({ id }, key === undefined ? {} : { key })).ok,
      list: (_, { payments }) => payments.list(),
    });

    it("has one effect per key, as a real command", async () => {
      let refunds = 0;
      const pay = fake(Payments, {
        charge: () => ({ id: "1" }),
        refund: () => ({ ok: ++refunds > 0 }),
        list: () => [],
      });
      await using t = await test(callerImplementation, { fakes: { payments: pay }, far });
      await t.refund({ id: "1", key: "k" });
      await t.refund({ id: "1", key: "k" });
      assert.equal(refunds, 1);
      assert.equal(
        await codeOf(t.refund({ id: "2", key: "k" })),
        "SKEIN_CALL_FAILED",
        "the key is the caller's mistake",
      );
      await t.refund({ id: "1" });
      assert.equal(refunds, 2);
      assert.deepEqual(pay.calls.refund, [{ id: "1" }, { id: "1" }]);
    });

    it("may not answer what the contract refuses", async () => {
      const pay = fake(Payments, {
        charge: () => ({ id: "1" }),
        refund: () => ({ ok: true }),
        list: () => [1] as never,
      });
      await using t = await test(callerImplementation, { fakes: { payments: pay }, far });
      assert.equal(await codeOf(t.list()), "SKEIN_OUTPUT_INVALID");
    });

    it("records inputs that nobody can change afterwards", async () => {
      const pay = fake(Payments, {
        charge: (input) => {
          (input as { order: string }).order = "changed";
          return { id: "1" };
        },
      });
      await using t = await test(implementation, { fakes: { payments: pay }, as: customer, far });
      await t.place({ order: "1" });
      assert.deepEqual(pay.calls.charge, [{ order: "1", amount: 1 }]);
    });
  });

  describe(`testSystem(), ${far ? "far" : "near"}`, () => {
    it("runs a system with a fake in it", async () => {
      const stock = service(Stock, { policy: { left: { access: "public" } } }).implement({ left: () => 9 });
      const real = service(Payments, { policy: { charge: { access: "public" } } }).implement({
        charge: () => assert.fail("the real one was called"),
        refund: () => assert.fail("the real one was called"),
        list: () => [],
      });
      const shop = system("shop", { services: [orders.from(async () => ({ default: implementation })), stock, real] });
      const pay = payments();
      await using t = await testSystem(shop.with({ payments: pay }), { as: customer, far });
      assert.deepEqual(await t.client(Orders).place({ order: "1" }), { payment: "orders-1-1" });
      assert.equal(await t.client(Stock).left({ sku: "a" }), 9);
      assert.equal(await codeOf(t.as(undefined).client(Orders).place({ order: "1" })), "SKEIN_ACCESS_UNAUTHENTICATED");
      await t.client(Orders).note({ text: "one" });
      assert.equal((await t.events).length, 1);
      assert.equal(pay.calls.charge.length, 1);
    });
  });
}

describe("what test() refuses", () => {
  it("a fake for nothing, of another contract, or two for one", async () => {
    const reject = async (fakes: object, message: string) =>
      assert.rejects(test(implementation, { fakes: fakes as never }), { code: "SKEIN_SERVICE_INVALID", message });
    await reject({ payment: payments() }, 'test: orders uses nothing named "payment"');
    await reject(
      { payments: fake(Stock, {}) },
      'test: the fake for "payments" is of "stock", but orders uses "payments" there',
    );
    const twice = service(contract("twice", {}), { uses: { a: Stock, b: Stock.pick("left") } }).implement({});
    await assert.rejects(
      test(twice, { fakes: { a: fake(Stock, { left: () => 1 }), b: fake(Stock, { left: () => 2 }) } }),
      {
        message: 'test: "b" and another name in uses are both "stock": give both the same fake',
      },
    );
    assert.throws(() => fake(Stock, { lefft: () => 1 } as never), {
      message: 'fake(stock): its contract has no method "lefft"',
    });
  });

  it("is safe to close twice, and ends what still waits", async () => {
    const pay = fake(Payments, { charge: () => new Promise(() => undefined) });
    const t = await test(implementation, { fakes: { payments: pay }, as: customer });
    const code = codeOf(t.place({ order: "1" }));
    await t.clock.advance(1);
    await t.close();
    await t.close();
    assert.equal(await code, "SKEIN_CALL_CANCELED");
    assert.equal(await codeOf(t.notes()), "SKEIN_HOST_DRAINING");
  });

  it("types `as` by a team's own principal", async () => {
    const own = define({
      principal: z.object({ subject: z.string(), roles: z.array(z.string()), plan: z.enum(["free", "paid"]) }),
    });
    const Plans = contract("plans", { mine: query({ output: z.string() }) });
    const plans = own
      .service(Plans, { policy: { mine: { access: "public" } } })
      .implement({ mine: (_, __, call) => call.principal?.plan ?? "none" });
    await using t = await test(plans, { as: { subject: "a", roles: [], plan: "paid" } });
    assert.equal(await t.mine(), "paid");
    // @ts-expect-error -- the plan is missing
    t.as({ subject: "a", roles: [] });
  });
});
