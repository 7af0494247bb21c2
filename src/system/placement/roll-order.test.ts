/** In which order groups are rolled: nobody calls what not every host of a service has yet. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Placement } from "./placement.ts";
import { type Differences, rollOrder } from "./roll-order.ts";

const placement = (groups: Record<string, readonly string[]>): Placement => ({
  groups: Object.fromEntries(
    Object.entries(groups).map(([name, services]) => [
      name,
      { services, replicas: 1, isSingleton: false, memory: undefined },
    ]),
  ),
  pins: {},
});
const differ = (what: Partial<Record<keyof Differences, readonly string[]>>): Differences => ({
  added: new Set(what.added),
  breaking: new Set(what.breaking),
  skewed: new Set(what.skewed),
});

test("callees first, the gateway last, groups without services not at all", () => {
  const groups = placement({ front: ["gateway"], pages: ["pages"], empty: [], stock: ["stock"], orders: ["orders"] });
  const calls = new Map([
    ["pages.home", ["orders.list", "stock.find"]],
    ["orders.list", ["stock.find"]],
  ]);
  assert.deepEqual(rollOrder(groups, calls, differ({})), { groups: ["stock", "orders", "pages", "front"] });
});

test("groups that call each other: what is added decides, and where both add something there is no order", () => {
  const groups = placement({ left: ["a", "b"], right: ["c", "d"] });
  const calls = new Map([
    ["a.one", ["c.one"]],
    ["d.one", ["b.one"]],
  ]);
  assert.deepEqual(rollOrder(groups, calls, differ({ added: ["c.one"] })), { groups: ["right", "left"] });
  assert.deepEqual(rollOrder(groups, calls, differ({ added: ["b.one"] })), { groups: ["left", "right"] });
  assert.deepEqual(rollOrder(groups, calls, differ({ added: ["b.one", "c.one"] })), {
    cycle: ["a.one (left) calls c.one (right)", "d.one (right) calls b.one (left)"],
  });
});

test("on the way back callers come first, the gateway too; what is added there still comes before its callers", () => {
  const groups = placement({ front: ["gateway"], pages: ["pages"], stock: ["stock"] });
  const calls = new Map([
    ["gateway", ["pages.home"]],
    ["pages.home", ["stock.find", "stock.count"]],
  ]);
  const back = rollOrder(groups, calls, differ({ breaking: ["stock.count", "pages.home"] }));
  assert.deepEqual(back, { groups: ["front", "pages", "stock"] });
  const both = rollOrder(groups, calls, differ({ breaking: ["stock.count"], added: ["stock.find"] }));
  assert.deepEqual(both, { groups: ["stock", "pages", "front"] });
  const skewed = rollOrder(groups, calls, differ({ breaking: ["stock.count"], skewed: ["stock.find"] }));
  assert.deepEqual(skewed, { groups: ["pages", "stock", "front"] });
});

test("any placement of any graph: each group once, and who calls what is new after who has it", () => {
  const services = ["a", "b", "c", "d", "e", "gateway"];
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: services.length, maxLength: services.length }),
      fc.array(fc.tuple(fc.nat(4), fc.nat(4), fc.boolean()), { maxLength: 12 }),
      (homes, pairs) => {
        const groups: Record<string, string[]> = {};
        for (const [at, home] of homes.entries()) (groups[`g${home}`] ??= []).push(services[at] as string);
        const calls = new Map<string, string[]>();
        const fresh = new Set<string>();
        for (const [from, to, isFresh] of pairs) {
          const callee = `${services[to]}.m${from}`;
          calls.set(`${services[from]}.m`, [...(calls.get(`${services[from]}.m`) ?? []), callee]);
          if (isFresh) fresh.add(callee);
        }
        const found = rollOrder(placement(groups), calls, {
          ...differ({ skewed: ["a.m1"], breaking: ["b.m2"] }),
          added: fresh,
        });
        if ("cycle" in found) return found.cycle.length > 1;
        assert.deepEqual(found.groups.toSorted(), Object.keys(groups).toSorted());
        const at = (endpoint: string): number =>
          found.groups.findIndex((name) => groups[name]?.includes(endpoint.split(".")[0] as string));
        for (const [caller, callees] of calls)
          for (const callee of callees) if (fresh.has(callee)) assert.ok(at(callee) <= at(caller));
        return true;
      },
    ),
  );
});
