/** Owns the cases in which the shop is rolled to another build under load. It must never roll the shop's own directory. */
import path from "node:path";
import { atLeast, atMost, type FaultCase, type FaultContext } from "../case.ts";
import { inARow } from "./in-a-row.ts";
import { shopBuild } from "./roll-builds.ts";

/** There and back, five times. */
const rollsMax = 10;
/** Processes start one after the other, as fast as the machine lets them: ten rolls take so many times the requests that were asked for at most, and end the run. */
const lasts = 25;
/** Of the run, before the first one and after each: what the case is compared with. */
const restShare = 1 / 140;
/** What one takes: a run that has no time for all of them has time for one. And one that is taken back. */
const shortMs = 120_000;
const shortBadMs = 40_000;

/** The copies of the shop are made when a case is run, not when this file is loaded. */
function onBuilds(rest: Omit<FaultCase, "system" | "noPeer">): FaultCase {
  return {
    ...rest,
    noPeer: "it has no rolls: whoever runs it starts and ends its processes",
    get system() {
      const directory = shopBuild("v1");
      const placement = path.join(directory, "placements/replicated.json");
      return { file: path.join(directory, "system.ts"), placement };
    },
  };
}

export const roll = onBuilds({
  summary: "rolls v1 -> v2 -> v1 with an optional field more, one less and a method more, five times",
  goal: "0 failed; p99 while rolling at most twice as long; ten rolls done",
  prepare({ rate, durationMs }) {
    const ms = durationMs * lasts;
    return Promise.resolve({
      phases: [{ name: "all", rate, ms: ms < rollsMax * shortMs ? shortMs : ms }],
      figures: {},
    });
  },
  async inject(context) {
    const names = Array.from({ length: rollsMax }, (_, at) => (at % 2 === 0 ? "v2" : "v1"));
    const change = async (name: string): Promise<readonly string[]> => {
      const build = shopBuild(name as "v1" | "v2");
      // A field less breaks who reads it, so that it has to be said.
      await context.shop.roll(build, "--breaking");
      const strangers = (await context.shop.status()).hosts.filter((host) => host.build !== build);
      return strangers.length === 0 ? [] : [`${strangers.length} hosts do not run ${name} after the roll`];
    };
    const restMs = context.durationMs * restShare;
    const row = await inARow({ context, what: "roll", names, leadMs: restMs, restMs, change });
    return {
      figures: { rolls: row.changes, slowestRollMs: row.slowestMs },
      spans: row.spans,
      violations: row.violations,
    };
  },
  judge: ({ failed }) => atMost("failed", failed, 0),
  judgeTimes: (_, { steady, changing }, { rolls = 0 }) => [
    ...atMost("p99 while rolling over steady p99", (changing?.p99 ?? 0) / (steady?.p99 ?? Number.NaN), 2),
    ...atLeast("rolls", rolls, rollsMax),
  ],
});

/** Everything is as it was, and why is said. */
async function isUndone(context: FaultContext, name: "unready" | "faulty", reason: RegExp): Promise<string[]> {
  const before = (await context.shop.status()).hosts.map(({ pid }) => pid);
  context.note(`roll to ${name}`);
  const said = await context.shop.roll(shopBuild(name)).then(
    () => "it was rolled out",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  context.note("it is over");
  const { hosts } = await context.shop.status();
  const changed = hosts.filter(({ pid, build }, at) => pid !== before[at] || build !== shopBuild("v1"));
  return [
    ...(said.includes("SKEIN_ROLL_UNDONE") && reason.test(said) ? [] : [`it was not taken back as it should: ${said}`]),
    ...(changed.length === 0 && hosts.length === before.length ? [] : ["hosts are not those that there were"]),
  ];
}

function bad(name: "unready" | "faulty", reason: RegExp): Pick<FaultCase, "prepare" | "inject"> {
  return {
    prepare: ({ rate, durationMs }) =>
      Promise.resolve({ phases: [{ name: "all", rate, ms: Math.max(durationMs, shortBadMs) }], figures: {} }),
    async inject(context) {
      await context.until(context.durationMs / 10);
      const fromMs = context.now();
      const violations = await isUndone(context, name, reason);
      return { figures: { undoneMs: Math.round(context.now() - fromMs) }, spans: [], violations };
    },
  };
}

export const rollBadReady = onBuilds({
  ...bad("unready", /orders-1\S* did not start/),
  summary: "a roll to a build that is never ready: taken back by itself",
  goal: "0 failed; taken back, with its reason",
  judge: ({ failed }) => atMost("failed", failed, 0),
});

export const rollBadErrors = onBuilds({
  ...bad("faulty", /calls of \S+ failed at the new processes/),
  summary: "a roll to a build that answers errors: taken back by itself",
  goal: "99.5 %; taken back, with its reason",
  judge: ({ success }) => atLeast("success", success, 0.995),
});
