// Owns one start of a server: from the spawn to the first 200, then its memory at rest. Must end what it started.
import { existsSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { end, outputOf, start } from "../lib/child.ts";
import { freePort } from "../lib/free-port.ts";
import type { Figures } from "../lib/stats.ts";

const startMsMax = 60_000;
/** Memory is at rest when this many samples in a row, this far apart, differ by less than 1 %; from 2 s after ready on. */
const samplesAlike = 5;
const sampleEveryMs = 200;
const samplesMax = 100;

export interface Server {
  /** Gets the port appended as `--port`, and in PORT. */
  readonly command: (port: number) => readonly string[];
  readonly path: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** `readyMs`, `readyCpuMs`, `restMb` and `restPssMb` (the latter only on Linux, where the kernel tells). */
export async function startOf({ command, path, env }: Server): Promise<Figures> {
  const port = await freePort();
  const startedAt = performance.now();
  const child = start(command(port), { stdout: "ignore", env: { PORT: String(port), ...env } });
  let errors = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  try {
    while (!(await answers(port, path))) {
      if (child.exitCode !== null || performance.now() - startedAt > startMsMax) {
        throw new Error(`${command(port).join(" ")} did not answer\n${errors}`);
      }
    }
    const readyMs = performance.now() - startedAt;
    const pid = child.pid as number;
    return { readyMs, ...cpuOf(await treeOf(pid)), ...(await memoryAtRest(pid)) };
  } finally {
    await end(child);
  }
}

/** One try; a refused one waits a moment so that asking does not take the machine away from starting. */
function answers(port: number, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ port, path, host: "127.0.0.1", agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.once("error", () => setTimeout(() => resolve(false), 2));
    asked.end();
  });
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly rssKb: number;
}

/** A process and all below it. */
async function treeOf(pid: number): Promise<Process[]> {
  const all = (await outputOf(["ps", "-e", "-o", "pid=,ppid=,rss="]))
    .trim()
    .split("\n")
    .map((line): Process => {
      const [id = 0, parent = 0, rssKb = 0] = line.trim().split(/\s+/).map(Number);
      return { pid: id, parent, rssKb };
    });
  const tree = all.filter((one) => one.pid === pid);
  for (const one of tree) tree.push(...all.filter((other) => other.parent === one.pid));
  return tree;
}

async function memoryAtRest(pid: number): Promise<Figures> {
  let latest: number[] = [];
  const earliest = performance.now() + 2_000;
  for (let sample = 0; sample < samplesMax; sample++) {
    const tree = await treeOf(pid);
    const rssMb = tree.reduce((sum, one) => sum + one.rssKb, 0) / 1024;
    latest = [...latest, rssMb].slice(-samplesAlike);
    const isStable = latest.length === samplesAlike && Math.max(...latest) < Math.min(...latest) * 1.01;
    if (isStable && performance.now() > earliest) return { restMb: rssMb, ...pssOf(tree), processes: tree.length };
    await new Promise((resolve) => setTimeout(resolve, sampleEveryMs));
  }
  throw new Error("its memory does not come to rest");
}

/** Shared pages counted once over the processes that share them. */
function pssOf(tree: readonly Process[]): Figures {
  if (!existsSync("/proc/self/smaps_rollup")) return {};
  const kb = tree.map(({ pid }) =>
    Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]),
  );
  return { restPssMb: kb.reduce((sum, one) => sum + one, 0) / 1024 };
}

/** Processor time until ready, in the kernel's ticks of 10 ms. */
function cpuOf(tree: readonly Process[]): Figures {
  if (!existsSync("/proc/self/stat")) return {};
  const ticks = tree.map(({ pid }) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
  });
  return { readyCpuMs: ticks.reduce((sum, one) => sum + one, 0) * 10 };
}
