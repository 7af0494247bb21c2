/**
 * Memory of idle WebSockets: a channel of a gateway with every default on, beside the bare library `ws` on node:http, each
 * server and its client in processes of their own, in turn, in the same run. Every socket has sent and received one item before it falls
 * silent. usage: node --conditions=skein-src bench/idle-websockets.ts [--sockets 1000] [--rounds 3] [--json]
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";

interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly connections: number;
}
interface Cost {
  readonly rssBytes: number;
  readonly heapBytes: number;
}

const json = process.argv.includes("--json");
const sockets = numberOf("--sockets", 1_000);
const rounds = numberOf("--rounds", 3);
/** Opened before the first look: what a first socket loads and compiles is not what a socket costs. */
const warmSockets = 100;
const contestants = ["skein", "ws"] as const;

const costs: Record<(typeof contestants)[number], Cost[]> = { skein: [], ws: [] };
for (let round = 0; round < rounds; round++) {
  // In turn, and the other way round every other time.
  for (const name of round % 2 === 0 ? contestants : contestants.toReversed()) costs[name].push(await measure(name));
}
const results = Object.fromEntries(
  contestants.map((name) => [
    name,
    {
      rssPerSocket: summary(costs[name].map(({ rssBytes }) => rssBytes)),
      heapPerSocket: summary(costs[name].map(({ heapBytes }) => heapBytes)),
    },
  ]),
) as Record<(typeof contestants)[number], Record<"rssPerSocket" | "heapPerSocket", ReturnType<typeof summary>>>;
const headline = {
  rssPerSocket: results.skein.rssPerSocket.median,
  heapPerSocket: results.skein.heapPerSocket.median,
  vsWsRss: ratio(results.skein.rssPerSocket.median, results.ws.rssPerSocket.median),
  vsWsHeap: ratio(results.skein.heapPerSocket.median, results.ws.heapPerSocket.median),
};
const report = { bench: "idle-websockets", node: process.version, sockets, rounds, unit: "bytes", results, headline };
if (json) console.log(JSON.stringify(report));
else console.log(JSON.stringify(report, undefined, 2));

async function measure(name: (typeof contestants)[number]): Promise<Cost> {
  const server = start("server.ts", [name], ["--expose-gc"]);
  const { port } = await told<{ port: number }>(server);
  const client = start("client.ts", [String(port), name === "skein" ? "/talk" : "/"], []);
  await told(client);
  try {
    await openAll(client, warmSockets);
    const before = await look(server, warmSockets);
    await openAll(client, warmSockets + sockets);
    const after = await look(server, warmSockets + sockets);
    return {
      rssBytes: Math.round((after.rss - before.rss) / sockets),
      heapBytes: Math.round((after.heapUsed + after.external - before.heapUsed - before.external) / sockets),
    };
  } finally {
    await Promise.all([client, server].map(stop));
  }
}

function start(file: string, args: readonly string[], flags: readonly string[]): ChildProcess {
  const execArgv = ["--conditions=skein-src", ...flags];
  const env = { ...process.env, NODE_ENV: "production" };
  return fork(join(import.meta.dirname, "websockets", file), args, { execArgv, env, stdio: "inherit" });
}

async function told<T>(child: ChildProcess): Promise<T> {
  const [message] = (await once(child, "message")) as [T];
  return message;
}

async function openAll(client: ChildProcess, count: number): Promise<void> {
  const answer = told<{ opened?: number; failed?: string }>(client);
  client.send({ count });
  const { opened, failed } = await answer;
  if (opened !== count) throw new Error(`${opened ?? 0} of ${count} sockets opened: ${failed ?? ""}`);
}

async function look(server: ChildProcess, count: number): Promise<Memory> {
  const answer = told<Memory>(server);
  server.send({});
  const memory = await answer;
  if (memory.connections !== count) throw new Error(`${memory.connections} of ${count} sockets are there`);
  return memory;
}

async function stop(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.disconnect();
  await gone;
}

function summary(values: readonly number[]): { median: number; min: number; max: number } {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    median: sorted[Math.floor(sorted.length / 2)] as number,
    min: sorted[0] as number,
    max: sorted.at(-1) as number,
  };
}

function ratio(a: number, b: number): number {
  return Math.round((a / b) * 100) / 100;
}

function numberOf(flag: string, fallback: number): number {
  const at = process.argv.indexOf(flag);
  const value = at < 0 ? fallback : Number(process.argv[at + 1]);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${flag} is a whole number from 1`);
  return value;
}
