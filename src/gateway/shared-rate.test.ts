/** Rate limits that gateways share: batches, a database that cannot be asked, and that addresses come before authentication. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, query } from "../contract/index.ts";
import { createVirtualClock } from "../core/index.ts";
import { database } from "../data/index.ts";
import { createHost } from "../host/index.ts";
import { silentLog } from "../observe/index.ts";
import { checkSystem } from "../system/check.ts";
import { define, role, service as plainService, system as plainSystem } from "../system/index.ts";
import type { Authenticator, TokenGrant } from "../system/index.ts";
import { createGateway } from "./index.ts";
import { batchOf, createSharedLimiter } from "./shared-rate.ts";

const Login = contract("login", {
  me: query({ output: z.string(), http: "GET /me" }),
  mine: query({ output: z.string(), http: "GET /mine" }),
  shared: query({ output: z.string(), http: "GET /shared" }),
});

/** Takes `Token <name>`; anything else is broken. Counts how often it was asked. */
function counting(): Authenticator & { asked: number } {
  const authenticator = {
    name: "counting",
    asked: 0,
    open: () =>
      Promise.resolve({
        authenticate(request: { header(name: string): string | undefined }) {
          const value = request.header("authorization");
          if (value === undefined) return undefined;
          authenticator.asked++;
          const subject = /^Token (\w+)$/.exec(value)?.[1];
          return subject === "wrong" || subject === undefined
            ? Promise.reject(new Error("wrong"))
            : Promise.resolve({ subject, roles: ["user"] });
        },
      }),
  };
  return authenticator;
}

async function started() {
  const authenticator = counting();
  const doors = define({
    principal: z.object({ subject: z.string(), roles: z.array(z.string()) }),
    authenticate: [authenticator],
  });
  const slow = { perSecond: 1 / 3_600, burst: 3 };
  const login = doors.service(Login, {
    has: { db: database("login", { dialect: "portable", migrations: [] }) },
    policy: {
      me: { access: role("user"), rateLimit: { ...slow, by: "ip" } },
      mine: { access: role("user"), rateLimit: { ...slow, by: "principal" } },
      shared: { access: "public", rateLimit: { ...slow, by: "ip", shared: true } },
    },
  });
  const code = login.implement({ me: () => "me", mine: () => "mine", shared: () => "shared" });
  const host = await createHost(doors.system("rates", { services: [code] }), { inMemory: true, mode: "test" });
  return { host, authenticator };
}

const statusOf = async (url: string, token?: string) => {
  const headers = token === undefined ? {} : { authorization: `Token ${token}` };
  const answer = await fetch(url, { headers });
  await answer.text();
  return answer.status;
};

test("guessing tokens is limited by address before anybody looks at the token", async () => {
  const { host, authenticator } = await started();
  await using _ = host;
  await using gateway = await createGateway(host, { port: 0 });
  const statuses: number[] = [];
  for (let i = 0; i < 6; i++) statuses.push(await statusOf(`${gateway.url}/me`, "wrong"));
  assert.deepEqual(statuses, [401, 401, 401, 429, 429, 429]);
  assert.equal(authenticator.asked, 3);
});

test("by principal, each has its own bucket, and it is counted after authentication", async () => {
  const { host } = await started();
  await using _ = host;
  await using gateway = await createGateway(host, { port: 0 });
  for (const who of ["ada", "bob"]) {
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) statuses.push(await statusOf(`${gateway.url}/mine`, who));
    assert.deepEqual(statuses, [200, 200, 200, 429], who);
  }
});

test("two gateways share a limit through the service's database", async () => {
  const { host } = await started();
  await using _ = host;
  await using one = await createGateway(host, { port: 0 });
  await using two = await createGateway(host, { port: 0 });
  const statuses: number[] = [];
  for (let i = 0; i < 6; i++) statuses.push(await statusOf(`${(i % 2 === 0 ? one : two).url}/shared`));
  assert.deepEqual(statuses, [200, 200, 200, 429, 429, 429]);
  const refused = await fetch(`${one.url}/shared`);
  assert.ok(Number(refused.headers.get("retry-after")) > 3_000);
  await assert.rejects(host.takeTokens("login", "me", "x", 1), { code: "SKEIN_CALL_NO_ROUTE" });
  await assert.rejects(host.call("login", "$rate", {}) as Promise<unknown>, { code: "SKEIN_CALL_NO_ROUTE" });
});

test("a shared limit without a database is an error of the check", async () => {
  const policy = {
    me: { access: "public", rateLimit: { perSecond: 1, burst: 1, by: "ip", shared: true } },
    mine: { access: "public" },
    shared: { access: "public" },
  } as const;
  const code = plainService(Login, { policy }).implement({ me: () => "", mine: () => "", shared: () => "" });
  const findings = await checkSystem(plainSystem("none", { services: [code] }));
  assert.deepEqual(
    findings.filter(({ level }) => level === "error").map((found) => found.code),
    ["SKEIN_CHECK_RATE_DATABASE"],
  );
  await assert.rejects(createHost(plainSystem("none", { services: [code] })), { code: "SKEIN_SYSTEM_INVALID" });
});

test("a batch is a tenth of the burst; one question serves a batch, and an empty bucket is not asked again", async () => {
  assert.deepEqual([1, 9, 10, 200, 10_000].map(batchOf), [1, 1, 1, 20, 100]);
  const clock = createVirtualClock();
  const grants: TokenGrant[] = [
    { granted: 3, waitMs: 0 },
    { granted: 0, waitMs: 250 },
    { granted: 1, waitMs: 0 },
  ];
  const asked: unknown[] = [];
  const host = {
    takeTokens: (...question: unknown[]) => {
      asked.push(question);
      return Promise.resolve(grants.shift() as TokenGrant);
    },
  };
  const rate = { perSecond: 4, burst: 30 };
  const limiter = createSharedLimiter({ host, service: "s", method: "m", rate, clock, log: silentLog });
  const take = () => limiter.take("a1", clock.monotonic());
  // Five at once ask twice, not five times.
  assert.deepEqual(await Promise.all([take(), take(), take(), take(), take()]), [0, 0, 0, 250, 250]);
  assert.deepEqual(asked, [
    ["s", "m", "a1", 3],
    ["s", "m", "a1", 3],
  ]);
  await clock.advance(100);
  assert.equal(take(), 150);
  assert.equal(asked.length, 2);
  await clock.advance(150);
  assert.equal(await take(), 0);
});

test("a database that cannot be asked: the gateway counts by itself, says so once a minute, and asks again", async () => {
  const clock = createVirtualClock();
  let isDown = true;
  let asked = 0;
  const host = {
    takeTokens: () => {
      asked++;
      return isDown ? Promise.reject(new Error("down")) : Promise.resolve({ granted: 1, waitMs: 0 });
    },
  };
  const lines: string[] = [];
  const log = { ...silentLog, error: (message: string) => void lines.push(message) };
  const rate = { perSecond: 0.01, burst: 2 };
  const limiter = createSharedLimiter({ host, service: "s", method: "m", rate, clock, log });
  const take = () => limiter.take("a1", clock.monotonic());
  assert.equal(await take(), 0);
  assert.equal(take(), 0);
  assert.ok((take() as number) > 0, "the local bucket is empty");
  assert.equal(asked, 1);
  await clock.advance(10_000);
  await take();
  assert.equal(asked, 2);
  assert.equal(lines.length, 1);
  await clock.advance(60_000);
  isDown = false;
  assert.equal(await take(), 0);
  assert.equal(asked, 3);
});
