/** What the gateway answers by itself where no service does, and how `/docs` words a schema. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, query } from "../contract/index.ts";
import { createHost } from "../host/index.ts";
import { service, system } from "../system/index.ts";
import { docsScriptSchema } from "./docs/script-schema.ts";
import { createGateway } from "./index.ts";

const Inner = contract("inner", { ask: query() });
const inner = service(Inner, { policy: { ask: { access: "internal" } } }).implement({ ask: () => undefined });

test("GET / leads to /docs and /favicon.ico is there, until a service has them", async () => {
  const One = contract("one", { get: query({ output: z.string(), http: "GET /one" }) });
  const one = service(One, { policy: { get: { access: "public" } } }).implement({ get: () => "one" });
  await using host = await createHost(system("plain", { services: [one, inner] }));
  await using gateway = await createGateway(host, { port: 0 });
  const front = await fetch(gateway.url, { redirect: "manual" });
  assert.deepEqual([front.status, front.headers.get("location")], [302, "/docs"]);
  const page = await fetch(gateway.url);
  assert.match(await page.text(), /<html lang="en" data-services="2">/);
  const icon = await fetch(`${gateway.url}/favicon.ico`);
  assert.deepEqual([icon.status, icon.headers.get("content-type")], [200, "image/svg+xml"]);
  assert.match(await icon.text(), /^<svg/);
  const { paths } = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as { paths: object };
  assert.deepEqual(Object.keys(paths), ["/one"]);

  const Home = contract("home", {
    front: query({ output: z.string(), http: "GET /" }),
    named: query({ input: z.object({ name: z.string() }), output: z.string(), http: "GET /:name" }),
  });
  const home = service(Home, { policy: { front: { access: "public" }, named: { access: "public" } } }).implement({
    front: () => "welcome",
    named: ({ name }) => name,
  });
  await using other = await createHost(system("own", { services: [home] }));
  await using theirs = await createGateway(other, { port: 0 });
  assert.equal(await (await fetch(theirs.url)).json(), "welcome");
  assert.equal(await (await fetch(`${theirs.url}/favicon.ico`)).json(), "favicon.ico");
  assert.equal((await fetch(`${theirs.url}/docs`)).status, 200);
});

test("the limits of a text or a list read as a person would say them", () => {
  const rules = new Function(`${docsScriptSchema}; return rulesText;`)() as (schema: object) => string;
  assert.equal(rules({ minLength: 1, maxLength: 50 }), "1 to 50 characters");
  assert.equal(rules({ minLength: 1 }), "at least 1 character");
  assert.equal(rules({ maxLength: 9 }), "at most 9 characters");
  assert.equal(rules({ minItems: 2, maxItems: 2 }), "exactly 2 items");
});
