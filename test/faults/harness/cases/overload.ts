/** Owns the case in which customers ask for twice what the shop can answer. It must never guess what that is: it is measured first. */
import { atLeast, atMost, type FaultCase, type PrepareContext } from "../case.ts";
import type { Figures } from "../figures.ts";

/** The peak is looked for at the run's own rate, then at so many times the last one. */
const step = 1.4;
/** Until so many in a row have brought no more than so much of the most. */
const lastSteps = 2;
const more = 1.03;
const stepsMax = 12;
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
    const peak = await peakOf(context);
    const usual = Math.min(rate, peak / 2);
    return {
      figures: { peak: Math.round(peak) },
      phases: [
        { name: "before", rate: usual, ms: durationMs * 0.1 },
        { name: "over", rate: peak * times, ms: durationMs * 0.4 },
        { name: "after", rate: usual, ms: durationMs * 0.5 },
      ],
    };
  },
  async inject(context) {
    const { phases, durationMs, target } = context;
    const [before, over, after] = phases;
    if (before === undefined || over === undefined || after === undefined) throw new Error("it has three phases");
    await context.until(over.fromMs);
    const cpu = process.cpuUsage();
    await context.until(over.toMs);
    const { user, system } = process.cpuUsage(cpu);
    await context.until(durationMs);
    const fromMs = after.fromMs + Math.min(recoverMs, (after.toMs - after.fromMs) * 0.7);
    const ended = target.log.split("\n").filter((line) => /-\d+ ended"/.test(line));
    return {
      figures: { customersCpu: Math.round(((user + system) / 1_000 / (over.toMs - over.fromMs)) * 100) / 100 },
      spans: [before, over, { ...after, name: "recovered", fromMs }],
      violations: ended.map((line) => `a process ended: ${line}`),
    };
  },
  // A short run says whether it collapses, and no more: it is over while callers still hold some calls back.
  judge: (_, { over, recovered }, own) => [
    ...atLeast("goodput over peak", goodput(over, own), 0.25),
    ...atMost("refusals that did not say when to come again", over?.curt ?? Number.NaN, 0),
    ...atLeast("success once it is over", recovered?.success ?? 0, 0.5),
  ],
  judgeTimes: (_, { over, recovered }, own) => [
    ...atLeast("goodput over peak", goodput(over, own), 0.9),
    ...atMost("p99 of what is served, in ms", over?.servedP99 ?? Number.NaN, servedP99MaxMs),
    ...atLeast("success 5 s after it is over", recovered?.success ?? 0, 0.999),
  ],
};

/** The most answers a second, at whichever rate they were. */
async function peakOf({ rate, durationMs, offer }: PrepareContext): Promise<number> {
  let peak = 0;
  for (let steps = 0, without = 0, asked = rate; steps < stepsMax && without < lastSteps; steps++, asked *= step) {
    const cpu = process.cpuUsage();
    const t = performance.now();
    const answered = await offer(asked, Math.max(1_000, durationMs / 30));
    const { user, system } = process.cpuUsage(cpu);
    console.error("offer", asked, answered, (user + system) / 1_000 / (performance.now() - t));
    without = answered > peak * more ? 0 : without + 1;
    peak = Math.max(peak, answered);
  }
  return peak;
}

/** What was answered meanwhile, as a share of the peak. */
function goodput(over: Figures | undefined, { peak = Number.NaN }: Readonly<Record<string, number>>): number {
  return Math.round(((over?.answeredPerSecond ?? 0) / peak) * 1_000) / 1_000;
}
