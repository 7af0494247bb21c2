/** Which route a request is measured under: patterns of three languages, order, bounded names. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { type Dialect, RouteTree } from "./route-tree.ts";

function tree(dialect: Dialect, ...routes: readonly string[]) {
  return new RouteTree(
    dialect,
    routes.map((route) => ({ verb: route.split(" ")[0] as string, path: route.slice(route.indexOf(" ") + 1) })),
  );
}

describe("what a request met", () => {
  test("Express: order decides, case does not, HEAD is GET, the last slash is nothing", () => {
    const express = tree("express", "GET /users/:id", "GET /users/me", "ALL /any/*", "POST /", "GET /files/:a.:b");
    assert.equal(express.find("GET", "/users/me"), "GET /users/:id");
    assert.equal(express.find("HEAD", "/USERS/7/"), "GET /users/:id");
    assert.equal(express.find("DELETE", "/any/x/y"), "ALL /any/*");
    assert.equal(express.find("POST", "/"), "POST /");
    assert.equal(express.find("GET", "/files/x.txt"), "GET /files/:a.:b");
    for (const path of ["/users", "/users/", "/users/7/x", "/x", ""])
      assert.equal(express.find("GET", path), undefined);
    assert.equal(express.find("PUT", "/users/7"), undefined);
  });

  test("Fastify: the fixed path wins; Hono: the first", () => {
    const routes = ["GET /users/:id", "GET /users/me"] as const;
    assert.equal(tree("fastify", ...routes).find("GET", "/users/me"), "GET /users/me");
    assert.equal(tree("hono", ...routes).find("GET", "/users/me"), "GET /users/:id");
    assert.equal(tree("fastify", "GET /Users").find("GET", "/users"), undefined);
  });

  test("conditions, optional parts and rests of each language", () => {
    const one = (dialect: Dialect, path: string, asked: string) =>
      tree(dialect, `GET ${path}`).find("GET", asked) !== undefined;
    assert.ok(
      one("express", "/a{/:b}", "/a") && one("express", "/a{/:b}", "/a/1") && !one("express", "/a{/:b}", "/a/1/2"),
    );
    assert.ok(one("express", "/a/:b?", "/a") && one("express", "/a/:b(\\d+)", "/a/1"));
    assert.ok(one("express", "/files/*path", "/files/a/b"));
    assert.ok(
      one("fastify", "/:id(^\\d+$)/x", "/1/x") && one("fastify", "/a::b", "/a:b") && one("fastify", "/f/*", "/f/a/b"),
    );
    assert.ok(one("hono", "/:id{[0-9]+}/x", "/1/x") && one("hono", "/a/:b?", "/a"));
    assert.ok(one("hono", "/@me", "/%40me") && one("hono", "/é", "/%C3%A9"));
  });

  test("what is not understood matches nothing, rather than too much", () => {
    for (const path of ["/^\\/x$/", "/a+b", "/a/*/b", "x", "/:a(x/y)z(", "*x"])
      assert.equal(tree("express", `GET ${path}`).find("GET", "/x"), undefined, path);
  });
});

test("property: every answer is one of the routes, whatever is asked", () => {
  const path = fc.array(fc.constantFrom("a", ":b", "*", ":c?", "d.e", "(", "{x}", ""), { maxLength: 6 });
  const asked = fc.array(fc.constantFrom("a", "x", "%41", "%", "d.e", ""), { maxLength: 70 });
  fc.assert(
    fc.property(
      fc.constantFrom<Dialect>("express", "fastify", "hono"),
      fc.array(path, { maxLength: 8 }),
      asked,
      (dialect, paths, parts) => {
        const routes = paths.map((segments) => ({ verb: "GET", path: `/${segments.join("/")}` }));
        const found = new RouteTree(dialect, routes).find("GET", `/${parts.join("/")}`);
        assert.ok(found === undefined || routes.some((route) => `GET ${route.path}` === found));
      },
    ),
  );
});
