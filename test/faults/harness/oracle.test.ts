/** The verdict of the fault harness: what it must find, and that it finds nothing where all is well. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Asked } from "./client.ts";
import { figuresOf } from "./figures.ts";
import type { Ledger } from "./ledger.ts";
import { judge } from "./oracle.ts";
import { trafficOf } from "./traffic.ts";

const asked = (index: number, status: number, order?: number): Asked => ({
  index,
  kind: "order",
  key: `key-${index}`,
  dueMs: index,
  lateMs: 0,
  endMs: index + 5,
  tries: [{ status, ms: 5 }],
  status,
  ...(order !== undefined && { order }),
});
const row = (id: number, index: number, status = "paid") => ({ id, key: `key-${index}`, status, total: 10 });
const paid = (order: number, amount = 10) => ({ order, amount });

describe("the verdict", () => {
  const cases: readonly [string, readonly Asked[], Ledger, RegExp | undefined][] = [
    ["all is well", [asked(1, 201, 7), asked(2, 409)], { orders: [row(7, 1)], charges: [paid(7)] }, undefined],
    ["a refused order that left its row", [asked(1, 402)], { orders: [row(7, 1, "refused")], charges: [] }, undefined],
    ["a confirmed order is not there", [asked(1, 201, 7)], { orders: [], charges: [] }, /is not there/],
    ["it is another", [asked(1, 201, 8)], { orders: [row(7, 1)], charges: [paid(7)] }, /is order 7/],
    ["it is there twice", [asked(1, 201, 7)], { orders: [row(7, 1), row(8, 1)], charges: [paid(7)] }, /has 2 orders/],
    ["it was never paid", [asked(1, 201, 7)], { orders: [row(7, 1)], charges: [] }, /charged nothing/],
    ["it was paid twice", [asked(1, 201, 7)], { orders: [row(7, 1)], charges: [paid(7), paid(7)] }, /charged 10 \+ 10/],
    ["it was paid wrongly", [asked(1, 201, 7)], { orders: [row(7, 1)], charges: [paid(7, 9)] }, /of 10 was charged 9/],
    ["it is still pending", [asked(1, 201, 7)], { orders: [row(7, 1, "pending")], charges: [paid(7)] }, /is pending/],
    ["a refused order was paid", [asked(1, 409)], { orders: [row(7, 1)], charges: [paid(7)] }, /refused with 409/],
    ["nobody asked for it", [], { orders: [row(7, 1)], charges: [] }, /nobody used/],
    ["nothing definite was ever said", [asked(1, 503)], { orders: [], charges: [] }, /never had a definite answer/],
  ];
  for (const [what, history, ledger, expected] of cases)
    test(what, () => {
      const violations = judge(history, ledger);
      if (expected === undefined) assert.deepEqual(violations, []);
      else assert.match(violations.join("\n"), expected);
    });
});

test("figures count a failed request, and the time from when it was meant to leave", () => {
  const history = [
    asked(1, 201, 1),
    {
      ...asked(2, 0),
      endMs: 1_002,
      tries: [
        { status: 503, ms: 1 },
        { status: 0, ms: 2 },
      ],
    },
  ];
  const { requests, failed, success, resends, unavailable, max, servedP99 } = figuresOf(history);
  assert.deepEqual([requests, failed, success, resends, unavailable, max], [2, 1, 0.5, 1, 1, 1_000]);
  assert.equal(servedP99, 5);
  assert.equal(figuresOf(history, { name: "late", fromMs: 2, toMs: 9 }).requests, 1);
});

test("a seed decides the traffic, and each order has a key of its own", () => {
  const options = { seed: "3", phases: [{ rate: 100, ms: 5_000 }], skus: ["a", "b"] };
  const [one, two] = [[...trafficOf(options)], [...trafficOf(options)]];
  assert.deepEqual(one, two);
  const keys = one.flatMap(({ key }) => (key === undefined ? [] : [key]));
  assert.ok(keys.length > 50);
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(one.at(-1)?.dueMs, 4_990);
});

test("phases follow each other, and of so many requests one goes elsewhere", () => {
  const phases = [
    { rate: 10, ms: 1_000 },
    { rate: 100, ms: 500 },
  ];
  const all = [...trafficOf({ seed: "1", phases, skus: ["a"], occasional: { path: "/elsewhere", oneIn: 6 } })];
  assert.deepEqual(
    [9, 10, 59].map((index) => all[index]?.dueMs),
    [900, 1_000, 1_490],
  );
  assert.equal(all.length, 60);
  assert.equal(all.filter(({ kind, path }) => kind === "added" && path === "/elsewhere").length, 10);
});
