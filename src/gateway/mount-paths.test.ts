/** Other spellings of a path: an application that reads paths more loosely than the gateway is no way round a stricter rule. */
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import * as z from "zod";
import { contract, query } from "../contract/index.ts";
import { createHost, type Host } from "../host/index.ts";
import { define, type Mount, mount, role, service } from "../system/index.ts";
import { session } from "./authenticate/index.ts";
import { sendRaw } from "./fixtures/client.ts";
import { createGateway, type Gateway } from "./index.ts";
import { OtherSpellings } from "./mount-paths.ts";
import { readTarget } from "./target.ts";

const Users = contract("users", {
  get: query({ input: z.object({ id: z.string() }), output: z.string(), http: "GET /users/:id" }),
  posts: query({ input: z.object({ id: z.string() }), output: z.string(), http: "GET /users/:id/Posts" }),
});
const users = service(Users, {
  policy: { get: { access: role("admin") }, posts: { access: role("admin") } },
}).implement({
  get: ({ id }) => `new ${id}`,
  posts: ({ id }) => `posts ${id}`,
});
const app = (request: IncomingMessage, response: ServerResponse) => {
  if (request.url === "/own-sniffing") response.setHeader("X-Content-Type-Options", "its-own");
  response.setHeader("access-control-allow-origin", "its-own");
  response.end(`app ${request.url}`);
};
const sessions = session({
  cookie: "sid",
  lookup: (id: string) => Promise.resolve({ subject: id, roles: id === "admin" ? ["admin"] : [] }),
});
const shop = define({
  principal: z.object({ subject: z.string(), roles: z.array(z.string()) }),
  authenticate: [sessions],
}).system("shop", {
  http: { cors: { origins: ["https://app.example"] } },
  services: [
    users,
    mount("/", app, { name: "legacy", access: "public", moved: ["GET /users/:id", "GET /users/:id/Posts"] }),
    mount("/admin", app, { access: role("admin"), prefix: "keep" }),
    mount("/Shop", app, { access: "public", prefix: "keep" }),
  ],
});

let host: Host;
let gateway: Gateway;
before(async () => {
  host = await createHost(shop);
  gateway = await createGateway(host, { port: 0 });
});
after(async () => {
  await gateway.close();
  await host.close();
});
const send = (line: string, ...headers: string[]) =>
  sendRaw(gateway.port, `${[`${line} HTTP/1.1`, "Host: x", "Connection: close", ...headers].join("\r\n")}\r\n\r\n`);

describe("a path that an application may take for another", () => {
  const mounted = [
    "/Admin/x",
    "/ADMIN",
    "/%61dmin/x",
    "/%41dmin",
    "//admin/x",
    "/admin;a/x",
    "/admin%3Ba",
    "///%41DMIN//x?y",
  ];
  const moved = [
    "/Users/7",
    "/%55sers/7",
    "//users/7",
    "/users//7",
    "/Users/7/",
    "/USERS/7;a",
    "/users/7/posts",
    "/users/7;a/posts",
  ];
  for (const target of [...mounted, ...moved])
    test(`${target} is not the looser mount's, whoever asks`, async () => {
      for (const line of [`GET ${target}`, `HEAD ${target}`]) {
        const { status, body, json } = await send(line, "Cookie: sid=admin");
        assert.equal(status, 404, `${line}: ${body}`);
        if (line.startsWith("GET")) assert.equal(json().code, "SKEIN_HTTP_NOT_FOUND");
      }
    });

  test("as it is declared, each is answered by whom it belongs to", async () => {
    assert.equal((await send("GET /admin/x")).status, 401);
    assert.equal((await send("GET /users/7")).status, 401);
    assert.equal((await send("GET /users/7/")).status, 401);
    assert.equal((await send("GET /%75sers/7")).status, 401);
    assert.equal((await send("GET /admin//X;y", "Cookie: sid=admin")).body, "app /admin//X;y");
    assert.equal((await send("GET /users/A;b", "Cookie: sid=admin")).body, '"new A;b"');
  });

  test("what meets nothing stricter is the application's as it came", async () => {
    for (const target of [
      "/Own/%41//b;c/",
      "/Users",
      "/users/7/a/b",
      "/administrator",
      "/x/admin",
      "/shop/x",
      "/Shop/X",
    ])
      assert.equal((await send(`GET ${target}`)).body, `app ${target}`);
    assert.equal((await send("PUT /Users/7")).body, "app /Users/7");
  });

  test("no mix of spellings passes", () => {
    const open = { access: "public" } as const;
    const root = mount("/", app, { ...open, name: "root", moved: ["GET /users/:id"] });
    const spellings = new OtherSpellings([mount("/a/Secret-1", app, { access: role("admin") }), root]);
    const spelled = (text: string) =>
      fc
        .tuple(...[...text].map((char) => fc.constantFrom(char, char.toUpperCase(), char.toLowerCase())))
        .chain((chars) =>
          fc.tuple(...chars.map((char) => fc.constantFrom(char, `%${char.charCodeAt(0).toString(16)}`))),
        )
        .map((chars) => chars.join(""));
    const slashes = fc.constantFrom("/", "//", "///");
    const path = fc
      .oneof(
        fc.tuple(slashes, spelled("a"), slashes, spelled("secret-1"), fc.constantFrom("", "/", "/x", "//x", ";x")),
        fc.tuple(
          slashes,
          spelled("users"),
          slashes,
          fc.constantFrom("7", "a%20b", "%C3%89"),
          fc.constantFrom("", "/", "//"),
        ),
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(path, (target) => spellings.meetStricter(root, "GET", readTarget(target).path)),
      { numRuns: 500 },
    );
  });

  test("stricter is who asks for a role that the other does not ask for", () => {
    const under = (outer: Mount["access"], inner: Mount["access"]) => {
      const root = mount("/", app, { name: "root", access: outer });
      return new OtherSpellings([root, mount("/in", app, { access: inner })]).meetStricter(root, "GET", "/In/x");
    };
    assert.deepEqual(
      [under("public", "public"), under(role("a"), "public"), under(role("a"), role("a")), under(role("a"), role("b"))],
      [false, false, false, true],
    );
  });
});

describe("a preflight below a mount", () => {
  const ask = (target: string, verb: string) =>
    send(`OPTIONS ${target}`, "Origin: https://app.example", `Access-Control-Request-Method: ${verb}`);

  test("of a route that has moved is the gateway's to answer", async () => {
    for (const verb of ["GET", "HEAD"]) {
      const { status, headers } = await ask("/users/7", verb);
      assert.deepEqual([status, headers["access-control-allow-origin"]], [204, "https://app.example"]);
      assert.equal(headers["access-control-allow-methods"], "GET, HEAD, OPTIONS");
    }
  });

  test("of anything else is the application's, and so is an OPTIONS that is none", async () => {
    assert.equal((await ask("/users/7", "PUT")).headers["access-control-allow-origin"], "its-own");
    assert.equal((await ask("/other", "GET")).headers["access-control-allow-origin"], "its-own");
    assert.equal((await send("OPTIONS /users/7")).body, "app /users/7");
  });
});

test("nosniff is added where the application says nothing of it, and no policy is", async () => {
  const { headers } = await send("GET /x");
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["content-security-policy"], undefined);
  assert.equal((await send("GET /own-sniffing")).headers["x-content-type-options"], "its-own");
});
