/** Owns the case in which a service that others need fails whatever it is asked. It must never touch what does not need it. */
import { rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { atLeast, atMost, type FaultCase, type FaultContext, type Span } from "../case.ts";
import { type LeafFault, leafFiles } from "../systems/leaf.ts";

/** One after the other: a failure that is never sent again, and one that may be. Of a short run each has a share. */
const failures: readonly { readonly fault: LeafFault; readonly ms: number; readonly share: number }[] = [
  { fault: "throws", ms: 5_000, share: 0.1 },
  { fault: "unavailable", ms: 30_000, share: 0.45 },
];
const steadyShare = 0.2;
/** From the healing until everything must be well again. */
const healMs = 10_000;
const perSecond = 300;
/** Of so many requests one needs the leaf. */
const oneIn = 2;
const others = ["home", "product", "search", "order"] as const;

const at = (name: string): string => path.join(import.meta.dirname, "../systems", name);
const span = (name: string, [fromMs, toMs]: readonly [number, number], kinds?: Span["kinds"]): Span => ({
  name,
  fromMs,
  toMs,
  ...(kinds !== undefined && { kinds }),
});

/** Fails for that long; how often the leaf was called meanwhile, for how many calls. */
async function fail(context: FaultContext, fault: LeafFault, untilMs: number) {
  const file = (name: string): string => path.join(context.target.home, name);
  const before = statSync(file(leafFiles.calls)).size;
  const fromMs = context.now();
  writeFileSync(file(leafFiles.fault), fault);
  context.note(`the leaf ${fault}`);
  await context.until(untilMs);
  rmSync(file(leafFiles.fault));
  const calls = statSync(file(leafFiles.calls)).size - before;
  return { calls, fromMs, toMs: context.now() };
}

export const leaf: FaultCase = {
  summary: "a leaf service fails for 30 s whatever it is asked, at 300 requests a second, half of which need it",
  goal: "at most 1.2 calls at the leaf for each one; p99 of the other routes at most twice as long; 99.9 % 10 s after the healing",
  rate: perSecond,
  system: { file: at("leaf.ts"), placement: at("leaf.json") },
  occasional: { path: "/probe", oneIn },
  // What the system itself makes of a call is counted; customers who ask again would add to it.
  resendsMax: 0,
  async inject(context) {
    const steadyMs = context.durationMs * steadyShare;
    await context.until(steadyMs);
    const own: Record<string, number> = {};
    let toMs = steadyMs;
    for (const { fault, ms, share } of failures) {
      const failed = await fail(context, fault, toMs + Math.min(ms, context.durationMs * share));
      const offered = ((failed.toMs - failed.fromMs) / 1_000) * (perSecond / oneIn);
      own[`${fault}CallsPerOffered`] = Math.round((failed.calls / offered) * 1_000) / 1_000;
      ({ toMs } = failed);
    }
    context.note("the leaf is well");
    const healedMs = toMs + Math.min(healMs, context.durationMs / 10);
    return {
      figures: own,
      spans: [
        span("steadyOthers", [0, steadyMs], others),
        span("failingOthers", [steadyMs, toMs], others),
        span("failingLeaf", [steadyMs, toMs], ["added"]),
        span("healed", [healedMs, context.durationMs]),
      ],
      violations: [],
    };
  },
  // A short run on a busy machine says whether the failure spreads, and no more.
  judge: (_, { failingOthers, healed }, { throwsCallsPerOffered = Number.NaN }) => [
    ...atMost("calls at the leaf that throws for each one", throwsCallsPerOffered, 1.5),
    ...atLeast("success of the other routes meanwhile", failingOthers?.success ?? 0, 0.9),
    ...atLeast("success after the healing", healed?.success ?? 0, 0.9),
  ],
  // Repeats that the calls of the last ten seconds have earned are spent at once: in a short run they are most of all.
  judgeTimes: (_, { steadyOthers, failingOthers, healed }, own) => [
    ...atMost("calls at the leaf that throws for each one", own["throwsCallsPerOffered"] ?? Number.NaN, 1.2),
    ...atMost(
      "calls at the leaf that is unavailable for each one",
      own["unavailableCallsPerOffered"] ?? Number.NaN,
      1.2,
    ),
    ...atMost("p99 of the other routes over steady p99", (failingOthers?.p99 ?? 0) / (steadyOthers?.p99 ?? 0), 2),
    ...atLeast("success of the other routes meanwhile", failingOthers?.success ?? 0, 0.999),
    ...atLeast("success 10 s after the healing and later", healed?.success ?? 0, 0.999),
  ],
};
