/**
 * kill -9 of a process of the running shop, chosen by the seed, again and again, while customers ask at a steady rate; then
 * says for each kind of victim what failed and how soon it was back. Must never forgive: a process that is left over, or a
 * place that two processes have served at once, is a violation and exit code 1.
 *
 *   node --conditions=skein-src test/faults/kill-processes.ts --kills 28 [--seed 1] [--rate 50] [--placement replicated]
 *     [--keep] [--json]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createSeededRandom, type Random } from "../../src/core/index.ts";
import type { HostStatus } from "../../src/supervisor/asking.ts";
import { identify } from "../../src/supervisor/process-identity.ts";
import { type Placed, startPlacedShop } from "../shop/placed.ts";
import { type Asked, CustomerClient } from "./harness/client.ts";
import { errorsOf, type Figures, figuresOf } from "./harness/figures.ts";
import { type Intended, trafficOf } from "./harness/traffic.ts";
import { ProcessWatch, recordedPid } from "./process-watch.ts";

export interface KillOptions {
  readonly kills: number;
  readonly seed: number;
  /** Requests per second. */
  readonly rate: number;
  readonly placement: string;
  readonly log?: (line: string) => void;
}

const kinds = [
  "service host",
  "gateway",
  "supervisor",
  "holder",
  "supervisor and service host",
  "holder and gateway",
  "supervisor while a host starts",
] as const;
type Kind = (typeof kinds)[number];

/** What one kind of victim has cost. */
export interface KindReport {
  readonly kills: number;
  /** From the kill until every process is ready and known again; where the supervisor was killed its next start is in it. */
  readonly backMs: { readonly median: number; readonly max: number };
  /** Of the requests meant to leave from a kill until the next one. */
  readonly figures: Figures;
  readonly errors: Readonly<Record<string, number>>;
}

export interface KillReport {
  readonly placement: string;
  readonly seed: number;
  readonly kills: number;
  readonly rate: number;
  readonly seconds: number;
  readonly node: string;
  readonly cores: number;
  /** Of the machine, over the last minute of the run. */
  readonly load: number;
  readonly steady: Figures;
  readonly kinds: Readonly<Partial<Record<Kind, KindReport>>>;
  readonly orphans: number;
  readonly doubleStarts: number;
  /** Processes that saw that another one has their place and ended, and how long the slowest took to. */
  readonly unwanted: { readonly count: number; readonly longestMs: number };
  readonly violations: readonly string[];
}

interface Kill {
  readonly kind: Kind;
  readonly atMs: number;
  readonly backMs: number;
}

const backLimitMs = 90_000;
const steadyMs = 5_000;
/** Between all being back and the next kill: at least, and at most so much more. */
const calmMs = 1_000;
const moreCalmMs = 2_000;
const warmRequests = 200;

class Run {
  readonly shop: Placed;
  readonly watch: ProcessWatch;
  readonly random: Random;
  readonly violations: string[] = [];
  orphans = 0;

  constructor(shop: Placed, seed: number) {
    this.shop = shop;
    this.watch = new ProcessWatch(shop.home);
    this.random = createSeededRandom(`kill-processes:${seed}`);
  }

  /** Kills, waits until everything is back, and says how long that took. */
  async kill(kind: Kind): Promise<number> {
    const { hosts } = await this.shop.status();
    const isGateway = ({ services }: HostStatus) => services.includes("gateway");
    const pick = (wanted: (host: HostStatus) => boolean): number => {
      const pids = hosts.filter(wanted).flatMap(({ pid }) => pid ?? []);
      return pids[this.random.int(pids.length)] ?? -1;
    };
    // Where the gateway has a group with services, those are hosts like any other.
    const service = (): number => pick((host) => !isGateway(host) || host.services.length > 1);
    const holder = recordedPid(this.shop.home, "holder") ?? -1;
    const victims: number[] = {
      "service host": () => [service()],
      gateway: () => [pick(isGateway)],
      supervisor: () => [],
      holder: () => [holder],
      "supervisor and service host": () => [service()],
      "holder and gateway": () => [holder, pick(isGateway)],
      "supervisor while a host starts": () => [service()],
    }[kind]();
    const { supervisor } = this.shop;
    const isHasty = kind === "supervisor while a host starts";
    const startMs = performance.now();
    for (const pid of victims) process.kill(pid, "SIGKILL");
    if (isHasty) await pause(this.random.int(1_500));
    if (kind.startsWith("supervisor")) {
      const ended = new Promise((resolve) => supervisor.once("exit", resolve));
      supervisor.kill("SIGKILL");
      await ended;
      await this.shop.restart();
    }
    await this.#back(victims, startMs);
    return performance.now() - startMs;
  }

  /** Everything is ready, nothing of what was killed is there, and there is one process for each place. */
  async #back(victims: readonly number[], startMs: number): Promise<void> {
    for (;;) {
      const { hosts } = await this.shop.status();
      const isReady = hosts.every(({ state, pid }) => state === "ready" && pid !== null && !victims.includes(pid));
      const holder = recordedPid(this.shop.home, "holder");
      if (isReady && holder !== undefined && identify(holder) !== undefined && !victims.includes(holder)) return;
      if (performance.now() - startMs > backLimitMs)
        throw new Error(`not back in ${backLimitMs} ms: ${JSON.stringify(hosts)}`);
      await pause(20);
    }
  }

  /** One that nobody expects has had the time to see that. */
  async countProcesses(): Promise<void> {
    const { hosts } = await this.shop.status();
    const wanted = [recordedPid(this.shop.home, "holder"), ...hosts.map(({ pid }) => pid)];
    for (const { pid, place } of this.watch.processes()) {
      if (wanted.includes(pid)) continue;
      await pause(3_000);
      if (identify(pid) === undefined) continue;
      this.orphans++;
      this.violations.push(`process ${pid} of ${place} belongs to nobody`);
    }
  }
}

export async function runKills(options: KillOptions): Promise<KillReport> {
  const { kills: wanted, seed, rate, placement, log = () => undefined } = options;
  const shop = await startPlacedShop(placement);
  const run = new Run(shop, seed);
  const history: Asked[] = [];
  const client = new CustomerClient({
    urls: () => [shop.url],
    seed: String(seed),
    told: (asked) => history.push(asked),
  });
  const kills: Kill[] = [];
  let isOver = false;
  try {
    const skus = await skusOf(shop);
    const warm = new CustomerClient({ urls: () => [shop.url], seed: "warm", told: () => undefined });
    await warm.run(
      trafficOf({ seed: "warm", phases: [{ rate, ms: (warmRequests / rate) * 1_000 }], skus }),
      performance.now(),
    );
    warm.close();
    const traffic = function* (): Generator<Intended> {
      for (const one of trafficOf({ seed: String(seed), phases: [{ rate, ms: Number.POSITIVE_INFINITY }], skus })) {
        if (isOver) return;
        yield one;
      }
    };
    const startMs = performance.now();
    const asking = client.run(traffic(), startMs);
    try {
      await pause(steadyMs);
      for (let i = 0; i < wanted; i++) {
        const kind = kinds[i % kinds.length] as Kind;
        const atMs = performance.now() - startMs;
        const backMs = await run.kill(kind);
        kills.push({ kind, atMs, backMs });
        log(`${kind}: back after ${Math.round(backMs)} ms`);
        await pause(calmMs + run.random.int(moreCalmMs));
        await run.countProcesses();
      }
    } finally {
      isOver = true;
      await asking;
    }
    const seconds = Math.round((performance.now() - startMs) / 1_000);
    await shop.stop();
    for (const { pid, place } of run.watch.processes()) {
      run.orphans++;
      run.violations.push(`process ${pid} of ${place} is there after the stop`);
    }
    return report(options, run, history, kills, seconds);
  } finally {
    run.watch.close();
    client.close();
    shop.supervisor.kill("SIGKILL");
    await shop.clear();
  }
}

function report(options: KillOptions, run: Run, history: Asked[], kills: readonly Kill[], seconds: number): KillReport {
  const { watch } = run;
  const doubles = [...watch.doubles];
  const of = (kind: Kind): KindReport => {
    const windows = kills.flatMap(({ kind: one, atMs }, i) =>
      one === kind ? [{ atMs, endMs: kills[i + 1]?.atMs ?? Number.POSITIVE_INFINITY }] : [],
    );
    const asked = history.filter(({ dueMs, endMs: doneMs }) =>
      // What was under way at the kill is of the kill too.
      windows.some(({ atMs, endMs }) => doneMs >= atMs && dueMs < endMs),
    );
    const backs = kills.filter((one) => one.kind === kind).map(({ backMs }) => Math.round(backMs));
    const sorted = backs.toSorted((a, b) => a - b);
    return {
      kills: backs.length,
      backMs: { median: sorted[sorted.length >> 1] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN },
      figures: figuresOf(asked),
      errors: errorsOf(asked),
    };
  };
  const unwanted = [...watch.unwanted.values()].map(({ sinceMs, lastMs }) => lastMs - sinceMs);
  return {
    placement: options.placement,
    seed: options.seed,
    kills: kills.length,
    rate: options.rate,
    seconds,
    node: process.version,
    cores: availableParallelism(),
    load: loadavg()[0] ?? Number.NaN,
    steady: figuresOf(history, { name: "steady", fromMs: 0, toMs: steadyMs }),
    kinds: Object.fromEntries(
      kinds.flatMap((kind) => (kills.some((one) => one.kind === kind) ? [[kind, of(kind)]] : [])),
    ),
    orphans: run.orphans,
    doubleStarts: doubles.length,
    unwanted: { count: unwanted.length, longestMs: Math.round(Math.max(0, ...unwanted)) },
    violations: [...run.violations, ...doubles.map((what) => `two processes served ${what}`)],
  };
}

async function skusOf({ url }: Placed): Promise<string[]> {
  const response = await fetch(`${url}/products?limit=20`);
  const { products } = (await response.json()) as { readonly products: readonly { readonly sku: string }[] };
  return products.map(({ sku }) => sku);
}

function toText({ kinds: all, ...rest }: KillReport): string {
  const lines = Object.entries(all).map(([kind, { kills, backMs, figures, errors }]) =>
    [
      kind.padEnd(31),
      `${kills} kills`,
      `back in ${backMs.median} ms (at most ${backMs.max})`,
      `${figures.failed} of ${figures.requests} requests failed, ${figures.resends} sent again`,
      JSON.stringify(errors),
    ].join("  "),
  );
  const verdict = `${rest.orphans} orphans, ${rest.doubleStarts} double starts, ${rest.unwanted.count} unwanted that ended by themselves within ${rest.unwanted.longestMs} ms`;
  return [...lines, verdict, ...rest.violations].join("\n");
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      kills: { type: "string", default: "28" },
      seed: { type: "string", default: "1" },
      rate: { type: "string", default: "50" },
      placement: { type: "string", default: "replicated" },
      keep: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const result = await runKills({
    kills: Number(values.kills),
    seed: Number(values.seed),
    rate: Number(values.rate),
    placement: values.placement,
    log: (line) => console.error(line),
  });
  if (values.keep) {
    const directory = path.join(import.meta.dirname, "results");
    mkdirSync(directory, { recursive: true });
    writeFileSync(
      path.join(directory, `kill-processes-${values.placement}.json`),
      `${JSON.stringify(result, undefined, 2)}\n`,
    );
  }
  console.log(values.json ? JSON.stringify(result) : toText(result));
  process.exitCode = result.violations.length === 0 ? 0 : 1;
}

if (import.meta.main) await main();
