/** Owns the case in which customers ask for twice what the shop can answer. It must never guess what that is: it is measured first. */
import { atLeast, atMost, type FaultCase } from "../case.ts";
import type { Figures } from "../figures.ts";

/** Customers who ask one request after the other: the most that any such crowd is answered is the capacity. */
const crowds = [16, 48, 96] as const;
const times = 2;
/**
 * The longest that one in a hundred of those who are served may take. A call may wait 100 ms for a place, in each of the at
 * most three hosts on its way, and what it calls takes as long as it does in a full host: several times the 100 to 200 ms that
 * the slowest take at half the load.
 */
const servedP99MaxMs = 1_500;
/** From the end of the overload until everything must be well again. */
const recoverMs = 5_000;

export const overload: FaultCase = {
  summary: "twice the load that the shop can bear, as measured just before, then the usual one",
  goal: `goodput at least 90 % of the most that was measured, p99 of what is served at most ${servedP99MaxMs} ms, 99.9 % 5 s later`,
  // What is refused is refused: customers who ask again would be a third and a fourth load.
  resendsMax: 0,
  async prepare(context) {
    const { rate, durationMs } = context;
    let capacity = 0;
    for (const customers of crowds) capacity = Math.max(capacity, await context.crowd(customers, durationMs / 10));
    const usual = Math.min(rate, capacity / 2);
    return {
      figures: { capacity: Math.round(capacity) },
      phases: [
        { name: "before", rate: usual, ms: durationMs * 0.1 },
        { name: "over", rate: capacity * times, ms: durationMs * 0.4 },
        { name: "after", rate: usual, ms: durationMs * 0.5 },
      ],
    };
  },
  async inject(context) {
    const { phases, durationMs, target } = context;
    await context.until(durationMs);
    const [before, over, after] = phases;
    if (before === undefined || over === undefined || after === undefined) throw new Error("it has three phases");
    const fromMs = after.fromMs + Math.min(recoverMs, (after.toMs - after.fromMs) * 0.7);
    const ended = target.log.split("\n").filter((line) => /-\d+ ended"/.test(line));
    return {
      figures: { overMs: Math.round(over.toMs - over.fromMs) },
      spans: [before, over, { ...after, name: "recovered", fromMs }],
      violations: ended.map((line) => `a process ended: ${line}`),
    };
  },
  // A short run says whether it collapses, and no more: it is over while callers still hold some calls back.
  judge: (_, { over, recovered }, own) => [
    ...atLeast("goodput over capacity", goodput(over, own), 0.25),
    ...atMost("refusals that did not say when to come again", over?.curt ?? Number.NaN, 0),
    ...atLeast("success once it is over", recovered?.success ?? 0, 0.5),
  ],
  judgeTimes: (_, { over, recovered }, own) => [
    ...atLeast("goodput over capacity", goodput(over, own), 0.9),
    ...atMost("p99 of what is served, in ms", over?.servedP99 ?? Number.NaN, servedP99MaxMs),
    ...atLeast("success 5 s after it is over", recovered?.success ?? 0, 0.999),
  ],
};

/** What was answered meanwhile, as a share of what crowds were. */
function goodput(
  over: Figures | undefined,
  { capacity = Number.NaN, overMs = Number.NaN }: Readonly<Record<string, number>>,
) {
  const answered = (over?.requests ?? 0) - (over?.failed ?? 0);
  return Math.round((answered * 1_000 * 1_000) / overMs / capacity) / 1_000;
}
