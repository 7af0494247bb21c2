// Owns what is known of the machine: cores, pinning, and keeping the cores awake while something is measured. On a
// virtual machine an idle core costs every wake-up. Must end its spinners, whatever happens.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import type { Stage } from "./bench.ts";

function has(program: string): boolean {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).error === undefined;
}

/** The measured process gets the last core, who drives it the first one. */
export function createStage(): Stage {
  const last = cpus().length - 1;
  if (!has("taskset") || last < 1) return { pinServer: [], pinClient: [] };
  return { pinServer: ["taskset", "-c", String(last)], pinClient: ["taskset", "-c", "0"] };
}

export interface Awake extends Disposable {
  /** Spinners that run; 0 where `chrt` is missing or may not. */
  readonly count: number;
}

/** One spinner per core in the idle class, which yields to everything else. They end with this process. */
export function keepAwake(): Awake {
  const spinners: ChildProcess[] = [];
  if (has("chrt") && has("taskset") && spawnSync("chrt", ["-i", "0", "true"]).status === 0) {
    for (let core = 0; core < cpus().length; core++) {
      // It looks at its parent now and then: a harness that is killed must not leave a core spinning.
      const loop = `while kill -0 ${process.pid} 2>/dev/null; do i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; done`;
      spinners.push(spawn("taskset", ["-c", String(core), "chrt", "-i", "0", "sh", "-c", loop], { stdio: "ignore" }));
    }
  }
  return {
    count: spinners.length,
    [Symbol.dispose]: () => spinners.forEach((spinner) => spinner.kill("SIGKILL")),
  };
}

export function describeMachine(stage: Stage, awake: Awake): string[] {
  const [cpu] = cpus();
  const pinned =
    stage.pinServer.length === 0
      ? "NOT pinned (no taskset, or one core)"
      : `measured process: ${stage.pinServer.join(" ")}; who drives it: ${stage.pinClient.join(" ")}`;
  return [
    `${type()} ${release()}, ${cpus().length} x ${cpu?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`,
    pinned,
    awake.count > 0
      ? `cores kept awake by ${awake.count} idle-class spinners (chrt -i 0)`
      : "cores NOT kept awake (no chrt)",
    `load average ${loadavg()
      .map((load) => load.toFixed(1))
      .join(" ")} (at the start; the spinners are not yet in it)`,
  ];
}
