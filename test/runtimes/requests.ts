/** The requests that every runtime must answer alike. */

export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What the answer must be, so that all of them cannot be wrong alike. */
  readonly status: number;
}

const json = { "content-type": "application/json" };
const post = (path: string, body: string, status: number, headers: Readonly<Record<string, string>> = json): Asked => ({
  method: "POST",
  path,
  body,
  headers,
  status,
});
const skus = (count: number) => JSON.stringify({ skus: Array.from({ length: count }, () => "TEA-0301") });

export const requests: readonly Asked[] = [
  // What the shop is for.
  { path: "/home", status: 200 },
  { path: "/products", status: 200 },
  { path: "/products?q=tea", status: 200 },
  { path: "/products?q=kettle%20steel&limit=3", status: 200 },
  { path: "/products?q=caf%C3%A9", status: 200 },
  { path: "/products?limit=2&colour=red", status: 200 },
  { path: "/products/TEA-0301", status: 200 },
  { path: "/products/TEA-0301/", status: 200 },
  { path: "/products/TEA%2D0301", status: 200 },
  { path: "/products/TEA-0301/related?limit=3", status: 200 },
  { path: "/export?limit=60", status: 200 },
  { path: "/export?limit=3", headers: { accept: "text/event-stream" }, status: 200 },
  { path: "/export?limit=2", headers: { accept: "text/event-stream", "last-event-id": "TEA-0301" }, status: 200 },
  post("/cards", '{"skus":["TEA-0301","none","KIT-0101"]}', 200),
  post("/cards", '{"skus":[]}', 200, { "content-type": "application/json; charset=utf-8" }),
  post("/cards", skus(100), 200),
  // Heads, options, conditions.
  { method: "HEAD", path: "/home", status: 200 },
  { method: "HEAD", path: "/export", status: 200 },
  { method: "HEAD", path: "/products/none", status: 404 },
  { method: "OPTIONS", path: "/products/TEA-0301", status: 204 },
  { path: "/openapi.json", status: 200 },
  { path: "/openapi.json", headers: { "if-none-match": '*, "x"' }, status: 200 },
  { path: "/docs", status: 200 },
  { path: "/health/live", status: 200 },
  { path: "/health/ready", status: 200 },
  // What is not there, or not allowed.
  { path: "/nowhere", status: 404 },
  { path: "/products/none", status: 404 },
  { method: "DELETE", path: "/products/TEA-0301", status: 405 },
  { method: "PATCH", path: "/home", status: 405 },
  post("/admin/products", "{}", 401),
  // Bad input.
  { path: "/products?limit=0", status: 400 },
  { path: "/products?limit=many", status: 400 },
  { path: `/products?q=${"x".repeat(201)}`, status: 400 },
  post("/cards", "{", 400),
  post("/cards", "[]", 400),
  post("/cards", '{"skus":[1]}', 400),
  post("/cards", skus(101), 400),
  post("/cards", '{"skus":[],"__proto__":{}}', 400),
  post("/cards", `${'{"a":'.repeat(70)}1${"}".repeat(70)}`, 400),
  post("/cards", '{"skus":["\\ud800"]}', 400),
  post("/cards", "skus=TEA", 415, { "content-type": "application/x-www-form-urlencoded" }),
  post("/cards", "{}", 415, { ...json, "content-encoding": "x-unknown" }),
  post("/cards", `{"skus":["${"x".repeat(1_100_000)}"]}`, 413),
  // Targets and heads that mean harm.
  { path: "/products/..%2fhome", status: 400 },
  { path: "/products/a%5cb", status: 400 },
  { path: "/products/a%00b", status: 400 },
  { path: "/products/%zz", status: 400 },
  { path: "/products/%ff", status: 400 },
  { path: "/products?__proto__=1", status: 400 },
  { path: `/products?${"a=1&".repeat(101)}`, status: 400 },
  { path: `/products?q=${"x".repeat(8_200)}`, status: 414 },
  { path: "/home", headers: { x_user: "ann" }, status: 400 },
  { path: "/home", headers: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`h${i}`, "1"])), status: 431 },
];
