/** Owns the cases in which the network between the hosts is bad and every process is well. It must never touch a process. */
import { gatewayService } from "../../../../src/system/index.ts";
import type { HostRecord } from "../../../../src/supervisor/records.ts";
import { State } from "../../../../src/supervisor/state.ts";
import { atLeast, atMost, type FaultCase, type FaultContext, type Measured, type Span } from "../case.ts";
import type { Figures } from "../figures.ts";
import { BadLink, type LinkFaults } from "../link.ts";
import { FaultProxy, type LinkFault, type Rule } from "../proxy.ts";
import type { Kind } from "../traffic.ts";

const cutMs = 30_000;
/** Two of them, and time before, between and after: so many times as long as other cases. */
const twoCutsLast = 1.5;
/** Who asks so shortly before a fault begins may still be waiting when it does, and meets it; less in a part that is short itself. */
const aheadMs = (lastsMs: number): number => Math.min(1_000, lastsMs / 3);
/** No retry amplification: a bad network is not made worse by those who ask again. */
const repeatsMax = 0.1;
/** Which requests of customers the gateway passes to which group of the placement "replicated". */
const needs: Readonly<Record<string, readonly Kind[]>> = {
  pages: ["home"],
  catalog: ["product", "search"],
  orders: ["order"],
};
const kinds: readonly Kind[] = Object.values(needs).flat();

const isGateway = ({ services }: HostRecord): boolean => services.includes(gatewayService);
const portOf = ({ address = "" }: HostRecord): number => Number(address.slice(address.lastIndexOf(":") + 1));

function proxyOf({ network }: FaultContext): FaultProxy {
  if (network instanceof FaultProxy) return network;
  throw new Error("the case has no proxy");
}

function hostsOf({ shop }: FaultContext): readonly HostRecord[] {
  return new State(shop.home).hosts().filter(({ id, isReady }) => isReady && id !== "holder");
}

function oneOf<T>({ random }: FaultContext, all: readonly T[]): T {
  const one = all[random.int(all.length)];
  if (one === undefined) throw new Error("there is none of that kind");
  return one;
}

const throughProxy: Pick<FaultCase, "missing" | "network" | "noPeer"> = {
  noPeer: "the bad network stands where Skein's hosts say that they are",
  missing: () => (process.platform === "linux" ? undefined : "127.0.0.2 and /proc/net/tcp are Linux's"),
  network: (random) => FaultProxy.open(random),
};

/** The links between the gateways and one group. */
function linksBetween(gateways: readonly HostRecord[], group: readonly HostRecord[], fault: LinkFault): Rule {
  const callers = new Set(gateways.map(({ identity }) => identity.pid));
  const ports = new Set(group.map(portOf));
  return ({ caller, port }) => (caller !== undefined && callers.has(caller) && ports.has(port) ? fault : undefined);
}

/** How long a fault lasts: 30 s, where the run is long enough to show what was before and what follows. */
function lengthOf({ durationMs }: FaultContext, share: number): number {
  return Math.min(cutMs, durationMs * share);
}

export const drop: FaultCase = {
  summary: "packets of one service replica dropped without a reset, to it and from it, for 30 s",
  goal: ">= 99.9 %, out of routing in 10 s: nothing that leaves 3 s after the cut fails; repeats <= 10 % of calls",
  ...throughProxy,
  repeatsMax,
  async inject(context) {
    const proxy = proxyOf(context);
    await context.until(context.durationMs / 5);
    const victim = oneOf(
      context,
      hostsOf(context).filter((host) => !isGateway(host)),
    );
    const [pid, port] = [victim.identity.pid, portOf(victim)];
    const fromMs = context.now();
    proxy.apply((link) => (link.port === port || link.caller === pid ? { cut: "both" } : undefined));
    context.note(`nothing of ${victim.id} arrives`);
    const toMs = fromMs + lengthOf(context, 0.5);
    await context.until(toMs);
    proxy.heal();
    context.note("healed");
    const spans: Span[] = [
      { name: "before", fromMs: 0, toMs: fromMs },
      { name: "noticed", fromMs: fromMs + 3_000, toMs },
      { name: "healed", fromMs: toMs, toMs: context.durationMs },
    ];
    return { figures: {}, spans, violations: [] };
  },
  judge: ({ success }, { noticed, healed }) => [
    ...atLeast("success", success, 0.999),
    // Calls wait for it all the time, so that it is out 2 s after its last byte, give or take a look.
    ...atMost("failed requests that left 3 s after the cut", noticed?.failed ?? 0, 0),
    ...atMost("failed requests after healing", healed?.failed ?? 0, 0),
  ],
  judgeTimes: (_, { before, noticed }) => twice("3 s after the cut", noticed, before),
};

export const partition: FaultCase = {
  summary: "partition between the gateways and one group for 30 s",
  goal: "other routes: none failed, p99 <= 2x; >= 99.9 % from 10 s after healing; repeats <= 10 % of calls",
  ...throughProxy,
  repeatsMax,
  async inject(context) {
    const proxy = proxyOf(context);
    const { gateways, group, name } = sides(context);
    await context.until(context.durationMs / 5);
    const fromMs = context.now();
    proxy.apply(linksBetween(gateways, group, { cut: "both" }));
    context.note(`partition between the gateways and ${name}`);
    const toMs = fromMs + lengthOf(context, 0.3);
    await context.until(toMs);
    proxy.heal();
    context.note("healed");
    const endMs = context.durationMs;
    const spans = [
      ...spansOf("before", 0, fromMs - aheadMs(fromMs), name),
      ...spansOf("during", fromMs, toMs, name),
      ...spansOf("after", settledMs(toMs, endMs), endMs, name),
    ];
    return { figures: {}, spans, violations: [] };
  },
  judge: (_, spans) => judgeCuts(spans, ["during"]),
  judgeTimes: (_, spans) => judgeOthers(spans, ["during"]),
};

export const partitionOneWay: FaultCase = {
  summary:
    "partition between the gateways and one group, for 30 s of what the gateways send, then of what the group sends",
  goal: "other routes: none failed, p99 <= 2x; >= 99.9 % from 10 s after healing; repeats <= 10 % of calls",
  ...throughProxy,
  repeatsMax,
  prepare: ({ rate, durationMs }) =>
    Promise.resolve({ phases: [{ name: "all", rate, ms: durationMs * twoCutsLast }], figures: {} }),
  async inject(context) {
    const proxy = proxyOf(context);
    const { gateways, group, name } = sides(context);
    const lengthMs = lengthOf(context, 0.2);
    const pauseMs = (context.durationMs - 2 * lengthMs) / 3;
    const spans: Span[] = spansOf("before", 0, pauseMs - aheadMs(pauseMs), name);
    let at = 0;
    for (const [cut, what] of [
      ["caller", "calls"],
      ["callee", "replies"],
    ] as const) {
      await context.until(at + pauseMs);
      const fromMs = context.now();
      proxy.apply(linksBetween(gateways, group, { cut }));
      context.note(`no ${what} arrive between the gateways and ${name}`);
      await context.until(fromMs + lengthMs);
      proxy.heal();
      at = context.now();
      context.note("healed");
      spans.push(
        ...spansOf(what, fromMs, at, name),
        ...spansOf(`after ${what}`, settledMs(at, at + pauseMs), at + pauseMs - aheadMs(pauseMs), name),
      );
    }
    return { figures: {}, spans, violations: [] };
  },
  judge: (_, spans) => judgeCuts(spans, ["calls", "replies"]),
  judgeTimes: (_, spans) => judgeOthers(spans, ["calls", "replies"]),
};

export const delay: FaultCase = {
  summary: "each packet between hosts 100 +/- 20 ms late",
  goal: "none failed, resends <= 1 %, repeats <= 10 % of calls",
  ...throughProxy,
  repeatsMax,
  async inject(context) {
    const proxy = proxyOf(context);
    await context.until(context.durationMs / 5);
    const fromMs = context.now();
    proxy.apply(() => ({ delay: { delayMs: 100, jitterMs: 20 } }));
    context.note("100 +/- 20 ms each way");
    await context.until(context.durationMs * 0.8);
    const toMs = context.now();
    proxy.heal();
    context.note("as before");
    return { figures: {}, spans: beforeDuringAfter(fromMs, toMs, context.durationMs), violations: [] };
  },
  judge: ({ failed, resends, requests }) => [
    ...atMost("failed", failed, 0),
    ...atMost("share of requests that were sent again", resends / requests, 0.01),
  ],
};

const lossFree: LinkFaults = { delayMs: 0, jitterMs: 0, loss: 0, duplicate: 0, reorder: 0 };

export const lossy: FaultCase = {
  summary: "each packet between hosts 100 +/- 20 ms late, 2 % lost, 1 % doubled, 1 % overtaken, over mutual TLS",
  goal: ">= 99.9 %, resends and repeats <= 10 %",
  repeatsMax,
  noPeer: "the bad network stands where Skein's hosts say that they are",
  missing: () => BadLink.missing(),
  network: (random) => BadLink.open(random, "shop"),
  async inject(context) {
    const { network: link } = context;
    if (!(link instanceof BadLink)) throw new Error("the case has no link");
    await context.until(context.durationMs / 5);
    const fromMs = context.now();
    const before = await link.set({ delayMs: 100, jitterMs: 20, loss: 0.02, duplicate: 0.01, reorder: 0.01 });
    context.note("late, lost, doubled, overtaken");
    await context.until(context.durationMs * 0.8);
    const toMs = context.now();
    const { packets, lost, doubled, reordered } = await link.set(lossFree);
    context.note("as before");
    return {
      figures: { packets: packets - before.packets, lost, doubled, reordered },
      spans: beforeDuringAfter(fromMs, toMs, context.durationMs),
      violations: lost > 0 && doubled > 0 && reordered > 0 ? [] : ["the link did nothing to its packets"],
    };
  },
  judge: ({ success, resends, requests }) => [
    ...atLeast("success", success, 0.999),
    ...atMost("share of requests that were sent again", resends / requests, 0.1),
  ],
};

function beforeDuringAfter(fromMs: number, toMs: number, endMs: number): Span[] {
  return [
    { name: "before", fromMs: 0, toMs: fromMs },
    { name: "during", fromMs, toMs },
    { name: "after", fromMs: toMs, toMs: endMs },
  ];
}

function sides(context: FaultContext): { gateways: HostRecord[]; group: HostRecord[]; name: string } {
  const hosts = hostsOf(context);
  const name = oneOf(context, Object.keys(needs));
  return { gateways: hosts.filter(isGateway), group: hosts.filter(({ group }) => group === name), name };
}

/** Of a part of the run: what needs the group that is cut off, and what does not. */
function spansOf(name: string, fromMs: number, toMs: number, group: string): Span[] {
  const own = needs[group] ?? [];
  return [
    { name, fromMs, toMs, kinds: own },
    { name: `others ${name}`, fromMs, toMs, kinds: kinds.filter((kind) => !own.includes(kind)) },
  ];
}

/** 10 s after healing, in a short run half of what is left. */
function settledMs(healedMs: number, endMs: number): number {
  return healedMs + Math.min(10_000, (endMs - healedMs) / 2);
}

/** 2 s until the silence is noticed, and as long again at another replica, to which nobody had sent anything. */
const slowestTryMs = 4_500;

function judgeCuts(spans: Readonly<Record<string, Figures>>, cuts: readonly string[]): Measured[] {
  return Object.entries(spans).flatMap(([name, figures]) => {
    if (name.startsWith("others "))
      return atMost(`failed requests that need another group, ${name}`, figures.failed, 0);
    if (cuts.includes(name)) return atMost(`the slowest answer in ms, ${name}`, figures.slowestTry, slowestTryMs);
    return atLeast(`success ${name}`, figures.success, 0.999);
  });
}

function judgeOthers(spans: Readonly<Record<string, Figures>>, cuts: readonly string[]): Measured[] {
  const before = spans["others before"];
  return cuts.flatMap((name) => twice(`what needs another group, ${name}`, spans[`others ${name}`], before));
}

function twice(what: string, figures: Figures | undefined, before: Figures | undefined): Measured[] {
  return atMost(`p99 of ${what}, over the p99 before`, (figures?.p99 ?? 0) / (before?.p99 ?? Number.NaN), 2);
}
