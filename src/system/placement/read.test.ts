/** Owns what a placement may say, and what is said of one that may not be. It must never need a running system. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as z from "zod";
import { contract, query } from "../../contract/index.ts";
import { isSkeinError } from "../../errors/index.ts";
import { service } from "../service.ts";
import { system } from "../system.ts";
import type { PlacementIssue } from "./placement.ts";
import { onePlacement, readPlacement } from "./read.ts";

const shop = system("shop", {
  services: ["orders", "stock", "search", "reports"].map((name) =>
    service(contract(name, { ping: query({ output: z.null() }) })).implement({ ping: () => null }),
  ),
});

function issuesOf(value: unknown): readonly PlacementIssue[] {
  try {
    readPlacement(value, shop);
  } catch (error) {
    assert.ok(isSkeinError(error), String(error));
    assert.equal(error.code, "SKEIN_PLACEMENT_INVALID");
    return (error.data as { issues: PlacementIssue[] }).issues;
  }
  return [];
}

test("a partition with a rest, replicas, memory and pins", () => {
  const placement = readPlacement(
    {
      rest: "front",
      groups: {
        front: { services: ["search"], replicas: 2, memory: "512Mi" },
        orders: { services: ["orders", "stock"], replicas: 3 },
      },
      pins: { orders: { with: ["stock"], never: ["reports"] } },
    },
    shop,
  );
  assert.deepEqual(placement.groups["front"], {
    services: ["search", "gateway", "reports"],
    replicas: 2,
    isSingleton: false,
    memory: 536_870_912,
  });
  assert.equal(placement.groups["orders"]?.replicas, 3);
});

test("a group of which one process leads", () => {
  const { groups } = readPlacement(
    { rest: "front", groups: { front: {}, sync: { services: ["stock"], replicas: 2, singleton: true } } },
    shop,
  );
  assert.deepEqual(groups["sync"], { services: ["stock"], replicas: 2, isSingleton: true, memory: undefined });
  assert.equal(groups["front"]?.isSingleton, false);
});

test("without a placement everything shares one process", () => {
  assert.deepEqual(onePlacement(shop).groups, {
    one: {
      services: ["gateway", "orders", "stock", "search", "reports"],
      replicas: 1,
      isSingleton: false,
      memory: undefined,
    },
  });
});

for (const [what, value, path, message] of [
  ["no object", [], "placement", /JSON object/],
  ["no group", { groups: {} }, "groups", /at least one/],
  ["a misspelt key", { group: {} }, "placement.group", /did you mean "groups"/],
  [
    "a misspelt service",
    { rest: "a", groups: { a: { services: ["order"] } } },
    "groups.a.services",
    /did you mean "orders"/,
  ],
  [
    "a service twice",
    { rest: "a", groups: { a: { services: ["stock"] }, b: { services: ["stock"] } } },
    "groups.b.services",
    /in a already/,
  ],
  [
    "a service nowhere",
    { groups: { a: { services: ["orders", "gateway"] } } },
    "groups",
    /no group has stock, search, reports/,
  ],
  ["a rest that is no group", { rest: "fron", groups: { front: {} } }, "rest", /did you mean "front"/],
  [
    "a range of replicas",
    { rest: "a", groups: { a: { replicas: { min: 0, max: 3 } } } },
    "groups.a.replicas",
    /later version/,
  ],
  ["a hundred replicas", { rest: "a", groups: { a: { replicas: 100 } } }, "groups.a.replicas", /1 to 64/],
  ["a location", { rest: "a", groups: { a: { location: "edge" } } }, "groups.a.location", /not in this version/],
  ["a shard", { rest: "a", groups: { a: { shard: "user" } } }, "groups.a.shard", /not in this version/],
  [
    "a singleton of a word",
    { rest: "a", groups: { a: {}, b: { services: ["stock"], singleton: "yes" } } },
    "groups.b.singleton",
    /true, or false/,
  ],
  [
    "a singleton with the gateway",
    { rest: "a", groups: { a: { singleton: true } } },
    "groups.a.singleton",
    /give "gateway" another group/,
  ],
  ["memory in megabytes", { rest: "a", groups: { a: { memory: "512MB" } } }, "groups.a.memory", /512Mi/],
  [
    "a broken pin",
    { rest: "a", groups: { a: {}, b: { services: ["stock"] } }, pins: { orders: { with: ["stock"] } } },
    "pins.orders.with",
    /orders is in a and stock in b/,
  ],
  [
    "a broken never",
    { rest: "a", groups: { a: {} }, pins: { orders: { never: ["stock"] } } },
    "pins.orders.never",
    /both in a/,
  ],
  ["a pin of nobody", { rest: "a", groups: { a: {} }, pins: { ordres: {} } }, "pins.ordres", /did you mean "orders"/],
] as const) {
  test(`refused: ${what}`, () => {
    const issues = issuesOf(value);
    assert.ok(
      issues.some((issue) => issue.path === path && message.test(issue.message)),
      JSON.stringify(issues),
    );
  });
}

test("everything that is wrong is said at once", () => {
  assert.equal(
    issuesOf({ rest: "x", groups: { a: { services: ["nope"], replicas: 0, memory: 7 }, "B!": {} } }).length,
    5,
  );
});

test("property: any partition is legal, and any JSON at all is read or refused with its issues", () => {
  const names = ["gateway", "orders", "stock", "search", "reports"];
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 4 }), { minLength: 5, maxLength: 5 }), (homes) => {
      const groups: Record<string, { services: string[] }> = {};
      for (const [i, home] of homes.entries())
        (groups[`g${home}`] ??= { services: [] }).services.push(names[i] as string);
      assert.deepEqual(issuesOf({ groups }), []);
    }),
  );
  fc.assert(fc.property(fc.jsonValue(), (value) => void issuesOf(value)));
});
