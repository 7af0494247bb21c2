/** Owns one child process as the parent sees it: start, orders, reports, end. It must never restart one. */
import { type ChildProcess, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { childNodeFlags, childNodeOptions } from "./debug.ts";
import type { ChildSettings, Order, Report } from "./protocol.ts";

export interface Child {
  readonly pid: number;
  readonly hasEnded: boolean;
  tell(order: Order): void;
  kill(): void;
  /** Resolves when the process is gone, with how it ended. */
  readonly gone: Promise<string>;
}

const entry = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./child.ts" : "./child.js", import.meta.url));

/** Starts a child in our own process group, so that whoever kills the group leaves nothing behind. */
export function startChild(settings: ChildSettings, onReport: (report: Report) => void): Child {
  const flags = childNodeFlags(process.execArgv);
  const isSource = entry.endsWith(".ts");
  if (isSource && !flags.some((argument) => argument.includes("skein-src"))) flags.push("--conditions=skein-src");
  const child: ChildProcess = spawn(process.execPath, [...flags, entry, JSON.stringify(settings)], {
    // With --json stdout is ours alone, so what the services print goes to stderr.
    stdio: ["ignore", settings.isJson ? process.stderr : "inherit", "inherit", "ipc"],
    env: childEnvironment(),
  });
  let hasEnded = false;
  const gone = new Promise<string>((resolve) => {
    child.once("error", (error) => {
      hasEnded = true;
      resolve(error.message);
    });
    child.once("exit", (code, signal) => {
      hasEnded = true;
      resolve(signal === null ? `exit code ${code}` : signal);
    });
  });
  child.on("message", (report) => onReport(report as Report));
  return {
    pid: child.pid ?? 0,
    get hasEnded() {
      return hasEnded;
    },
    tell(order) {
      // A child that is just ending cannot be told anything, and its end is reported by `gone`.
      if (child.connected) child.send(order, () => undefined);
    },
    kill: () => void child.kill("SIGKILL"),
    gone,
  };
}

/**
 * With the compile cache on from its first line (`enableCompileCache()` comes too late for static imports) a child starts
 * in a third of the CPU time. The place is Node's own default.
 */
function childEnvironment(): NodeJS.ProcessEnv {
  const options = process.env["NODE_OPTIONS"];
  return {
    NODE_COMPILE_CACHE: path.join(tmpdir(), "node-compile-cache"),
    ...process.env,
    ...(options !== undefined && { NODE_OPTIONS: childNodeOptions(options) }),
  };
}
