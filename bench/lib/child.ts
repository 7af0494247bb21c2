// Owns the processes of a contestant: fresh, pinned, ended by their id. Must never leave one behind.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Figures } from "./stats.ts";

/** Absolute path of the repository. */
export const root: string = join(import.meta.dirname, "../..");

/** Runs a program that prints its figures as its last line of JSON, to its end. */
export async function measureIn(
  command: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Figures> {
  const lines = (await outputOf(command, options)).trim().split("\n");
  return JSON.parse(lines.at(-1) ?? "") as Figures;
}

/** Everything a program prints; rejects with its errors when it fails. */
export async function outputOf(
  command: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const child = start(command, { ...options, stdout: "pipe" });
  let text = "";
  let errors = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  const code = await exitOf(child);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}\n${errors}${text}`);
  return text;
}

interface StartOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly stdout: "pipe" | "ignore";
}

/** Starts a program in the repository, with the production settings that every contestant gets. */
export function start(command: readonly string[], options: StartOptions): ChildProcess {
  const [program, ...args] = command;
  return spawn(program as string, args, {
    cwd: root,
    env: { ...process.env, NODE_ENV: "production", NO_COLOR: "1", ...options.env },
    stdio: ["ignore", options.stdout, "pipe"],
  });
}

export function exitOf(child: ChildProcess): Promise<number | string> {
  const ended = child.exitCode ?? child.signalCode;
  if (ended !== null) return Promise.resolve(ended);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal ?? "?"));
  });
}

/** Asks a process to end and waits until it has; a deaf one is killed after 10 s. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = exitOf(child);
  child.kill("SIGTERM");
  const hard = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await gone;
  clearTimeout(hard);
}
