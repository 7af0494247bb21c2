/** What a contract refuses about replies: every refusal before anything runs. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { action, contract, type HttpBinding, query, type ReplyCookie, stream } from "./index.ts";

const output = z.object({ url: z.string(), token: z.string(), made: z.boolean() });

function declare(http: Omit<HttpBinding, "route">): void {
  contract("a", { go: action({ output, http: { route: "POST /go", ...http } }) });
}
const cookie = (spec: Omit<ReplyCookie, "field">, name = "sid") =>
  declare({ reply: { cookies: { [name]: { field: "token", ...spec } } } });

describe("a reply by contract", () => {
  it("may redirect where it says where to", () => {
    for (const status of [301, 302, 303, 307, 308]) declare({ status, reply: { headers: { Location: "url" } } });
    declare({ reply: { headers: { location: "url" }, status: { field: "made", is: { true: 201, false: 303 } } } });
    contract("b", {
      go: query({ output, http: { route: "GET /g", status: 302, reply: { headers: { location: "url" } } } }),
    });
  });

  it("takes cookies as browsers do", () => {
    cookie({ maxAge: "8h", path: "/a", domain: "example.com", sameSite: "strict", secure: false, httpOnly: false });
    cookie({ sameSite: "none" });
    cookie({}, "__Host-sid");
    cookie({ path: "/x", domain: "a.b" }, "__Secure-sid");
    declare({ cookies: { sid: "token", _ga: "ga" } });
  });

  const own = "connection keep-alive te trailer transfer-encoding upgrade proxy-connection".split(" ");
  const framing = "content-length content-type content-encoding date vary x-request-id".split(" ");
  const refused: Array<[title: string, go: () => void, message: RegExp]> = [
    ...[300, 304, 305, 306, 399, 199, 404, 200.5].map((status): [string, () => void, RegExp] => [
      `the status ${status}`,
      () => declare({ status, reply: { headers: { location: "url" } } }),
      /a success is 200 to 299, a redirect 301/,
    ]),
    ["a redirect to nowhere", () => declare({ status: 302 }), /a redirect needs reply\.headers\.location/],
    [
      "a chosen redirect to nowhere",
      () => declare({ reply: { status: { field: "made", is: { true: 303 } } } }),
      /a redirect needs reply\.headers\.location/,
    ],
    ...[...own, ...framing, "Access-Control-Allow-Origin", "Content-Length"].map(
      (name): [string, () => void, RegExp] => [
        `the header ${name}`,
        () => declare({ reply: { headers: { [name]: "url" } } }),
        /is not for a reply to set/,
      ],
    ),
    ["set-cookie", () => declare({ reply: { headers: { "Set-Cookie": "url" } } }), /declare cookies in reply\.cookies/],
    ...["a b", "x_y", "", "a\r\nb", "é"].map((name): [string, () => void, RegExp] => [
      `the header name ${JSON.stringify(name)}`,
      () => declare({ reply: { headers: { [name]: "url" } } }),
      /is not the name of one header/,
    ]),
    [
      "one header twice",
      () => declare({ reply: { headers: { etag: "url", ETag: "token" } } }),
      /is not the name of one header/,
    ],
    [
      "one field twice",
      () => declare({ reply: { headers: { etag: "url" }, cookies: { sid: { field: "url" } } } }),
      /takes the field "url" twice/,
    ],
    ["a cookie name", () => cookie({}, "a=b"), /is not the name of a cookie/],
    ["a request cookie name", () => declare({ cookies: { "a;b": "token" } }), /is not the name of a cookie/],
    ["a field that is no name", () => declare({ cookies: { sid: 1 as never } }), /named by a field/],
    ["a short age", () => cookie({ maxAge: "10ms" }), /between 1s and 365d/],
    ["a long age", () => cookie({ maxAge: "366d" }), /between 1s and 365d/],
    ["a path", () => cookie({ path: "x" }), /a path that cannot be sent/],
    ["a path with a part of its own", () => cookie({ path: "/;Domain=x" }), /a path that cannot be sent/],
    ["a domain", () => cookie({ domain: "a;b" }), /a domain that is no name/],
    ["sameSite", () => cookie({ sameSite: "Lax" as never }), /a sameSite that is not/],
    [
      "none without secure",
      () => cookie({ sameSite: "none", secure: false }),
      /refused by browsers unless it is secure/,
    ],
    ["__Host- with a path", () => cookie({ path: "/x" }, "__Host-a"), /has the path "\/" and no domain/],
    ["__Secure- in the open", () => cookie({ secure: false }, "__Secure-a"), /unless it is secure/],
    [
      "a stream",
      () =>
        contract("a", {
          go: query({ output: stream(output), http: { route: "GET /a", reply: { headers: { etag: "url" } } } }),
        }),
      /its items cannot become/,
    ],
    [
      "an answer of nothing",
      () => contract("a", { go: action({ http: { route: "POST /a", reply: { headers: { etag: "url" } } } }) }),
      /answers nothing/,
    ],
  ];
  for (const [title, go, message] of refused) {
    it(`refuses ${title}`, () => assert.throws(go, { code: "SKEIN_CONTRACT_INVALID", message }));
  }
});
