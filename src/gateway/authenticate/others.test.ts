/** API keys, sessions, basic credentials, and their order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { apiKey, type ApiKeyRecord, createApiKey, hashApiKey } from "./api-key.ts";
import { basicForDev } from "./basic-for-dev.ts";
import { cookieOf } from "./cookie.ts";
import { testGate } from "./fixtures/gate.ts";
import { session } from "./session.ts";

const refused = "SKEIN_ACCESS_UNAUTHENTICATED";
const robot = { subject: "robot", roles: ["admin"] };

test("API keys: found by id, known by hash, several at once while they are rotated", async () => {
  const first = createApiKey();
  const second = createApiKey(first.id);
  const records = new Map<string, ApiKeyRecord>([[first.id, { hashes: [first.hash], principal: robot }]]);
  const asked: string[] = [];
  const t = await testGate([apiKey({ lookup: (id) => (asked.push(id), records.get(id)) })]);
  const ask = (key: string) => t.ask({ "x-api-key": key });
  assert.deepEqual(await ask(first.key), robot);
  assert.equal(await ask(second.key), refused);
  records.set(first.id, { hashes: [first.hash, second.hash], principal: robot });
  assert.deepEqual([await ask(first.key), await ask(second.key)], [robot, robot]);
  records.set(first.id, { hashes: [second.hash], principal: robot });
  assert.deepEqual([await ask(first.key), await ask(second.key)], [refused, robot]);
  records.set(first.id, { hashes: [second.hash], principal: robot, expiresAt: t.clock.now() + 1_000 });
  assert.deepEqual(await ask(second.key), robot);
  await t.clock.advance("1s");
  assert.equal(await ask(second.key), refused);
  assert.deepEqual([...new Set(asked)], [first.id]);
  assert.equal(hashApiKey(first.key), first.hash);
  for (const secret of [first.key.slice(30), second.key.slice(30)]) assert.ok(!t.lines.join().includes(secret));
});

test("what has not the form of a key never reaches the lookup; a hash is no key", async () => {
  const key = createApiKey();
  let asked = 0;
  const t = await testGate([apiKey({ lookup: () => (asked++, { hashes: [key.hash, ""], principal: robot }) })]);
  const bad = [
    "",
    "x",
    key.hash,
    `sk_${key.id}_`,
    `sk_${key.id}_short`,
    "sk_../x_".padEnd(60, "a"),
    `${key.key}\u00e4`,
    "x".repeat(5_000),
    ` ${key.key}`,
  ];
  for (const value of bad) assert.equal(await t.ask({ "x-api-key": value }), refused, value);
  assert.equal(asked, 0);
  assert.equal(await t.ask({ "x-api-key": createApiKey(key.id).key }), refused);
  assert.equal(asked, 1);
  assert.throws(() => createApiKey("no/id"), { code: "SKEIN_ACCESS_SETUP" });
});

test("a lookup that fails is 503, and never takes anybody for nobody", async () => {
  const key = createApiKey();
  const down = () => Promise.reject(new Error("connection refused"));
  const t = await testGate([apiKey({ lookup: down }), session({ cookie: "sid", lookup: down })]);
  assert.equal(await t.ask({ "x-api-key": key.key }), "SKEIN_ACCESS_UNAVAILABLE");
  assert.equal(await t.ask({ cookie: "sid=abc" }), "SKEIN_ACCESS_UNAVAILABLE");
  assert.equal(await t.ask({}), undefined);
});

test("sessions: by cookie, and never for what another site's page sends", async () => {
  const ann = { subject: "ann", roles: ["customer"] };
  const lookup = (id: string) => (id === "s1" ? ann : undefined);
  const t = await testGate([session({ cookie: "__Host-sid", lookup, origins: ["https://admin.example"] })]);
  const cookie = "a=1; __Host-sid=s1; b=2";
  assert.deepEqual(await t.ask({ cookie }), ann);
  assert.equal(await t.ask({ cookie: "__Host-sid=s2" }), refused);
  assert.equal(await t.ask({ cookie: "__Host-sid=s1; __Host-sid=s2" }), refused);
  assert.equal(await t.ask({ cookie: `__Host-sid=${"x".repeat(2_000)}` }), refused);
  assert.equal(await t.ask({ cookie: "__Host-sid=" }), undefined);
  assert.equal(await t.ask({ cookie: "__host-sid=s1" }), undefined);
  const post = (headers: Record<string, string>) => t.ask({ cookie, host: "shop.example", ...headers }, "POST");
  assert.deepEqual(await post({}), ann, "a program");
  assert.deepEqual(await post({ "sec-fetch-site": "same-origin", origin: "https://shop.example" }), ann);
  assert.deepEqual(await post({ origin: "https://shop.example" }), ann);
  assert.deepEqual(await post({ "sec-fetch-site": "cross-site", origin: "https://admin.example" }), ann);
  for (const headers of [
    { "sec-fetch-site": "cross-site", origin: "https://evil.example" },
    { "sec-fetch-site": "same-site", origin: "https://blog.shop.example" },
    { "sec-fetch-site": "cross-site" },
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "https://shop.example.evil.example" },
  ])
    assert.equal(await post(headers), "SKEIN_ACCESS_DENIED", JSON.stringify(headers));
});

test("names and passwords are for development: they do not open in production", async () => {
  const users = { ann: { password: "tea: hot", roles: ["customer"], tenant: "acme" }, nobody: { password: "" } };
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });
  await assert.rejects(testGate([basicForDev({ users })]), { code: "SKEIN_ACCESS_DEV_ONLY" });
  const t = await testGate([basicForDev({ users })], { mode: "development" });
  assert.deepEqual(await t.ask(basic("ann:tea: hot")), { subject: "ann", roles: ["customer"], tenant: "acme" });
  for (const bad of [
    "ann:",
    "ann:tea",
    "ann",
    "",
    ":",
    "nobody:",
    "__proto__:x",
    "constructor:",
    "bob:tea: hot",
    `ann:${"x".repeat(2_000)}`,
  ])
    assert.equal(await t.ask(basic(bad)), refused, bad);
  assert.ok(!t.lines.join().includes("tea"));
});

test("the first that finds a credential decides; a broken one does not fall through", async () => {
  const key = createApiKey();
  const t = await testGate([
    apiKey({ lookup: (id) => (id === key.id ? { hashes: [key.hash], principal: robot } : undefined) }),
    session({ cookie: "sid", lookup: () => ({ subject: "ann", roles: [] }) }),
  ]);
  assert.deepEqual(await t.ask({ "x-api-key": key.key, cookie: "sid=1" }), robot);
  assert.equal(await t.ask({ "x-api-key": createApiKey().key, cookie: "sid=1" }), refused);
  assert.deepEqual(await t.ask({ cookie: "sid=1" }), { subject: "ann", roles: [] });
  assert.equal(t.gate.challenge, "Session");
});

test("a cookie is found whatever surrounds it, and two are none", () => {
  const name = fc.stringMatching(/^[a-z]{1,8}$/);
  const value = fc.stringMatching(/^[A-Za-z0-9=_-]{0,12}$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), value, (others, mine) => {
      const header = [...others, ["SID", mine] as const, ...others].map(([key, one]) => `${key}=${one}`).join("; ");
      assert.equal(cookieOf(header, "SID"), mine);
      assert.throws(() => cookieOf(`${header}; SID=${mine}`, "SID"), { code: refused });
      assert.equal(cookieOf(header, "sid2"), undefined);
    }),
  );
});
