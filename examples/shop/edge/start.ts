/** Starts a bundle in one of the runtimes, as a process of its own on a port that is free. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

export const runtimes = ["node", "bun", "workerd"] as const;
export type Runtime = (typeof runtimes)[number];

export interface Running {
  readonly url: string;
  readonly process: ChildProcess;
  /** What it has printed on standard error so far. */
  readonly complaints: () => string;
  close(): Promise<void>;
}

/** Where `npm ci --ignore-scripts` in test/runtimes/binaries puts the other runtimes. */
const modules = path.join(import.meta.dirname, "../../../test/runtimes/binaries/node_modules");
const startMs = 20_000;

/** The runtime's binary. Throws where it is not installed, and says how it would be. */
export function binaryOf(runtime: Exclude<Runtime, "node">): string {
  const arch = process.arch === "arm64" ? ["aarch64", "arm64"] : ["x64", "64"];
  const candidates =
    runtime === "bun"
      ? ["-baseline", ""].map((kind) => `@oven/bun-${process.platform}-${arch[0]}${kind}/bin/bun`)
      : [`@cloudflare/workerd-${process.platform}-${arch[1]}/bin/workerd`];
  const found = candidates.map((file) => path.join(modules, file)).find((file) => existsSync(file));
  if (found === undefined)
    throw new Error(`there is no ${runtime}: run  npm ci --ignore-scripts --prefix test/runtimes/binaries`);
  return found;
}

/** Resolves when it listens; rejects with what it said when it does not. */
export async function startEdge(runtime: Runtime, bundle: string, port = 0): Promise<Running> {
  const child = launch(runtime, bundle, port);
  let complaints = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  const exited = once(child, "close").then(() => Promise.reject(new Error(`${runtime} ended: ${complaints}`)));
  exited.catch(() => undefined);
  const said = portOf(runtime === "workerd" ? (child.stdio[3] as Readable) : (child.stdout as Readable));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${runtime} did not listen in ${startMs} ms: ${complaints}`)), startMs);
  });
  try {
    const url = `http://127.0.0.1:${await Promise.race([said, exited, late])}`;
    return { url, process: child, complaints: () => complaints, close: () => end(child) };
  } catch (error) {
    await end(child);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function launch(runtime: Runtime, bundle: string, port: number): ChildProcess {
  const here = import.meta.dirname;
  if (runtime === "node")
    return spawn(process.execPath, [path.join(here, "node-server.ts"), bundle, String(port)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
  if (runtime === "bun")
    return spawn(binaryOf("bun"), [path.join(here, "bun-server.js"), bundle, String(port)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
  // The configuration embeds what lies beside it.
  const config = path.join(path.dirname(bundle), "workerd.capnp");
  copyFileSync(path.join(here, "workerd.capnp"), config);
  const args = ["serve", config, `--socket-addr=http=127.0.0.1:${port}`, "--control-fd=3"];
  return spawn(binaryOf("workerd"), args, { stdio: ["ignore", "pipe", "pipe", "pipe"] });
}

/** The port: a line of its own, or workerd's report on its control stream. */
async function portOf(stream: Readable): Promise<number> {
  for await (const line of createInterface({ input: stream })) {
    const report = JSON.parse(line) as number | { event: string; port: number };
    if (typeof report === "number") return report;
    if (report.event === "listen") return report.port;
  }
  // It has ended, and whoever waits for that has the better reason.
  return new Promise(() => {});
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
