/**
 * Everything the shop promises over HTTP, as a suite that runs wherever the shop does: in process, with far semantics, on
 * PostgreSQL, in processes of its own. Must never reach into the shop but by a request, and by its host's recorder.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { Host } from "skein";
import {
  type Answer,
  assertHomeCalls,
  assertProblem,
  type Card,
  createShopClient,
  type Json,
  type Order,
  uniqueUser as user,
} from "./e2e-client.ts";

/** A shop that answers at `url`. */
export interface RunningShop {
  readonly url: string;
  /** Where it runs in this process: what a page costs in calls can then be counted. */
  readonly host?: Host;
  close(): Promise<void>;
}

/** The suite. `start` opens a shop with an empty order book; a shop is started once per suite. */
export function shopSuite(name: string, start: () => Promise<RunningShop>): void {
  // One test at a time, also where suites run side by side: they count each other's orders and charges.
  describe(name, { concurrency: 1 }, () => {
    let shop: RunningShop;
    before(async () => {
      shop = await start();
    });
    after(() => shop?.close());

    const { ask, get, order, charges, productsOf, available, allOrders } = createShopClient(() => shop.url);

    test("GET /products lists, limits, and finds by words", async () => {
      const list = await productsOf("/products");
      assert.equal(list.length, 20);
      for (const product of list) {
        assert.ok(product.title.length > 0 && Number.isInteger(product.price) && product.price > 0);
        assert.equal(product["currency"], "EUR");
      }
      assert.deepEqual(
        (await productsOf("/products?limit=3")).map((each) => each.sku),
        list.slice(0, 3).map((each) => each.sku),
      );
      assert.equal((await productsOf("/products?limit=100")).length, 100);
      const pots = await productsOf("/products?q=tea%20pot&limit=5");
      assert.ok(pots.length > 0 && pots.length <= 5);
      assert.ok(
        pots.some((each) => /teapot/i.test(each.title)),
        JSON.stringify(pots.map((each) => each.title)),
      );
      assert.deepEqual(await productsOf("/products?q=zzzzzzzz"), []);
      for (const query of [
        "limit=0",
        "limit=101",
        "limit=1.5",
        "limit=many",
        `q=${"x".repeat(201)}`,
        "limit=1&limit=2",
      ]) {
        assert.equal((await get(`/products?${query}`)).status, 400, query);
      }
    });

    test("GET /products/:id is one product, or a problem", async () => {
      const { status, headers, body } = await get("/products/TEA-0301");
      assert.equal(status, 200);
      assert.match(headers.get("content-type") ?? "", /^application\/json/);
      assert.deepEqual(Object.keys(body).toSorted(), ["category", "currency", "description", "price", "sku", "title"]);
      const missing = await get("/products/NOT-0000");
      assertProblem(missing, 404, "PRODUCT_NOT_FOUND");
      assert.deepEqual(missing.body["data"], { sku: "NOT-0000" });
      assertProblem(await get(`/products/${"x".repeat(41)}`), 400, "SKEIN_INPUT_INVALID");
      assertProblem(await get("/products/a%00b"), 400, "SKEIN_HTTP_BAD_REQUEST");
    });

    test("GET /products/:id/related is what is bought together, strongest first", async () => {
      const related = (await get("/products/TEA-0301/related")).body["related"] as Card[];
      assert.equal(related.length, 6);
      assert.ok(related.slice(0, 3).some((each) => each.sku === "TEA-0303"));
      for (const each of related)
        assert.ok(Number(each["together"]) >= 2 && each.title !== "" && each.sku !== "TEA-0301");
      assert.deepEqual((await get("/products/TEA-0301/related?limit=2")).body["related"], related.slice(0, 2));
      assert.deepEqual((await get("/products/NOT-0000/related")).body, { related: [] });
    });

    test("GET /home is one page of 20 calls at depth 3 over the other nine services, whoever looks", async () => {
      const guest = await home("");
      assert.equal((guest.body["profile"] as Json)["user"], "guest");
      assert.ok((guest.body["featured"] as Card[]).length > 0 && (guest.body["forYou"] as Card[]).length > 0);
      assert.ok((guest.body["popular"] as Card[]).length > 0);

      const who = user("home");
      const fresh = await home(`?user=${who}`);
      assert.deepEqual([fresh.body["lastOrders"], (fresh.body["cart"] as Json)["lines"]], [[], []]);
      await ask("PUT", `/carts/${who}`, { sku: "TEA-0301", quantity: 2 });
      const placed = await order({
        user: who,
        items: [
          { sku: "TEA-0301", quantity: 1 },
          { sku: "TEA-0303", quantity: 1 },
        ],
      });
      const known = await home(`?user=${who}`);
      const [last] = known.body["lastOrders"] as [{ id: number; titles: string[] }];
      assert.deepEqual([last.id, last.titles.length], [placed.body["id"], 2]);
      assert.equal(((known.body["cart"] as Json)["lines"] as Card[]).length, 1);
      assert.equal((known.body["messages"] as Json[])[0]?.["text"], `Order ${String(placed.body["id"])} is paid`);
      assert.ok(
        !(known.body["forYou"] as Card[]).some((card) => ["TEA-0301", "TEA-0303"].includes(card.sku)),
        "not what was bought",
      );
    });

    async function home(query: string): Promise<Answer> {
      const answer = await get(`/home${query}`);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      if (shop.host !== undefined) assertHomeCalls(shop.host, answer.headers.get("x-request-id") ?? "");
      return answer;
    }

    test("POST /orders places an order once per key; the same key with another body is refused", async () => {
      const body = {
        user: user("buyer"),
        items: [
          { sku: "KIT-0101", quantity: 2 },
          { sku: "KIT-0102", quantity: 1 },
          { sku: "KIT-0101", quantity: 1 },
        ],
      };
      const key = randomUUID();
      const before = await charges();
      const stockBefore = await available("KIT-0101");
      const first = await order(body, key);
      assert.equal(first.status, 201, JSON.stringify(first.body));
      const { id, user: who, date, status, items, total, currency } = first.body;
      assert.deepEqual([who, status, items, currency], [body.user, "paid", body.items, "EUR"]);
      assert.match(String(date), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
      const price = async (sku: string) => Number((await get(`/products/${sku}`)).body["price"]);
      assert.equal(total, 3 * (await price("KIT-0101")) + (await price("KIT-0102")));

      const again = await Promise.all([1, 2, 3, 4].map(() => order(body, key)));
      for (const repeated of again) assert.deepEqual([repeated.status, repeated.body], [201, first.body]);
      const other = await order({ ...body, items: body.items.slice(1) }, key);
      assertProblem(other, 409, "KEY_REUSED");
      assert.deepEqual(await charges(), { charges: before.charges + 1, amount: before.amount + Number(total) });
      assert.deepEqual(await allOrders(`&user=${body.user}`), [first.body]);
      assert.deepEqual((await get(`/orders/${String(id)}`)).body, first.body);
      assert.equal(await available("KIT-0101"), stockBefore - 3);
    });

    test("twelve requests at once with one key are one order; without a key each is its own", async () => {
      const who = user("eager");
      const body = { user: who, items: [{ sku: "KIT-0103", quantity: 1 }] };
      const before = await charges();
      const key = randomUUID();
      const same = await Promise.all(Array.from({ length: 12 }, () => order(body, key)));
      assert.equal(
        new Set(same.map((answer) => `${answer.status} ${String(answer.body["id"])}`)).size,
        1,
        JSON.stringify(same.map((answer) => answer.body)),
      );
      assert.equal((await charges()).charges, before.charges + 1);
      const apart = await Promise.all([order(body), order(body)]);
      assert.notEqual(apart[0]?.body["id"], apart[1]?.body["id"]);
      assert.equal((await allOrders(`&user=${who}`)).length, 3);
    });

    test("what cannot be an order is told apart and leaves nothing", async () => {
      const before = (await allOrders("")).length;
      const good = { user: "u", items: [{ sku: "KIT-0101", quantity: 1 }] };
      const lines = (count: number) => Array.from({ length: count }, () => ({ sku: "KIT-0101", quantity: 1 }));
      const bad: unknown[] = [
        "",
        "{",
        "[]",
        "null",
        '"order"',
        "{}",
        { user: "u" },
        { items: good.items },
        { ...good, user: "" },
        { ...good, user: 7 },
        { ...good, user: "x".repeat(101) },
        { ...good, user: "a\u0000b" },
        { ...good, user: "a\nb" },
        { ...good, items: [] },
        { ...good, items: {} },
        { ...good, items: lines(101) },
        { ...good, items: [{ sku: "KIT-0101" }] },
        ...[0, -1, 1.5, "1", 1001, null, 1e300].map((quantity) => ({
          ...good,
          items: [{ sku: "KIT-0101", quantity }],
        })),
        { ...good, items: [{ sku: "", quantity: 1 }] },
        '{"user":"\\ud800","items":[{"sku":"KIT-0101","quantity":1}]}',
        '{"user":"u","items":[{"sku":"KIT-0101","quantity":1}],"__proto__":{"x":1}}',
      ];
      for (const body of bad) {
        const answer = await order(body);
        assert.equal(answer.status, 400, `${JSON.stringify(body)}: ${JSON.stringify(answer.body)}`);
        assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
      }
      const text = await ask("POST", "/orders", JSON.stringify(good), { "content-type": "text/plain" });
      assertProblem(text, 415, "SKEIN_HTTP_MEDIA_TYPE");
      assertProblem(await order(good, "short"), 400, "SKEIN_KEY_INVALID");
      assertProblem(await order(good, "k".repeat(256)), 400, "SKEIN_KEY_INVALID");
      const unknown = await order({ ...good, items: [...good.items, { sku: "NOT-0000", quantity: 1 }] });
      assertProblem(unknown, 422, "PRODUCT_UNKNOWN");
      assert.deepEqual(unknown.body["data"], { sku: "NOT-0000" });
      assert.equal((await allOrders("")).length, before);
    });

    test("an order beyond the stock is 409, beyond the bank's patience 402; what it took comes back", async () => {
      const products = (await productsOf("/products?limit=100")).toSorted((a, b) => a.price - b.price);
      const [cheap, dear] = [products[0] as Card, products.at(-1) as Card];
      const units = async (sku: string, count: number, key?: string) => {
        const items = Array.from({ length: Math.ceil(count / 1000) }, (_, i) => ({
          sku,
          quantity: Math.min(1000, count - i * 1000),
        }));
        return order({ user: "wholesale", items }, key);
      };
      const left = await available(dear.sku);
      const tooDear = Math.ceil(100_000_001 / dear.price);
      assertProblem(await units(dear.sku, tooDear), 402, "PAYMENT_DECLINED");
      assert.equal(await available(dear.sku), left);

      const all = await available(cheap.sku);
      assert.equal((await units(cheap.sku, all - 1)).status, 201);
      const key = randomUUID();
      const before = await charges();
      for (let i = 0; i < 2; i++) {
        const answer = await units(cheap.sku, 2, key);
        assertProblem(answer, 409, "OUT_OF_STOCK");
        assert.deepEqual(answer.body["data"], { sku: cheap.sku });
      }
      assert.deepEqual(await charges(), before);
      const both = await Promise.all([units(cheap.sku, 1), units(cheap.sku, 1)]);
      assert.deepEqual(
        both.map((answer) => answer.status).toSorted((a, b) => a - b),
        [201, 409],
        "only one gets the last one",
      );
      assert.equal(await available(cheap.sku), 0);
    });

    test("GET /orders goes page by page to the end", async () => {
      const who = user("pager");
      const ids: unknown[] = [];
      for (let i = 0; i < 6; i++)
        ids.push((await order({ user: who, items: [{ sku: "KIT-0104", quantity: i + 1 }] })).body["id"]);
      const seen: Order[] = [];
      const sizes: number[] = [];
      for (let after: unknown = 0; after !== undefined;) {
        const { status, body } = await get(`/orders?user=${who}&limit=3&after=${String(after)}`);
        assert.equal(status, 200);
        seen.push(...(body["orders"] as Order[]));
        sizes.push((body["orders"] as Order[]).length);
        after = body["next"];
      }
      // A full last page has no next: nobody asks for an empty one.
      assert.deepEqual(sizes, [3, 3]);
      assert.deepEqual(
        seen.map((each) => each.id),
        ids,
      );
      assert.deepEqual(Object.keys(seen[0] ?? {}).slice(0, 3), ["id", "user", "date"]);
      assert.ok(seen.every((each) => each.user === who));
      assert.deepEqual((await get(`/orders?user=${who}&after=2147483647`)).body, { orders: [] });
      assert.deepEqual((await get(`/orders?user=${user("nobody")}`)).body, { orders: [] });
      assert.ok(((await get("/orders?limit=2")).body["orders"] as Order[]).length === 2);
      for (const query of ["limit=0", "limit=101", "after=-1", "after=x", "after=99999999999", "user="]) {
        assert.equal((await get(`/orders?${query}`)).status, 400, query);
      }
      const missing = await get("/orders/2147483647");
      assertProblem(missing, 404, "ORDER_NOT_FOUND");
      for (const id of ["0", "-1", "x", "1.5", "99999999999999999999"])
        assert.equal((await get(`/orders/${id}`)).status, 400, id);
    });

    test("a cart is kept, changed and emptied", async () => {
      const path = `/carts/${encodeURIComponent(user("Zoë & Söhne 100%"))}`;
      const put = async (sku: string, quantity: number) => (await ask("PUT", path, { sku, quantity })).body;
      assert.deepEqual((await get(path)).body["lines"], []);
      assert.deepEqual(
        [await put("KIT-0101", 2), await put("KIT-0102", 1), await put("KIT-0101", 5)],
        [{ lines: 1 }, { lines: 2 }, { lines: 2 }],
      );
      const { lines, total } = (await get(path)).body as { lines: (Card & { quantity: number })[]; total: number };
      assert.deepEqual(
        lines.map((each) => [each.sku, each.quantity]),
        [
          ["KIT-0101", 5],
          ["KIT-0102", 1],
        ],
      );
      assert.equal(
        total,
        lines.reduce((sum, each) => sum + each.price * each.quantity, 0),
      );
      assert.deepEqual([await put("KIT-0101", 0), await put("KIT-0102", 0)], [{ lines: 1 }, { lines: 0 }]);
      assert.equal((await ask("PUT", path, { sku: "KIT-0101", quantity: -1 })).status, 400);
    });

    test("/openapi.json describes every route; /health says live and ready; /docs is a page", async () => {
      const { body } = await get("/openapi.json");
      assert.equal(body["openapi"], "3.1.0");
      const routes = Object.entries(body["paths"] as Record<string, Json>).flatMap(([path, verbs]) =>
        Object.keys(verbs).map((verb) => `${verb.toUpperCase()} ${path}`),
      );
      assert.deepEqual(routes.toSorted(), [
        "GET /admin/orders",
        "GET /carts/{user}",
        "GET /home",
        "GET /me/orders",
        "GET /me/orders/{id}",
        "GET /orders",
        "GET /orders/{id}",
        "GET /payments/count",
        "GET /products",
        "GET /products/{id}",
        "GET /products/{id}/related",
        "POST /admin/products",
        "POST /orders",
        "POST /webhooks/payments",
        "PUT /carts/{user}",
      ]);
      const place = ((body["paths"] as Json)["/orders"] as Json)["post"] as { responses: Json };
      for (const status of ["201", "402", "409", "422", "503"])
        assert.ok(place.responses[status] !== undefined, status);
      assert.deepEqual((await get("/health/live")).status, 200);
      assert.deepEqual((await get("/health/ready")).body, { status: "ready" });
      assert.match(await (await fetch(`${shop.url}/docs`)).text(), /<!doctype html>/i);
    });

    test("what is not declared is not there", async () => {
      for (const path of ["/nowhere", "/stock/reserve", "/catalog/put", "/products/TEA-0301/related/x"]) {
        assertProblem(await ask("POST", path, {}), 404, "SKEIN_HTTP_NOT_FOUND");
      }
      // That is an order's path, though only for GET.
      assertProblem(await ask("POST", "/orders/place", {}), 405, "SKEIN_HTTP_METHOD");
      assertProblem(await ask("DELETE", "/orders/1"), 405, "SKEIN_HTTP_METHOD");
    });
  });
}
