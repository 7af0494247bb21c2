/** The client's encoding against the gateway's reading: what a caller gives is what the handler gets, whatever it is. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import fc from "fast-check";
import * as z from "zod";
import { action, contract, query, stream } from "../../contract/index.ts";
import { type CallOptions, createHttpClient } from "../../contract/http-client/index.ts";
import { createHost, type Host } from "../../host/index.ts";
import { service, system } from "../../system/index.ts";
import { createGateway, type Gateway } from "../index.ts";
import { renderClient, tableOf } from "./render.ts";

const bytes = z.instanceof(Uint8Array);
const scalars = {
  s: z.string().optional(),
  n: z.number().optional(),
  i: z.int().optional(),
  b: z.boolean().optional(),
  at: z.date().optional(),
  big: z.bigint().optional(),
  raw: bytes.optional(),
  list: z.array(z.string()).min(1).optional(),
  numbers: z.array(z.number()).min(1).optional(),
  dates: z.array(z.date()).optional(),
  "odd name&=+": z.string().optional(),
};
const deep = z.object({
  any: z.unknown(),
  pair: z.tuple([z.date(), z.bigint()]),
  map: z.record(z.string(), z.date()),
  either: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("a"), v: z.date() }),
    z.object({ kind: z.literal("b"), v: z.string() }),
  ]),
});
const Echo = contract("echo", {
  find: query({ input: z.object({ ...scalars, id: z.string() }), output: deep.partial(), http: "GET /find/:id/x" }),
  drop: action({ input: z.object(scalars), http: "DELETE /drop" }),
  change: action({
    input: z.object({
      id: z.bigint(),
      etag: z.string().optional(),
      when: z.date().optional(),
      deep,
      list: z.array(z.date()),
    }),
    output: deep,
    http: { route: "PATCH /change/:id", headers: { "if-match": "etag", "x-when": "when" } },
    errors: { NO: { data: z.object({ at: z.date(), deep }), status: 409 } },
  }),
  whole: action({ input: z.array(deep), output: z.array(deep), http: "POST /whole" }),
  mixed: action({
    input: z.object({
      id: z.int(),
      notify: z.boolean().optional(),
      tags: z.array(z.string()).optional(),
      note: z.array(z.date()),
    }),
    output: z.unknown(),
    http: { route: "POST /mixed/:id", query: ["notify", "tags"], bodyField: "note" },
  }),
  login: action({
    input: z.object({
      sid: z.string().optional(),
      name: z.string(),
      at: z.date(),
      made: z.boolean(),
      tag: z.string().nullable(),
    }),
    output: z.object({
      sid: z.string(),
      name: z.string(),
      at: z.date(),
      made: z.boolean(),
      version: z.bigint(),
      tag: z.string().nullable(),
    }),
    http: {
      route: "POST /login",
      cookies: { sid: "sid" },
      reply: {
        headers: { "last-modified": "at", etag: "version", "x-tag": "tag" },
        cookies: { sid: { field: "sid" } },
        status: { field: "made", is: { true: 201 } },
      },
    },
  }),
  go: action({
    input: z.object({ to: z.string() }),
    output: z.object({ to: z.string() }),
    http: { route: "POST /go", status: 303, reply: { headers: { location: "to" } } },
  }),
  items: query({ input: z.object({ i: z.int() }), output: stream(deep), http: "GET /items" }),
});

const open = { access: "public" } as const;
let seen: unknown;
let reply: unknown;
const echo = service(Echo, {
  has: {},
  policy: { find: open, drop: open, change: open, whole: open, mixed: open, login: open, go: open, items: open },
}).implement({
  find: (input) => ((seen = input), reply as object),
  drop: (input) => void (seen = input),
  change(input, _own, call) {
    seen = input;
    if (input.etag === "no") throw call.error("NO", { at: new Date(5), deep: input.deep });
    return input.deep;
  },
  whole: (input) => ((seen = input), input),
  mixed: (input) => ((seen = input), null),
  login: (input) => ((seen = input), { ...input, sid: "s1", version: 7n }),
  go: (input) => input,
  async *items() {
    yield reply as z.infer<typeof deep>;
  },
});
const whole = system("echoes", { services: [echo] });

type Call = (input: unknown, options?: CallOptions) => Promise<unknown>;
interface Methods {
  readonly find: Call;
  readonly drop: Call;
  readonly change: Call;
  readonly whole: Call;
  readonly mixed: Call;
  readonly login: Call;
  readonly go: Call;
  readonly items: (input: unknown) => AsyncIterable<unknown>;
}

suite("what a caller gives is what the handler gets", () => {
  let host: Host;
  let gateway: Gateway;
  let client: Methods;
  before(async () => {
    host = await createHost(whole, { mode: "development" });
    gateway = await createGateway(host, { port: 0, mode: "development" });
    client = createHttpClient<{ echo: Methods }>(await tableOf(whole), { baseUrl: gateway.url }).echo;
  });
  after(async () => {
    await gateway?.close();
    await host?.close();
  });

  const text = fc.string({ unit: "grapheme", maxLength: 40 }).filter((s) => s.isWellFormed() && !s.includes("\0"));
  const date = fc.date({ noInvalidDate: true });
  const double = fc.double({ noDefaultInfinity: true, noNaN: true });
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const some = <T>(arbitrary: fc.Arbitrary<T>) => maybe(fc.array(arbitrary, { minLength: 1, maxLength: 5 }));
  const strings = fc.record({
    s: maybe(text),
    n: maybe(double),
    i: maybe(fc.maxSafeInteger()),
    b: maybe(fc.boolean()),
    at: maybe(date),
    big: maybe(fc.bigInt()),
    raw: maybe(fc.uint8Array({ maxLength: 50 })),
    list: some(text),
    numbers: some(double),
    dates: some(date),
    "odd name&=+": maybe(text),
  });
  // In JSON there is one zero.
  const json = fc
    .jsonValue({ maxDepth: 3 })
    .filter((v) => !/"(?:__proto__|constructor|prototype)":|-0\b/.test(JSON.stringify(v)) && !hasMinusZero(v));
  const deeper = fc.record({
    any: json,
    pair: fc.tuple(date, fc.bigInt()),
    map: fc.dictionary(
      fc.stringMatching(/^[a-z]{1,5}$/).filter((key) => key !== "constructor"),
      date,
    ),
    either: fc.oneof(
      fc.record({ kind: fc.constant("a"), v: date }),
      fc.record({ kind: fc.constant("b"), v: fc.oneof(text, fc.constant("2026-01-01T00:00:00Z")) }),
    ),
  });
  /** Without what is not sent. */
  const given = (fields: object) =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

  test("in path and query", async () => {
    const inPath = text.filter((s) => s !== "" && s !== "." && s !== ".." && !/[/\\]/.test(s));
    await fc.assert(
      fc.asyncProperty(strings, inPath, deeper, async (fields, id, answer) => {
        reply = answer;
        const got = await client.find({ ...fields, id });
        assert.deepEqual(seen, given({ ...fields, id }));
        assert.deepEqual(plain(got), plain(answer));
        await client.drop(fields);
        assert.deepEqual(seen, given(fields));
      }),
      { numRuns: 100 },
    );
  });

  test("in headers and body, and back in answers, errors and streams", async () => {
    const header = fc.stringMatching(/^[!-~\u00a1-\u00ff]([ -~\u00a1-\u00ff]{0,20}[!-~\u00a1-\u00ff])?$/);
    await fc.assert(
      fc.asyncProperty(
        fc.bigInt(),
        header,
        maybe(date),
        deeper,
        fc.array(date),
        async (id, etag, when, value, list) => {
          const input = { id, etag, when, deep: value, list };
          if (etag === "no") return;
          assert.deepEqual(plain(await client.change(input)), plain(value));
          assert.deepEqual(plain(seen), plain(given(input)));
          assert.deepEqual(plain(await client.whole([value, value])), plain([value, value]));
          assert.deepEqual(plain(seen), plain([value, value]));
          const error = await client.change({ ...input, etag: "no" }).catch((thrown: unknown) => thrown);
          assert.deepEqual(plain((error as { data: unknown }).data), plain({ at: new Date(5), deep: value }));
          reply = value;
          for await (const item of client.items({ i: 1 })) assert.deepEqual(plain(item), plain(value));
        },
      ),
      { numRuns: 100 },
    );
  });
});

suite("bindings beside path, query and body", () => {
  test("the query beside a body, and a body that is one field", async () => {
    await withClient(async (client) => {
      const input = { id: 3, notify: false, tags: ["a", "b&c"], note: [new Date(1), new Date(2)] };
      await client.mixed(input);
      assert.deepEqual(seen, input);
    });
  });

  test("cookies go in; headers and the status come back as the fields they were", async () => {
    await withClient(async (client) => {
      for (const made of [true, false]) {
        for (const tag of ["x", null]) {
          const input = { sid: "s0", name: "n", at: new Date(5_000), made, tag };
          const got = await client.login(input);
          assert.deepEqual(seen, input);
          assert.deepEqual(got, { name: "n", at: new Date(5_000), made, version: 7n, tag });
        }
      }
      assert.equal(
        (
          (await client
            .login({ sid: "a;b", name: "", at: new Date(0), made: true, tag: null })
            .catch((e: unknown) => e)) as { code: string }
        ).code,
        "SKEIN_INPUT_INVALID",
      );
    });
  });

  test("a redirect that the contract declares is an answer, and is not followed", async () => {
    await withClient(async (client) => assert.deepEqual(await client.go({ to: "/elsewhere" }), { to: "/elsewhere" }));
  });

  test("the file's types: what a browser sends by itself is optional, what it hides is not there", async () => {
    const { text } = await renderClient(whole);
    assert.ok(text.includes("  readonly sid?: string | undefined;\n"));
    const output = text.slice(
      text.indexOf("interface EchoLoginOutput"),
      text.indexOf("}", text.indexOf("interface EchoLoginOutput")),
    );
    assert.ok(!output.includes("sid") && output.includes("readonly made: boolean;"), output);
  });

  async function withClient(use: (client: Methods) => Promise<void>): Promise<void> {
    await using host = await createHost(whole, { mode: "development" });
    const gateway = await createGateway(host, { port: 0, mode: "development" });
    try {
      await use(createHttpClient<{ echo: Methods }>(await tableOf(whole), { baseUrl: gateway.url }).echo);
    } finally {
      await gateway.close();
    }
  }
});

/** The same value in ordinary objects: a validator may have made its own kind. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, plain(field)]));
}

function hasMinusZero(value: unknown): boolean {
  if (Object.is(value, -0)) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(hasMinusZero);
}
