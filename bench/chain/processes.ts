// Owns which processes a contestant has, whoever their parent is, and what they take of the processor. Must never miss one
// that detaches itself: they are known by a mark in the environment, which all inherit.
import { readdirSync, readFileSync } from "node:fs";
import { cpuSecondsOf } from "../lib/cpu.ts";

/** The variable that carries the mark. */
export const markName = "SKEIN_BENCH_MARK";

export function processesWith(mark: string): number[] {
  const wanted = `${markName}=${mark}\0`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => textOf(`/proc/${pid}/environ`).includes(wanted))
    .map(Number);
}

/** Processor seconds of these processes together. */
export function cpuOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // ended meanwhile, or somebody else's
  }
}
