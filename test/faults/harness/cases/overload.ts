/** Owns the case in which customers ask for twice what the shop can serve. It must never guess what that is: it is measured first. */
import {
  atLeast,
  atMost,
  endsIn,
  type FaultCase,
  type FaultContext,
  type Measured,
  type PrepareContext,
} from "../case.ts";
import type { Figures } from "../figures.ts";
import { apart } from "../processors.ts";

/**
 * Capacity is the most of the customers' mix that is served as it was asked for, all but so few, looked for at half of the run's
 * own rate and then at so many times the last one, until so many in a row are not served. Beyond it a shop that refuses the heavy
 * requests answers more and more light ones: to take the most answers at any rate for what it can do, and twice that as the load,
 * was to ask for six times what it could serve.
 */
const served = 0.97;
const first = 0.5;
const step = 1.2;
const lastSteps = 2;
const stepsMax = 16;
const times = 2;
/**
 * The longest that one in a hundred of those who are served may take. A call may wait 100 ms for a place, in each of the at
 * most three hosts on its way, and what it calls takes as long as it does in a full host: several times the 100 to 200 ms that
 * the slowest take at half the load.
 */
const servedP99MaxMs = 1_500;
/** From the end of the overload until everything must be well again: the goal, and the most. */
const recoverMs = 5_000;
const recoverMaxMs = 10_000;
/** Meanwhile somebody looks after the shop, so often, and is answered within so long. */
const controlEachMs = 500;
const controlMaxMs = 2_000;

export const overload: FaultCase = {
  summary: "twice the most that the shop can serve, as measured just before, then the usual load",
  goal: `goodput at least 90 % of that most, p99 of what is served at most ${servedP99MaxMs} ms, 99.9 % 5 s later, health and \`skein status\` answered meanwhile`,
  // What is refused is refused: customers who ask again would be a third and a fourth load.
  resendsMax: 0,
  async prepare(context) {
    const { rate, durationMs, target } = context;
    const processors = await apart(target);
    await context.connect();
    const capacity = await capacityOf(context);
    // Of a shop that has a part of the processors.
    const share = processors === 0 ? 1 : processors / (processors + 1);
    const usual = Math.min(rate * share, capacity / 2);
    return {
      figures: { capacity: Math.round(capacity), processors },
      phases: [
        { name: "before", rate: usual, ms: durationMs * 0.1 },
        { name: "over", rate: capacity * times, ms: durationMs * 0.4 },
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
    const controls = await askControls(context, over.toMs);
    const { user, system } = process.cpuUsage(cpu);
    const { most, room } = context.takeMostUnderWay();
    await context.until(durationMs);
    const ended = endsIn(target.log);
    const later = (name: string, ms: number) => ({
      ...after,
      name,
      fromMs: Math.min(after.fromMs + ms, after.toMs - 1_000),
    });
    return {
      figures: {
        customersCpu: Math.round((user + system) / 10 / (over.toMs - over.fromMs)) / 100,
        underWay: most,
        connections: room,
        ...controls,
      },
      spans: [before, over, later("recovered", recoverMs), later("well", recoverMaxMs)],
      violations: ended.map((line) => `a process ended: ${line}`),
    };
  },
  // A short run says whether it collapses, and no more: it is over before a host knows what it can take.
  judge: (_, { before, over, recovered }, own) => [
    ...atLeast("goodput over that of the usual load", ratio(over, before), 0.5),
    ...atMost("refusals that did not say when to come again", over?.curt ?? Number.NaN, 0),
    ...atLeast("success once it is over", recovered?.success ?? 0, 0.5),
    ...controls(own, 0.5),
  ],
  judgeTimes: (_, { over, recovered, well }, own) => [
    ...atLeast("goodput over capacity", goodput(over, own), 0.9),
    ...atMost("p99 of what is served, in ms", over?.servedP99 ?? Number.NaN, servedP99MaxMs),
    ...atLeast("success 5 s after it is over", recovered?.success ?? 0, 0.999),
    ...atLeast("success 10 s after it is over", well?.success ?? 0, 0.999),
    ...controls(own, 0),
    ...["liveMs", "readyMs", "statusMs"].flatMap((name) => timeOf(own, name)),
    // Else requests waited for a connection in the customers' process, and it was no open loop.
    ...atMost("requests under way", own["underWay"] ?? Number.NaN, (own["connections"] ?? 0) - 1),
  ],
};

/** Answers a second; those of the best step where none was served. */
async function capacityOf(context: PrepareContext): Promise<number> {
  const { rate, durationMs } = context;
  let [capacity, most] = [0, 0];
  for (let steps = 0, without = 0, asked = rate * first; steps < stepsMax && without < lastSteps; steps++) {
    const answered = await context.offer(asked, Math.max(1_000, durationMs / 30));
    const isServed = answered >= asked * served;
    without = isServed ? 0 : without + 1;
    if (isServed) capacity = Math.max(capacity, answered);
    most = Math.max(most, answered);
    asked *= step;
  }
  return capacity === 0 ? most : capacity;
}

/** What was answered meanwhile, as a share of the capacity. */
function goodput(over: Figures | undefined, { capacity = Number.NaN }: Readonly<Record<string, number>>): number {
  return Math.round(((over?.answeredPerSecond ?? 0) / capacity) * 1_000) / 1_000;
}

function ratio(over: Figures | undefined, before: Figures | undefined): number {
  return (over?.answeredPerSecond ?? 0) / (before?.answeredPerSecond ?? Number.NaN);
}

/** Of a peer nobody asks them, and nothing is said. */
function controls(own: Readonly<Record<string, number>>, failedMost: number): readonly Measured[] {
  const { controlsAsked, controlsFailed = 0 } = own;
  if (controlsAsked === undefined) return [];
  return atMost("share of health and status that failed", controlsFailed / controlsAsked, failedMost);
}

function timeOf(own: Readonly<Record<string, number>>, name: string): readonly Measured[] {
  return own["controlsAsked"] === undefined ? [] : atMost(name, own[name] ?? Number.NaN, controlMaxMs);
}

/** Whoever looks after the shop asks again and again until then: how long the slowest answer took, and how many were not well. */
async function askControls(context: FaultContext, untilMs: number) {
  const figures: Record<string, number> = { controlsAsked: 0, controlsFailed: 0 };
  const ask = async (name: string, control: () => Promise<void>): Promise<void> => {
    while (context.now() < untilMs) {
      const startMs = performance.now();
      figures["controlsAsked"]!++;
      await control().catch((error: unknown) => {
        figures["controlsFailed"]!++;
        context.note(`${name}: ${String(error)}`);
      });
      figures[`${name}Ms`] = Math.max(figures[`${name}Ms`] ?? 0, Math.round(performance.now() - startMs));
      await context.until(context.now() + controlEachMs);
    }
  };
  const all = Object.entries(context.target.controls).map(([name, control]) => ask(name, control));
  await Promise.all([context.until(untilMs), ...all]);
  return all.length === 0 ? {} : figures;
}
