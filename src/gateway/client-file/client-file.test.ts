/** The file that `skein client` writes: every kind of schema as a type, deterministic, compiled strictly, and called. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import * as v from "valibot";
import * as z from "zod";
import shop from "../../../examples/shop/system.ts";
import { action, contract, query, stream } from "../../contract/index.ts";
import { createHost } from "../../host/index.ts";
import { service, system } from "../../system/index.ts";
import { sample } from "../fixtures/sample.ts";
import { createGateway, renderClient } from "../index.ts";

const root = join(import.meta.dirname, "../../..");

const Node = z.object({
  name: z.string(),
  get children() {
    return z.array(Node).optional();
  },
});
const Everything = z.object({
  at: z.date(),
  big: z.bigint().optional(),
  raw: z.instanceof(Uint8Array).nullable(),
  level: z.enum(["low", "high"]).default("low"),
  one: z.literal(1),
  big1: z.literal(12n),
  pair: z.tuple([z.string(), z.number()]).rest(z.boolean()),
  map: z.record(z.string(), z.date()),
  open: z.looseObject({ a: z.string() }),
  both: z.intersection(z.object({ a: z.string() }), z.object({ b: z.int() })),
  either: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("a"), v: z.date() }),
    z.object({ kind: z.literal("b"), v: z.string() }),
  ]),
  tree: Node,
  anything: z.unknown(),
  set: z.array(z.set(z.string())).optional(),
  "odd-name": z.string().describe("A name that is odd.\nNot */ the end.").optional(),
  gone: z.undefined().optional(),
});
const Kinds = contract("all-kinds", {
  everything: action({ input: Everything, output: Everything, http: "POST /everything", summary: "Takes all" }),
  feed: query({
    input: z.object({ from: z.int().optional() }),
    output: stream(z.object({ n: z.int(), at: z.date() }), { id: "n" }),
    http: "GET /feed",
  }),
  valibot: query({ input: v.object({ n: v.number(), s: v.optional(v.picklist(["a", "b"])) }), http: "GET /valibot" }),
  scalar: action({ input: z.string(), output: z.array(z.bigint()), http: { route: "PUT /scalar/put", status: 201 } }),
  inner: query({ output: z.string() }),
  hidden: query({ output: z.string(), http: "GET /hidden" }),
});
const open = { access: "public" } as const;
const kinds = system("kinds", {
  services: [
    service(Kinds, {
      policy: {
        everything: open,
        feed: open,
        valibot: open,
        scalar: open,
        inner: open,
        hidden: { access: "internal" },
      },
    }).implement({
      everything: (input) => input,
      async *feed() {
        yield { n: 1, at: new Date(0) };
      },
      valibot: () => undefined,
      scalar: () => [1n],
      inner: () => "",
      hidden: () => "",
    }),
  ],
});

suite("the text", () => {
  test("examples/shop/client.ts is what the shop's contracts say (else: npm run skein -- client examples/shop/system.ts --out examples/shop/client.ts)", async () => {
    const { text, untyped, methods } = await renderClient(shop);
    assert.equal(readFileSync(join(root, "examples/shop/client.ts"), "utf8"), text);
    assert.deepEqual(untyped, []);
    assert.ok(methods > 10);
  });

  test("every kind of schema has its type, and what has none says where", async () => {
    const { text, untyped, methods } = await renderClient(kinds);
    assert.equal(text, (await renderClient(kinds)).text);
    assert.equal(methods, 4);
    assert.ok(!/hidden|inner/.test(text));
    for (const line of [
      "  readonly at: Date;",
      "  readonly big?: bigint | undefined;",
      "  readonly raw: Uint8Array | null;",
      '  readonly level?: "low" | "high" | undefined;',
      "  readonly one: 1;",
      "  readonly big1: 12n;",
      "  readonly pair: readonly [string, number, ...boolean[]];",
      "  readonly tree: AllKindsEverythingInputPart;",
      "  readonly children?: readonly AllKindsEverythingInputPart[] | undefined;",
      "  readonly children?: AllKindsEverythingOutputPart[];",
      "  readonly anything: unknown /* $.anything */;",
      '  readonly level: "low" | "high";',
      "  readonly gone?: undefined;",
      "   * Not *\\/ the end.",
      '  readonly "odd-name"?: string;',
      '  readonly "all-kinds": AllKindsClient;',
      "export type AllKindsScalarInput = string;",
      "  feed(input: AllKindsFeedInput, options?: StreamCallOptions): AsyncIterable<AllKindsFeedItem>;",
      "  valibot(input: AllKindsValibotInput, options?: CallOptions): CallPromise<void, Record<never, never>>;",
    ])
      assert.ok(text.includes(`${line}\n`), `${line}\n---\n${text}`);
    assert.match(text, /set\?: readonly \(?unknown \/\* \$\.set\[\]: Set \*\/\)?\[\]/i);
    assert.deepEqual(
      [...new Set(untyped.map(({ method, path }) => `${method} ${path}`))],
      ["all-kinds.everything $.set[]"],
    );
  });
});

suite("the file at work", () => {
  /** Compiles files strictly. Node's types are for the sources of `skein/client`; who installs the package reads its declarations. */
  function compile(files: Readonly<Record<string, string>>): string {
    const directory = mkdtempSync(join(tmpdir(), "skein-client-"));
    try {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
      symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
      const options = {
        target: "es2024",
        lib: ["es2024", "dom", "dom.asynciterable"],
        types: ["node"],
        module: "esnext",
        moduleResolution: "bundler",
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        noUnusedLocals: true,
        noEmit: true,
        verbatimModuleSyntax: true,
        isolatedModules: true,
        erasableSyntaxOnly: true,
        allowImportingTsExtensions: true,
        skipLibCheck: true,
        paths: { "skein/client": [join(root, "src/contract/http-client/index.ts")] },
      };
      writeFileSync(
        join(directory, "tsconfig.json"),
        JSON.stringify({ compilerOptions: options, files: Object.keys(files) }),
      );
      const { stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", directory], { encoding: "utf8" });
      return stdout;
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  test("it compiles strictly against a browser's types, and refuses what the contract refuses", async () => {
    const use = `import { isDeclared, safe } from "skein/client";
import { createClient, type OrdersPlaceInput } from "./client.ts";
const { orders, search } = createClient({ baseUrl: "https://shop.example.org", token: () => "t" });
const order: OrdersPlaceInput = { user: "ada", items: [{ sku: "mug", quantity: 1 }] };
export const total: number = (await orders.place(order, { key: "0123456789abcdef", timeout: "5s" })).total;
const result = await safe(orders.place(order));
if (!result.ok && result.declared && result.error.code === "OUT_OF_STOCK") {
  const sku: string = result.error.data.sku;
  console.log(sku);
}
if (!result.ok && result.declared) {
  // @ts-expect-error no such code is declared
  console.log(result.error.code === "OUT_OF_SHOCK");
}
export const caught = isDeclared(new Error("x"), "OUT_OF_STOCK");
await search.products({});
// @ts-expect-error a quantity is a number
await orders.place({ user: "ada", items: [{ sku: "mug", quantity: "1" }] });
// @ts-expect-error the input is missing
await orders.get();
// @ts-expect-error there is no such method
await orders.burn({});
`;
    const everything = `import { createClient } from "./kinds.ts";
const { "all-kinds": kinds } = createClient({ baseUrl: new URL("http://localhost") });
for await (const item of kinds.feed({ from: undefined }, { resumeFrom: "3" })) { const at: Date = item.at; console.log(at); }
await kinds.valibot({ n: 1, s: "a" });
const [first] = await kinds.scalar("x");
export const big: bigint | undefined = first;
export const either = (k: Awaited<ReturnType<typeof kinds.everything>>): Date | string => k.either.kind === "a" ? k.either.v : k.either.v.trim();
`;
    const files = {
      "client.ts": (await renderClient(shop)).text,
      "use.ts": use,
      "kinds.ts": (await renderClient(kinds)).text,
      "kinds-use.ts": everything,
    };
    assert.equal(compile(files), "");
  });

  test("the guide's examples compile", async () => {
    const page = readFileSync(join(root, "docs/guides/clients.md"), "utf8");
    const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? "");
    assert.equal(blocks.length, 2);
    const Prices = contract("prices", {
      watch: query({
        input: z.object({ sku: z.string() }),
        output: stream(z.object({ id: z.string(), cents: z.int() }), { id: "id" }),
        http: "GET /prices",
      }),
    });
    const feeds = system("feeds", {
      services: [service(Prices, { policy: { watch: open } }).implement({ async *watch() {} })],
    });
    const files = {
      "client.ts": (await renderClient(shop)).text,
      "feeds.ts": (await renderClient(feeds)).text,
      "first.ts": blocks[0] ?? "",
      "second.ts": blocks[1] ?? "",
    };
    assert.equal(compile(files), "");
  });

  test("a browser's bundle of it has nothing of Node, and nothing of a schema library", async () => {
    const { text } = await renderClient(shop);
    const result = await build({
      stdin: { contents: text, loader: "ts", resolveDir: root },
      alias: { "skein/client": join(root, "src/contract/http-client/index.ts") },
      bundle: true,
      minify: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
      write: false,
      metafile: true,
      logLevel: "silent",
    });
    const inputs = Object.keys(result.metafile.inputs);
    assert.ok(inputs.length > 5);
    assert.deepEqual(
      inputs.filter((file) => /node_modules|^node:|src\/(?!core|errors|contract)/.test(file)),
      [],
    );
    assert.deepEqual(
      Object.values(result.metafile.outputs).flatMap((output) => output.imports),
      [],
    );
  });

  test("a generated client calls a real gateway: values, errors, streams", async () => {
    const whole = sample();
    await using host = await createHost(whole, { mode: "development" });
    const gateway = await createGateway(host, { port: 0, mode: "development" });
    const directory = mkdtempSync(join(tmpdir(), "skein-client-"));
    try {
      const file = join(directory, "client.ts");
      const door = JSON.stringify(pathToFileURL(join(root, "src/contract/http-client/index.ts")).href);
      writeFileSync(file, (await renderClient(whole)).text.replace('"skein/client"', door));
      const { createClient } = (await import(pathToFileURL(file).href)) as { createClient: (options: object) => Any };
      for (const streams of ["events", "ndjson"]) {
        const { orders, shapes } = createClient({ baseUrl: gateway.url, streams });
        assert.deepEqual(await orders.get({ id: 3 }), {
          id: 3,
          user: "ada",
          at: new Date(0),
          total: 12345678901234567890n,
        });
        const missing = await orders.get({ id: 404 }).catch((error: unknown) => error);
        assert.deepEqual([missing.code, missing.status, missing.data], ["NO_SUCH_ORDER", 404, { id: 404 }]);
        assert.match(missing.traceId, /^[0-9a-f]{32}$/);
        const cart = { user: "ada", items: [{ sku: "mug", quantity: 1 }], when: new Date(5) };
        assert.equal((await orders.place(cart, { key: "0123456789abcdef" })).key, "0123456789abcdef");
        assert.deepEqual(await orders.note({ id: 1, etag: "v1", text: "t" }), { id: 1, etag: "v1", text: "t" });
        assert.equal(await orders.remove({ id: "1" }), undefined);
        assert.equal(await orders.ping(), undefined);
        assert.deepEqual(await orders.odd({ who: "x" }), { who: "x" });
        assert.deepEqual((await shapes.arktype({ name: "n", at: new Date(7) })).at, new Date(7));
        const items: unknown[] = [];
        for await (const item of orders.watch({ count: 4 }, { resumeFrom: "1" })) items.push(item);
        assert.deepEqual(items, [{ n: 2 }, { n: 3 }]);
        const failed = await (async () => {
          for await (const _ of orders.watch({ count: 2, fail: true }));
        })().catch((error: unknown) => error);
        assert.equal((failed as { code: string }).code, "SKEIN_CALL_FAILED");
        assert.equal((await orders.secret().catch((error: unknown) => error)).code, "SKEIN_ACCESS_UNAUTHENTICATED");
      }
    } finally {
      await gateway.close();
      rmSync(directory, { recursive: true });
    }
  });
});

// The file is made while the test runs, so that its types are not known here; that they fit is another test.
// oxlint-disable-next-line typescript/no-explicit-any -- see above
type Any = any;
