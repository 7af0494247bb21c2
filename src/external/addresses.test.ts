/** LIMITS row of server-side request forgery: forty ways to a private address, and a canary that must hear nothing. */
import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { systemClock, systemRandom } from "../core/index.ts";
import { isSkeinError } from "../errors/index.ts";
import { createHost } from "../host/index.ts";
import { silentLog } from "../observe/index.ts";
import { type Call, type CallBinding, type OpenContext, system } from "../system/index.ts";
import { isLoopback, isPublic } from "./addresses.ts";
import { type ExternalCaller, openExternal } from "./engine.ts";
import { Billing, json, ThirdParty } from "./fixtures/billing.ts";
import { external } from "./index.ts";

/** As a URL may write them; `*` is the canary's port. */
const literal = [
  "http://127.0.0.1:*",
  "http://127.1:*",
  "http://127.0.1:*",
  "http://0x7f.1:*",
  "http://0x7f000001:*",
  "http://0x7f.0x0.0x0.0x1:*",
  "http://0177.0.0.1:*",
  "http://017700000001:*",
  "http://2130706433:*",
  "http://127.255.255.254:*",
  "http://0:*",
  "http://0.0.0.0:*",
  "http://[::]:*",
  "http://[::1]:*",
  "http://[0:0:0:0:0:0:0:1]:*",
  "http://[::ffff:127.0.0.1]:*",
  "http://[::ffff:7f00:1]:*",
  "http://[::ffff:0:127.0.0.1]:*",
  "http://[::127.0.0.1]:*",
  "http://[64:ff9b::127.0.0.1]:*",
  "http://[64:ff9b:1::7f00:1]:*",
  "http://[2002:7f00:1::]:*",
  "http://[fe80::1]:*",
  "http://[fc00::1]:*",
  "http://[ff02::1]:*",
  "http://169.254.169.254:*",
  "http://0xa9fea9fe:*",
  "http://10.0.0.1:*",
  "http://172.16.0.1:*",
  "http://192.168.0.1:*",
  "http://100.64.0.1:*",
  "http://127。0。0。1:*",
  "http://①②⑦.⓪.⓪.①:*",
  "http://localhost:*",
  "http://LocalHost:*",
  "http://localhost:*/%2e%2e/",
];

/** What a name of somebody else's may mean. */
const resolved: ReadonlyArray<readonly [string, readonly string[]]> = [
  ["a name of loopback", ["127.0.0.1"]],
  ["a name of mapped loopback", ["::ffff:127.0.0.1"]],
  ["a name of IPv6 loopback", ["::1"]],
  ["a name of the metadata service", ["169.254.169.254"]],
  ["a name of several private addresses", ["10.0.0.1", "127.0.0.1", "::1"]],
];

const never = new AbortController().signal;
const call = { signal: never, traceId: "0af7651916cd43dd8448eb211c80319c", key: undefined, log: silentLog };

/** One call in production, with a resolver of our own. */
async function codeOf(url: string, lookup?: LookupFunction, allowPrivate = false): Promise<string> {
  const context = {
    mode: "production",
    env: {},
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  } as unknown as OpenContext;
  const settings = { name: "billing", url, variable: "BILLING_URL", attempts: 1, allowPrivate };
  const opened = openExternal(Billing, settings, context, undefined, lookup);
  const binding = { kind: "query", call: call as unknown as Call, span: 1, remainingMs: () => 5_000 };
  try {
    await (opened.bind(binding as unknown as CallBinding) as ExternalCaller).call("invoice", { id: "1" });
    return "ok";
  } catch (error) {
    return isSkeinError(error) ? error.code : String(error);
  } finally {
    await opened.close();
  }
}

const resolver =
  (...answers: ReadonlyArray<readonly string[]>): LookupFunction =>
  (_name, _options, done) => {
    const [now = []] = answers.length > 1 ? (answers as Array<readonly string[]>).splice(0, 1) : answers;
    const all: LookupAddress[] = now.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    done(null, all);
  };

test("forty ways to a private address: no canary hears anything, and each is told", async () => {
  await using canary = await ThirdParty.start("127.0.0.1");
  const cases = [
    ...literal.map((url) => ({ name: url, url: url.replace("*", String(canary.port)), lookup: undefined })),
    ...resolved.map(([name, addresses]) => ({
      name,
      url: `http://evil.example:${canary.port}`,
      lookup: resolver(addresses),
    })),
  ];
  assert.ok(cases.length >= 40, String(cases.length));
  for (const { name, url, lookup } of cases) {
    assert.equal(await codeOf(url, lookup), "SKEIN_EXTERNAL_ADDRESS", name);
  }
  assert.deepEqual([canary.connections, canary.seen.length], [0, 0]);
});

test("the canary can be heard: the same call is made where private addresses are allowed", async () => {
  await using canary = await ThirdParty.start("127.0.0.1");
  assert.equal(await codeOf(`http://0x7f.1:${canary.port}`, undefined, true), "ok");
  assert.equal(canary.seen.length, 1);
});

test("a name that means another address a moment later is connected to as it was checked", async () => {
  await using canary = await ThirdParty.start("127.0.0.1");
  // The first answer is public and refuses nobody's connection here; the second is the canary's.
  const url = `http://rebind.example:${canary.port}`;
  const lookup = resolver(["192.0.2.1"], ["127.0.0.1"]);
  assert.equal(await codeOf(url, lookup), "SKEIN_EXTERNAL_ADDRESS");
  assert.equal(await codeOf(url, lookup), "SKEIN_EXTERNAL_ADDRESS");
  assert.equal(canary.connections, 0);
});

test("a redirect to a private address is not followed", async () => {
  await using canary = await ThirdParty.start("127.0.0.1");
  await using party = await ThirdParty.start("127.0.0.1");
  for (const status of [301, 302, 303, 307, 308]) {
    party.answer = (_, response) =>
      json(response, status, {}, { location: `http://127.0.0.1:${canary.port}/invoices/1` });
    assert.equal(await codeOf(`http://127.0.0.1:${party.port}`, undefined, true), "SKEIN_EXTERNAL_REDIRECT");
  }
  assert.equal(canary.connections, 0);
});

test("a URL of this machine works in development, and leads nowhere else private", async () => {
  await using party = await ThirdParty.start("127.0.0.1");
  const at = (url: string, mode: "development" | "production") =>
    createHost(system("s", { services: [external(Billing, { url })] }), { mode, env: {} });
  await using local = await at(`http://localhost:${party.port}`, "development");
  assert.equal((await local.client(Billing).invoice({ id: "1" })).total, 5);
  await using there = await at("http://10.255.255.1:9", "development");
  await assert.rejects(there.client(Billing).invoice({ id: "1" }), { code: "SKEIN_EXTERNAL_ADDRESS" });
  await using live = await at(`http://localhost:${party.port}`, "production");
  await assert.rejects(live.client(Billing).invoice({ id: "1" }), { code: "SKEIN_EXTERNAL_ADDRESS" });
});

test("addresses of the Internet are public; those of no registry are not", () => {
  for (const address of ["1.1.1.1", "8.8.8.8", "172.32.0.1", "192.169.0.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
    assert.equal(isPublic(address), true, address);
  for (const address of [
    "",
    "x",
    "1.1.1",
    "fe80::1%eth0",
    "2606:4700::1%1",
    "4000::1",
    "2001:db8::1",
    "255.255.255.255",
  ])
    assert.equal(isPublic(address), false, address);
  assert.deepEqual(["127.9.9.9", "::1", "::ffff:127.0.0.1", "128.0.0.1", "x"].map(isLoopback), [
    true,
    true,
    true,
    false,
    false,
  ]);
});

test("whatever is private as IPv4 is private mapped into IPv6 too", () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
      const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
      assert.equal(isPublic(`::ffff:${address}`), isPublic(address));
      assert.equal(isPublic(`::ffff:${hex}`), isPublic(address));
      assert.equal(isPublic(`64:ff9b::${hex}`), isPublic(address));
      assert.equal(isPublic(`::${hex}`), false);
    }),
  );
});
