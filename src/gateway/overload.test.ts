/** Tests a gateway whose services have more to do than they can: real requests, and code that keeps the process busy. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import * as z from "zod";
import { createHost } from "../host/index.ts";
import { contract, query, service, system } from "../index.ts";
import { createGateway } from "./index.ts";

const Busy = contract("busy", { work: query({ output: z.object({ done: z.boolean() }), http: "GET /work" }) });

function spin(ms: number): void {
  for (const endMs = performance.now() + ms; performance.now() < endMs;);
}

const busy = service(Busy, { policy: { work: { access: "public" } } }).implement({
  work: () => {
    spin(40);
    return { done: true };
  },
});

interface Report {
  readonly answers: readonly { status: number; retryAfter: string | null; body: Record<string, unknown> }[];
  readonly healthMs: number;
  readonly tookMs: number;
}

const client = `
  const { parentPort, workerData: { url, count } } = require("node:worker_threads");
  const startMs = performance.now();
  const ask = async (path) => {
    const response = await fetch(url + path);
    return { status: response.status, retryAfter: response.headers.get("retry-after"), body: await response.json() };
  };
  void (async () => {
    const asked = Array.from({ length: count }, () => ask("/work"));
    const health = await ask("/health/live");
    if (health.status !== 200) throw new Error("health " + health.status);
    const healthMs = performance.now() - startMs;
    const answers = await Promise.all(asked);
    parentPort.postMessage({ answers, healthMs, tookMs: performance.now() - startMs });
  })();
`;

describe("more requests than there is time for", () => {
  it("some are answered, the others are told at once when to come again, and health answers all the while", async () => {
    await using host = await createHost(system("overload", { services: [busy] }), { mode: "production" });
    await using gateway = await createGateway(host, { port: 0 });
    // So that it is known how long one takes.
    for (let i = 0; i < 12; i++) await (await fetch(`${gateway.url}/work`)).text();
    // In a thread of their own: a client in this one would wait for what it waits for.
    const clients = new Worker(client, { eval: true, workerData: { url: gateway.url, count: 150 } });
    const [{ answers, healthMs, tookMs }] = (await once(clients, "message")) as [Report];
    await clients.terminate();
    const served = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 503);
    assert.equal(served.length + refused.length, 150);
    assert.ok(served.length >= 3, `${served.length} were served`);
    assert.ok(refused.length >= 50, `${refused.length} were refused`);
    for (const { retryAfter, body } of refused) {
      assert.equal(retryAfter, "1");
      assert.deepEqual([body["code"], body["outcome"], body["retry"]], ["SKEIN_HOST_OVERLOADED", "not_started", true]);
    }
    assert.ok(healthMs < tookMs, `${tookMs} ms, health after ${healthMs} ms`);
    assert.equal((await fetch(`${gateway.url}/work`)).status, 200);
  });

  it("what the hosts of a route refuse most of is refused before anything is read or checked of it", async () => {
    await using host = await createHost(system("overload", { services: [busy] }), { mode: "production" });
    const asked: string[] = [];
    const full = new Proxy(host, {
      get(target, name) {
        if (name === "mayEnter") return (service: string, method: string) => asked.push(`${service}.${method}`) === 0;
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
    await using gateway = await createGateway(full, { port: 0 });
    // A query that its schema does not know, and credentials of a scheme that nobody has.
    const answer = await fetch(`${gateway.url}/work?more=1`, { headers: { authorization: "Nothing x" } });
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get("retry-after"), "1");
    const body = (await answer.json()) as Record<string, unknown>;
    assert.deepEqual([body["code"], body["outcome"], body["retry"]], ["SKEIN_HOST_OVERLOADED", "not_started", true]);
    assert.deepEqual(asked, ["busy.work"]);
    assert.equal((await fetch(`${gateway.url}/health/ready`)).status, 200);
  });
});
