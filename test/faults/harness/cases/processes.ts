/** Owns the cases in which a process is killed or stopped. It must never touch a process that is not the shop's. */
import { setTimeout as pause } from "node:timers/promises";
import { identify, signal } from "../../../../src/supervisor/process-identity.ts";
import { atLeast, atMost, type FaultCase, type FaultContext, type Span } from "../case.ts";
import type { TargetHost } from "../target.ts";

const everyMs = 20_000;
const stopMs = 30_000;
const backLimitMs = 60_000;
const pollMs = 50;

const isGateway = ({ services }: TargetHost): boolean => services.includes("gateway");

/** One that runs, taken by chance. */
async function victim(
  context: FaultContext,
  wanted: (host: TargetHost) => boolean,
): Promise<TargetHost & { pid: number }> {
  const found = (await context.target.hosts()).filter(
    (host) => wanted(host) && host.state === "ready" && host.pid !== null,
  );
  const one = found[context.random.int(found.length)];
  if (one === undefined || one.pid === null) throw new Error("no process of that kind is ready");
  return { ...one, pid: one.pid };
}

/** Every 20 s, and at least once; never so late that the run cannot show what follows. */
function* moments(durationMs: number): Generator<number> {
  if (durationMs < 2 * everyMs) return yield durationMs / 3;
  for (let ms = everyMs / 2; ms < durationMs - everyMs / 4; ms += everyMs) yield ms;
}

/** How long until every replica is ready again, and none of them is the process that was killed. */
async function back(context: FaultContext, killed: number): Promise<number> {
  const fromMs = context.now();
  while (context.now() - fromMs < backLimitMs) {
    if ((await context.target.hosts()).every(({ state, pid }) => state === "ready" && pid !== killed))
      return context.now() - fromMs;
    await pause(pollMs);
  }
  return Number.POSITIVE_INFINITY;
}

function killing(summary: string, wanted: (host: TargetHost) => boolean): Pick<FaultCase, "summary" | "inject"> {
  return {
    summary,
    async inject(context) {
      const backMs: number[] = [];
      for (const ms of moments(context.durationMs)) {
        if (!(await context.until(ms))) break;
        const { pid, group, replica } = await victim(context, wanted);
        process.kill(pid, "SIGKILL");
        context.note(`kill -9 of ${group}-${replica}`);
        backMs.push(await back(context, pid));
      }
      const violations = backMs.some((ms) => ms > backLimitMs) ? ["a replica did not come back within 60 s"] : [];
      return {
        figures: { kills: backMs.length, slowestBackMs: Math.round(Math.max(...backMs)) },
        spans: [],
        violations,
      };
    },
  };
}

export const killService: FaultCase = {
  ...killing("kill -9 of a service replica every 20 s", (host) => !isGateway(host)),
  goal: "99.95 %, p99.9 at most 1 s; repeats at most 10 % of calls",
  repeatsMax: 0.1,
  judge: ({ success }) => atLeast("success", success, 0.9995),
  judgeTimes: ({ p999 }) => atMost("p99.9 in ms", p999, 1_000),
};

export const killGateway: FaultCase = {
  ...killing("kill -9 of a gateway every 20 s", isGateway),
  goal: "99.95 %",
  judge: ({ success }) => atLeast("success", success, 0.9995),
};

export const stopService: FaultCase = {
  summary: "SIGSTOP of a service replica for 30 s, then SIGCONT",
  goal: "99.9 %; out of routing in 2 s",
  async inject(context) {
    const lengthMs = Math.min(stopMs, context.durationMs / 2);
    await context.until(context.durationMs / 5);
    const { pid, group, replica } = await victim(context, (host) => !isGateway(host));
    const stopped = identify(pid);
    if (stopped === undefined || !signal(stopped, "SIGSTOP")) throw new Error("the victim is gone");
    const fromMs = context.now();
    context.note(`SIGSTOP of ${group}-${replica} for ${lengthMs} ms`);
    await context.until(fromMs + lengthMs);
    context.note(signal(stopped, "SIGCONT") ? "SIGCONT" : "it was replaced meanwhile");
    const spans: Span[] = [{ name: "after2s", fromMs: fromMs + 2_000, toMs: fromMs + lengthMs }];
    return { figures: {}, spans, violations: [] };
  },
  judge: ({ success }, { after2s }) => [
    ...atLeast("success", success, 0.999),
    ...atMost("failed requests that left 2 s after the stop", after2s?.failed ?? 0, 0),
  ],
  // Out of the routes: whoever asks later than that is not kept waiting by it.
  judgeTimes: (_, { after2s }) => atMost("p99.9 of what left 2 s after the stop, in ms", after2s?.p999 ?? 0, 1_000),
};

export const killSupervisor: FaultCase = {
  summary: "kill -9 of the supervisor, and a new one",
  goal: "0 failed",
  noPeer: "it has no supervisor: its processes are started again by the harness",
  async inject(context) {
    const before = new Map(
      (await context.target.hosts()).map(({ group, replica, pid }) => [`${group}-${replica}`, pid]),
    );
    await context.until(context.durationMs / 4);
    context.shop.supervisor.kill("SIGKILL");
    context.note("kill -9 of the supervisor");
    await context.until(context.durationMs / 2);
    const fromMs = context.now();
    await context.shop.restart();
    const adoptedMs = Math.round(context.now() - fromMs);
    const moved = (await context.target.hosts()).filter(
      ({ group, replica, pid }) => before.get(`${group}-${replica}`) !== pid,
    );
    return {
      figures: { adoptedMs },
      spans: [],
      violations: moved.map(({ group, replica }) => `${group}-${replica} was started again by the new supervisor`),
    };
  },
  judge: ({ failed }) => atMost("failed", failed, 0),
};

export const steady: FaultCase = {
  summary: "no fault: what the others are compared with",
  goal: "0 failed",
  inject: async () => ({ figures: {}, spans: [], violations: [] }),
  judge: ({ failed }) => atMost("failed", failed, 0),
};
