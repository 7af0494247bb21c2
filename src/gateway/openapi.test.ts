/** The OpenAPI document of a system whose schemas are Zod's, Valibot's and ArkType's, against the official schema of 3.1. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import * as z from "zod";
import { action, contract, query } from "../contract/index.ts";
import { createHost } from "../host/index.ts";
import { service, system } from "../system/index.ts";
import { everySchema } from "./fixtures/every-schema.ts";
import { sample } from "./fixtures/sample.ts";
import { createGateway, renderOpenApi } from "./index.ts";

interface Operation {
  readonly operationId: string;
  readonly tags: string[];
  readonly parameters?: Array<{ name: string; in: string; required: boolean; schema: unknown }>;
  readonly requestBody?: { required: boolean; content: Record<string, { schema: Record<string, unknown> }> };
  readonly responses: Record<string, { content?: Record<string, { schema: Record<string, unknown> }> }>;
}
interface Api {
  readonly openapi: string;
  readonly info: { title: string; version: string };
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, unknown> };
}

const render = async () => (await renderOpenApi(sample(), { title: "Sample", version: "1.2.3" })) as Api;

test("the document is valid OpenAPI 3.1", async () => {
  const api = await render();
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(api) as unknown as Record<string, unknown>);
  assert.ok(valid, JSON.stringify(errors, undefined, 1));
  assert.equal(validator.version, "3.1");
  assert.deepEqual(api.info, { title: "Sample", version: "1.2.3" });
});

test("the validator itself can say no", async () => {
  const { valid } = await new Validator().validate({ ...(await render()), paths: { orders: {} } });
  assert.equal(valid, false);
});

test("path, query, header and body come from one input", async () => {
  const { paths } = await render();
  const names = (operation: Operation | undefined) =>
    (operation?.parameters ?? []).map((p) => `${p.in} ${p.name}${p.required ? "!" : ""}`);
  assert.deepEqual(names(paths["/orders"]?.get), ["query user", "query limit", "query tags", "query open"]);
  assert.deepEqual(names(paths["/orders/{id}"]?.get), ["path id!"]);
  assert.deepEqual(names(paths["/orders/{id}/note"]?.put), ["path id!", "header if-match"]);
  assert.deepEqual(names(paths["/valibot"]?.get), ["query n!", "query on", "query kind"]);
  const note = paths["/orders/{id}/note"]?.put?.requestBody?.content["application/json"]?.schema;
  assert.deepEqual(Object.keys(note?.properties as object), ["text"]);
  assert.equal(paths["/ping"]?.post?.requestBody, undefined);
  assert.equal(paths["/orders"]?.post?.operationId, "orders.place");
  assert.ok(paths["/caf\u00e9/%7Bx%7D(y)/{who}"]);
});

test("named schemas are shared, declared errors are merged by status", async () => {
  const { paths, components } = await render();
  const names = Object.keys(components.schemas).filter((name) => !name.startsWith("SkeinProblem"));
  const errors = ["NO_SUCH_ORDER", "OUT_OF_STOCK", "REFUSED", "TOO_MANY"];
  assert.deepEqual(names, ["Line", ...errors, "Order", "Problem"].toSorted());
  const order = paths["/orders/{id}"]?.get?.responses["200"]?.content?.["application/json"]?.schema;
  assert.deepEqual(order, { $ref: "#/components/schemas/Order" });
  const conflict = paths["/orders"]?.post?.responses["409"]?.content?.["application/problem+json"]?.schema;
  assert.equal((conflict?.oneOf as unknown[] | undefined)?.length, 2);
  assert.ok(paths["/arktype"]?.post?.responses["422"]);
  assert.deepEqual(Object.keys(paths["/orders"]?.post?.responses ?? {}).toSorted(), ["201", "400", "409", "default"]);
  assert.ok(paths["/watch"]?.get?.responses["200"]?.content?.["application/x-ndjson"]);
});

test("a schema that refers to itself and two of one name", async () => {
  const Tree = z
    .object({
      name: z.string(),
      get kids() {
        return z.array(Tree);
      },
    })
    .meta({ id: "Tree" });
  const one = z.object({ a: z.string() }).meta({ title: "Same" });
  const two = z.object({ b: z.string() }).meta({ title: "Same" });
  const C = contract("c", {
    tree: action({ input: Tree, output: Tree, http: "POST /tree" }),
    one: query({ output: one, http: "GET /one" }),
    two: query({ output: two, http: "GET /two" }),
  });
  const c = service(C, {
    policy: { tree: { access: "public" }, one: { access: "public" }, two: { access: "internal" } },
  });
  const api = (await renderOpenApi(
    system("s", { services: [c.implement({ tree: (t) => t, one: () => ({ a: "" }), two: () => ({ b: "" }) })] }),
  )) as Api;
  const { valid, errors } = await new Validator().validate(structuredClone(api) as unknown as Record<string, unknown>);
  assert.ok(valid, JSON.stringify(errors));
  assert.doesNotMatch(JSON.stringify(api), /\$defs/);
  assert.equal(api.paths["/two"], undefined);
});

test("it is served once made, with an ETag; the page and its parts under a strict policy", async () => {
  const host = await createHost(sample());
  await using gateway = await createGateway(host, { port: 0, title: "A <b>shop</b>" });
  const first = await fetch(`${gateway.url}/openapi.json`);
  const etag = first.headers.get("etag") ?? "";
  assert.equal(((await first.json()) as Api).openapi, "3.1.0");
  const again = await fetch(`${gateway.url}/openapi.json`, { headers: { "if-none-match": `"x", ${etag}` } });
  assert.equal(again.status, 304);
  assert.equal(await again.text(), "");
  const page = await fetch(`${gateway.url}/docs`);
  const html = await page.text();
  assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'; script-src 'self'/);
  assert.doesNotMatch(html, /<b>|<script>|style=|https?:/);
  for (const [, path = ""] of html.matchAll(/(?:src|href)="(\/docs\/[^"]+)"/g))
    assert.equal((await fetch(gateway.url + path)).status, 200, path);
  const script = await (await fetch(`${gateway.url}/docs/app.js`)).text();
  assert.doesNotThrow(() => new Function(script));
  assert.doesNotMatch(script, /innerHTML|insertAdjacentHTML|document\.write/);
  await host.close();
});

test("two methods of one route, and a route of the gateway's own, are refused", async () => {
  const A = contract("a", {
    one: query({ input: z.object({ x: z.string() }), http: "GET /a/:x" }),
    two: query({ input: z.object({ y: z.string() }), http: "GET /a/:y" }),
  });
  const B = contract("b", { docs: query({ http: "GET /docs" }) });
  for (const [entry, words] of [
    [service(A, { policy: {} }).implement({ one: () => undefined, two: () => undefined }), /a\.one and a\.two/],
    [service(B, { policy: {} }).implement({ docs: () => undefined }), /b\.docs/],
  ] as const) {
    const host = await createHost(system("s", { services: [entry] }));
    await assert.rejects(
      createGateway(host, { port: 0 }),
      (error: Error & { code: string }) => error.code === "SKEIN_SYSTEM_INVALID" && words.test(error.message),
    );
    await host.close();
  }
});

test("who may call is said by scheme and operation", async () => {
  const api = (await renderOpenApi(everySchema(), { server: "https://api.shop.test" })) as Api & {
    servers: unknown;
    components: { securitySchemes: Record<string, object> };
    paths: Record<string, Record<string, { security: unknown }>>;
  };
  assert.deepEqual(api.servers, [{ url: "https://api.shop.test" }]);
  assert.deepEqual(api.components.securitySchemes, {
    jwt: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
    apiKey: { type: "apiKey", in: "header", name: "x-program" },
    apiKey2: { type: "apiKey", in: "header", name: "x-api-key" },
    session: { type: "apiKey", in: "cookie", name: "__Host-session" },
    basicForDev: { type: "http", scheme: "basic" },
  });
  const ways = [{ jwt: [] }, { apiKey: [] }, { apiKey2: [] }, { session: [] }, { basicForDev: [] }];
  assert.deepEqual(api.paths["/tree"]?.["get"]?.security, [{}, ...ways]);
  assert.deepEqual(api.paths["/own/{id}"]?.["post"]?.security, [{}, ...ways]);
  assert.deepEqual(api.paths["/admin"]?.["get"]?.security, ways);
  const statuses = (path: string, verb = "get") => Object.keys(api.paths[path]?.[verb]?.responses ?? {}).join(" ");
  assert.equal(statuses("/admin"), "200 400 401 403 default");
  assert.equal(statuses("/limited"), "200 400 401 403 429 default");
  assert.equal(statuses("/own/{id}", "post"), "204 400 401 403 409 422 503 default");
  assert.equal(api.paths["/inside"], undefined);
});

test("a declared error is told from Skein's own of its status by its code", async () => {
  const api = (await renderOpenApi(everySchema())) as Api;
  const conflict = api.paths["/own/{id}"]?.["post"]?.responses["409"]?.content?.["application/problem+json"]?.schema;
  const names = ((conflict?.["oneOf"] ?? []) as Array<{ $ref: string }>).map(({ $ref }) => $ref.split("/").at(-1));
  assert.deepEqual(names, ["GONE", "TAKEN", "SkeinProblem409"]);
  const own = api.components.schemas["SkeinProblem409"] as {
    allOf: [object, { properties: { code: { pattern: string; examples: string[]; enum?: unknown } } }];
  };
  const { code } = own.allOf[1].properties;
  assert.ok(code.examples.includes("SKEIN_KEY_REUSED"));
  // Open: a version that adds a code breaks nobody, and no declared error can match.
  assert.equal(code.enum, undefined);
  assert.match(["SKEIN", "KEY_OF_TOMORROW"].join("_"), new RegExp(code.pattern, "u"));
  for (const declared of ["GONE", "TAKEN", "NOT_SKEIN_KEY"])
    assert.doesNotMatch(declared, new RegExp(code.pattern, "u"));
});

test("a key is promised where one is kept: commands and keyed actions, and no other action", async () => {
  const { paths } = (await renderOpenApi(everySchema())) as Api;
  const promised = Object.values(paths)
    .flatMap((item) => Object.values(item))
    .filter(({ parameters = [] }) => parameters.some(({ name }) => name === "Idempotency-Key"));
  assert.deepEqual(
    promised.map((operation) => [operation.operationId, (operation as { "x-skein-keyed"?: true })["x-skein-keyed"]]),
    [
      ["every.own", undefined],
      ["every.hook", undefined],
      ["every.beside", true],
    ],
  );
});

test("codes that only commands and starting processes know are not told to callers", async () => {
  const text = JSON.stringify(await renderOpenApi(everySchema()));
  assert.deepEqual(text.match(/SKEIN_(CHECK|CLI|CLIENT|DEV|MIGRATION|OPENAPI|PLACEMENT)_\w+/g), null);
  assert.match(text, /SKEIN_CALL_DEADLINE/);
});

test("of a union input, what path and headers give is neither asked for twice nor lost", async () => {
  const { paths } = (await renderOpenApi(everySchema())) as Api;
  const put = paths["/union/{id}"]?.["put"];
  const parameters = (put?.parameters ?? []).map((p) => `${p.in} ${p.name}${p.required ? "!" : ""}`);
  assert.deepEqual(parameters, ["path id!", "header x-tag"]);
  const body = put?.requestBody?.content["application/json"]?.schema as { anyOf: Array<{ properties: object }> };
  assert.deepEqual(
    body.anyOf.map(({ properties }) => Object.keys(properties)),
    [[], ["b"]],
  );
});

test("bytes, channels, redirects, cookies and bodies that are one field", async () => {
  const { paths } = (await renderOpenApi(everySchema())) as Api;
  const operation = (path: string, verb: string) => paths[path]?.[verb] ?? assert.fail(`no ${verb} ${path}`);
  const named = (path: string, verb: string) =>
    (operation(path, verb).parameters ?? []).map((p) => `${p.in} ${p.name}`).join(", ");
  assert.deepEqual(Object.keys(operation("/files/{name}", "put").requestBody?.content ?? {}), ["image/*"]);
  assert.equal(Object.keys(operation("/files/{name}", "put").responses).join(" "), "200 400 401 403 413 415 default");
  assert.equal(named("/files/{name}", "put"), "path name, query tag");
  assert.equal(named("/files/{name}", "get"), "path name, header Range, header If-None-Match, header If-Range");
  const download = operation("/files/{name}", "get").responses;
  assert.equal(Object.keys(download).join(" "), "200 206 304 400 401 403 416 default");
  assert.deepEqual(Object.keys(download["206"]?.content ?? {}), ["image/png"]);
  const talk = operation("/rooms/{room}", "get") as Operation & { "x-skein-channel": { send: object } };
  assert.deepEqual(talk["x-skein-channel"].send, { $ref: "#/components/schemas/Node" });
  assert.equal(Object.keys(talk.responses)[0], "101");
  assert.match(named("/rooms/{room}", "get"), /query resume/);
  const signIn = JSON.stringify(operation("/sessions", "post").responses);
  assert.match(signIn, /"303":.*Location/i);
  assert.match(signIn, /Set-Cookie/i);
  assert.equal(named("/beside/{id}", "post"), "path id, query notify, header Idempotency-Key");
  const body = operation("/beside/{id}", "post").requestBody?.content["application/json"]?.schema;
  assert.equal(body?.["type"], "array");
});
