/** Owns the case in which a service uses up its memory again and again. It must never end a process itself. */
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Status } from "../../../../src/supervisor/asking.ts";
import type { PlacedShop } from "../../../shop/placed.ts";
import { atLeast, atMost, endsIn, type FaultCase } from "../case.ts";

const leakBytes = 5 * 2 ** 20;
const limitBytes = 256 * 2 ** 20;
/** How full its hosts are when the run begins, so that a short one shows a replacement too, and how full they are replaced. */
const filled = 0.65;
const replacedAt = 0.8;
const fillingCallsMax = 100;
const lookMs = 100;
/** On a busy machine a short run is over before the replacement is ready: it is waited for, and leaks go on meanwhile. */
const replacedMs = 60_000;

const at = (name: string): string => path.join(import.meta.dirname, "../systems", name);

async function leakOnce({ url }: PlacedShop): Promise<void> {
  const response = await fetch(`${url}/leak?bytes=${leakBytes}`);
  await response.text();
}

async function leakyHosts(shop: PlacedShop): Promise<Status["hosts"]> {
  return (await shop.status()).hosts.filter(({ group }) => group === "leaky");
}

export const leak: FaultCase = {
  summary: "an endpoint that leaks 5 MiB a call, twice a second, in hosts of 256 MiB",
  goal: "99.9 % success, no process ended by anybody but its supervisor, none above its limit",
  noPeer: "it has no memory limits",
  system: { file: at("leak.ts"), placement: at("leak.json") },
  // Of 200 a second.
  occasional: { path: `/leak?bytes=${leakBytes}`, oneIn: 100 },
  async prepare({ shop }) {
    let calls = 0;
    while ((await leakyHosts(shop)).every(({ rss }) => rss < limitBytes * filled)) {
      if (++calls > fillingCallsMax) throw new Error(`${calls} leaks have filled no host`);
      await leakOnce(shop);
    }
    return { figures: {} };
  },
  async inject(context) {
    const { shop } = context;
    const known = new Map<number, number>();
    for (const { pid, replica } of await leakyHosts(shop)) known.set(pid ?? 0, replica);
    let mostBytes = 0;
    let recycles = 0;
    let without = 0;
    const isOver = (): boolean =>
      context.now() >= context.durationMs && (recycles > 0 || context.now() >= context.durationMs + replacedMs);
    while (!isOver()) {
      const hosts = await leakyHosts(shop);
      if (!hosts.some(({ state }) => state === "ready")) without++;
      for (const { pid, replica, rss, state } of hosts) {
        mostBytes = Math.max(mostBytes, rss);
        if (state !== "ready" || pid === null || known.has(pid)) continue;
        known.set(pid, replica);
        recycles++;
        context.note(`leaky-${replica} runs in a new process`);
      }
      await pause(lookMs);
      const isFull = hosts.some(({ rss }) => rss >= limitBytes * replacedAt);
      if (context.now() >= context.durationMs && !isFull) await leakOnce(shop);
    }
    const killed = endsIn(shop.log);
    return {
      figures: { recycles, mostMiB: Math.round(mostBytes / 2 ** 20), looksWithoutHost: without },
      spans: [{ name: "leak", fromMs: 0, toMs: context.durationMs, kinds: ["added"] }],
      violations: killed.map((line) => `a process ended by itself or was killed: ${line}`),
    };
  },
  judge: ({ success }, _, { recycles = 0, mostMiB = Number.NaN }) => [
    ...atLeast("success", success, 0.999),
    ...atLeast("recycles", recycles, 1),
    ...atMost("the most memory of a leaky host, in MiB", mostMiB, 256),
  ],
  // On a busy machine a start may take longer than it takes a host of a short run, which begins two thirds full, to be ended.
  judgeTimes: (_, __, { looksWithoutHost = Number.NaN }) =>
    atMost("looks at which no leaky host was ready", looksWithoutHost, 0),
};
