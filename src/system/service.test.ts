/** Tests of services and systems as declarations: each thing they refuse, in the words a user reads. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { action, command, contract, event, query, stream } from "../contract/index.ts";
import { createHost } from "../host/index.ts";
import { createOwned, define, isDeclaration, isSystem, ownedKind, role, service, subscribe, system } from "./index.ts";

const A = contract("a", {
  get: query(),
  set: command(),
  tail: query({ output: stream(z.string()) }),
  changed: event(z.string()),
});
const B = contract("b", { go: action() });
const thing = createOwned("resource", "thing", async () => ({ bind: () => 1, close: async () => undefined }));
const handlers = { get: () => undefined, set: () => undefined, async *tail() {} };
const invalid = (message: string) => ({ code: "SKEIN_SERVICE_INVALID", message });

describe("a service", () => {
  it("is frozen data that holds no code", () => {
    const a = service(A, {
      uses: { b: B },
      has: { thing },
      policy: { get: { access: role("x") } },
      on: { changed: subscribe(A, "changed") },
    });
    assert.ok(isDeclaration(a) && !isDeclaration({}));
    assert.deepEqual(
      [a.name, Object.keys(a.uses), Object.keys(a.has), a.policy["get"], a.on["changed"]?.start],
      ["a", ["b"], ["thing"], { access: { role: "x" } }, "now"],
    );
    for (const part of [a, a.uses, a.has, a.policy, a.on]) assert.ok(Object.isFrozen(part));
    assert.equal(ownedKind(thing), "resource");
  });

  const refusals: Array<[title: string, declare: () => unknown, message: string]> = [
    [
      "a use that is no contract",
      () => service(A, { uses: { b: {} as never } }),
      'a uses "b", which is not a contract',
    ],
    [
      "a name twice",
      () => service(A, { uses: { b: B }, has: { b: thing } }),
      'a has the name "b" in both uses and has',
    ],
    [
      "a subscription named like a method",
      () => service(A, { on: { get: subscribe(A, "changed") } }),
      'a has the name "get" both as a method and in on',
    ],
    [
      "a policy for nothing",
      () => service(A, { policy: { gett: { access: "public" } } as never }),
      'a has a policy for "gett", which its contract does not declare',
    ],
    [
      "a cached command",
      () => service(A, { policy: { set: { cache: { ttl: "1s" } } } }),
      "a.set is a command: only a query can be cached",
    ],
    [
      "a cached stream",
      () => service(A, { policy: { tail: { cache: { ttl: "1s" } } } }),
      "a.tail is a stream: a stream is never cached",
    ],
    [
      "a hedged command",
      () => service(A, { policy: { set: { hedge: "p95" } } }),
      "a.set is a command: only a query can be hedged",
    ],
    [
      "a hedged stream",
      () => service(A, { policy: { tail: { hedge: "50ms" } } }),
      "a.tail answers in more than one piece: only a single reply can be hedged",
    ],
    [
      "a misspelt access",
      () => service(A, { policy: { get: { access: "publc" as never } } }),
      'a.get has the access "publc": it is "public", "internal", "guarded" or role("...")',
    ],
    ["an unknown event", () => subscribe(A, "change" as never), 'subscribe: a declares no event "change"'],
    ["a method as an event", () => subscribe(A, "get" as never), 'subscribe: a declares no event "get"'],
    [
      "a missing handler",
      () => service(A).implement({ get: handlers.get } as never),
      'a.implement: no handler for "set"',
    ],
    [
      "a handler for nothing",
      () => service(A).implement({ ...handlers, extra: () => 1 } as never),
      'a.implement: "extra" is not a method of its contract',
    ],
    [
      "a missing guard",
      () => service(A, { policy: { get: { access: "guarded" } } }).implement(handlers, {} as never),
      'a.implement: "get" is guarded and has no guard',
    ],
    [
      "an unknown service to fake",
      () => system("s", { services: [] }).with({ a: service(A).implement(handlers) }),
      's.with: the system has no service "a"',
    ],
    [
      "a system's name",
      () => system("My System", { services: [] }),
      '"My System" cannot name a system: use lower-case letters, digits and "-"',
    ],
    [
      "a declaration as an entry",
      () => system("s", { services: [service(A) as never] }),
      's: entry 0 of services has no code; add .from(() => import("./a.ts"))',
    ],
    [
      "anything else as an entry",
      () => system("s", { services: [undefined as never] }),
      "s: entry 0 of services has no code",
    ],
  ];
  for (const [title, declare, message] of refusals)
    it(`refuses ${title}`, () => assert.throws(declare, invalid(message)));

  it("refuses a fake of another contract", () => {
    const s = system("s", { services: [service(A).implement(handlers)] });
    assert.throws(
      () => s.with({ a: service(B).implement({ go: () => undefined }) }),
      invalid('a fake of "b" cannot stand for "a"'),
    );
  });

  it("refuses durations it cannot read, as such", () => {
    assert.throws(() => service(A, { policy: { get: { timeout: "soon" as never } } }), RangeError);
    assert.throws(() => service(A, { policy: { get: { cache: { ttl: "-1s" as never } } } }), RangeError);
  });
});

describe("a system", () => {
  const entry = service(A).from(() => Promise.resolve({ default: service(A).implement(handlers) }));

  it("replaces services by name and stays as it was", async () => {
    const s = system("s", { services: [entry], requirements: { "GET /a": { p99: "1s" }, availability: 99 } });
    const fake = service(A).implement(handlers);
    const faked = s.with({ a: fake });
    assert.ok(isSystem(s) && isSystem(faked) && !isSystem(null));
    assert.equal(await faked.services[0]?.load(), fake);
    assert.notEqual(await s.services[0]?.load(), fake);
    assert.equal(faked.requirements, s.requirements);
  });

  it("loads no code before a host asks, and no other than its own", async () => {
    const loaded: string[] = [];
    const a = service(A, { policy: {} }).from(
      async () => (loaded.push("a"), { default: service(A).implement(handlers) }),
    );
    const b = service(B).from(
      async () => (loaded.push("b"), { default: service(B).implement({ go: () => undefined }) }),
    );
    const s = system("s", { services: [a, b] });
    assert.deepEqual(loaded, []);
    await using host = await createHost(s, { services: ["b"], inMemory: true, mode: "test" });
    assert.deepEqual([loaded, host.services], [["b"], ["b"]]);
  });

  const wrong: Array<[string, unknown]> = [
    ["nothing", {}],
    ["a plain object", { default: {} }],
    ["another service", { default: service(B).implement({ go: () => undefined }) }],
    ["a declaration", { default: service(A) }],
  ];
  for (const [title, module] of wrong) {
    it(`refuses a module that exports ${title}`, async () => {
      const s = system("s", { services: [service(A).from(async () => module as never)] });
      await assert.rejects(createHost(s, { inMemory: true }), {
        code: "SKEIN_SYSTEM_LOAD",
        message: "the module given to a.from() has no default export made by a.implement()",
      });
    });
  }

  it("refuses services twice, and names that are not there", async () => {
    await assert.rejects(createHost(system("s", { services: [entry, entry] })), {
      code: "SKEIN_SYSTEM_INVALID",
      message: 's has two services of the contract "a"',
    });
    await assert.rejects(createHost(system("s", { services: [entry] }), { services: ["b"] }), {
      code: "SKEIN_SYSTEM_INVALID",
      message: 's has no service "b"',
    });
  });

  it("define() gives the same doors", () => {
    const own = define({ principal: z.object({ subject: z.string(), roles: z.array(z.string()) }) });
    assert.equal(own.contract, contract);
    assert.ok(isDeclaration(own.service(A)));
    assert.ok(isSystem(own.system("s", { services: [] })));
  });
});
