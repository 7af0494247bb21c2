/** Fields that come from the query beside a body, and bodies that are one field. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { action, contract, type HttpBinding, query } from "../contract/index.ts";
import { createHost } from "../host/index.ts";
import { service, system } from "../system/index.ts";
import { createGateway } from "./index.ts";

const Places = contract("places", {
  pay: action({
    input: z.object({
      id: z.int(),
      notify: z.boolean().optional(),
      tags: z.array(z.string()).optional(),
      amount: z.int(),
    }),
    output: z.unknown(),
    http: { route: "POST /pay/:id", query: ["notify", "tags"] },
  }),
  tag: action({
    input: z.object({ id: z.int(), at: z.array(z.date()) }),
    output: z.unknown(),
    http: { route: "PUT /tags/:id", bodyField: "at" },
  }),
});

test("each field comes from its place, with its type", async () => {
  const open = { access: "public" } as const;
  const places = service(Places, { policy: { pay: open, tag: open } });
  const host = await createHost(
    system("s", { services: [places.implement({ pay: (input) => input, tag: (input) => input })] }),
  );
  await using gateway = await createGateway(host, { port: 0 });
  const send = async (method: string, path: string, body: unknown) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(gateway.url + path, { method, headers, body: JSON.stringify(body) });
    return [response.status, await response.json()] as const;
  };
  const paid = await send("POST", "/pay/7?notify=true&tags=a&tags=b&amount=9", { amount: 3 });
  assert.deepEqual(paid, [200, { id: 7, notify: true, tags: ["a", "b"], amount: 3 }]);
  // What `query` names comes from there alone where it is there.
  const both = await send("POST", "/pay/7?notify=true", { amount: 3, notify: false });
  assert.deepEqual(both, [200, { id: 7, notify: true, amount: 3 }]);
  const at = ["2026-01-02T03:04:05.000Z"];
  assert.deepEqual(await send("PUT", "/tags/7", at), [200, { id: 7, at }]);
  assert.equal((await send("PUT", "/tags/7", { at }))[0], 400);
  await host.close();
});

test("a field from two places, or beside no body, is refused when the contract is made", () => {
  const input = z.object({ id: z.int(), a: z.string(), b: z.string() });
  const declare = (http: HttpBinding) => contract("a", { go: action({ input, http }) });
  const refuse = (make: () => unknown, words: RegExp) =>
    assert.throws(make, { code: "SKEIN_CONTRACT_INVALID", message: words });
  refuse(() => declare({ route: "POST /a/:id", query: ["id"] }), /two places/);
  refuse(() => declare({ route: "POST /a", query: ["a"], bodyField: "a" }), /two places/);
  refuse(() => declare({ route: "POST /a", headers: { "x-a": "a" }, query: ["a"] }), /two places/);
  refuse(
    () => contract("a", { go: query({ input, http: { route: "GET /a", query: ["a"] } }) }),
    /everything from the query/,
  );
  refuse(() => declare({ route: "DELETE /a", bodyField: "a" }), /everything from the query/);
});
