/** Owns which processors the customers and the shop run on. It must never leave this process with fewer than it had. */
import { spawnSync } from "node:child_process";
import { availableParallelism, cpus } from "node:os";
import type { FaultTarget } from "./target.ts";

/**
 * Customers have a processor of their own, the last one, and the shop has the others: otherwise those who are refused would
 * take from the shop what it is to answer the others with. Says how many the shop has; 0 where they share all.
 */
export async function apart(target: FaultTarget): Promise<number> {
  const last = availableParallelism() - 1;
  if (last < 1 || spawnSync("taskset", ["-V"]).status !== 0) return 0;
  const pids = (await target.hosts()).flatMap(({ pid }) => (pid === null ? [] : [pid]));
  for (const pid of pids) setProcessors(pid, last === 1 ? "0" : `0-${last - 1}`);
  setProcessors(process.pid, String(last));
  return last;
}

/** After a run: the next one's shop is started by this process, and would have its one processor. */
export function together(): void {
  const { length } = cpus();
  if (availableParallelism() < length) setProcessors(process.pid, `0-${length - 1}`);
}

function setProcessors(pid: number, list: string): void {
  const { status, stderr } = spawnSync("taskset", ["-a", "-c", "-p", list, String(pid)], { encoding: "utf8" });
  if (status !== 0) throw new Error(`taskset: ${stderr}`);
}
