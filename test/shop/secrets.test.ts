/**
 * Secrets planted wherever a system meets them, and characters that end a line in every field that is logged: what comes
 * out of logs, problems, spans and request lines holds none of them, and one event stays one line.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import * as z from "zod";
import {
  apiKey,
  basicForDev,
  config,
  createApiKey,
  createHost,
  define,
  type Host,
  jwt,
  resource,
  Secret,
  session,
} from "skein";
import { action, contract, query } from "skein/contract";
import { systemClock } from "../../src/core/index.ts";
import { createGateway, type Gateway } from "../../src/gateway/index.ts";
import { createIssuer, ed } from "../../src/gateway/authenticate/fixtures/tokens.ts";
import { createLog } from "../../src/observe/index.ts";

const plant = () => `planted${randomBytes(12).toString("hex")}`;
const nasty = "a\r\nb\u001b[31mc\u2028d\u2029e\u0085f\u0000g";

const apiSecret = createApiKey();
const strange = createApiKey();
const by = createIssuer();
const secrets = {
  environment: plant(),
  configured: plant(),
  wrapped: plant(),
  password: plant(),
  token: plant(),
  cookie: plant(),
  apiKeyField: plant(),
  databaseUrl: plant(),
  bearer: plant(),
  basic: plant(),
  query: plant(),
  headerKey: plant(),
  session: plant(),
  body: plant(),
  cause: plant(),
  nested: plant(),
  accessToken: plant(),
  apiKey: strange.key.slice(25),
  knownKey: apiSecret.key.slice(25),
  jwt: "",
  basicPassword: plant(),
};

const Vault = contract("vault", {
  open: query({ input: z.object({ token: z.string().optional() }), output: z.string(), http: "GET /open" }),
  fail: action({ input: z.object({ note: z.string() }), output: z.string(), http: "POST /fail" }),
  loud: action({ input: z.object({ note: z.string() }), output: z.string(), http: "POST /loud" }),
});

const lines: string[] = [];
const requests: string[] = [];
const answers: string[] = [];
let host: Host;
let gateway: Gateway;

before(async () => {
  const { service, system } = define({
    principal: z.object({ subject: z.string(), roles: z.array(z.string()) }),
    authenticate: [
      jwt({ issuer: "https://issuer.example", audience: "shop", keys: { set: by.set } }),
      apiKey({ lookup: () => ({ hashes: [apiSecret.hash], principal: { subject: "robot", roles: [] } }) }),
      session({
        cookie: "sid",
        lookup: () => Promise.reject(new Error(`no session at postgres://app:${secrets.databaseUrl}@db/shop`)),
      }),
      basicForDev({ users: { ann: { password: secrets.basicPassword } } }),
    ],
  });
  const vault = service(Vault, {
    has: {
      settings: config(z.object({ key: z.string().transform((text) => new Secret(text)) })),
      line: resource({ open: () => Promise.resolve(new Secret(secrets.wrapped)), close: () => undefined }),
    },
    policy: { open: { access: "public" }, fail: { access: "public" }, loud: { access: "public" } },
  });
  const code = vault.implement({
    open: () => "open",
    fail: ({ note }) => {
      const cause = new Error(`connect postgres://app:${secrets.cause}@db:5432/shop refused for ${note.slice(0, 1)}`);
      throw new Error(`Authorization: Bearer ${secrets.bearer}, Basic ${secrets.basic}, password=${secrets.query}`, {
        cause,
      });
    },
    loud: ({ note }, { line, settings }, call) => {
      call.log.warn(nasty, {
        [nasty]: nasty,
        note,
        line,
        settings,
        wrapped: new Secret(secrets.wrapped),
        password: secrets.password,
        token: secrets.token,
        cookie: secrets.cookie,
        apiKey: secrets.apiKeyField,
        nested: { deep: [{ authorization: secrets.nested }] },
        url: `https://example.org/?access_token=${secrets.accessToken}&x=1`,
        error: new Error(nasty),
      });
      return "said";
    },
  });
  const log = createLog({ clock: systemClock, level: "debug", sink: (_level, line) => lines.push(line) });
  host = await createHost(system("vault", { services: [code] }), {
    mode: "test",
    inMemory: true,
    env: { VAULT_KEY: secrets.configured, OTHER: secrets.environment },
    log,
  });
  gateway = await createGateway(host, {
    port: 0,
    mode: "development",
    log,
    onRequest: (line) => requests.push(JSON.stringify(line)),
  });
});
after(async () => {
  await gateway.close();
  await host.close();
});

async function ask(path: string, headers: Record<string, string> = {}, body?: unknown): Promise<number> {
  const response = await fetch(gateway.url + path, {
    method: body === undefined ? "GET" : "POST",
    headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  answers.push(JSON.stringify([...response.headers]) + (await response.text()));
  return response.status;
}

test("no planted secret comes out, and one event is one line", async (t) => {
  const now = systemClock.now() / 1_000;
  const token = by.token(ed, { ...by.claims(now), sub: nasty, pad: plant(), aud: "other" });
  secrets.jwt = token.split(".")[1] ?? "";
  const statuses = [
    await ask(`/open?token=${secrets.query}`),
    await ask(`/nowhere?password=${secrets.query}`),
    await ask("/open", { authorization: `Bearer ${token}` }),
    await ask("/open", { authorization: `Bearer ${secrets.bearer}` }),
    await ask("/open", { authorization: `Basic ${Buffer.from(`ann:${secrets.basic}`).toString("base64")}` }),
    await ask("/open", { authorization: `Basic ${Buffer.from(`ann:${secrets.basicPassword}`).toString("base64")}` }),
    await ask("/open", { "x-api-key": strange.key }),
    await ask("/open", { "x-api-key": apiSecret.key }),
    await ask("/open", { cookie: `sid=${secrets.session}` }),
    await ask("/open", { "x-secret-header": secrets.headerKey, "x-note": "a\u0085b" }),
    await ask("/fail", {}, { note: secrets.body }),
    await ask("/loud", {}, { note: nasty }),
    await ask(`/${encodeURIComponent(nasty.replace("\0", ""))}`),
  ];
  assert.deepEqual(statuses, [200, 404, 401, 401, 401, 200, 401, 200, 503, 200, 500, 200, 404]);
  const spans = JSON.stringify(host.recorder.spans(), (_key, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );
  const output: Record<string, string> = {
    log: lines.join("\n"),
    requests: requests.join("\n"),
    answers: answers.join("\n"),
    spans,
  };
  const found = Object.entries(output).flatMap(([where, text]) =>
    Object.entries(secrets).flatMap(([name, secret]) =>
      secret !== "" && text.includes(secret) ? [`${name} in ${where}`] : [],
    ),
  );
  assert.deepEqual(found, []);
  assert.ok(lines.length >= 7, String(lines.length));
  for (const line of lines) {
    // oxlint-disable-next-line no-control-regex -- finding control characters is the purpose
    assert.ok(!/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(line), JSON.stringify(line));
    assert.equal(typeof (JSON.parse(line) as { message: unknown }).message, "string");
  }
  assert.equal(JSON.parse(lines.find((line) => line.includes("31mc")) ?? "{}").message, nasty);
  t.diagnostic(`${Object.keys(secrets).length} secrets, ${lines.length} lines`);
});
