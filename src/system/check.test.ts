/** Every message of the check, as `skein check` prints it; a clean system; cycles by property. */
import assert from "node:assert/strict";
import { toContractsFile } from "../contract/compatibility/index.ts";
import { checkContracts, contractsOf } from "./check-contracts.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import * as v from "valibot";
import * as z from "zod";
import {
  action,
  type AnyContract,
  channel,
  command,
  contract,
  event,
  type Member,
  query,
  type Schema,
  stream,
  workflow,
} from "../contract/index.ts";
import { catalogue } from "../errors/index.ts";
import { checkMountedRoutes, type CheckOptions, checkSystem, endpointGraph, type Finding } from "./checks.ts";
import {
  type Access,
  createOwned,
  type Declaration,
  mount,
  role,
  service,
  type ServiceEntry,
  subscribe,
  system,
  type System,
} from "./index.ts";

const none = async () => ({ bind: () => ({}), close: async () => {} });
const db = (name = "main", dialect = "portable") => createOwned("database", name, none, dialect);
const open = { access: "public" } as const;

/** A service without code: the check reads declarations only. */
function of(declaration: Declaration): ServiceEntry {
  return { declaration, load: () => Promise.reject(new Error("the check must not load code")) };
}

/** A service of `contract` that anyone may call. */
function plain(
  declared: AnyContract,
  spec: { uses?: Record<string, AnyContract>; has?: Record<string, ReturnType<typeof db>> } = {},
): ServiceEntry {
  const policy = Object.fromEntries(
    Object.entries(declared.full)
      .filter(([, member]) => member.kind !== "event")
      .map(([name]) => [name, open]),
  );
  return of(service(declared, { ...spec, policy }));
}

function shopOf(...services: ServiceEntry[]): System {
  return system("shop", { services });
}

/** As `skein check` prints it, without colour. */
const print = ({ level, where, message, code, fix }: Finding) =>
  `${level} ${where}: ${message} [${code}]\n  fix: ${fix}`;

const printed = new Set<string>();

async function says(target: System, expected: string, options?: CheckOptions): Promise<void> {
  const findings = (await checkSystem(target, options)).map(print);
  for (const text of findings) printed.add(text.replace(/^\w+ /, ""));
  assert.equal(findings.join("\n"), expected);
}

const Id = z.object({ id: z.string() });
const Stock = contract("stock", {
  level: query({ input: Id, output: z.int() }),
  reserve: command({ input: Id }),
  restocked: event(Id),
});
const stock = plain(Stock, { has: { db: db() } });

test("a system that fits together has no findings", async () => {
  const Orders = contract("orders", {
    place: action({
      input: Id.extend({ at: z.date().optional(), trace: z.string() }),
      output: z.bigint(),
      http: { route: "POST /orders/:id", status: 201, headers: { "x-trace": "trace" } },
    }),
    watch: query({
      input: z.void(),
      output: stream(z.object({ seq: z.string() }), { id: "seq" }),
      http: "GET /orders",
    }),
    note: command({ http: "POST /notes" }),
  });
  const orders = service(Orders, {
    uses: { stock: Stock, levels: Stock.pick("level") },
    has: { db: db(), files: createOwned("resource", "main", none) },
    policy: {
      place: { access: role("customer") },
      watch: { access: "guarded" },
      note: { access: "public", timeout: "2s" },
    },
  });
  const shop = system("shop", {
    services: [stock, of(orders)],
    requirements: {
      "GET /orders": { load: "0.5/s", p50: 10, p99: "150ms" },
      "POST /orders/:any": { load: "20/s" },
      availability: 99.95,
    },
  });
  assert.deepEqual(await checkSystem(shop), []);
});

test("an unknown contract", async () => {
  const orders = plain(contract("orders", { place: action() }), {
    uses: { stok: contract("stok", { level: query() }), far: contract("billing", { pay: action() }) },
  });
  await says(
    shopOf(stock, orders),
    `error orders: uses the contract "billing" as "far", and no service of shop implements it [SKEIN_CHECK_CONTRACT_UNKNOWN]
  fix: Add a service of "billing" to the services of shop, or remove it from uses.
error orders: uses the contract "stok", and no service of shop implements it; did you mean "stock"? [SKEIN_CHECK_CONTRACT_UNKNOWN]
  fix: Use the contract "stock", or add a service of "stok" to the services of shop.`,
  );
});

test("a missing member", async () => {
  const Old = contract("stock", { levels: query({ input: Id, output: z.int() }) });
  await says(
    shopOf(stock, plain(contract("orders", { list: query() }), { uses: { stock: Old } })),
    `error orders: uses stock.levels, and the service stock has no method of that name; did you mean "level"? [SKEIN_CHECK_MEMBER_UNKNOWN]
  fix: Use the contract that the service stock implements, or add levels to it.`,
  );
});

test("a forked contract, but not one that says the same", async () => {
  const orders = contract("orders", { place: action() });
  const Fork = contract("stock", {
    level: query({ input: z.object({ sku: z.string() }), output: z.int() }),
    reserve: action({ input: Id, errors: { GONE: {} } }),
  });
  await says(
    shopOf(stock, plain(orders, { uses: { stock: Fork } })),
    `error orders: uses another contract named "stock" than the one that the service stock implements; they differ in level (input), reserve (kind, errors) [SKEIN_CHECK_CONTRACT_FORKED]
  fix: Import the contract from one place in both services.`,
  );
  const Same = contract("stock", { level: query({ input: z.object({ id: z.string() }), output: z.int() }) });
  assert.deepEqual(await checkSystem(shopOf(stock, plain(orders, { uses: { stock: Same } }))), []);
});

test("a possible cycle, with its path", async () => {
  const A = contract("alpha", { go: action(), read: query() });
  const B = contract("beta", { go: action() });
  const C = contract("gamma", { go: action(), more: action() });
  await says(
    shopOf(
      plain(A, { uses: { beta: B } }),
      plain(B, { uses: { gamma: C } }),
      plain(C, { uses: { alpha: A.pick("go") } }),
    ),
    `warning alpha.go: may end up calling itself: alpha.go -> beta.go -> gamma.go -> alpha.go (1 more endpoint of the same cycle not shown) [SKEIN_CHECK_CYCLE]
  fix: Pick in uses only what is called, move the shared part to a third service, or publish an event instead of calling back; a call that really comes round is refused with SKEIN_CALL_CYCLE.`,
  );
});

test("a service that uses itself is a cycle; events and picked queries are none", async () => {
  const A = contract("alpha", { go: action() });
  const [self] = await checkSystem(shopOf(plain(A, { uses: { me: A } })));
  assert.equal(self?.message, "may end up calling itself: alpha.go -> alpha.go");
  const B = contract("beta", { go: action(), read: query() });
  const Q = contract("quotes", { get: query(), changed: event(Id) });
  assert.deepEqual(await checkSystem(shopOf(plain(B, { uses: { quotes: Q } }), plain(Q, { uses: {} }))), []);
});

test("two owners", async () => {
  await says(
    shopOf(stock, stock),
    `error stock: 2 services implement this contract [SKEIN_CHECK_OWNERS]
  fix: Keep one of them, or give the other a contract of its own.`,
  );
});

test("one database name with two dialects", async () => {
  const [a, b, c] = ["alpha", "beta", "gamma"].map((name) => contract(name, { read: query() })) as [
    AnyContract,
    AnyContract,
    AnyContract,
  ];
  await says(
    shopOf(
      plain(a, { has: { db: db() } }),
      plain(b, { has: { db: db("main", "postgres") } }),
      plain(c, { has: { db: db() } }),
    ),
    `error database "main": is portable in alpha, gamma and postgres in beta [SKEIN_CHECK_DIALECTS]
  fix: Declare one dialect for the name, or give the databases different names.`,
  );
});

test("a route clash", async () => {
  const A = contract("alpha", {
    get: query({ input: Id, http: "GET /items/:id" }),
    put: action({ input: Id, http: "PUT /items/:id" }),
  });
  const B = contract("beta", {
    get: query({ input: z.object({ sku: z.string() }), http: "GET /items/:sku" }),
    list: query({ http: "GET /items" }),
  });
  await says(
    shopOf(plain(A), plain(B)),
    `error beta.get: its route GET /items/:sku is the same as GET /items/:id of alpha.get [SKEIN_CHECK_ROUTE_CLASH]
  fix: Give one of them another path or verb; the names of parameters do not tell routes apart.`,
  );
});

test("a route of the gateway's own", async () => {
  const A = contract("alpha", {
    docs: query({ http: "GET /docs" }),
    well: query({ http: "GET /health/disk" }),
    api: query({ http: "GET /openapi.json" }),
    fine: query({ http: "GET /docs-of-mine" }),
  });
  const fix = "  fix: Choose another path than /openapi.json, /docs, /health and /_runs, and what is below them.";
  await says(
    shopOf(plain(A)),
    `error alpha.api: its route GET /openapi.json is one that the gateway answers itself [SKEIN_CHECK_ROUTE_RESERVED]
${fix}
error alpha.docs: its route GET /docs is one that the gateway answers itself [SKEIN_CHECK_ROUTE_RESERVED]
${fix}
error alpha.well: its route GET /health/disk is below /health, which the gateway answers itself [SKEIN_CHECK_ROUTE_RESERVED]
${fix}`,
  );
});

test("a mount whose paths are somebody's", async () => {
  const app = (_request: unknown, _response: unknown) => undefined;
  const A = contract("alpha", {
    user: query({ input: Id, http: "GET /legacy/users/:id" }),
    page: query({ input: z.object({ page: z.string() }), http: "GET /:page" }),
  });
  const fix =
    "  fix: Mount it below another prefix, move the contract's route elsewhere, or name the route in the mount's `moved` so that the contract answers it.";
  await says(
    system("shop", { services: [plain(A), mount("/legacy", app, open)] }),
    `error legacy: alpha.page has the route GET /:page, which is below /legacy [SKEIN_CHECK_MOUNT_CLASH]
${fix}
error legacy: alpha.user has the route GET /legacy/users/:id, which is below /legacy [SKEIN_CHECK_MOUNT_CLASH]
${fix}`,
  );
  const twice = [mount("/docs", app, open), mount("/old", app, open), mount("/old", app, { ...open, name: "old" })];
  await says(
    system("shop", { services: twice }),
    `error docs: the gateway answers /docs itself [SKEIN_CHECK_MOUNT_CLASH]
${fix}
error old: another service or mount has its name [SKEIN_CHECK_MOUNT_CLASH]
${fix}
error old: old is mounted at /old too [SKEIN_CHECK_MOUNT_CLASH]
${fix}`,
  );
  const moved = { ...open, moved: ["GET /legacy/users/:id", "GET /:page"] };
  const requirements = { "GET /legacy/orders": { load: "5/s" } } as const;
  await says(system("shop", { services: [plain(A), mount("/legacy", app, moved)], requirements }), "");
  await says(
    system("shop", { services: [mount("/", app, { ...open, name: "old", moved: ["GET /user/:id"] })] }),
    `error old: its route GET /user/:id has moved, it says, and no contract has that route below / [SKEIN_CHECK_MOUNT_MOVED]
  fix: Write the route as the contract does (\`GET /users/:id\`), or take it out of \`moved\`.`,
  );
  const root = mount("/", app, { ...open, name: "old" });
  const shadowed = checkMountedRoutes(root, ["GET /docs", "GET /docs/old", "POST /docs"]).map(print);
  for (const text of shadowed) printed.add(text.replace(/^\w+ /, ""));
  assert.equal(
    shadowed.join("\n"),
    `warning old: its route GET /docs is never reached: the gateway answers that path itself [SKEIN_CHECK_MOUNT_SHADOWED]
  fix: Nothing, if nobody needs it there; else mount the application below a prefix of its own.`,
  );
  assert.deepEqual(checkMountedRoutes(mount("/legacy", app, open), ["GET /docs"]), []);
});

test("a method without access", async () => {
  await says(
    shopOf(of(service(contract("orders", { list: query(), placed: event(Id) })))),
    `error orders.list: has no access, so every call of it is refused [SKEIN_CHECK_ACCESS_MISSING]
  fix: Give it one in policy: { list: { access: "public" } }; or "internal", "guarded", role("...").`,
  );
});

test("an internal method with a route", async () => {
  const Orders = contract("orders", { list: query({ http: "GET /orders" }), all: query({ http: "GET /orders" }) });
  await says(
    shopOf(of(service(Orders, { policy: { list: { access: "internal" }, all: open } }))),
    `error orders.list: is internal and has the route GET /orders: internal methods never answer over HTTP [SKEIN_CHECK_INTERNAL_ROUTE]
  fix: Remove the route from the contract, or give the method another access.`,
  );
});

test("a service of queries only that uses a command", async () => {
  const Search = contract("search", { find: query() });
  const fix = "  fix: Pick only the queries it calls, or declare the calling method as an action.";
  await says(
    shopOf(stock, plain(Search, { uses: { stock: Stock.pick("reserve") } })),
    `error search: has queries only and uses stock.reserve (a command): none of its methods may call it [SKEIN_CHECK_USES_KIND]
${fix}`,
  );
  const Pay = contract("pay", { charge: action(), refund: command() });
  const Both = contract("both", { find: query(), note: command() });
  await says(
    shopOf(plain(Pay, { has: { db: db() } }), plain(Both, { uses: { pay: Pay }, has: { db: db() } })),
    `error both: has queries and commands only and uses pay.charge (an action), pay.refund (a command): none of its methods may call them [SKEIN_CHECK_USES_KIND]
${fix}`,
  );
  // Of the whole contract something can be called: told, but no error.
  await says(
    shopOf(stock, plain(Search, { uses: { stock: Stock } })),
    `warning search: has queries only and uses stock.reserve (a command): none of its methods may call it [SKEIN_CHECK_USES_KIND]
${fix}`,
  );
});

test("a contract in uses without a method to call", async () => {
  const News = contract("news", { posted: event(Id) });
  await says(
    shopOf(plain(News), plain(contract("reader", { read: query() }), { uses: { news: News } })),
    `warning reader: uses news, which has no method to call [SKEIN_CHECK_USES_IDLE]
  fix: Remove the contract from \`uses\`; events need none.`,
  );
});

test("a command without a database", async () => {
  await says(
    shopOf(plain(contract("orders", { note: command() }))),
    `error orders.note: is a command, and orders has no database for its transaction [SKEIN_CHECK_COMMAND_DATABASE]
  fix: Add a database to has of orders, or declare note as an action.`,
  );
});

test("a shared rate limit without a database", async () => {
  const Orders = contract("orders", { list: query({ http: "GET /orders" }) });
  const rateLimit = { perSecond: 1, burst: 5, by: "ip", shared: true } as const;
  await says(
    shopOf(
      service(Orders, { policy: { list: { access: "public", rateLimit } } }).from(() =>
        Promise.reject(new Error("not loaded")),
      ),
    ),
    `error orders.list: has a shared rate limit, and orders has no database to count in [SKEIN_CHECK_RATE_DATABASE]
  fix: Add a database to has of orders, or leave out shared: each gateway then counts for itself.`,
  );
});

test("what this version cannot run yet, by name", async () => {
  const Orders = contract("orders", { place: workflow() });
  await says(
    shopOf(stock, of(service(Orders, { policy: { place: open }, on: { refill: subscribe(Stock, "restocked") } }))),
    `error orders.on.refill: subscribes to stock.restocked, and this version of Skein does not deliver events yet [SKEIN_FEATURE_LATER]
  fix: Remove "refill" from on, or use a version that delivers events; tx.emit already stores them.
error orders.place: is a workflow, which this version of Skein cannot run yet [SKEIN_FEATURE_LATER]
  fix: Declare place as an action that is safe to repeat with its call.key, or use a version that runs workflows.`,
  );
});

test("a schema outside the value set, wherever it is", async () => {
  const Tags = z.object({ items: z.array(z.object({ tags: z.set(z.string()) })) });
  const A = contract("alpha", {
    put: action({
      input: Tags,
      output: z.array(z.string().optional()),
      errors: { BAD: { data: z.map(z.string(), z.string()) } },
    }),
    all: query({ output: stream(v.object({ at: v.symbol() })) }),
    done: event(z.object({ by: z.instanceof(URL) })),
  });
  const fix =
    "  fix: Use null, booleans, finite numbers, strings, bigints, Date, Uint8Array, arrays and plain objects.";
  await says(
    shopOf(plain(A)),
    `error alpha.all items: $.at allows symbol, which cannot cross between services [SKEIN_CHECK_VALUE_SET]
${fix}
error alpha.done event: $.by allows URL, which cannot cross between services [SKEIN_CHECK_VALUE_SET]
${fix}
error alpha.put error BAD: $ allows Map, which cannot cross between services [SKEIN_CHECK_VALUE_SET]
${fix}
error alpha.put input: $.items[].tags allows Set, which cannot cross between services [SKEIN_CHECK_VALUE_SET]
${fix}
error alpha.put output: $[] allows undefined in an array, which cannot cross between services [SKEIN_CHECK_VALUE_SET]
${fix}`,
  );
});

test("an opaque schema on a route", async () => {
  const homemade: Schema = { "~standard": { version: 1, vendor: "homemade", validate: (value) => ({ value }) } };
  const A = contract("alpha", {
    put: action({ input: z.unknown(), output: homemade, http: "POST /a" }),
    hidden: action({ input: z.unknown() }),
  });
  const fix =
    "  fix: Use a schema that its library can describe as JSON Schema, or install the converter that the message names.";
  await says(
    shopOf(plain(A)),
    `warning alpha.put input: the schema says nothing about the value, so OpenAPI shows any value [SKEIN_CHECK_OPAQUE]
${fix}
warning alpha.put output: the schema says nothing about the value, so OpenAPI shows any value (homemade does not offer Standard JSON Schema in this version) [SKEIN_CHECK_OPAQUE]
${fix}`,
  );
});

test("names in a route that are no fields of the input", async () => {
  const A = contract("alpha", {
    note: action({
      input: z.object({ ident: z.string(), etag: z.string() }),
      http: { route: "POST /a/:idents/:other", headers: { "if-match": "etga" } },
    }),
    loose: action({ input: z.looseObject({}), http: "POST /b/:id" }),
    bare: query({ http: "GET /c/:id" }),
    feed: query({ output: stream(z.object({ seq: z.int() }), { id: "sequence" }) }),
  });
  const parameter = "  fix: Name the parameter after a field of the input, or add the field.";
  await says(
    shopOf(plain(A)),
    `error alpha.bare: its route GET /c/:id has the parameter :id, and its input has no field of that name [SKEIN_CHECK_ROUTE_PARAMETER]
${parameter}
error alpha.feed: its stream is resumed by "sequence", and the items have no field of that name [SKEIN_CHECK_STREAM_ID]
  fix: Name a field of the item in \`stream(Item, { id })\`, or leave the id out.
error alpha.note: its header if-match gives the field "etga", and its input has no field of that name; did you mean "etag"? [SKEIN_CHECK_HEADER_FIELD]
  fix: Name a field of the input, or add the field.
error alpha.note: its route POST /a/:idents/:other has the parameter :idents, and its input has no field of that name; did you mean "ident"? [SKEIN_CHECK_ROUTE_PARAMETER]
${parameter}
error alpha.note: its route POST /a/:idents/:other has the parameter :other, and its input has no field of that name [SKEIN_CHECK_ROUTE_PARAMETER]
${parameter}`,
  );
});

test("fields that a reply or a cookie maps and that are not there", async () => {
  const A = contract("alpha", {
    login: action({
      input: z.object({ user: z.string(), sid: z.string().optional() }),
      output: z.object({ token: z.string(), url: z.string(), made: z.boolean() }),
      http: {
        route: "POST /a",
        cookies: { sid: "side" },
        reply: {
          headers: { location: "uri" },
          cookies: { sid: { field: "tokens" } },
          status: { field: "created", is: { true: 201 } },
        },
      },
    }),
    loose: query({ output: z.looseObject({}), http: { route: "GET /b", reply: { headers: { etag: "version" } } } }),
  });
  const reply = "  fix: Name a field of the output, or add the field.";
  await says(
    shopOf(plain(A)),
    `error alpha.login: its cookie sid gives the field "side", and its input has no field of that name; did you mean "sid"? [SKEIN_CHECK_HEADER_FIELD]
  fix: Name a field of the input, or add the field.
error alpha.login: its reply takes the field "created", and its output has no field of that name [SKEIN_CHECK_REPLY_FIELD]
${reply}
error alpha.login: its reply takes the field "tokens", and its output has no field of that name; did you mean "token"? [SKEIN_CHECK_REPLY_FIELD]
${reply}
error alpha.login: its reply takes the field "uri", and its output has no field of that name; did you mean "url"? [SKEIN_CHECK_REPLY_FIELD]
${reply}`,
  );
});

test("a channel whose input has the name of the resume token, and receives what cannot cross", async () => {
  const A = contract("alpha", {
    talk: channel({
      input: z.object({ resume: z.string() }),
      receive: z.object({ tags: z.set(z.string()) }),
      send: z.object({ seq: z.int() }),
      id: "seq",
      http: "GET /a",
    }),
  });
  await says(
    shopOf(plain(A)),
    `error alpha.talk: its input has the field "resume", which the query of a channel keeps [SKEIN_CHECK_CHANNEL_RESUME]
  fix: Give the field another name than \`resume\`; what a client resumes after is \`call.resumeFrom\`.
error alpha.talk received items: $.tags allows Set, which cannot cross between services [SKEIN_CHECK_VALUE_SET]
  fix: ${catalogue.SKEIN_CHECK_VALUE_SET.fix}`,
  );
});

test("requirements for a route that is not there, and values that cannot be read", async () => {
  const Home = contract("home", { get: query({ http: "GET /home" }), put: action({ http: "POST /home" }) });
  const requirements = {
    "GET /hom": { p99: "150ms" },
    "GET /home": { load: "200", p50: "2s", p99: "150 ms", lode: 1 },
    "POST /home": { p50: "2s", p99: "1s" },
    availability: 120,
  };
  const fix = '  fix: Write load as "200/s", p50 and p99 as durations such as "150ms", and availability in percent.';
  await says(
    // The values are what TypeScript would refuse and a JavaScript user may write.
    system("shop", { services: [plain(Home)], requirements: requirements as never }),
    `error requirements "GET /hom": no method of shop has this route; did you mean "GET /home"? [SKEIN_CHECK_REQUIREMENT_ROUTE]
  fix: Correct the route, or give it to a method of the system.
error requirements "GET /home": "lode" is no requirement; did you mean "load"? [SKEIN_CHECK_REQUIREMENT_VALUE]
${fix}
error requirements "GET /home": load is "200": write calls per second as "200/s" [SKEIN_CHECK_REQUIREMENT_VALUE]
${fix}
error requirements "GET /home": p99 is "150 ms": write a duration as "150ms" [SKEIN_CHECK_REQUIREMENT_VALUE]
${fix}
error requirements "POST /home": p50 is "2s" and p99 is "1s": p50 is never the longer one [SKEIN_CHECK_REQUIREMENT_VALUE]
${fix}
error requirements "availability": availability is 120: write percent, more than 0 and at most 100 [SKEIN_CHECK_REQUIREMENT_VALUE]
${fix}`,
  );
});

test("a module that does not load, only when asked", async () => {
  const good = contract("good", { read: query() });
  const orders = service(contract("orders", { list: query() }), { policy: { list: open } });
  const shop = system("shop", {
    services: [
      service(good, { policy: { read: open } }).implement({ read: () => {} }),
      orders.from(() => Promise.reject(new SyntaxError("Unexpected token '}'\n  at orders.ts"))),
    ],
  });
  assert.deepEqual(await checkSystem(shop), []);
  await says(
    shop,
    `error orders: its code does not load: Unexpected token '}' [SKEIN_CHECK_MODULE]
  fix: Correct the error in the module; its default export must be the service's implementation.`,
    { load: true },
  );
});

test("everything is said at once, errors first, and the same in any order of services", async () => {
  const A = contract("alpha", { go: action({ http: "POST /docs/x" }), flow: workflow() });
  const B = contract("beta", { go: action({ input: z.set(z.string()) }) });
  const entries = [
    of(service(A, { uses: { beta: B, gone: contract("gone", { x: query() }) } })),
    plain(B, { uses: { alpha: A } }),
  ];
  const found = await checkSystem(shopOf(...entries));
  assert.deepEqual(
    found.map(({ code }) => code),
    [
      "SKEIN_CHECK_CONTRACT_UNKNOWN",
      "SKEIN_CHECK_ACCESS_MISSING",
      "SKEIN_FEATURE_LATER",
      "SKEIN_CHECK_ACCESS_MISSING",
      "SKEIN_CHECK_ROUTE_RESERVED",
      "SKEIN_CHECK_VALUE_SET",
      "SKEIN_CHECK_CYCLE",
    ],
  );
  assert.deepEqual(await checkSystem(shopOf(...entries.toReversed())), found);
});

/** Layers of services, each using some later ones: never a cycle. */
const dag = fc
  .array(
    fc.record({
      kinds: fc.array(fc.constantFrom("query", "command", "workflow", "action"), { maxLength: 3 }),
      uses: fc.array(fc.nat(), { maxLength: 4 }),
    }),
    { minLength: 2, maxLength: 12 },
  )
  .map((shapes) => {
    const make: Readonly<Record<string, () => Member>> = { query, command, workflow, action };
    const contracts = shapes.map(({ kinds }, i) => {
      const members: Record<string, Member> = { act: action() };
      for (const [k, kind] of kinds.entries()) members[`m${k}`] = (make[kind] ?? query)();
      return contract(`s${i}`, members);
    });
    const uses = shapes.map(({ uses: picks }, i) =>
      i === shapes.length - 1 ? [] : [...new Set(picks.map((pick) => i + 1 + (pick % (shapes.length - i - 1))))],
    );
    return { contracts, uses };
  });

function build({ contracts, uses }: { contracts: AnyContract[]; uses: number[][] }): ServiceEntry[] {
  return contracts.map((declared, i) =>
    plain(declared, { uses: Object.fromEntries((uses[i] ?? []).map((j) => [`s${j}`, contracts[j] as AnyContract])) }),
  );
}

const cyclesOf = async (services: ServiceEntry[]) =>
  (await checkSystem(shopOf(...services))).filter(({ code }) => code === "SKEIN_CHECK_CYCLE");

test("property: without a way back there is no cycle finding, and with one there is, along calls that exist", async () => {
  await fc.assert(
    fc.asyncProperty(dag, fc.nat(), async (shape, pick) => {
      assert.deepEqual(await cyclesOf(build(shape)), []);
      const edges = shape.uses.flatMap((targets, from) => targets.map((to) => [from, to] as const));
      const edge = edges[pick % Math.max(edges.length, 1)];
      if (edge === undefined) return;
      const [from, to] = edge;
      const back = build({ ...shape, uses: shape.uses.map((targets, i) => (i === to ? [...targets, from] : targets)) });
      const found = await cyclesOf(back);
      assert.ok(found.length > 0);
      const { calls } = endpointGraph(back.map((entry) => entry.declaration));
      for (const { where, message } of found) {
        const path = /^may end up calling itself: (.+?)(?: \(|$)/.exec(message)?.[1]?.split(" -> ") ?? [];
        assert.ok(path.length >= 2);
        assert.equal(path[0], where);
        assert.equal(path.at(-1), where);
        assert.equal(new Set(path).size, path.length - 1, "no endpoint twice");
        for (const [i, id] of path.slice(0, -1).entries())
          assert.ok(calls.get(id)?.includes(path[i + 1] as string), `${id} calls ${path[i + 1]}`);
      }
    }),
    { numRuns: 200 },
  );
});

test("two versions of the contracts", async () => {
  const versions = [
    { input: z.object({ limit: z.int().min(1).max(100) }), output: z.object({}) },
    { input: z.object({ limit: z.int().min(1).max(50) }), output: z.object({ currency: z.string() }) },
  ];
  const [before, after] = await Promise.all(
    versions.map((spec) => toContractsFile("shop", [contract("orders", { list: query(spec) })])),
  );
  assert.ok(before !== undefined && after !== undefined);
  const findings = checkContracts(before, after).map(print);
  for (const text of findings) printed.add(text.replace(/^\w+ /, ""));
  assert.deepEqual(
    findings.map((text) => text.split("\n", 1)[0]),
    [
      "error orders.list input $.limit: maximum was 100, is 50 [SKEIN_CHECK_BREAKING]",
      "warning orders.list output $.currency: is new and required [SKEIN_CHECK_SKEW]",
    ],
  );
  assert.deepEqual(checkContracts(after, after), []);
});

test("who may call is kept with the contracts, and letting in fewer breaks them", async () => {
  const Doors = contract("doors", { a: query(), b: query(), c: query(), d: query() });
  const withAccess = (a: Access) =>
    contractsOf(
      system("shop", {
        services: [
          of(service(Doors, { policy: { a: { access: a }, b: { access: "internal" }, d: { access: "guarded" } } })),
        ],
      }),
    );
  const [before, after] = [await withAccess("public"), await withAccess(role("clerk"))];
  const said = Object.values(before.contracts["doors"]?.methods ?? {}).map(({ access }) => access);
  assert.deepEqual(said, ["public", "internal", "nobody", "guarded"]);
  assert.deepEqual(
    checkContracts(before, after).map((one) => print(one).split("\n", 1)[0]),
    ["error doors.a: access was public, is role clerk [SKEIN_CHECK_BREAKING]"],
  );
});

test("the guide shows every message, as it was printed above", () => {
  const guide = readFileSync(join(import.meta.dirname, "../../docs/guides/checks.md"), "utf8");
  const shown = [...guide.matchAll(/```text\n([\s\S]*?)```/g)].map((match) => (match[1] as string).trimEnd());
  assert.deepEqual(
    shown.filter((text) => !printed.has(text)),
    [],
    "the guide shows a message that no test prints",
  );
  const codes = Object.keys(catalogue).filter(
    (code) => code.startsWith("SKEIN_CHECK_") || code === "SKEIN_FEATURE_LATER",
  );
  assert.deepEqual(
    codes.filter((code) => !shown.some((text) => text.includes(`[${code}]`))),
    [],
    "the guide leaves a message out",
  );
});
