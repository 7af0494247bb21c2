/** Owns one run: a fresh shop, its customers, the fault, the end of every doubt, the verdict. It must never leave a process behind. */
import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createSeededRandom } from "../../../src/core/index.ts";
import { type PlacedShop, startPlacedShop } from "../../shop/placed.ts";
import type { FaultCase, FaultContext } from "./case.ts";
import { type Asked, CustomerClient, isFailure } from "./client.ts";
import { errorsOf, type Figures, figuresOf } from "./figures.ts";
import { readSqlite } from "./ledger.ts";
import { judge } from "./oracle.ts";
import { type Intended, trafficOf } from "./traffic.ts";

export interface SeedOptions {
  readonly name: string;
  readonly fault: FaultCase;
  readonly seed: number;
  readonly requests: number;
  readonly rate: number;
  /** Long enough to say something about the slowest of a thousand. */
  readonly isWhole: boolean;
  readonly historyDirectory?: string;
  readonly say: (line: string) => void;
}

export interface SeedResult {
  readonly seed: number;
  readonly figures: Figures;
  readonly spans: Readonly<Record<string, Figures>>;
  /** What the case measured by itself. */
  readonly own: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
  /** Empty when every promise was kept. */
  readonly violations: readonly string[];
}

const warmRequests = 400;
const resolveMs = 30_000;

export async function runSeed(options: SeedOptions): Promise<SeedResult> {
  const { name, fault, seed, requests, rate, isWhole, say } = options;
  const shop = await startPlacedShop(fault.placement ?? "replicated", { ...fault.env });
  const history: Asked[] = [];
  const record = historyWriter(options);
  const client = new CustomerClient({
    url: () => shop.url,
    seed: `${name}:${seed}`,
    told: (asked) => {
      history.push(asked);
      record(asked);
    },
  });
  try {
    const skus = await skusOf(shop);
    await warmUp(shop, skus, rate);
    const traffic = [...trafficOf({ seed: `${seed}`, requests, rate, skus })];
    const startMs = performance.now();
    const durationMs = (requests / rate) * 1_000;
    const { context, notes } = toContext(shop, seed, startMs, durationMs, say);
    const [found] = await Promise.all([fault.inject(context), client.run(traffic, startMs)]);
    const spans = Object.fromEntries(
      found.spans.map(({ name: span, fromMs, toMs }) => [span, figuresOf(history, fromMs, toMs)]),
    );
    const figures = figuresOf(history);
    const settled = await settle(client, traffic, history);
    await shop.stop();
    const violations = [
      ...found.violations,
      ...fault.judge(figures, spans),
      ...(isWhole ? (fault.judgeTimes?.(figures, spans) ?? []) : []),
      ...judge(settled, readSqlite(shop.home)).slice(0, 20),
    ];
    return { seed, figures, spans, own: found.figures, errors: errorsOf(history), notes, violations };
  } finally {
    client.close();
    shop.supervisor.kill("SIGKILL");
    await shop.clear();
  }
}

function toContext(shop: PlacedShop, seed: number, startMs: number, durationMs: number, say: (line: string) => void) {
  const notes: string[] = [];
  const now = (): number => performance.now() - startMs;
  const context: FaultContext = {
    shop,
    random: createSeededRandom(`fault:${seed}`),
    durationMs,
    now,
    async until(ms) {
      const waitMs = Math.min(ms, durationMs) - now();
      if (waitMs > 0) await pause(waitMs);
      return ms < durationMs;
    },
    note(what) {
      notes.push(`${Math.round(now())} ms: ${what}`);
      say(notes.at(-1) ?? "");
    },
  };
  return { context, notes };
}

/** An order without a definite answer is asked for again with its key until it has one: only then can it be judged. */
async function settle(
  client: CustomerClient,
  traffic: readonly Intended[],
  history: readonly Asked[],
): Promise<Asked[]> {
  const endMs = performance.now() + resolveMs;
  return Promise.all(
    history.map(async (asked) => {
      const intended = traffic[asked.index];
      if (asked.kind !== "order" || !isFailure(asked.status) || intended === undefined) return asked;
      for (;;) {
        const { tried, order } = await client.try(intended);
        if (!isFailure(tried.status) || performance.now() > endMs)
          return { ...asked, status: tried.status, ...(order !== undefined && { order }) };
        await pause(100);
      }
    }),
  );
}

/** By requests served: what is compiled and cached then is not what is measured. Reads only, so that no order is nobody's. */
async function warmUp(shop: PlacedShop, skus: readonly string[], rate: number): Promise<void> {
  const client = new CustomerClient({ url: () => shop.url, seed: "warm", told: () => undefined });
  const reads = [...trafficOf({ seed: "warm", requests: warmRequests, rate, skus })].filter(
    ({ kind }) => kind !== "order",
  );
  await client.run(reads, performance.now());
  client.close();
}

async function skusOf({ url }: PlacedShop): Promise<string[]> {
  const response = await fetch(`${url}/products?limit=20`);
  const { products } = (await response.json()) as { readonly products: readonly { readonly sku: string }[] };
  return products.map(({ sku }) => sku);
}

function historyWriter({ historyDirectory, name, seed }: SeedOptions): (asked: Asked) => void {
  if (historyDirectory === undefined) return () => undefined;
  mkdirSync(historyDirectory, { recursive: true });
  const file = path.join(historyDirectory, `${name}-${seed}.jsonl`);
  rmSync(file, { force: true });
  return (asked) => appendFileSync(file, `${JSON.stringify(asked)}\n`);
}
