// Owns driving a contestant: so many calls in flight, each replaced as it ends; the latency of each, the rate, the
// processor time of both processes. Must never count a call that failed or answered something else.
import { cpuSecondsOf } from "../lib/cpu.ts";
import { check } from "./payload.ts";

/**
 * Calls in flight, calls served before anything counts (60,000 in all, by every contestant), and calls that count for a
 * contestant that is fast; a slow one divides those.
 */
export const levels = [
  { inFlight: 1, warm: 5_000, calls: 15_000 },
  { inFlight: 16, warm: 20_000, calls: 40_000 },
  { inFlight: 128, warm: 35_000, calls: 120_000 },
] as const;

/** Calls until so many have ended, and what it cost; `at` gets the latency of each in milliseconds. */
export type Load = (inFlight: number, calls: number, at: Float64Array) => Promise<void>;

/** The load of a client whose calls are promises; `is` throws for a reply that is not the expected one. */
export const loadOf =
  <Reply>(call: () => Promise<Reply>, is: (reply: Reply) => void = check): Load =>
  async (inFlight, calls, at) => {
    let begun = 0;
    let ended = 0;
    const worker = async () => {
      while (begun < calls) {
        begun++;
        const startMs = performance.now();
        is(await call());
        at[ended++] = performance.now() - startMs;
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
  };

/** Figures of every level, warm. `slowness` divides the calls that count. */
export async function measure(load: Load, serverPid: number, slowness = 1): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const { inFlight, warm } of levels) await load(inFlight, warm, new Float64Array(warm));
  for (const { inFlight, calls } of levels) {
    Object.assign(figures, await measureLevel(load, serverPid, inFlight, Math.round(calls / slowness)));
  }
  return figures;
}

async function measureLevel(load: Load, serverPid: number, inFlight: number, calls: number) {
  const latencies = new Float64Array(calls);
  const cost = await costOf(serverPid, () => load(inFlight, calls, latencies));
  latencies.sort();
  const quantileUs = (share: number) => (latencies[Math.ceil(share * calls) - 1] as number) * 1000;
  const per100k = (seconds: number) => (seconds / calls) * 100_000;
  const name = `at${inFlight}`;
  return {
    [`${name}CallsPerS`]: calls / cost.seconds,
    [`${name}P50Us`]: quantileUs(0.5),
    [`${name}P99Us`]: quantileUs(0.99),
    [`${name}CpuSPer100k`]: per100k(cost.clientCpuS + cost.serverCpuS),
    [`${name}ClientCpuSPer100k`]: per100k(cost.clientCpuS),
    [`${name}ServerCpuSPer100k`]: per100k(cost.serverCpuS),
  };
}

/** Wall time, and processor time of both processes, all their threads. */
export async function costOf(serverPid: number, work: () => Promise<void>) {
  const serverBefore = cpuSecondsOf(serverPid);
  const clientBefore = cpuSecondsOf(process.pid);
  const startMs = performance.now();
  await work();
  const seconds = (performance.now() - startMs) / 1000;
  return {
    seconds,
    clientCpuS: cpuSecondsOf(process.pid) - clientBefore,
    serverCpuS: cpuSecondsOf(serverPid) - serverBefore,
  };
}
