/** Two gateways in two processes on one database, SQLite and PostgreSQL: never more calls than the policy and two batches. */
import assert from "node:assert/strict";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { type LocalServer, startLocalServer } from "../../src/data/internal/postgres/local-server.ts";
import { batchOf } from "../../src/gateway/shared-rate.ts";

const perSecond = 100;
const burst = 50;
const runMs = 4_000;
const callers = 8;

let server: LocalServer;
before(async () => {
  server = await startLocalServer({ home: "/nonexistent", inMemory: true, env: process.env });
});
after(() => server?.close());

async function startGateway(
  home: string,
  env: Record<string, string>,
  logged: string[],
): Promise<[ChildProcess, number]> {
  const file = new URL("rate-process.ts", import.meta.url);
  const child = fork(file, [home, String(perSecond), String(burst)], {
    execArgv: ["--conditions=skein-src"],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { PATH: process.env["PATH"], ...env },
  });
  child.stderr?.on("data", (chunk: Buffer) => logged.push(chunk.toString()));
  const [printed] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  return [child, Number(printed.toString())];
}

function ask(port: number, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path: "/rated", agent }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
    }).on("error", reject);
  });
}

async function measure(env: Record<string, string>): Promise<void> {
  const home = await mkdtemp(path.join(tmpdir(), "skein-rate-"));
  const logged: string[] = [];
  const gateways = [await startGateway(home, env, logged), await startGateway(home, env, logged)];
  const agent = new Agent({ keepAlive: true });
  try {
    const counts = new Map<number, number>();
    const startMs = performance.now();
    const caller = async (port: number): Promise<void> => {
      while (performance.now() - startMs < runMs) {
        const status = await ask(port, agent);
        counts.set(status, (counts.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(gateways.flatMap(([, port]) => Array.from({ length: callers }, () => caller(port))));
    const seconds = (performance.now() - startMs) / 1_000;
    const allowed = burst + perSecond * seconds;
    const most = allowed + gateways.length * batchOf(burst);
    const served = counts.get(200) ?? 0;
    const told = `${served} served of ${allowed.toFixed(0)} allowed, ${counts.get(429) ?? 0} refused, ${seconds.toFixed(2)} s`;
    assert.deepEqual(
      [...counts.keys()].toSorted((a, b) => a - b),
      [200, 429],
      told,
    );
    // Then the figures would be those of two limits: the machine was too slow to say anything about a shared one.
    assert.deepEqual(logged, [], "a gateway counted by itself");
    assert.ok(served <= most, told);
    // Nor far less: a limit that refuses everybody would pass the line above.
    assert.ok(served >= allowed * 0.75, told);
    assert.ok((counts.get(429) ?? 0) > 100, told);
  } finally {
    agent.destroy();
    for (const [child] of gateways) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    await rm(home, { recursive: true, force: true });
  }
}

test("SQLite", () => measure({}));
test("PostgreSQL", () => measure({ DATABASE_URL: server.target.connectionString.reveal() }));
