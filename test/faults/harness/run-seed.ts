/** Owns one run: a fresh shop, its customers, the fault, the end of every doubt, the verdict. It must never leave a process behind. */
import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createSeededRandom, type Random } from "../../../src/core/index.ts";
import { type PlacedShop, startPlaced, startPlacedShop } from "../../shop/placed.ts";
import {
  type FaultCase,
  type FaultContext,
  type Network,
  type Phase,
  type Span,
  judgeShare,
  violationsOf,
} from "./case.ts";
import type { Asked } from "./client.ts";
import { Customers } from "./customers.ts";
import { errorsOf, type Figures, figuresOf, latenessOf } from "./figures.ts";
import { readSqlite } from "./ledger.ts";
import { judge } from "./oracle.ts";
import { type Peer, startPeer } from "./peer/moleculer.ts";
import { together } from "./processors.ts";
import { type RepeatFigures, Repeats } from "./repeats.ts";
import { type FaultTarget, targetOf } from "./target.ts";
import type { Kind } from "./traffic.ts";

export interface SeedOptions {
  readonly name: string;
  readonly fault: FaultCase;
  /** Who is under test instead of Skein. */
  readonly peer: Peer | undefined;
  readonly seed: number;
  readonly requests: number;
  readonly rate: number;
  /** Long enough to say something about the slowest of a thousand. */
  readonly isWhole: boolean;
  readonly historyDirectory: string | undefined;
  readonly say: (line: string) => void;
}

export interface SeedResult {
  readonly seed: number;
  readonly figures: Figures;
  /** Of each kind of request. */
  readonly kinds: Readonly<Record<string, Figures>>;
  readonly spans: Readonly<Record<string, Figures>>;
  /** What the case measured by itself. */
  readonly own: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
  /** Milliseconds by which requests left later than meant: the customers' process and the machine, not the shop. */
  readonly lateness: { readonly p99: number; readonly max: number };
  readonly notes: readonly string[];
  /** Empty when every promise was kept. */
  readonly violations: readonly string[];
  /** What a peer, which has promised nothing, has not kept of ours. */
  readonly missed?: readonly string[];
}

const lookMs = 1_000;

export async function runSeed(options: SeedOptions): Promise<SeedResult> {
  const { name, fault, seed, requests, rate, isWhole, peer, say } = options;
  const random = createSeededRandom(`fault:${seed}`);
  // Its own: how many ports it has to try must not decide what the fault hits.
  const network = await fault.network?.(createSeededRandom(`network:${seed}`));
  const started = await start(fault, network?.env, peer).catch(async (error: unknown) => {
    await network?.close();
    throw error;
  });
  const { target } = started;
  const { occasional, resendsMax } = fault;
  const told = historyWriter(options);
  const customers = new Customers({ urls: () => target.urls, name, seed, occasional, resendsMax, told });
  try {
    await customers.warmUp();
    const wanted = { ...started, rate, durationMs: (requests / rate) * 1_000 };
    const prepared = await fault.prepare?.({
      ...wanted,
      connect: () => customers.connect(),
      offer: (perSecond, ms) => customers.offer(perSecond, ms),
    });
    const phases = prepared?.phases ?? [{ name: "all", rate, ms: wanted.durationMs }];
    const startMs = performance.now();
    const { context, notes } = toContext({ started, customers, network, random, startMs, phases, say });
    const asking = customers.run(phases, startMs);
    const counting = peer === undefined ? countRepeats(started.shop, context, asking) : undefined;
    const [found, , repeats] = await Promise.all([fault.inject(context), asking, counting]);
    const { history } = customers;
    const spans = Object.fromEntries(found.spans.map((span) => [span.name, figuresOf(history, span)]));
    const figures = figuresOf(history);
    const own = { ...prepared?.figures, ...found.figures, ...repeats };
    const settled = await customers.settle();
    await target.stop();
    const wrongOrders = judge(settled, readSqlite(target.home));
    const violations = [
      ...found.violations,
      ...violationsOf(fault.judge(figures, spans, own)),
      ...(isWhole ? violationsOf(fault.judgeTimes?.(figures, spans, own) ?? []) : []),
      ...judgeRepeats(fault, repeats),
      ...wrongOrders.slice(0, 20),
    ];
    const kinds = kindsOf(history);
    const result = {
      seed,
      figures,
      kinds,
      spans,
      own,
      errors: errorsOf(history),
      lateness: latenessOf(history),
      notes,
    };
    return peer === undefined ? { ...result, violations } : toPeers(result, violations, wrongOrders.length);
  } catch (error) {
    throw new Error(`${name}, seed ${seed}: ${target.log.slice(-2_000)}`, { cause: error });
  } finally {
    customers.close();
    together();
    await target.clear();
    await network?.close();
  }
}

/** What hosts say of themselves, once a second until nobody asks any more. */
async function countRepeats(shop: PlacedShop, context: FaultContext, asking: Promise<void>): Promise<RepeatFigures> {
  const repeats = new Repeats();
  let isOver = false;
  const over = asking.finally(() => (isOver = true));
  do {
    // A case may kill whoever would answer.
    const hosts = await shop.status().then(
      (status) => status.hosts,
      () => [],
    );
    repeats.look(context.now(), hosts);
    await Promise.race([over, pause(lookMs)]);
  } while (!isOver);
  // Hosts speak twice a second.
  await pause(lookMs);
  repeats.look(context.now(), (await shop.status()).hosts);
  return repeats.figures;
}

function judgeRepeats({ repeatsMax }: FaultCase, repeats: RepeatFigures | undefined): string[] {
  if (repeatsMax === undefined || repeats === undefined) return [];
  return [
    ...violationsOf(judgeShare(repeats.worstRepeatShare, repeatsMax)),
    ...(repeats.sentCalls > 0 ? [] : ["no host said that it sent any call"]),
  ];
}

/** A peer has promised nothing: what it misses is a figure. */
function toPeers(result: Omit<SeedResult, "violations">, missed: readonly string[], wrongOrders: number): SeedResult {
  return { ...result, own: { ...result.own, wrongOrders }, violations: [], missed };
}

interface Started {
  readonly target: FaultTarget;
  readonly shop: PlacedShop;
}

async function start(fault: FaultCase, ofNetwork: Network["env"] = {}, peer?: Peer): Promise<Started> {
  const { system, placement = "replicated" } = fault;
  const env = { ...fault.env, ...ofNetwork };
  if (peer !== undefined) return { target: await startPeer(peer, system?.placement), shop: nobodys };
  const shop = await (system === undefined
    ? startPlacedShop(placement, env)
    : startPlaced(system.file, system.placement, env));
  return { target: targetOf(shop), shop };
}

const nobodys = new Proxy({} as PlacedShop, {
  get() {
    throw new Error("this case needs what only Skein has, and does not say so (noPeer)");
  },
});

function kindsOf(history: readonly Asked[]): Record<string, Figures> {
  const kinds = [...new Set(history.map(({ kind }) => kind))].toSorted();
  return Object.fromEntries(
    kinds.map((kind: Kind) => [kind, figuresOf(history.filter((asked) => asked.kind === kind))] as const),
  );
}

interface ContextOptions {
  readonly started: Started;
  readonly customers: Customers;
  readonly network: Network | undefined;
  readonly random: Random;
  readonly startMs: number;
  readonly phases: readonly Phase[];
  readonly say: (line: string) => void;
}

function toContext({ started, customers, network, random, startMs, phases, say }: ContextOptions) {
  const notes: string[] = [];
  const now = (): number => performance.now() - startMs;
  let durationMs = 0;
  const parts = phases.map(({ name, ms }): Span => ({ name, fromMs: durationMs, toMs: (durationMs += ms) }));
  const context: FaultContext = {
    ...started,
    network,
    random,
    durationMs,
    phases: parts,
    now,
    async until(ms) {
      const waitMs = Math.min(ms, durationMs) - now();
      if (waitMs > 0) await pause(waitMs);
      return ms < durationMs;
    },
    enough: () => customers.enough(),
    takeMostUnderWay: () => customers.takeMostUnderWay(),
    note(what) {
      notes.push(`${Math.round(now())} ms: ${what}`);
      say(notes.at(-1) ?? "");
    },
  };
  return { context, notes };
}

function historyWriter({ historyDirectory, name, seed }: SeedOptions): (asked: Asked) => void {
  if (historyDirectory === undefined) return () => undefined;
  mkdirSync(historyDirectory, { recursive: true });
  const file = path.join(historyDirectory, `${name}-${seed}.jsonl`);
  rmSync(file, { force: true });
  return (asked) => appendFileSync(file, `${JSON.stringify(asked)}\n`);
}
