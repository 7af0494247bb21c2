// Owns which processes a contestant has, whoever their parent is, and what they take of the processor. Must never miss one
// that detaches itself: they are known by a mark in the environment, which all inherit.
import { readdirSync, readFileSync } from "node:fs";

/** The variable that carries the mark. */
export const markName = "SKEIN_BENCH_MARK";

export function processesWith(mark: string): number[] {
  const wanted = `${markName}=${mark}\0`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => textOf(`/proc/${pid}/environ`).includes(wanted))
    .map(Number);
}

/** Processor seconds of all threads of these processes that run now; the kernel counts nanoseconds. */
export function cpuOf(pids: readonly number[]): number {
  let ns = 0;
  for (const pid of pids) {
    for (const id of readdirSync(`/proc/${pid}/task`)) {
      ns += Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, "utf8").split(" ")[0]);
    }
  }
  return ns / 1e9;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // ended meanwhile, or somebody else's
  }
}
