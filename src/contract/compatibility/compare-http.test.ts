/** What changed of a method over HTTP beside its route, and which clients it breaks. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as z from "zod";
import { action, contract, type HttpBinding, query } from "../index.ts";
import { compareContracts } from "./compare.ts";
import { type ContractsFile, isContractsFile, toContractsFile } from "./contracts-file.ts";

type Http = HttpBinding | HttpBinding["route"];
type Make = (http: Http) => Promise<ContractsFile>;

const input = z.object({ id: z.string(), etag: z.string().optional(), items: z.array(z.int()).optional() });
const output = z.object({ url: z.string(), token: z.string().nullable(), made: z.boolean() });
const fileOf = (method: Parameters<typeof contract>[1][string]) =>
  toContractsFile("shop", [contract("orders", { put: method })]);
/** A body beside what is named. */
const posted: Make = (http) => fileOf(action({ input, output, http }));
/** Everything from the query. */
const got: Make = (http) => fileOf(query({ input, output, http }));

const post = "POST /orders" as const;
const get = "GET /orders" as const;
const sid = { field: "token" } as const;
const replyOf = (reply: NonNullable<HttpBinding["reply"]>): Http => ({ route: post, reply });

const inputs: readonly (readonly [string, Make, Http, Http, readonly string[]])[] = [
  [
    "a header gives no field any more",
    got,
    { route: get, headers: { "If-Match": "etag" } },
    get,
    ["breaking: orders.put input $.etag: was the header if-match, is the query"],
  ],
  [
    "another header gives it",
    posted,
    { route: post, headers: { "if-match": "etag" } },
    { route: post, headers: { "x-etag": "etag" } },
    ["breaking: orders.put input $.etag: was the header if-match, is the header x-etag"],
  ],
  [
    "a header gives what came with the rest, which still counts: an old gateway does not read the header",
    got,
    get,
    { route: get, headers: { "if-match": "etag" } },
    ["skew: orders.put input $.etag: was the query, is the header if-match"],
  ],
  [
    "a cookie gives no field any more",
    posted,
    { route: post, cookies: { sid: "etag" } },
    post,
    ["breaking: orders.put input $.etag: was the cookie sid, is the body"],
  ],
  [
    "a cookie gives it, too",
    posted,
    { route: post, headers: { "if-match": "etag" } },
    { route: post, headers: { "if-match": "etag" }, cookies: { sid: "etag" } },
    ["skew: orders.put input $.etag: was the header if-match, is the header if-match or the cookie sid"],
  ],
  [
    "a field beside the body is one of the body",
    posted,
    { route: post, query: ["etag"] },
    post,
    ["breaking: orders.put input $.etag: was the query, is the body"],
  ],
  [
    "a field of the body is beside it, and is taken there as well",
    posted,
    post,
    { route: post, query: ["etag"] },
    ["skew: orders.put input $.etag: was the body, is the query"],
  ],
  [
    "the body is one field",
    posted,
    { route: post, query: ["id"], headers: { "if-match": "etag" } },
    { route: post, query: ["id"], headers: { "if-match": "etag" }, bodyField: "items" },
    ["breaking: orders.put input $.items: was the body, is the whole body"],
  ],
  [
    "the body is one field, and others come from nowhere",
    posted,
    post,
    { route: post, bodyField: "items" },
    [
      "breaking: orders.put input $.etag: was the body, is nothing",
      "breaking: orders.put input $.id: was the body, is nothing",
      "breaking: orders.put input $.items: was the body, is the whole body",
    ],
  ],
  [
    "a parameter of the path has another place",
    got,
    "GET /orders/:id/:etag",
    "GET /orders/:etag/:id",
    [
      "breaking: orders.put input $.etag: was parameter 2 of the path, is parameter 1 of the path",
      "breaking: orders.put input $.id: was parameter 1 of the path, is parameter 2 of the path",
    ],
  ],
  [
    "a route that moved says enough",
    got,
    { route: get, headers: { "if-match": "etag" } },
    "GET /other",
    ["breaking: orders.put: the route was GET /orders, is GET /other"],
  ],
];

const replies: readonly (readonly [string, Make, Http, Http, readonly string[]])[] = [
  [
    "a header and a cookie are removed",
    posted,
    replyOf({ headers: { Location: "url" }, cookies: { sid } }),
    post,
    ["breaking: orders.put reply cookie sid: was removed", "breaking: orders.put reply header location: was removed"],
  ],
  [
    "a field leaves the body",
    posted,
    post,
    replyOf({ headers: { location: "url" } }),
    ["breaking: orders.put output $.url: is no longer in the body of the reply"],
  ],
  [
    "a header has its value from another field, which is the service's own business",
    posted,
    replyOf({ headers: { location: "url", etag: "token" } }),
    replyOf({ headers: { etag: "url", location: "token" } }),
    [],
  ],
  [
    "a cookie reaches fewer",
    posted,
    replyOf({ cookies: { sid: { ...sid, httpOnly: false, secure: false, sameSite: "lax", domain: "a.example" } } }),
    replyOf({ cookies: { sid: { ...sid, sameSite: "strict", path: "/a" } } }),
    [
      "breaking: orders.put reply cookie sid: domain was a.example, is none",
      "breaking: orders.put reply cookie sid: httpOnly was false, is true",
      "breaking: orders.put reply cookie sid: path was /, is /a",
      "breaking: orders.put reply cookie sid: sameSite was lax, is strict",
      "breaking: orders.put reply cookie sid: secure was false, is true",
    ],
  ],
  [
    "a cookie reaches more, and lasts less",
    posted,
    replyOf({ cookies: { sid: { ...sid, maxAge: "2h" } } }),
    replyOf({ cookies: { sid: { ...sid, maxAge: "1h", httpOnly: false, sameSite: "none" } } }),
    [],
  ],
  [
    "a value has another status, one that was not named has one",
    posted,
    replyOf({ status: { field: "made", is: { true: 201 } } }),
    replyOf({ status: { field: "made", is: { true: 202, false: 204 } } }),
    [
      "breaking: orders.put reply status of false: was 200, is 204",
      "breaking: orders.put reply status of true: was 201, is 202",
    ],
  ],
  [
    "another field chooses",
    posted,
    replyOf({ status: { field: "made", is: { true: 201, false: 203 } } }),
    replyOf({ status: { field: "token", is: { a: 201, b: 202 } } }),
    [
      "breaking: orders.put output $.token: is no longer in the body of the reply",
      "breaking: orders.put reply status: may now be 202",
      "skew: orders.put reply status: is no longer 203",
    ],
  ],
  [
    "a key no longer counts",
    posted,
    { route: post, keyed: true },
    post,
    ["breaking: orders.put: kept the key of a request, and does not"],
  ],
  [
    "a key counts: an old gateway does not know it",
    posted,
    post,
    { route: post, keyed: true },
    ["skew: orders.put: keeps the key of a request: an old service does not"],
  ],
];

const said = (before: ContractsFile, after: ContractsFile): string[] =>
  compareContracts(before, after).map(({ level, where, message }) => `${level}: ${where}: ${message}`);

describe("two versions of a method over HTTP", () => {
  for (const [what, make, before, after, expected] of [...inputs, ...replies])
    test(what, async () => assert.deepEqual(said(await make(before), await make(after)), expected));

  test("a field that only one version has is the input's to judge", async () => {
    const http = { route: "POST /orders", headers: { "if-match": "etag" } } as const;
    const without = await fileOf(action({ input: input.omit({ etag: true }), output, http: post }));
    assert.deepEqual(said(without, await posted(http)), []);
    assert.deepEqual(said(await posted(http), without), [
      "breaking: orders.put input $.etag: was removed, and callers still send it",
    ]);
  });

  test("of an input that nobody can describe, what the route names is compared", async () => {
    const opaque = (http: Http) => fileOf(query({ input: z.unknown(), http }));
    assert.deepEqual(said(await opaque({ route: get, headers: { "if-match": "etag" } }), await opaque(get)), [
      "breaking: orders.put input $.etag: was the header if-match, is the query",
    ]);
  });

  test("files of older versions say less, and what they do not say has not changed", async () => {
    for (const [, make, before, after] of [...inputs, ...replies]) {
      const files = await Promise.all([before, after].map((http) => make(http)));
      for (const now of files) {
        const old = older(now);
        assert.ok(isContractsFile(old));
        assert.deepEqual([said(old, now), said(now, old)], [[], []]);
      }
    }
  });
});

/** As a version wrote it that knew a route and a status. */
function older(file: ContractsFile): ContractsFile {
  const text = JSON.stringify(file, (key, value: unknown) => {
    if (key !== "http") return value;
    const { route, status } = value as { readonly route: string; readonly status: number };
    return { route, status };
  });
  return JSON.parse(text) as ContractsFile;
}
