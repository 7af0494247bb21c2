/** How the shop's suite asks: requests, the answers it compares, and the calls behind a page. Must never test anything on its own. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Host } from "skein";

export type Json = Record<string, unknown>;
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}
export interface Card extends Json {
  sku: string;
  title: string;
  price: number;
  available: number;
}
export interface Order extends Json {
  id: number;
  user: string;
  total: number;
  status: string;
}

/** Asks the shop that answers at `urlOf()`. */
export function createShopClient(urlOf: () => string) {
  async function ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(urlOf() + path, {
      method,
      headers: { ...(text !== undefined && { "content-type": "application/json" }), ...headers },
      ...(text !== undefined && { body: text }),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Json };
  }
  const get = (path: string) => ask("GET", path);
  const order = (body: unknown, key?: string) =>
    ask("POST", "/orders", body, key === undefined ? {} : { "idempotency-key": key });
  const charges = async () => (await get("/payments/count")).body as { charges: number; amount: number };
  const productsOf = async (path: string) => ((await get(path)).body["products"] ?? []) as Card[];
  const available = async (sku: string): Promise<number> => {
    const who = `counter-${randomUUID()}`;
    await ask("PUT", `/carts/${who}`, { sku, quantity: 1 });
    return ((await get(`/carts/${who}`)).body["lines"] as Card[])[0]?.available ?? Number.NaN;
  };
  async function allOrders(query: string): Promise<Order[]> {
    const all: Order[] = [];
    for (let next = ""; ;) {
      const { status, body } = await get(`/orders?limit=100${query}${next}`);
      assert.equal(status, 200);
      all.push(...(body["orders"] as Order[]));
      if (body["next"] === undefined) return all;
      next = `&after=${body["next"] as string}`;
    }
  }
  return { ask, get, order, charges, productsOf, available, allOrders };
}

/** A name that no other test has. */
export function uniqueUser(base: string): string {
  return `${base}-${randomUUID()}`;
}

export function assertProblem(answer: Answer, status: number, code: string): void {
  assert.deepEqual([answer.status, answer.body["code"]], [status, code], JSON.stringify(answer.body));
  assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
  assert.deepEqual([answer.body["status"], answer.body["type"]], [status, `urn:skein:error:${code}`]);
  assert.equal(typeof answer.body["title"], "string");
}

/** A page is 20 calls below the first, no deeper than three, over the nine services that are not the storefront. */
export function assertHomeCalls(host: Host, traceId: string): void {
  const spans = host.recorder.spans().filter((span) => span.traceId === traceId);
  const root = spans.find((span) => span.service === "storefront");
  const below = spans.filter((span) => span !== root);
  const byId = new Map(spans.map((span) => [span.id, span]));
  const depthOf = (span: { readonly parentId: number } | undefined): number =>
    span === undefined || span === root ? 0 : 1 + depthOf(byId.get(span.parentId));
  const list = below.map((span) => `${span.service}.${span.method}`).join(" ");
  assert.equal(below.length, 20, `${below.length} calls: ${list}`);
  assert.equal(Math.max(...below.map(depthOf)), 3);
  assert.deepEqual([...new Set(below.map((span) => span.service))].toSorted(), [
    "accounts",
    "cart",
    "catalog",
    "notify",
    "orders",
    "payments",
    "recommend",
    "search",
    "stock",
  ]);
  assert.ok(spans.every((span) => span.code === "ok"));
}
