/** What changed between two versions of a contract, and whom it breaks. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as z from "zod";
import { command, contract, event, type Members, query, stream } from "../index.ts";
import { compareContracts } from "./compare.ts";
import { type ContractsFile, isContractsFile, toContractsFile } from "./contracts-file.ts";

const file = async (members: Members): Promise<ContractsFile> => toContractsFile("shop", [contract("orders", members)]);

async function changes(before: Members, after: Members): Promise<string[]> {
  const found = compareContracts(await file(before), await file(after));
  return found.map(({ level, where, message }) => `${level}: ${where}: ${message}`);
}

const input = (shape: z.ZodRawShape) => ({ list: query({ input: z.object(shape) }) });
const output = (shape: z.ZodRawShape) => ({ list: query({ output: z.object(shape) }) });

describe("two versions of a contract", () => {
  test("the same contract gives the same file and no change, whatever the order of its members", async () => {
    const [a, b] = [query({ output: z.object({ id: z.bigint(), at: z.date() }) }), event(z.string())];
    const [one, other] = [await file({ a, b }), await file({ b, a })];
    assert.equal(JSON.stringify(one), JSON.stringify(other));
    assert.deepEqual(compareContracts(one, other), []);
    assert.ok(isContractsFile(JSON.parse(JSON.stringify(one))));
  });

  const cases: readonly [string, Members, Members, readonly string[]][] = [
    ["an optional field of an input is added", input({}), input({ note: z.string().optional() }), []],
    [
      "a field of an input is removed",
      input({ a: z.int(), note: z.string().optional() }),
      input({ a: z.int() }),
      ["breaking: orders.list input $.note: was removed, and callers still send it"],
    ],
    [
      "a field of an input is made required",
      input({ note: z.string().optional() }),
      input({ note: z.string() }),
      ["breaking: orders.list input $.note: was optional, is required"],
    ],
    [
      "a required field of an input is new",
      input({}),
      input({ note: z.string() }),
      ["breaking: orders.list input $.note: is new and required"],
    ],
    [
      "an input is narrowed",
      input({ limit: z.int().min(1).max(100), sort: z.enum(["price", "name"]) }),
      input({ limit: z.int().min(1).max(50), sort: z.enum(["price"]) }),
      [
        "breaking: orders.list input $.limit: maximum was 100, is 50",
        'breaking: orders.list input $.sort: no longer takes "name"',
      ],
    ],
    [
      "an input is widened: new callers may meet the old service",
      input({ sort: z.enum(["price"]) }),
      input({ sort: z.enum(["price", "name"]) }),
      ['skew: orders.list input $.sort: may now be "name"'],
    ],
    ["a field of an output is added as optional", output({}), output({ note: z.string().optional() }), []],
    [
      "a field of an output is added: a reply of the old service has none",
      output({}),
      output({ note: z.string() }),
      ["skew: orders.list output $.note: is new and required"],
    ],
    [
      "a command gives less: a reply of before may be stored under a key, whoever rolls out first",
      { put: command({ output: z.object({ kind: z.enum(["a", "b"]) }) }) },
      { put: command({ output: z.object({ kind: z.enum(["a"]), at: z.date() }) }) },
      [
        "breaking: orders.put output $.at: is new and required, unlike replies stored under keys",
        'breaking: orders.put output $.kind: no longer takes "b", unlike replies stored under keys',
      ],
    ],
    [
      "a query gives less: nothing is stored of it",
      output({ kind: z.enum(["a", "b"]) }),
      output({ kind: z.enum(["a"]) }),
      ['skew: orders.list output $.kind: no longer takes "b"'],
    ],
    [
      "fields of an output are removed",
      output({ a: z.int(), b: z.int().optional() }),
      output({}),
      ["breaking: orders.list output $.a: was removed", "breaking: orders.list output $.b: was removed"],
    ],
    [
      "a field of an output may be missing",
      output({ a: z.int() }),
      output({ a: z.int().optional() }),
      ["breaking: orders.list output $.a: was always there, may be missing"],
    ],
    [
      "an output is widened",
      output({ state: z.enum(["open"]) }),
      output({ state: z.enum(["open", "paid"]) }),
      ['breaking: orders.list output $.state: may now be "paid"'],
    ],
    [
      "a type changes",
      output({ id: z.string() }),
      output({ id: z.bigint() }),
      ["breaking: orders.list output $.id: was string, is bigint"],
    ],
    ["a method is added", {}, { list: query() }, []],
    ["a method is removed", { list: query() }, {}, ["breaking: orders.list: the method was removed"]],
    ["its kind changes", { put: query() }, { put: command() }, ["breaking: orders.put: was a query, is a command"]],
    [
      "its answer becomes a stream",
      { list: query({ output: z.int() }) },
      { list: query({ output: stream(z.int()) }) },
      ["breaking: orders.list: answered value, answers items"],
    ],
    [
      "an error is removed, its status changes, one is new",
      { put: command({ errors: { GONE: {}, FULL: { status: 409 } } }) },
      { put: command({ errors: { FULL: { status: 423 }, LATE: {} } }) },
      [
        "breaking: orders.put error FULL: had the status 409, has 423",
        "breaking: orders.put error GONE: was removed",
        "skew: orders.put error LATE: is new: old callers do not tell it apart",
      ],
    ],
    [
      "the data of an error loses a field",
      { put: command({ errors: { GONE: { data: z.object({ sku: z.string() }) } } }) },
      { put: command({ errors: { GONE: { data: z.object({}) } } }) },
      ["breaking: orders.put error GONE $.sku: was removed"],
    ],
    [
      "a route moves; the name of its parameter may change",
      {
        a: query({ http: "GET /a", input: z.object({}) }),
        b: query({ http: "GET /b/:id", input: z.object({ id: z.string() }) }),
      },
      {
        a: query({ http: "GET /x", input: z.object({}) }),
        b: query({ http: "GET /b/:id", input: z.object({ id: z.string() }) }),
      },
      ["breaking: orders.a: the route was GET /a, is GET /x"],
    ],
    [
      "an event gets a required field: rows of the old version wait without it",
      { placed: event(z.object({ id: z.string() })) },
      { placed: event(z.object({ id: z.string(), total: z.int() })) },
      ["breaking: orders.placed value $.total: is new and required"],
    ],
    [
      "the same under a new version",
      { placed: event(z.object({ id: z.string() })) },
      { placed: event(z.object({ id: z.string(), total: z.int() }), { version: 2 }) },
      ["skew: orders.placed: has version 2 after 1: subscribers must know both before it is published"],
    ],
    [
      "a version goes back",
      { placed: event(z.string(), { version: 2 }) },
      { placed: event(z.string()) },
      ["breaking: orders.placed: had version 2, has 1: versions only go up"],
    ],
  ];
  for (const [what, before, after, expected] of cases)
    test(what, async () => assert.deepEqual(await changes(before, after), expected));

  for (const [before, after, expected] of [
    ["public", "role admin", ["orders.list: access was public, is role admin"]],
    ["public", "internal", ["orders.list: access was public, is internal"]],
    ["internal", "nobody", ["orders.list: access was internal, is nobody"]],
    ["internal", "guarded", ["orders.list: access was internal, is guarded"]],
    ["role clerk", "role admin", ["orders.list: access was role clerk, is role admin"]],
    ["role clerk", "public", []],
    ["nobody", "internal", []],
    ["guarded", "guarded", []],
    [undefined, "internal", []],
  ] as const)
    test(`access ${before ?? "that the file does not say"}, then ${after}`, async () => {
      const of = (access: string | undefined) =>
        toContractsFile("shop", [contract("orders", { list: query() })], access === undefined ? access : () => access);
      const found = compareContracts(await of(before), await of(after));
      assert.deepEqual(
        found.map(({ where, message }) => `${where}: ${message}`),
        expected,
      );
      assert.ok(found.every(({ level }) => level === "breaking"));
    });

  test("a system with another name breaks whoever knows it by the old one", async () => {
    const [before, after] = await Promise.all(["shop", "store"].map((name) => toContractsFile(name, [])));
    assert.ok(before !== undefined && after !== undefined);
    const message = "the system is named store, by which neither its hosts nor its callers know it";
    assert.deepEqual(compareContracts(before, after), [{ level: "breaking", where: "shop", message }]);
  });

  test("what is no such file is told apart", () => {
    for (const wrong of [
      null,
      [],
      {},
      { skein: "contracts/2", system: "a", contracts: {} },
      { skein: "contracts/1", system: "a", contracts: { b: { methods: { c: 1 }, events: {} } } },
    ])
      assert.equal(isContractsFile(wrong), false);
  });
});
