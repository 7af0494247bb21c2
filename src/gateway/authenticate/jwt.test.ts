/** Tokens: which pass, which do not, and where an issuer's keys come from. Every refusal must look the same outside. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { isSkeinError } from "../../errors/index.ts";
import { testGate, type TestGate } from "./fixtures/gate.ts";
import { audience, badTokens, createIssuer, ed, goodTokens, issuer } from "./fixtures/tokens.ts";
import { developmentToken } from "./development-keys.ts";
import { jwt, type JwtOptions } from "./jwt.ts";
import type { JwtKeys } from "./key-source.ts";

const by = createIssuer();
const refused = "SKEIN_ACCESS_UNAUTHENTICATED";
const start = (keys: JwtKeys, more: Partial<JwtOptions> = {}) => testGate([jwt({ issuer, audience, keys, ...more })]);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const nowOf = (t: TestGate) => t.clock.now() / 1_000;

test("good tokens pass, whatever their algorithm", async () => {
  const t = await start({ set: by.set });
  for (const [name, token] of goodTokens(by, nowOf(t))) {
    assert.deepEqual(await t.ask(bearer(token)), { subject: "ann", roles: ["customer"] }, name);
    assert.deepEqual(await t.ask({ authorization: `bEARER  ${token}` }), { subject: "ann", roles: ["customer"] }, name);
  }
  assert.deepEqual(t.lines, []);
  assert.equal(await t.ask({}), undefined, "nothing carried is nobody");
});

test("no forged or broken token passes, none is an error of the server, and no log line holds one", async (t) => {
  const gate = await start({ set: by.set });
  const corpus = badTokens(by, nowOf(gate));
  assert.ok(corpus.length >= 100, String(corpus.length));
  for (const [name, token] of corpus) {
    const before = gate.lines.length;
    assert.equal(await gate.ask(bearer(token)), refused, name);
    assert.equal(gate.lines.length, before + 1, name);
    const line = gate.lines.at(-1) ?? "";
    assert.equal((JSON.parse(line) as { code: string }).code, refused);
    const signature = token.split(".").at(-1) ?? "";
    if (signature.length > 20) assert.ok(!line.includes(signature), name);
  }
  t.diagnostic(`${corpus.length} forged or broken tokens`);
});

test("any one change of a good token is refused", async () => {
  const t = await start({ set: by.set });
  const good = by.token(ed, by.claims(nowOf(t)));
  await fc.assert(
    fc.asyncProperty(
      fc.nat(good.length - 1),
      fc.string({ minLength: 0, maxLength: 3, unit: "grapheme" }),
      async (at, put) => {
        const changed = good.slice(0, at) + put + good.slice(at + 1);
        if (changed === good || changed.trim() === good) return;
        assert.equal(await t.ask(bearer(changed)), refused);
      },
    ),
    { numRuns: 300 },
  );
});

test("a header nobody takes is refused and not taken for nobody's", async () => {
  const t = await start({ set: by.set });
  for (const authorization of ["", "Bearer", "Bearer ", "Digest x", "Bearerx y", "Basic YTpi", "token"]) {
    assert.equal(await t.ask({ authorization }), refused, authorization);
  }
});

test("claims become what a team says; what is no principal of the system is refused", async () => {
  const t = await start(
    { set: by.set },
    { toPrincipal: (claims) => ({ subject: `u:${String(claims["sub"])}`, roles: ["admin"], tenant: "acme" }) },
  );
  assert.deepEqual(await t.ask(bearer(by.token(ed, by.claims(nowOf(t))))), {
    subject: "u:ann",
    roles: ["admin"],
    tenant: "acme",
  });
  const broken = await start(
    { set: by.set },
    {
      toPrincipal: () => {
        throw new TypeError("a bug");
      },
    },
  );
  assert.equal(await broken.ask(bearer(by.token(ed, by.claims(nowOf(broken))))), refused);
  assert.match(broken.lines[0] ?? "", /a bug/);
});

test("setups that cannot be safe do not open", async () => {
  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" });
  const bad: Array<readonly [JwtKeys, Partial<JwtOptions>?]> = [
    [{ jwks: "http://issuer.example/keys" }],
    [{ jwks: "ftp://issuer.example/keys" }],
    [{ jwks: "issuer.example" }],
    [{ jwks: "http://localhost.evil.example/keys" }],
    [{ set: { keys: [] } }],
    [{ set: { keys: [{ kty: "oct", k: "c2VjcmV0", alg: "HS256" }] } }],
    [{ set: { keys: [{ ...weak, kid: "w" }] } }],
    [{ set: { keys: [by.set.keys[0], by.set.keys[0]] as never } }],
    [{ set: {} as never }],
    [{ file: "/nowhere/keys.json" }],
    [{ env: "NOT_SET" }],
    [{ set: by.set }, { issuer: "" }],
    [{ set: by.set }, { audience: "" }],
  ];
  for (const [keys, more] of bad) {
    await assert.rejects(
      start(keys, more),
      (error) => isSkeinError(error) && error.code === "SKEIN_ACCESS_SETUP",
      JSON.stringify(keys),
    );
  }
});

/** An issuer's address whose answer the test decides. */
async function issuerServer(t: TestContext) {
  const state = { status: 200, body: JSON.stringify(by.set), requests: 0, location: "" };
  const server = createServer((_request, response) => {
    state.requests++;
    response.writeHead(state.status, {
      "content-type": "application/json",
      ...(state.location && { location: state.location }),
    });
    response.end(state.body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys` });
}

test("fetched keys are used for ten minutes, fetched again behind the scenes, and never more often than every 30 s", async (t) => {
  const server = await issuerServer(t);
  const gate = await start({ jwks: server.url });
  const ask = (kid = "ed") => gate.ask(bearer(by.token({ ...ed, kid }, by.claims(nowOf(gate)))));
  await Promise.all([ask(), ask(), ask()]);
  assert.equal(server.requests, 1);
  // A storm of unknown key ids costs the issuer nothing.
  for (let i = 0; i < 50; i++) assert.equal(await ask(`unknown-${i}`), refused);
  assert.equal(server.requests, 1);

  // The issuer rotates: the new key is found as soon as the cool-down allows.
  const next = createIssuer();
  server.body = JSON.stringify({ keys: [{ ...next.set.keys[0], kid: "next" }] });
  const newToken = () => gate.ask(bearer(next.token({ ...ed, kid: "next" }, next.claims(nowOf(gate)))));
  assert.equal(await newToken(), refused);
  await gate.clock.advance("31s");
  assert.deepEqual(await newToken(), { subject: "ann", roles: ["customer"] });
  assert.equal(server.requests, 2);
  assert.equal(await ask(), refused, "a key that the issuer withdrew");

  // Down for less than the age of the keys: nobody notices. Down for longer: refused, and never a 5xx.
  server.status = 503;
  await gate.clock.advance("9m");
  assert.deepEqual(await newToken(), { subject: "ann", roles: ["customer"] });
  await gate.clock.advance("2m");
  assert.equal(await newToken(), refused);
  server.status = 200;
  await gate.clock.advance("31s");
  assert.deepEqual(await newToken(), { subject: "ann", roles: ["customer"] });
});

test("an answer that is no key set, too large, or a redirect gives no keys", async (t) => {
  const other = await issuerServer(t);
  const good = JSON.stringify(by.set);
  for (const [body, status, location] of [
    ["{", 200, ""],
    ["[]", 200, ""],
    ["null", 200, ""],
    [`{"keys":[${"{},".repeat(200)}{}]}`, 200, ""],
    [good + " ".repeat(300_000), 200, ""],
    [good, 302, other.url],
    [good, 404, ""],
  ] as const) {
    const server = await issuerServer(t);
    Object.assign(server, { body, status, location });
    const gate = await start({ jwks: server.url });
    assert.equal(await gate.ask(bearer(by.token(ed, by.claims(nowOf(gate))))), refused, body.slice(0, 30));
  }
  assert.equal(other.requests, 0);
});

test("a file of keys, and one whose content changes", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "skein-keys-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "keys.json");
  await writeFile(file, JSON.stringify(by.set));
  const gate = await testGate([jwt({ issuer, audience, keys: { env: "KEYS" } })], { env: { KEYS: file } });
  const ask = (kid: string) => gate.ask(bearer(by.token({ ...ed, kid }, by.claims(nowOf(gate)))));
  assert.deepEqual(await ask("ed"), { subject: "ann", roles: ["customer"] });
  await writeFile(file, JSON.stringify({ keys: [{ ...by.set.keys[0], kid: "second" }] }));
  await gate.clock.advance("31s");
  assert.deepEqual(await ask("second"), { subject: "ann", roles: ["customer"] });
});

test("outside production missing keys are made, for their owner only; in production nothing starts without them", async (t) => {
  const home = await mkdtemp(join(tmpdir(), "skein-keys-"));
  t.after(() => rm(home, { recursive: true }));
  const authenticate = [jwt({ issuer, audience, keys: { env: "SHOP_KEYS" } })];
  const gates = await Promise.all([1, 2, 3].map(() => testGate(authenticate, { mode: "development", home })));
  for (const gate of gates) {
    const token = await developmentToken(home, {
      issuer,
      audience,
      subject: "eve",
      roles: ["admin"],
      nowSeconds: nowOf(gate),
    });
    assert.deepEqual(await gate.ask(bearer(token)), { subject: "eve", roles: ["admin"] });
  }
  const file = join(home, "development-keys.json");
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.ok((await readFile(file, "utf8")).includes("privateKey"));
  await assert.rejects(testGate(authenticate, { mode: "production", home }), { code: "SKEIN_ACCESS_SETUP" });
  await chmod(file, 0o600);
});
