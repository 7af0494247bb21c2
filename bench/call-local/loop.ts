// Owns what every contestant of `call-local` shares: the payload and how a loop is timed. Must never know a framework.

/** Pinned: a change of it makes figures incomparable. */
export const payload = { id: "p-1", name: "Teapot", quantity: 3, price: 12.5, tags: ["tea", "pot"], active: true };

/** Calls served before anything counts, and calls that count. */
export const warmCalls = 200_000;
export const measuredCalls = 500_000;

/** Nanoseconds per call, as the clock on the wall and the processor's time of the whole process (collector included). */
export interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

export async function timed(calls: number, loop: (calls: number) => Promise<void>): Promise<Cost> {
  await loop(warmCalls);
  const cpuBefore = process.cpuUsage();
  const before = process.hrtime.bigint();
  await loop(calls);
  const wallNs = Number(process.hrtime.bigint() - before);
  const { user, system } = process.cpuUsage(cpuBefore);
  return { wall: wallNs / calls, cpu: ((user + system) * 1000) / calls };
}

/** Figures of one kind of call. */
export function figuresOf(name: string, { wall, cpu }: Cost): Record<string, number> {
  // 1 ns per call is 0.0001 s per 100,000 calls.
  return { [`${name}CpuNs`]: cpu, [`${name}WallNs`]: wall, [`${name}CpuSecondsPer100k`]: cpu / 10_000 };
}
