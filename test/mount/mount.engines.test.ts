/**
 * Real applications mounted as they are: an Express 5 and a compiled Nest 11 with their own tests, standalone and mounted;
 * Express 4, Fastify, Hono and Nest on Fastify; what `skein check` and the recorder know of their routes.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createHost, type Host, mount, principalOf, system, type System } from "skein";
import { createGateway, type Gateway } from "../../src/gateway/index.ts";
import { type Entry, type Part, readCorpus } from "../hostile/corpus.ts";
import { fire, type Verdict } from "../hostile/fire.ts";
import { apps, changedLines, prepare, run, runOwnTests, shown } from "./support.ts";

const fromApps = createRequire(join(apps, "package.json"));
const scratch = mkdtempSync(join(tmpdir(), "skein-mount-"));
const linesMax = 10;

before(() => prepare((line) => process.stderr.write(`${line}\n`)));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** A host and its gateway, closed with the test. */
async function start(
  target: System,
): Promise<{ host: Host; gateway: Gateway; [Symbol.asyncDispose](): Promise<void> }> {
  const host = await createHost(target, { home: join(scratch, "home") });
  const gateway = await createGateway(host, { port: 0 });
  const close = async () => {
    await gateway.close();
    await host.close();
  };
  return { host, gateway, [Symbol.asyncDispose]: close };
}

interface Checked {
  readonly services: readonly string[];
  readonly mounts: ReadonlyArray<{
    name: string;
    prefix: string;
    access: string;
    kind?: string;
    routes?: readonly string[];
  }>;
  readonly findings: readonly unknown[];
}

async function check(file: string, env: Readonly<Record<string, string>>, ...options: string[]): Promise<Checked> {
  const bin = join(import.meta.dirname, "../../src/cli/bin.ts");
  const { code, stdout, stderr } = await run(["--conditions=skein-src", bin, "check", file, "--json", ...options], env);
  assert.equal(code, 0, stdout + stderr);
  return JSON.parse(stdout) as Checked;
}

const library = (folder: string) => ({
  LIBRARY_DB: join(scratch, `${folder}.db`),
  LIBRARY_FILES: join(scratch, folder),
  NODE_ENV: "test",
});
const helpdesk = (folder: string) => ({
  HELPDESK_DB: join(scratch, `${folder}.sqlite`),
  HELPDESK_FILES: join(scratch, folder),
});

const cases = [
  {
    name: "an old Express 5 application",
    kind: "express",
    system: "express.system.ts",
    tests: "express/test/library.test.js",
    sources: "express",
    added: undefined,
    env: library,
    routes: 18,
  },
  {
    name: "a compiled Nest 11 application",
    kind: "nest (express)",
    system: "nest.system.ts",
    tests: "nest/test/helpdesk.test.js",
    sources: "nest/src",
    added: "nest/src/skein.ts",
    env: helpdesk,
    routes: 18,
  },
] as const;

for (const one of cases) {
  describe(one.name, () => {
    test("is mounted with at most ten changed lines, and knows nothing of it", (t) => {
      const file = join(import.meta.dirname, one.system);
      const inSystem = changedLines(join(import.meta.dirname, "before.system.ts"), file);
      const inApp =
        one.added === undefined ? 0 : readFileSync(join(apps, one.added), "utf8").trimEnd().split("\n").length;
      t.diagnostic(`${shown(file)}: ${inSystem} lines changed; the application: ${inApp} lines added, 0 changed`);
      assert.ok(inSystem > 0 && inSystem + inApp <= linesMax, `${inSystem} + ${inApp} lines`);
      const others = readdirSync(join(apps, one.sources), { recursive: true, encoding: "utf8" })
        .filter((name) => /\.[jt]s$/.test(name) && join(one.sources, name) !== one.added)
        .filter((name) => /skein/i.test(readFileSync(join(apps, one.sources, name), "utf8")));
      assert.deepEqual(others, []);
    });

    test("its own tests are green standalone and mounted; its routes are in the check and in the recorder", async (t) => {
      const alone = await runOwnTests(one.tests, one.env("alone"));
      assert.deepEqual(alone.failed, [], alone.output);
      Object.assign(process.env, one.env("mounted"));
      const { default: target } = (await import(join(import.meta.dirname, one.system))) as { default: System };
      await using running = await start(target);
      const { host, gateway } = running;
      const mounted = await runOwnTests(one.tests, { API_URL: `${gateway.url}/legacy` });
      assert.deepEqual(mounted.failed, [], mounted.output);
      assert.ok(alone.passed.length >= 10);
      assert.deepEqual(mounted.passed, alone.passed);
      assert.equal(await (await fetch(`${gateway.url}/hello/ann`)).json(), "Hello, ann");

      const listed = await check(shown(join(import.meta.dirname, one.system)), one.env("checked"), "--load");
      assert.deepEqual(listed.services, ["greeting", "sums", "legacy"]);
      assert.deepEqual(listed.findings, []);
      const [legacy] = listed.mounts;
      assert.deepEqual(
        [legacy?.name, legacy?.prefix, legacy?.access, legacy?.kind],
        ["legacy", "/legacy", "public", one.kind],
      );
      const routes = legacy?.routes ?? [];
      assert.ok(routes.length >= one.routes, routes.join("\n"));
      const measured = host.recorder.endpoints().filter(({ endpoint }) => endpoint.startsWith("legacy."));
      const known = new Set([...routes.map((route) => `legacy.${route}`), "legacy.*"]);
      assert.deepEqual(
        measured.map(({ endpoint }) => endpoint).filter((endpoint) => !known.has(endpoint)),
        [],
      );
      // Its tests ask for every route, so each has been measured.
      assert.deepEqual(
        [...known].filter((endpoint) => !measured.some((one) => one.endpoint === endpoint)),
        [],
      );
      const spans = host.recorder.spans().filter(({ service }) => service === "legacy");
      assert.ok(spans.length > 30 && spans.every(({ durationMs }) => durationMs > 0));
      t.diagnostic(
        `${alone.passed.length} tests standalone, ${mounted.passed.length} mounted; ${routes.length} routes, ${spans.length} spans`,
      );
    });

    test("it is not loaded unless that is asked for", async () => {
      const { mounts } = await check(shown(join(import.meta.dirname, one.system)), one.env("unloaded"));
      assert.deepEqual(mounts, [{ name: "legacy", prefix: "/legacy", access: "public" }]);
    });
  });
}

/** What the frameworks give: their types are in a package of their own. */
type Any = ReturnType<typeof JSON.parse>;

describe("routes, as each framework keeps them", () => {
  for (const version of ["express", "express4"]) {
    test(`${version}: nested routers, parameters, lists, regular expressions, sub-applications`, async () => {
      const express = fromApps(version) as Any;
      const app = express();
      app.use((_request: Any, response: Any, next: () => void) => (response.set("x-mine", "1"), next()));
      app.get("/", (request: Any, response: Any) => response.json([request.baseUrl, request.originalUrl, request.url]));
      const users = express.Router({ mergeParams: true });
      users
        .route("/:id")
        .get((request: Any, response: Any) =>
          response.json({ ...request.params, base: request.baseUrl, who: principalOf(request) ?? null }),
        )
        .put((_: Any, response: Any) => response.sendStatus(204));
      users.all("/:id/any", (_: Any, response: Any) => response.end());
      app.use("/teams/:team/users", users);
      app.get(["/a", "/b"], (_: Any, response: Any) => response.end("ab"));
      app.get(/^\/re(gexp)?$/, (_: Any, response: Any) => response.end("re"));
      app.get("/boom", () => {
        throw Object.assign(new Error("boom"), { status: 418 });
      });
      app.get("/slow", () => undefined);
      const inner = express();
      inner.get("/deep", (request: Any, response: Any) => response.json(request.baseUrl));
      app.use("/inner", inner);
      await using running = await start(
        system("s", { services: [mount("/x", app, { access: "public", timeout: 200 })] }),
      );
      const { host, gateway } = running;
      assert.equal(host.mounts[0]?.kind, "express");
      assert.deepEqual(host.mounts[0]?.routes.map(({ verb, path }) => `${verb} ${path}`).toSorted(), [
        "ALL /inner/*",
        "ALL /teams/:team/users/:id/any",
        "GET /",
        "GET /^\\/re(gexp)?$/",
        "GET /a",
        "GET /b",
        "GET /boom",
        "GET /slow",
        "GET /teams/:team/users/:id",
        "PUT /teams/:team/users/:id",
      ]);
      const get = async (path: string, init?: RequestInit) => fetch(gateway.url + path, init);
      assert.deepEqual(await (await get("/x?q=1")).json(), ["/x", "/x?q=1", "/?q=1"]);
      assert.deepEqual(await (await get("/x/TEAMS/a/users/7/")).json(), {
        team: "a",
        id: "7",
        base: "/x/TEAMS/a/users",
        who: null,
      });
      assert.equal(await (await get("/x/inner/deep")).json(), "/x/inner");
      assert.equal((await get("/x/boom")).status, 418);
      assert.equal((await get("/x/slow")).status, 504);
      for (let n = 0; n < 300; n++) await (await get(`/x/unknown-${n}`)).text();
      const names = host.recorder.endpoints().map(({ endpoint, outcomes }) => [endpoint, outcomes]);
      assert.deepEqual(Object.fromEntries(names), {
        "x.GET /": { ok: 1 },
        "x.GET /teams/:team/users/:id": { ok: 1 },
        "x.ALL /inner/*": { ok: 1 },
        "x.GET /boom": { "4xx": 1 },
        "x.GET /slow": { SKEIN_CALL_DEADLINE: 1 },
        "x.*": { "4xx": 300 },
      });
    });
  }

  test("Fastify: prefixes, parameters with conditions, versions, its own errors; closed with the host", async () => {
    const fastify = (fromApps("fastify") as Any)();
    let isClosed = false;
    fastify.addHook("onClose", async () => void (isClosed = true));
    fastify.register(
      async (scope: Any) => {
        scope.get("/users/:id", async (request: Any) => ({
          id: request.params.id,
          url: request.url,
          original: request.originalUrl,
        }));
        scope.post(
          "/users",
          { schema: { body: { type: "object", required: ["name"] } } },
          async (request: Any) => request.body,
        );
        scope.get("/users/me", async () => "me");
        scope.get("/files/*", async (request: Any) => request.params["*"]);
        scope.get("/v", { constraints: { version: "1.0.0" } }, async () => "v1");
        scope.get("/v", { constraints: { version: "2.0.0" } }, async () => "v2");
        scope.get("/at/:year(^\\d{4}$)-:month.json", async (request: Any) => request.params);
      },
      { prefix: "/api" },
    );
    const target = system("s", { services: [mount("/f", fastify, { access: "public" })] });
    {
      await using running = await start(target);
      const { host, gateway } = running;
      assert.deepEqual(host.mounts[0]?.routes.map(({ verb, path }) => `${verb} ${path}`).toSorted(), [
        "GET /api/at/:year(^\\d{4}$)-:month.json",
        "GET /api/files/*",
        "GET /api/users/:id",
        "GET /api/users/me",
        "GET /api/v",
        "POST /api/users",
      ]);
      const json = async (path: string, init?: RequestInit) => (await fetch(gateway.url + path, init)).json();
      assert.deepEqual(await json("/f/api/users/7"), { id: "7", url: "/api/users/7", original: "/f/api/users/7" });
      const post = (body: string) => ({ method: "POST", body, headers: { "content-type": "application/json" } });
      assert.deepEqual(await json("/f/api/users", post('{"name":"ann"}')), { name: "ann" });
      assert.equal(((await json("/f/api/users", post("{}"))) as Any).code, "FST_ERR_VALIDATION");
      assert.equal(await (await fetch(`${gateway.url}/f/api/files/a/b`)).text(), "a/b");
      assert.deepEqual(await json("/f/api/at/2024-05.json"), { year: "2024", month: "05" });
      assert.equal(((await json("/f/none")) as Any).statusCode, 404);
      assert.deepEqual(
        host.recorder
          .endpoints()
          .map(({ endpoint }) => endpoint)
          .toSorted(),
        [
          "f.*",
          "f.GET /api/at/:year(^\\d{4}$)-:month.json",
          "f.GET /api/files/*",
          "f.GET /api/users/:id",
          "f.POST /api/users",
        ],
      );
    }
    assert.ok(isClosed);
  });

  test("Hono: middlewares are no routes, sub-applications are; bodies stream", async () => {
    const { Hono } = fromApps("hono") as Any;
    const { stream } = fromApps("hono/streaming") as Any;
    const app = new Hono();
    app.use("*", async (context: Any, next: () => Promise<void>) => {
      await next();
      context.res.headers.set("x-mine", "1");
    });
    app.get("/users/:id{[0-9]+}", (context: Any) =>
      context.json({ id: context.req.param("id"), path: context.req.path, who: principalOf(context) ?? null }),
    );
    app.post("/size", async (context: Any) => context.json((await context.req.arrayBuffer()).byteLength));
    const inner = new Hono().get("/x/:y?", (context: Any) => context.text("inner"));
    inner.onError((_error: Error, context: Any) => context.text("mine", 500));
    app.route("/inner", inner);
    app.get("/lines", (context: Any) =>
      stream(context, async (out: Any) => {
        for (let n = 0; n < 1_000; n++) await out.write(`${n}\n`);
      }),
    );
    await using running = await start(
      system("s", { services: [mount("/h", () => ({ default: app }), { access: "public" })] }),
    );
    const { host, gateway } = running;
    assert.deepEqual(
      host.mounts[0]?.routes.map(({ verb, path }) => `${verb} ${path}`),
      ["GET /users/:id{[0-9]+}", "POST /size", "GET /inner/x/:y?", "GET /lines"],
    );
    const first = await fetch(`${gateway.url}/h/users/7`);
    assert.equal(first.headers.get("x-mine"), "1");
    assert.deepEqual(await first.json(), { id: "7", path: "/users/7", who: null });
    assert.equal(
      await (await fetch(`${gateway.url}/h/size`, { method: "POST", body: new Uint8Array(1_000_000) })).json(),
      1_000_000,
    );
    assert.equal((await (await fetch(`${gateway.url}/h/lines`)).text()).split("\n").length, 1_001);
    assert.equal(await (await fetch(`${gateway.url}/h/inner/x`)).text(), "inner");
    assert.equal((await fetch(`${gateway.url}/h/none`)).status, 404);
    assert.deepEqual(
      host.recorder.endpoints().map(({ endpoint }) => endpoint),
      ["h.GET /users/:id{[0-9]+}", "h.POST /size", "h.GET /lines", "h.GET /inner/x/:y?", "h.*"],
    );
  });

  test("Nest on Fastify: through its adapter", async () => {
    Object.assign(process.env, helpdesk("fastify"));
    fromApps("reflect-metadata");
    const { NestFactory } = fromApps("@nestjs/core") as Any;
    const { FastifyAdapter } = fromApps("@nestjs/platform-fastify") as Any;
    const { AppModule } = fromApps("./nest/dist/app.module.js") as Any;
    const create = () => NestFactory.create(AppModule, new FastifyAdapter(), { logger: false });
    await using running = await start(system("s", { services: [mount("/n", create, { access: "public" })] }));
    const { host, gateway } = running;
    assert.equal(host.mounts[0]?.kind, "nest (fastify)");
    const routes = host.mounts[0]?.routes.map(({ verb, path }) => `${verb} ${path}`) ?? [];
    for (const route of ["GET /health", "GET /tickets/:id/comments", "POST /auth/sign-in"])
      assert.ok(routes.includes(route), routes.join("\n"));
    assert.deepEqual(await (await fetch(`${gateway.url}/n/health`)).json(), { status: "ok" });
    assert.ok(host.recorder.endpoints().some(({ endpoint }) => endpoint === "n.GET /health"));
  });
});

describe("hostile requests", () => {
  const read = (request: Any, response: Any) => response.json(request.body ?? null);
  const kinds: Readonly<Record<string, () => unknown>> = {
    "Express 5": () => {
      const express = fromApps("express") as Any;
      return express()
        .use(express.json({ limit: "50mb" }), express.urlencoded(), express.text({ type: "*/*" }), read)
        .use(
          // Its own parser's refusals, and nothing else.
          (error: Any, _request: Any, response: Any, _next: unknown) => response.status(error.status ?? 500).end(),
        );
    },
    Fastify: () => {
      const fastify = (fromApps("fastify") as Any)({ bodyLimit: 50_000_000 });
      fastify.addContentTypeParser(
        "*",
        { parseAs: "string" },
        (_: unknown, body: string, done: (error: null, body: string) => void) => done(null, body),
      );
      fastify.all("/*", async (request: Any) => request.body ?? null);
      return fastify;
    },
    Hono: () =>
      new (fromApps("hono") as Any).Hono().all("*", async (context: Any) => context.text(await context.req.text())),
  };
  for (const [name, make] of Object.entries(kinds)) {
    test(`${name} at the root: the head's checks hold, no answer is 5xx, nothing hangs, and it goes on`, async (t) => {
      await using running = await start(
        system("s", { services: [mount("/", make(), { access: "public", name: "all" })] }),
      );
      const { gateway } = running;
      // What a body may say is the application's to judge.
      const entries = readCorpus().filter(({ parts }) => sizeOf(parts) < 64 * 1_048_576);
      const isOfHead = ({ name: one }: Entry) => headEntries.has(one) && !ofTheApplication.has(one);
      const verdicts: Verdict[] = [];
      const queue = entries.values();
      const worker = async () => {
        for (const entry of queue) {
          const verdict = await fire(gateway.port, entry);
          const { violation: found, ...rest } = verdict;
          const isWrong =
            verdict.statuses.some((status) => status >= 500) ||
            verdict.end === "open" ||
            (found !== undefined && isOfHead(entry));
          verdicts.push({ ...rest, ...(isWrong && { violation: found ?? "5xx or open" }) });
        }
      };
      await Promise.all(Array.from({ length: 16 }, worker));
      assert.ok(verdicts.length > 150);
      assert.deepEqual(
        verdicts.filter(({ violation }) => violation !== undefined),
        [],
      );
      assert.equal(
        (
          await fetch(`${gateway.url}/x`, {
            method: "POST",
            body: '{"alive":true}',
            headers: { "content-type": "application/json" },
          })
        ).status,
        200,
      );
      t.diagnostic(
        `${verdicts.length} requests, ${verdicts.filter(({ statuses }) => statuses.some((status) => status < 300)).length} of them answered by the application`,
      );
    });
  }
});

/** What a contract's route refuses and HTTP allows: an application decides for itself. */
const ofTheApplication: ReadonlySet<string> = new Set([
  "chunk extension of 2 KB",
  "10,000 chunk extensions",
  "GET with a body",
  "Idempotency-Key of 300 characters",
  "method 'PROPFIND'",
  "2,000 query parameters",
]);

/** Entries that the gateway refuses by the request's head alone. */
const headEntries = new Set(
  ["framing", "head", "line"].flatMap((file) =>
    (JSON.parse(readFileSync(join(import.meta.dirname, `../hostile/corpus/${file}.json`), "utf8")) as Entry[]).map(
      ({ name }) => name,
    ),
  ),
);

function sizeOf(parts: readonly Part[]): number {
  return parts.reduce(
    (sum, part) =>
      sum +
      (typeof part === "string"
        ? part.length
        : part.times * (typeof part.repeat === "string" ? part.repeat.length : sizeOf(part.repeat))),
    0,
  );
}
