/**
 * kill -9 of everything that `npm start` runs, again and again, while orders are posted; then counts: each order and each
 * charge exactly once. Must never forgive: whatever is lost, doubled or left pending is a violation and exit code 1.
 *
 *   node --conditions=skein-src test/faults/kill-orders.ts --orders 2000 --kills 20 [--seed 1] [--rate 80]
 *     [--concurrency 16] [--database-url postgres://... | --postgres] [--json]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createSeededRandom, type Random } from "../../src/core/index.ts";
import { startLocalServer } from "../../src/data/internal/postgres/local-server.ts";
import {
  type ClientCounts,
  createOrderClient,
  type KeptOrder,
  type OrderClient,
  type SentOrder,
} from "./order-client.ts";
import { createShopProcess, freePort, type ShopProcess } from "./shop-process.ts";

export interface KillOptions {
  readonly orders: number;
  readonly kills: number;
  readonly seed: number;
  /** Orders per second that customers would like to place. */
  readonly rate: number;
  /** Orders under way at once at most. */
  readonly concurrency: number;
  /** PostgreSQL; SQLite without it. The database must be the run's own. */
  readonly databaseUrl?: string;
  readonly log?: (line: string) => void;
}

export interface KillReport {
  readonly engine: "sqlite" | "postgres";
  readonly seed: number;
  readonly orders: number;
  readonly kills: number;
  /** Further kills, of processes that had not answered yet. */
  readonly killsWhileStarting: number;
  readonly charges: number;
  readonly seconds: number;
  readonly client: ClientCounts;
  /** From spawn to first answer, the first start apart. */
  readonly firstStartMs: number;
  readonly restartMs: { readonly median: number; readonly min: number; readonly max: number };
  readonly failedStarts: readonly string[];
  /** Empty when every order and every charge happened exactly once. */
  readonly violations: readonly string[];
}

/** Of a shop that served, and of one that was still starting. */
interface Kills {
  readonly serving: number;
  readonly starting: number;
}

/** Every so many kills are followed by one of the process that starts next; how long that one may live at most. */
const startingEvery = 4;
const startingMsMax = 1_500;

interface Stock {
  readonly [sku: string]: number;
}

export async function runKillOrders(options: KillOptions): Promise<KillReport> {
  const { seed, databaseUrl, log = () => undefined } = options;
  const random = createSeededRandom(seed);
  const home = await mkdtemp(join(tmpdir(), "skein-kill-"));
  const env = { SKEIN_HOME: home, ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }) };
  const shop = createShopProcess(await freePort(createSeededRandom(`${seed}:${process.pid}`)), env);
  try {
    await shop.start();
    log(`${shop.url} answers after ${Math.round(shop.startsMs[0] ?? 0)} ms`);
    const skus = await skusOf(shop.url);
    const sent = makeOrders(options, skus, random);
    const stockBefore = await stockOf(shop.url, skus);
    const client = createOrderClient(shop.url, createSeededRandom(`${seed}:client`));
    const beganMs = performance.now();
    const kills = await underFire(shop, client, sent, options);
    const seconds = (performance.now() - beganMs) / 1000;
    const kept = await keptOrders(shop.url);
    const counted = (await get(shop.url, "/payments/count")) as { charges: number; amount: number };
    const violations = [
      ...compare(sent, kept, client, counted),
      ...compareStock(sent, stockBefore, await stockOf(shop.url, skus)),
    ];
    if (kills.serving !== options.kills) violations.push(`${kills.serving} kills instead of ${options.kills}`);
    const [firstStartMs = Number.NaN, ...restarts] = shop.startsMs.map(Math.round);
    const sorted = restarts.toSorted((a, b) => a - b);
    return {
      engine: databaseUrl === undefined ? "sqlite" : "postgres",
      seed,
      orders: kept.length,
      kills: kills.serving,
      killsWhileStarting: kills.starting,
      charges: counted.charges,
      seconds: Math.round(seconds * 10) / 10,
      client: client.counts,
      firstStartMs,
      restartMs: { median: sorted[sorted.length >> 1] ?? 0, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 },
      failedStarts: shop.failures,
      violations,
    };
  } finally {
    await shop.kill();
    await rm(home, { recursive: true, force: true });
  }
}

/** Places all orders while the shop is killed at points spread over them. */
async function underFire(
  shop: ShopProcess,
  client: OrderClient,
  sent: readonly SentOrder[],
  options: KillOptions,
): Promise<Kills> {
  const random = createSeededRandom(`${options.seed}:killer`);
  const { kills: wanted, log = () => undefined } = options;
  let answered = 0;
  const kills = { serving: 0, starting: 0 };
  let isOver = false;
  const killer = async (): Promise<void> => {
    for (let i = 0; i < wanted; i++) {
      // One point in each of as many equal parts, the last ones of the run left to finish what the last kill broke.
      const point = Math.floor(((i + random.float()) / wanted) * (sent.length - options.concurrency));
      while (answered < point && !isOver) await delay(1);
      // Not always at the moment an answer has left.
      await delay(random.float() * 30);
      await shop.kill();
      kills.serving++;
      // Every fourth time the next one is killed, too, while it opens its databases and finishes what was left pending.
      if (i % startingEvery === startingEvery - 1) {
        await shop.startAndKill(random.float() * startingMsMax);
        kills.starting++;
      }
      await shop.start();
      log(
        `kill ${kills.serving} after ${answered} answers; first answer ${Math.round(shop.startsMs.at(-1) ?? 0)} ms later`,
      );
    }
  };
  const beganMs = performance.now();
  let next = 0;
  const customer = async (): Promise<void> => {
    for (let i = next++; i < sent.length; i = next++) {
      const dueMs = beganMs + (i / options.rate) * 1000;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await delay(waitMs);
      await client.place(sent[i] as SentOrder);
      answered++;
    }
  };
  const customers = Promise.all(Array.from({ length: options.concurrency }, customer)).finally(() => (isOver = true));
  await Promise.all([customers, killer()]);
  return kills;
}

function makeOrders(options: KillOptions, skus: readonly string[], random: Random): SentOrder[] {
  return Array.from({ length: options.orders }, (_, i) => ({
    key: `kill-${options.seed}-${String(i).padStart(12, "0")}`,
    user: `user${random.int(50)}`,
    items: Array.from({ length: 1 + random.int(3) }, () => ({
      sku: skus[random.int(skus.length)] ?? "",
      quantity: 1 + random.int(3),
    })),
  }));
}

async function get(url: string, path: string): Promise<unknown> {
  const response = await fetch(url + path);
  if (response.status !== 200) throw new Error(`GET ${path} was answered ${response.status}`);
  return response.json();
}

async function skusOf(url: string): Promise<string[]> {
  const { products } = (await get(url, "/products?limit=20")) as { products: { sku: string }[] };
  return products.map((product) => product.sku);
}

/** What is available of each sku, as a cart that holds them all shows it. */
async function stockOf(url: string, skus: readonly string[]): Promise<Stock> {
  for (const sku of skus) {
    const body = JSON.stringify({ sku, quantity: 1 });
    await (
      await fetch(`${url}/carts/stocktaking`, { method: "PUT", headers: { "content-type": "application/json" }, body })
    ).arrayBuffer();
  }
  const { lines } = (await get(url, "/carts/stocktaking")) as { lines: { sku: string; available: number }[] };
  return Object.fromEntries(lines.map((line) => [line.sku, line.available]));
}

async function keptOrders(url: string): Promise<KeptOrder[]> {
  const all: KeptOrder[] = [];
  for (let after = "0"; ;) {
    const page = (await get(url, `/orders?limit=100&after=${after}`)) as { orders: KeptOrder[]; next?: string };
    all.push(...page.orders);
    if (page.next === undefined) return all;
    after = page.next;
  }
}

function compare(
  sent: readonly SentOrder[],
  kept: readonly KeptOrder[],
  client: OrderClient,
  counted: { readonly charges: number; readonly amount: number },
): string[] {
  const violations: string[] = [];
  const say = (isWrong: boolean, what: string): void => {
    if (isWrong) violations.push(what);
  };
  const byId = new Map(kept.map((order) => [order.id, order]));
  say(kept.length !== sent.length, `${kept.length} orders instead of ${sent.length}`);
  say(byId.size !== kept.length, "an id is listed twice");
  const named = new Set<number>();
  for (const order of sent) {
    const ids = [...(client.idsByKey.get(order.key) ?? [])];
    say(ids.length !== 1, `${order.key} was answered with ${ids.length} ids: ${ids.join(", ")}`);
    const id = ids[0];
    if (id === undefined) continue;
    say(named.has(id), `order ${id} answers two keys`);
    named.add(id);
    const found = byId.get(id);
    say(found === undefined, `order ${id}, which was confirmed, is not there`);
    const isSame = JSON.stringify([found?.user, found?.items]) === JSON.stringify([order.user, order.items]);
    say(found !== undefined && !isSame, `order ${id} is not what ${order.key} asked for`);
  }
  for (const order of kept) say(order.status !== "paid", `order ${order.id} is ${order.status}`);
  say(counted.charges !== sent.length, `${counted.charges} charges instead of ${sent.length}`);
  const total = kept.reduce((sum, order) => sum + order.total, 0);
  say(counted.amount !== total, `${counted.amount} was charged for orders of ${total}`);
  return violations;
}

function compareStock(sent: readonly SentOrder[], before: Stock, after: Stock): string[] {
  const wanted = new Map<string, number>();
  for (const { sku, quantity } of sent.flatMap((order) => order.items))
    wanted.set(sku, (wanted.get(sku) ?? 0) + quantity);
  return [...wanted].flatMap(([sku, quantity]) => {
    const taken = (before[sku] ?? Number.NaN) - (after[sku] ?? Number.NaN);
    return taken === quantity ? [] : [`${taken} of ${sku} were taken from the stock for orders of ${quantity}`];
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      orders: { type: "string", default: "2000" },
      kills: { type: "string", default: "20" },
      seed: { type: "string", default: "1" },
      rate: { type: "string", default: "80" },
      concurrency: { type: "string", default: "16" },
      "database-url": { type: "string" },
      postgres: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const server = values.postgres
    ? await startLocalServer({ home: "/nonexistent", inMemory: true, env: process.env })
    : undefined;
  try {
    const databaseUrl = values["database-url"] ?? server?.target.connectionString.reveal();
    const report = await runKillOrders({
      orders: Number(values.orders),
      kills: Number(values.kills),
      seed: Number(values.seed),
      rate: Number(values.rate),
      concurrency: Number(values.concurrency),
      ...(databaseUrl !== undefined && { databaseUrl }),
      log: (line) => console.error(line),
    });
    const verdict = report.violations.length === 0 ? "each exactly once" : report.violations.slice(0, 20).join("\n");
    if (!values.json)
      console.log(
        `${report.engine}: ${report.orders} orders, ${report.charges} charges, ${report.kills} kills: ${verdict}`,
      );
    console.log(JSON.stringify(report, undefined, values.json ? 0 : 2));
    process.exitCode = report.violations.length === 0 ? 0 : 1;
  } finally {
    await server?.close();
  }
}

if (import.meta.main) await main();
