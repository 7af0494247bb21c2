/**
 * Owns telling one process from another that has its number later: a pid is believed only with its start time and the
 * boot it was started in. It must never signal a process it is not sure of.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the system's own words; empty where the system does not say. */
  readonly start: string;
  readonly boot: string;
}

/** `undefined` when there is no such process, or only what is left of one that ended. */
export function identify(pid: number): ProcessIdentity | undefined {
  const start = startOf(pid);
  return start === undefined ? undefined : { pid, start, boot: bootId() };
}

export function isRunning(identity: ProcessIdentity): boolean {
  const now = identify(identity.pid);
  return now !== undefined && now.start === identity.start && now.boot === identity.boot;
}

/** Sends a signal to exactly this process; false when it is gone. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): boolean {
  if (!isRunning(identity)) return false;
  try {
    process.kill(identity.pid, name);
    return true;
  } catch {
    return false;
  }
}

function startOf(pid: number): string | undefined {
  if (process.platform === "linux") return startOnLinux(pid);
  try {
    // Where there is no /proc; one call, and only when something is started, adopted or stopped.
    const [state = "", ...start] = execFileSync("ps", ["-o", "state=,lstart=", "-p", String(pid)], { encoding: "utf8" })
      .trim()
      .split(/\s+/);
    return state.startsWith("Z") || start.length === 0 ? undefined : start.join(" ");
  } catch {
    return undefined;
  }
}

/** proc_pid_stat(5): the name may hold spaces and brackets, so fields are counted behind its last bracket. */
function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state] = fields;
    return state === "Z" || state === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

let boot: string | undefined;
function bootId(): string {
  if (boot !== undefined) return boot;
  try {
    boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    boot = "";
  }
  return boot;
}
