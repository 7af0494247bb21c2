/**
 * Owns that an editor, which goes by the JSON Schema of placements, and the reader say the same. What only a system can
 * tell (its services, where each of them is) is the reader's alone.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import * as z from "zod";
import shop from "../../../examples/shop/system.ts";
import { parseMemory } from "./memory.ts";
import { groupsMax, laterKeys, replicasMax } from "./placement.ts";
import { readPlacement } from "./read.ts";

const json = (file: string): unknown => JSON.parse(readFileSync(path.join(import.meta.dirname, file), "utf8"));
const schema = z.fromJSONSchema(json("placement.schema.json") as Parameters<typeof z.fromJSONSchema>[0]);
const placements = "../../../examples/shop/placements";

const isRead = (value: unknown): boolean => {
  try {
    readPlacement(value, shop);
    return true;
  } catch {
    return false;
  }
};
const bothSay = (value: unknown) => [schema.safeParse(value).success, isRead(value)];

/** One group that takes every service, with more said of it. */
const one = (group: unknown, more: object = {}) => ({ rest: "a", groups: { a: group }, ...more });
const many = (count: number) => ({
  rest: "g1",
  groups: Object.fromEntries(Array.from({ length: count }, (_, i) => [`g${i + 1}`, {}])),
});

const good: Readonly<Record<string, unknown>> = {
  "a group that says nothing": one({}),
  "all that a group may say": one({ services: ["cart"], replicas: replicasMax, memory: "64Mi", singleton: false }),
  "a name of 32 characters": { rest: `a${"-1".repeat(15)}b`, groups: { [`a${"-1".repeat(15)}b`]: {} } },
  "as many groups as there may be": many(groupsMax),
  pins: one({}, { pins: { cart: { with: ["orders"], never: [] }, orders: {} } }),
  "its schema": one({}, { $schema: "placement.schema.json" }),
  ...Object.fromEntries(["1Gi", "1024Gi", "1Ti", "1048576Mi"].map((memory) => [memory, one({ memory })])),
};

const bad: Readonly<Record<string, unknown>> = {
  "no object": [],
  nothing: null,
  "no groups": { rest: "a" },
  "no group": { rest: "a", groups: {} },
  "too many groups": many(groupsMax + 1),
  "another key": one({}, { pin: {} }),
  "a rest that is no name": { ...one({}), rest: ["a"] },
  ...Object.fromEntries(
    ["B", "1a", "a_b", "", "a".repeat(33)].map((name) => [`a group "${name}"`, { rest: name, groups: { [name]: {} } }]),
  ),
  "a group that is nothing": one(null),
  "another key of a group": one({ service: [] }),
  ...Object.fromEntries([...laterKeys].map((key) => [`${key}, which comes later`, one({ [key]: 1 })])),
  "services that are no list": one({ services: "cart" }),
  "services that are nothing": one({ services: null }),
  "a service that is no name": one({ services: [1] }),
  "a service twice": one({ services: ["cart", "cart"] }),
  ...Object.fromEntries(
    [0, 1.5, replicasMax + 1, "2", null, { min: 1 }].map((replicas) => [
      `replicas ${JSON.stringify(replicas)}`,
      one({ replicas }),
    ]),
  ),
  ...Object.fromEntries([1, "yes", null].map((singleton) => [`singleton ${singleton}`, one({ singleton })])),
  ...Object.fromEntries(
    [512, null, "512MB", "1Mi", "63Mi", "1048577Mi", "1025Gi", "2Ti", "064Mi", "64", " 64Mi", "1.5Gi"].map((memory) => [
      `memory ${JSON.stringify(memory)}`,
      one({ memory }),
    ]),
  ),
  "pins that are nothing": one({}, { pins: null }),
  "a pin that is a list": one({}, { pins: { cart: [] } }),
  "another key of a pin": one({}, { pins: { cart: { near: [] } } }),
  "a pin with no list": one({}, { pins: { cart: { with: "orders" } } }),
  "a pin with nothing": one({}, { pins: { cart: { with: null, never: null } } }),
};

for (const [what, value] of Object.entries(good))
  test(`both take ${what}`, () => assert.deepEqual(bothSay(value), [true, true]));
for (const [what, value] of Object.entries(bad))
  test(`both refuse ${what}`, () => assert.deepEqual(bothSay(value), [false, false]));

test("both take the placements of the shop", () => {
  const files = readdirSync(path.join(import.meta.dirname, placements));
  assert.ok(files.length >= 4);
  for (const file of files) assert.deepEqual(bothSay(json(path.join(placements, file))), [true, true], file);
});

test("property: both take the same amounts of memory", () => {
  const amount = fc
    .tuple(fc.nat({ max: 2_000_000 }), fc.constantFrom("Mi", "Gi", "Ti"))
    .map(([n, unit]) => `${n}${unit}`);
  fc.assert(
    fc.property(amount, (memory) =>
      assert.equal(schema.safeParse(one({ memory })).success, parseMemory(memory) !== undefined),
    ),
  );
});
