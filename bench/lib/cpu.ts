// Owns reading what a process has used of the processor. Must never guess where the kernel does not tell.
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Whether the kernel tells; on Linux it does. */
export const tellsCpu: boolean = existsSync("/proc/self/schedstat");

/** Processor seconds of all threads of a process that live; the kernel counts nanoseconds. Throws where it does not tell. */
export function cpuSecondsOf(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const ns = readdirSync(tasks).map((id) => Number(readFileSync(`${tasks}/${id}/schedstat`, "utf8").split(" ")[0]));
  return ns.reduce((sum, one) => sum + one, 0) / 1e9;
}
