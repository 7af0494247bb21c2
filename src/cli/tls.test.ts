/** What the environment says about HTTPS. */
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { tlsFromEnv } from "./tls.ts";

test("HTTPS by environment: whole settings only", () => {
  assert.equal(tlsFromEnv({}), undefined);
  assert.equal(tlsFromEnv({ SKEIN_TLS_CERT: "", SKEIN_TLS_KEY: "" }), undefined);
  const pair = { SKEIN_TLS_CERT: "a.pem", SKEIN_TLS_KEY: "/b.pem" };
  assert.deepEqual(tlsFromEnv(pair), { cert: path.resolve("a.pem"), key: "/b.pem" });
  assert.deepEqual(tlsFromEnv({ ...pair, SKEIN_TLS_CA: "/ca", SKEIN_TLS_REDIRECT_PORT: "0" }), {
    cert: path.resolve("a.pem"),
    key: "/b.pem",
    ca: "/ca",
    clientCertificates: "request",
    redirectPort: 0,
  });
  assert.equal(
    tlsFromEnv({ ...pair, SKEIN_TLS_CA: "/ca", SKEIN_TLS_CLIENTS: "require" })?.clientCertificates,
    "require",
  );
  for (const env of [
    { SKEIN_TLS_CERT: "a.pem" },
    { SKEIN_TLS_KEY: "a.pem" },
    { SKEIN_TLS_CA: "a.pem" },
    { SKEIN_TLS_REDIRECT_PORT: "8080" },
    { ...pair, SKEIN_TLS_REDIRECT_PORT: "70000" },
    { ...pair, SKEIN_TLS_REDIRECT_PORT: "http" },
    { ...pair, SKEIN_TLS_CLIENTS: "require" },
    { ...pair, SKEIN_TLS_CA: "/ca", SKEIN_TLS_CLIENTS: "all" },
  ]) {
    assert.throws(() => tlsFromEnv(env), { code: "SKEIN_CONFIG_INVALID" }, JSON.stringify(env));
  }
});
