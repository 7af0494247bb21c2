/**
 * An OpenAPI document in: the modules it becomes (kept beside this test, so that the compiler checks them too), and what
 * such a module is worth as a service of a system, against real servers.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { stripTypeScriptTypes } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { suite, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import fc from "fast-check";
import * as z from "zod";
import { createHost, external, type Contract, service, system } from "skein";
import { action, contract } from "skein/contract";
import { everySchema } from "../../src/gateway/fixtures/every-schema.ts";
import { createGateway, renderOpenApi } from "../../src/gateway/index.ts";
import { readDocument, renderContract, toDocument } from "../../src/cli/import/index.ts";
import { checkSystem } from "../../src/system/check.ts";
import { startShop } from "../shop/running.ts";
import { PetStore } from "./petstore.contract.ts";
import { Everything, Shapes, Tree, Value } from "./shapes.contract.ts";

const here = import.meta.dirname;
const root = resolve(here, "../..");
const run = promisify(execFile);

const skein = (...args: string[]) =>
  run(process.execPath, ["--conditions=skein-src", "src/cli/bin.ts", "openapi", ...args], { cwd: root }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );

/** A module of its own, where `skein` means the sources. */
async function withModule(text: string, use: (module: Record<string, unknown>) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(here, ".skein-import-"));
  try {
    const file = join(directory, "a.contract.ts");
    await writeFile(file, text);
    await use((await import(pathToFileURL(file).href)) as Record<string, unknown>);
  } finally {
    await rm(directory, { recursive: true });
  }
}

suite("the module that a document becomes", () => {
  for (const [file, name] of [
    ["petstore.yaml", "petstore"],
    ["shapes.json", "shapes"],
  ] as const) {
    test(`${file} becomes ${name}.contract.ts`, async () => {
      const document = await readDocument(join(here, file));
      const { text } = renderContract(document, name === "petstore" ? "pet-store" : name, file);
      assert.equal(text, await readFile(join(here, `${name}.contract.ts`), "utf8"));
    });
  }

  test("recursion, unions, formats and limits hold at run time", () => {
    const tree = { leaf: { tree: { leaf: {} } }, others: ["x", { leaf: { n: null } }] };
    assert.deepEqual(Tree.parse(tree), tree);
    assert.equal(Tree.safeParse({ leaf: { tree: { leaf: 1 } } }).success, false);
    const value = [1, { a: [null, { b: "c" }] }];
    assert.deepEqual(Value.parse(value), value);
    assert.equal(Value.safeParse([new Date()]).success, false);
    const good = { fixed: 3, mixed: null, between: 0.25, pair: ["a", 1], rest: { a: 1, b: true }, open: { c: 1 } };
    assert.deepEqual(Everything.parse(good), { ...good, "odd key": "x" });
    for (const bad of [{ between: 1 }, { between: 0.3 }, { fixed: 4 }, { day: "x" }, { rest: { b: 1 } }, { none: 1 }])
      assert.equal(Everything.safeParse(bad).success, false, JSON.stringify(bad));
  });

  test("an error of a fixed code is declared by it, and Skein's own are not", () => {
    assert.deepEqual(
      Object.entries(Shapes.members.treePlant.errors).map(([code, { status }]) => [code, status]),
      [["TAKEN", 409]],
    );
  });

  test("no text of a document becomes code", () => {
    const hostile = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "*/ globalThis.hit = 1; /*",
        "`${globalThis.hit=1}`",
        '"); globalThis.hit = 1; ("',
        "\u2028hit()",
        "__proto__",
      ),
    );
    fc.assert(
      fc.property(hostile, hostile, hostile, hostile, (a, b, c, d) => {
        const schema = {
          type: "object",
          description: a,
          properties: { [b]: { type: "string", pattern: c, default: d }, x: { enum: [a, b], description: c } },
        };
        const operation = {
          operationId: b,
          summary: a,
          parameters: [
            { name: c, in: "query" },
            { name: d, in: "header", schema: { $ref: "#/components/schemas/s" } },
          ],
          responses: { 200: { description: "", content: { "application/json": { schema } } }, 409: {} },
        };
        const paths = { "/a": { get: operation }, [`/${d.replaceAll("/", "")}`]: { post: operation } };
        const info = { title: a, version: b };
        const servers = [{ url: c }];
        const components = { schemas: { s: schema, [a]: schema }, securitySchemes: { [d]: { type: b } } };
        const document = toDocument("x", { openapi: "3.1.0", info, servers, paths, components });
        const { text } = renderContract(document, "hostile", d);
        // Throws for what is no TypeScript; what is left of it without texts and comments must not know the word.
        const code = stripTypeScriptTypes(text);
        const bare = code.replaceAll(/\/\*[^]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"/g, "");
        assert.doesNotMatch(bare, /globalThis\.|hit\s*[(=]/);
      }),
      { numRuns: 300 },
    );
  });
});

suite("as a service of a system", () => {
  test("the pet store, run by a plain server", async () => {
    const pets = new Map([[7, { id: 7, name: "Tom", mother: { id: 1, name: "Eve" } }]]);
    const seen: string[] = [];
    const answer = (request: IncomingMessage, body: string): readonly [number, unknown] => {
      seen.push(`${request.method} ${request.url} ${body}`.trim());
      const id = Number(/\/pets\/(\d+)/.exec(request.url ?? "")?.[1]);
      if (request.method === "POST") return [201, { id: 8, ...(JSON.parse(body) as object) }];
      if (request.method === "DELETE") return [204, undefined];
      if (Number.isNaN(id)) return [200, [...pets.values()]];
      return pets.has(id) ? [200, pets.get(id)] : [404, { code: 4, message: "no such pet" }];
    };
    const server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (part: string) => (body += part));
      request.on("end", () => {
        const [status, value] = answer(request, body);
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
      });
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v3`;
    try {
      const store = system("s", { services: [external(PetStore, { url })] });
      assert.deepEqual(await checkSystem(store), []);
      await using host = await createHost(store, { mode: "development", env: {} });
      const client = host.client(PetStore);
      const found = await client.findPets({ status: "sold", tags: ["a", "b"], xStore: "north" });
      assert.equal(found[0]?.mother?.name, "Eve");
      const added = await client.addPet({ name: "Ada", notify: true });
      assert.equal(added.id, 8);
      await client.deletePetsPetId({ petId: 8 });
      await assert.rejects(client.getPet({ petId: 9 }), {
        code: "NOT_FOUND",
        data: { code: 4, message: "no such pet" },
      });
      await assert.rejects(client.getPet({ petId: 0 }), { code: "SKEIN_INPUT_INVALID" });
      assert.deepEqual(seen, [
        "GET /api/v3/pets?status=sold&tags=a&tags=b&limit=20",
        'POST /api/v3/pets?notify=true {"name":"Ada"}',
        "DELETE /api/v3/pets/8",
        "GET /api/v3/pets/9",
      ]);
    } finally {
      await new Promise((done) => server.close(done));
    }
  });

  test("our own document: the running shop, imported by another system", async () => {
    const shop = await startShop();
    try {
      const document = toDocument("shop", await (await fetch(`${shop.url}/openapi.json`)).json());
      const { text, leftOut } = renderContract(document, "shop", "openapi.json");
      assert.deepEqual(leftOut, []);
      await withModule(text, async (module) => {
        const Shop = module["Shop"] as Contract<"shop">;
        const other = system("other", { services: [external(Shop, { url: shop.url })] });
        assert.deepEqual(
          (await checkSystem(other)).filter(({ level }) => level === "error"),
          [],
        );
        await using host = await createHost(other, { mode: "development", env: {} });
        const call = (method: string, input: unknown, key?: string) => host.call("shop", method, input, { key });
        const { products } = (await call("searchProducts", { limit: 3 })) as { products: Array<{ sku: string }> };
        assert.equal(products.length, 3);
        const order = { user: "imported", items: [{ sku: products[0]?.sku, quantity: 1 }] };
        const placed = (await call("ordersPlace", order, "imported-key-00000001")) as { id: number; status: string };
        const again = (await call("ordersPlace", order, "imported-key-00000001")) as { id: number };
        assert.deepEqual([placed.status, again.id], ["paid", placed.id]);
        const unknown = { user: "imported", items: [{ sku: "no-such", quantity: 1 }] };
        const refused = call("ordersPlace", unknown, "imported-key-00000002") as Promise<unknown>;
        await assert.rejects(refused, { code: "PRODUCT_UNKNOWN", data: { sku: "no-such" } });
      });
    } finally {
      await shop.close();
    }
  });
});

/** Passes connections on to a gateway, and cuts each at the first byte of an answer. */
async function losingAnswers(to: URL): Promise<{ url: string; answers: () => number } & AsyncDisposable> {
  let answers = 0;
  const proxy = createTcpServer((near) => {
    const far = connect(Number(to.port), to.hostname);
    const cut = () => {
      near.destroy();
      far.destroy();
    };
    near.on("error", cut).on("close", cut).pipe(far);
    far.on("error", cut).once("data", () => {
      answers++;
      cut();
    });
  });
  await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    answers: () => answers,
    [Symbol.asyncDispose]: () => new Promise((done) => void proxy.close(() => done())),
  };
}

suite("round trip", () => {
  const Till = contract("till", {
    charge: action({ input: z.object({ cents: z.int() }), output: z.string(), http: "POST /charges" }),
    kept: action({
      input: z.object({ cents: z.int() }),
      output: z.string(),
      http: { route: "POST /kept", keyed: true },
    }),
  });
  const open = { access: "public" } as const;

  async function withTill(use: (url: URL, document: object, calls: string[]) => Promise<void>): Promise<void> {
    const calls: string[] = [];
    const till = service(Till, { policy: { charge: open, kept: open } }).implement({
      charge: ({ cents }) => (calls.push(`charge ${cents}`), "charged"),
      kept: (_, __, call) => (calls.push(`kept ${call.key}`), "kept"),
    });
    await using host = await createHost(system("t", { services: [till] }), { mode: "test" });
    await using gateway = await createGateway(host, { port: 0, mode: "test" });
    const document = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as object;
    await use(new URL(gateway.url), document, calls);
  }

  const codeOf = (document: object) => renderContract(toDocument("till", document), "till", "openapi.json").text;

  test("a plain action whose answer is lost charges once, and its outcome is unknown", async () => {
    await withTill(async (url, document, calls) => {
      await using losing = await losingAnswers(url);
      await withModule(codeOf(document), async (module) => {
        const Till = module["Till"] as Contract<"till">;
        await using host = await createHost(system("o", { services: [external(Till, { url: losing.url })] }), {
          mode: "test",
        });
        const charged = host.call("till", "tillCharge", { cents: 5 }) as Promise<unknown>;
        await assert.rejects(charged, { code: "SKEIN_EXTERNAL_LOST", outcome: "unknown" });
        assert.deepEqual([calls, losing.answers()], [["charge 5"], 1]);
        const kept = host.call("till", "tillKept", { cents: 7 }) as Promise<unknown>;
        await assert.rejects(kept, { code: "SKEIN_EXTERNAL_LOST" });
        const keys = calls.slice(1);
        assert.deepEqual([keys.length, new Set(keys).size], [3, 1]);
      });
    });
  });

  test("where the gateway is, a document of ours need not say; a channel is left out, with the reason", async () => {
    const document = toDocument("every", await renderOpenApi(everySchema()));
    const { text, leftOut } = renderContract(document, "every", "openapi.json");
    assert.match(text, /external\(Every, \{ url: "https:\/\/\.\.\." \}\); the document does not say where it is/);
    assert.match(
      leftOut.find(({ operation }) => operation === "GET /rooms/{room}")?.why ?? "",
      /channel \(a WebSocket\)/,
    );
    assert.match(text, /^\/\/ - GET \/rooms\/\{room\}: it is a channel/m);
    // Skein's own errors are declared by nobody, and nothing closes their codes.
    assert.doesNotMatch(text, /SKEIN_|SkeinProblem/);
    const said = toDocument("every", await renderOpenApi(everySchema(), { server: "https://api.shop.test/v1" }));
    assert.match(
      renderContract(said, "every", "a").text,
      /external\(Every, \{ url: "https:\/\/api\.shop\.test\/v1" \}\)$/m,
    );
  });

  test("an action of ours is keyed only where the document says so, also in a document that gives all a key", async () => {
    await withTill(async (_, document) => {
      const paths = (document as { paths: Record<string, { post: { parameters?: object[] } }> }).paths;
      for (const { post } of Object.values(paths))
        post.parameters = [{ name: "Idempotency-Key", in: "header", schema: { type: "string" } }];
      const text = codeOf(document);
      assert.match(text, /http: "POST \/charges"/);
      assert.match(text, /route: "POST \/kept", keyed: true/);
    });
  });
});

suite("skein openapi --import", () => {
  test("writes the module, and says what is left out", async () => {
    const directory = await mkdtemp(join(tmpdir(), "skein-import-"));
    const out = join(directory, "pets.contract.ts");
    const { code, stdout } = await skein("--import", "test/openapi/petstore.yaml", "--out", out, "--json");
    assert.equal(code, 0);
    const said = JSON.parse(stdout) as { name: string; methods: number; leftOut: unknown[] };
    assert.deepEqual([said.name, said.methods, said.leftOut.length], ["pet-store", 5, 3]);
    assert.equal(await readFile(out, "utf8"), await readFile(join(here, "petstore.contract.ts"), "utf8"));
    await rm(directory, { recursive: true });
  });

  test("what cannot be imported is told in one line, and nothing is written", async () => {
    const directory = await mkdtemp(join(tmpdir(), "skein-import-"));
    const file = join(directory, "a.json");
    const out = join(directory, "a.ts");
    const base = { openapi: "3.0.0", info: { title: "a", version: "1" } };
    const get = (schema: object) => ({
      ...base,
      paths: { "/": { get: { responses: { 200: { content: { "application/json": { schema } } } } } } },
    });
    const cases: ReadonlyArray<readonly [string, RegExp]> = [
      ['{"swagger": "2.0"}', /Swagger 2/],
      ["{", /not well-formed JSON/],
      ["a: [", /not well-formed YAML/],
      [JSON.stringify({ ...base, openapi: "4.0.0" }), /OpenAPI 4\.0\.0/],
      [JSON.stringify(get({ $ref: "other.json#/a" })), /leads out of the document/],
      [JSON.stringify(get({ $ref: "#/components/schemas/None" })), /leads nowhere/],
      [
        JSON.stringify(get({ $ref: "#/paths/~1/get/responses/200/content/application~1json/schema" })),
        /references only/,
      ],
    ];
    for (const [text, words] of cases) {
      await writeFile(file, text);
      await assert.rejects(
        readDocument(file).then((document) => renderContract(document, "a", "a.json")),
        (error: Error & { code: string }) => error.code === "SKEIN_OPENAPI_INVALID" && words.test(error.message),
        text,
      );
    }
    await writeFile(file, cases[0]?.[0] ?? "");
    const { code, stderr } = await skein("--import", file, "--out", out);
    assert.deepEqual([code, /^skein: .*Swagger 2.*\[SKEIN_OPENAPI_INVALID\]/.test(stderr)], [1, true], stderr);
    assert.equal((await skein("--import", "https://example.com/a.json")).code, 2);
    assert.equal((await skein("--import", "test/openapi/shapes.json", "--name", "Bad Name")).code, 2);
    await assert.rejects(readFile(out), { code: "ENOENT" });
    await rm(directory, { recursive: true });
  });
});
