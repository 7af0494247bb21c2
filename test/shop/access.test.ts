/** Every route of the shop times everybody who may knock: what each is answered, and what leaks to nobody. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { developmentToken } from "skein/testing";
import { audience, issuer } from "../../examples/shop/identity.ts";
import shop from "../../examples/shop/system.ts";
import { routesOf } from "../../src/gateway/router.ts";
import { type Running, startShop } from "./running.ts";

let home: string;
let running: Running;
/** By who knocks: the headers they come with. */
const callers: Record<string, Record<string, string>> = { guest: {} };
/** An order of ann, customer of the tenant acme. */
let order: { readonly id: number };

const product = { sku: "NEW-0001", title: "New", description: "", category: "kitchen", price: 100, currency: "EUR" };

before(async () => {
  home = await mkdtemp(join(tmpdir(), "skein-access-"));
  running = await startShop({ home });
  const token = async (subject: string, roles: string[], tenant?: string) => ({
    authorization: `Bearer ${await developmentToken(home, { issuer, audience, subject, roles, ...(tenant && { tenant }), nowSeconds: Date.now() / 1_000 })}`,
  });
  callers.owner = await token("ann", ["customer"], "acme");
  callers.wrongRole = await token("ann", ["supplier"], "acme");
  callers.otherOwner = await token("bob", ["customer"], "acme");
  callers.otherTenant = await token("ann", ["customer"], "globex");
  callers.noTenant = await token("ann", ["customer"]);
  callers.admin = await token("root", ["admin"], "acme");
  callers.otherAdmin = await token("root", ["admin"], "globex");
  callers.broken = { authorization: `${callers.owner?.authorization}x` };
  const placed = await ask(
    "owner",
    "POST",
    "/orders",
    { user: "ann", items: [{ sku: "TEA-0301", quantity: 1 }] },
    { "idempotency-key": "the-order-of-ann" },
  );
  assert.equal(placed.status, 201, placed.text);
  order = placed.body as { id: number };
});
after(async () => {
  await running.close();
  await rm(home, { recursive: true });
});

async function ask(who: string, verb: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(running.url + path, {
    method: verb,
    headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers, ...callers[who] },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: text === "" ? undefined : (JSON.parse(text) as unknown),
  };
}

const everybody = {
  guest: 200,
  wrongRole: 200,
  otherOwner: 200,
  otherTenant: 200,
  noTenant: 200,
  owner: 200,
  admin: 200,
  otherAdmin: 200,
  broken: 401,
};
const created = {
  guest: 201,
  wrongRole: 201,
  otherOwner: 201,
  otherTenant: 201,
  noTenant: 201,
  owner: 201,
  admin: 201,
  otherAdmin: 201,
  broken: 401,
};
const customers = {
  guest: 401,
  wrongRole: 403,
  otherOwner: 200,
  otherTenant: 200,
  noTenant: 200,
  owner: 200,
  admin: 403,
  otherAdmin: 403,
  broken: 401,
};
const admins = {
  guest: 401,
  wrongRole: 403,
  otherOwner: 403,
  otherTenant: 403,
  noTenant: 403,
  owner: 403,
  broken: 401,
};

interface Row {
  readonly path: () => string;
  readonly body?: unknown;
  readonly answers: Readonly<Record<string, number>>;
}

const table: Readonly<Record<string, Row>> = {
  "GET /products": { path: () => "/products", answers: everybody },
  "GET /products/:id": { path: () => "/products/TEA-0301", answers: everybody },
  "GET /products/:id/related": { path: () => "/products/TEA-0301/related", answers: everybody },
  "GET /home": { path: () => "/home", answers: everybody },
  "GET /carts/:user": { path: () => "/carts/ann", answers: everybody },
  "PUT /carts/:user": { path: () => "/carts/ann", body: { sku: "TEA-0301", quantity: 1 }, answers: everybody },
  "GET /payments/count": { path: () => "/payments/count", answers: everybody },
  // Off without a secret; whoever is there, a signature decides (examples/shop/payments/webhook.test.ts).
  "POST /webhooks/payments": {
    path: () => "/webhooks/payments",
    body: {},
    answers: { ...Object.fromEntries(Object.keys(everybody).map((who) => [who, 404])), broken: 401 },
  },
  "GET /orders": { path: () => "/orders", answers: everybody },
  "GET /orders/:id": { path: () => `/orders/${order.id}`, answers: everybody },
  "POST /orders": {
    path: () => "/orders",
    body: { user: "x", items: [{ sku: "KIT-0101", quantity: 1 }] },
    answers: created,
  },
  "GET /me/orders": { path: () => "/me/orders", answers: customers },
  "GET /me/orders/:id": {
    path: () => `/me/orders/${order.id}`,
    answers: {
      guest: 403,
      wrongRole: 200,
      otherOwner: 403,
      otherTenant: 403,
      noTenant: 403,
      owner: 200,
      admin: 403,
      otherAdmin: 403,
      broken: 401,
    },
  },
  "GET /admin/orders": { path: () => "/admin/orders", answers: { ...admins, admin: 200, otherAdmin: 200 } },
  "POST /admin/products": {
    path: () => "/admin/products",
    body: product,
    answers: { ...admins, admin: 201, otherAdmin: 201 },
  },
};

describe("the shop's routes", () => {
  test("every one is in the table", () => {
    assert.deepEqual(
      routesOf(shop)
        .map((route) => `${route.verb} ${route.path}`)
        .toSorted(),
      Object.keys(table).toSorted(),
    );
  });

  for (const [route, { path, body, answers }] of Object.entries(table)) {
    test(route, async () => {
      const verb = route.slice(0, route.indexOf(" "));
      const said: Record<string, number> = {};
      for (const who of Object.keys(callers)) said[who] = (await ask(who, verb, path(), body)).status;
      assert.deepEqual(said, { ...answers });
    });
  }

  test("each sees its own orders, and an administrator those of one tenant", async () => {
    const ids = async (who: string, path: string) =>
      ((await ask(who, "GET", `${path}?limit=100`)).body as { orders: Array<{ id: number }> }).orders.map(
        ({ id }) => id,
      );
    assert.ok((await ids("owner", "/me/orders")).includes(order.id));
    for (const who of ["otherOwner", "otherTenant", "noTenant"])
      assert.ok(!(await ids(who, "/me/orders")).includes(order.id), who);
    assert.ok((await ids("admin", "/admin/orders")).includes(order.id));
    assert.ok(!(await ids("otherAdmin", "/admin/orders")).includes(order.id));
  });

  test("an order that is not there and somebody else's are answered alike", async () => {
    const strip = (text: string) => text.replace(/"traceId":"[0-9a-f]+"/, "");
    const foreign = await ask("otherOwner", "GET", `/me/orders/${order.id}`);
    const missing = await ask("otherOwner", "GET", "/me/orders/999999");
    assert.deepEqual([foreign.status, strip(foreign.text)], [missing.status, strip(missing.text)]);
    const mine = await ask("owner", "GET", `/me/orders/${order.id}`);
    assert.equal(mine.headers.get("cache-control"), "no-store");
  });

  test("the same idempotency key is another key for another caller", async () => {
    const body = { user: "ann", items: [{ sku: "TEA-0301", quantity: 1 }] };
    const key = { "idempotency-key": "the-order-of-ann" };
    assert.equal(((await ask("owner", "POST", "/orders", body, key)).body as { id: number }).id, order.id);
    for (const who of ["otherOwner", "otherTenant", "noTenant", "guest"]) {
      const other = await ask(who, "POST", "/orders", body, key);
      assert.equal(other.status, 201, other.text);
      assert.notEqual((other.body as { id: number }).id, order.id, who);
    }
  });
});
