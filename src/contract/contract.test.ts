/** Tests of contracts as declarations: what they keep, what they refuse and how they say it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import {
  action,
  command,
  contract,
  event,
  isContract,
  nothing,
  query,
  safe,
  stream,
  toIssues,
  toPath,
  workflow,
} from "./index.ts";

const input = z.object({ id: z.string() });

describe("a contract", () => {
  it("is frozen data with the defaults filled in", () => {
    const Orders = contract("orders", { get: query({ input, http: "GET /orders/:id" }), placed: event(input) });
    assert.equal(Orders.name, "orders");
    assert.ok(isContract(Orders) && !isContract({ ...Orders, name: "x" }.members) && !isContract(null));
    const { get, placed } = Orders.members;
    assert.deepEqual(
      [get.kind, get.http, get.output, get.errors],
      ["query", { route: "GET /orders/:id" }, nothing, {}],
    );
    assert.deepEqual([placed.kind, placed.version], ["event", 1]);
    for (const part of [Orders, Orders.members, get, get.errors, get.http]) assert.ok(Object.isFrozen(part));
    assert.deepEqual([command().kind, workflow().kind, action().kind], ["command", "workflow", "action"]);
  });

  it("picks methods, and still knows the whole", () => {
    const Orders = contract("orders", { get: query(), list: query(), placed: event(input) });
    const picked = Orders.pick("get");
    assert.deepEqual(Object.keys(picked.members), ["get"]);
    assert.deepEqual(Object.keys(picked.full), ["get", "list", "placed"]);
    assert.equal(picked.name, "orders");
    // @ts-expect-error -- no such method
    assert.throws(() => Orders.pick("gett"), {
      code: "SKEIN_CONTRACT_INVALID",
      message: 'orders.pick("gett"): orders has no method of that name',
    });
    // @ts-expect-error -- an event is not a method
    assert.throws(() => Orders.pick("placed"), { message: 'orders.pick("placed"): orders has no method of that name' });
    assert.throws(() => picked.pick("list" as never), {
      message: 'orders.pick("list"): orders has no method of that name',
    });
  });

  const refusals: Array<[title: string, declare: () => unknown, message: string]> = [
    ...["Orders", "1st", "", "with space", "a".repeat(64), "gateway", "skein", "constructor", "prototype"].map(
      (name): [string, () => unknown, string] => [
        `the name "${name.slice(0, 12)}"`,
        () => contract(name, {}),
        `"${name}" cannot name a contract: use lower-case letters, digits and "-", starting with a letter (reserved: gateway, skein)`,
      ],
    ),
    ...["Get", "get_it", "then", "toString", "constructor", "pick", "a".repeat(64)].map(
      (name): [string, () => unknown, string] => [
        `a method named "${name.slice(0, 12)}"`,
        () => contract("a", { [name]: query() }),
        `"a.${name}": a method or event is named in lowerCamelCase, at most 63 letters and digits, not "${name}"`,
      ],
    ),
    ...["notFound", `SKEIN${"_"}MINE`, "NOT__FOUND", "_A"].map((code): [string, () => unknown, string] => [
      `an error named ${code}`,
      () => contract("a", { get: query({ errors: { [code]: {} } }) }),
      `a.get declares the error "${code}": use UPPER_SNAKE, not starting with SKEIN_`,
    ]),
    [
      "an error's status",
      () => contract("a", { get: query({ errors: { GONE: { status: 200 } } }) }),
      "a.get gives the error GONE the status 200: use 400 to 599",
    ],
    [
      "a route's form",
      () => contract("a", { get: query({ http: "FETCH /a" as never }) }),
      'a.get has the route "FETCH /a": write it as "GET /path/:name"',
    ],
    [
      "a route without a slash",
      () => contract("a", { get: query({ http: "GET a" as never }) }),
      'a.get has the route "GET a": write it as "GET /path/:name"',
    ],
    [
      "GET for a command",
      () => contract("a", { set: command({ http: "GET /a" }) }),
      "a.set is a command with a GET route: GET is for queries and stream actions",
    ],
    [
      "GET for an action",
      () => contract("a", { run: action({ http: "GET /a" }) }),
      "a.run is a action with a GET route: GET is for queries and stream actions",
    ],
    [
      "a pattern in a route",
      () => contract("a", { get: query({ http: "GET /a/*" }) }),
      'a.get: "*" in its route: only plain text and :names',
    ],
    [
      "a parameter's name",
      () => contract("a", { get: query({ http: "GET /a/:1" }) }),
      'a.get: ":1" in its route is not a name used once',
    ],
    [
      "a parameter twice",
      () => contract("a", { get: query({ http: "GET /a/:b/:b" }) }),
      'a.get: ":b" in its route is not a name used once',
    ],
    [
      "a success status",
      () => contract("a", { get: query({ http: { route: "GET /a", status: 404 } }) }),
      "a.get answers with status 404: a success is 200 to 299, a redirect 301, 302, 303, 307 or 308",
    ],
    ["an event's version", () => event(input, { version: 0 }), "an event's version is a whole number from 1, not 0"],
  ];
  for (const [title, declare, message] of refusals) {
    it(`refuses ${title}`, () => assert.throws(declare, { code: "SKEIN_CONTRACT_INVALID", message }));
  }

  it("lets an action that streams answer GET", () => {
    contract("a", { tail: action({ output: stream(z.string()), http: "GET /a" }) });
  });
});

describe("schemas", () => {
  it("without an input nothing passes but nothing", () => {
    const validate = nothing["~standard"].validate;
    assert.deepEqual(validate(undefined), { value: undefined });
    assert.deepEqual(validate(null), { value: undefined });
    assert.ok("issues" in validate({}));
  });

  it("issues are bounded and say where", () => {
    assert.equal(toPath(["items", 2, { key: "sku" }]), "$.items[2].sku");
    assert.equal(toPath(undefined), "$");
    const many = Array.from({ length: 1000 }, (_, i) => ({ message: "no", path: [i] }));
    assert.equal(toIssues(many).length, 20);
  });

  it("safe() passes on what is no Skein error", async () => {
    await assert.rejects(safe(Promise.reject(new TypeError("bug"))), TypeError);
  });
});
