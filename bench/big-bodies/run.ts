/**
 * Owns one run of the big bodies: a server process, a client process for each step, the server's memory before and at its
 * peak. Must never leave a process or a file behind.
 */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const steps = ["upload", "download", "ranges"] as const;
/** What the server may grow by, over what it has after a first small body each way. */
export const growthBytesMax = 30 * 1024 * 1024;
const warmUpBytes = 32 * 1024 * 1024;

export interface StepResult {
  readonly ok: boolean;
  readonly mbPerSecond: number;
  readonly rssPeakBytes: number;
}

export interface BigBodies {
  readonly bytes: number;
  readonly rssBeforeBytes: number;
  readonly steps: Readonly<Record<(typeof steps)[number], StepResult>>;
  readonly rssGrowthBytes: number;
  /** Every hash, length and range was right. */
  readonly ok: boolean;
}

export async function runBigBodies(bytes: number): Promise<BigBodies> {
  const folder = mkdtempSync(join(tmpdir(), "skein-big-bodies-"));
  const server = fork(join(import.meta.dirname, "server.ts"), [folder], { execArgv: ["--conditions=skein-src"] });
  try {
    const [{ url }] = (await once(server, "message")) as [{ url: string }];
    for (const step of steps) await client(url, "warmup", warmUpBytes, step);
    await memoryOf(server);
    const before = await memoryOf(server);
    const results: Record<string, StepResult> = {};
    for (const step of steps) {
      const { ok, mbPerSecond } = await client(url, "big", bytes, step);
      results[step] = { ok, mbPerSecond, rssPeakBytes: (await memoryOf(server)).peak };
    }
    const all = results as BigBodies["steps"];
    const peak = Math.max(...Object.values(all).map(({ rssPeakBytes }) => rssPeakBytes));
    const ok = Object.values(all).every((step) => step.ok);
    return { bytes, rssBeforeBytes: before.rss, steps: all, rssGrowthBytes: peak - before.rss, ok };
  } finally {
    server.kill();
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
    rmSync(folder, { recursive: true, force: true });
  }
}

async function memoryOf(server: ChildProcess): Promise<{ rss: number; peak: number }> {
  const answer = once(server, "message");
  server.send("memory");
  return ((await answer) as [{ rss: number; peak: number }])[0];
}

async function client(url: string, name: string, bytes: number, step: string) {
  const args = [join(import.meta.dirname, "client.ts"), url, name, String(bytes), step];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await once(child, "close");
  return JSON.parse(text.trim().split("\n").at(-1) ?? "{}") as { ok: boolean; mbPerSecond: number };
}
