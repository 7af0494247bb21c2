/**
 * Owns starting processes that outlive whoever starts them: detached, their output in a file. It must never go through a
 * shell.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import os from "node:os";
import path from "node:path";
import { type Build, moduleOf, nodeArgumentsOf } from "./build.ts";

const holderMain = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./holder-main.ts" : "./holder-main.js", import.meta.url),
);
/** A host that starts must not take the processor from those that serve: niceness while it does. */
const startingPriority = 10;

/** Node's own arguments and the host's, ready to be run by anybody. */
export function hostArguments(settings: object, memoryBytes: number | undefined, build: Build): string[] {
  // A heap is capped below what the process may have.
  const heap = memoryBytes === undefined ? [] : [`--max-old-space-size=${Math.floor((memoryBytes * 0.75) / 2 ** 20)}`];
  return [...nodeArgumentsOf(build), ...heap, moduleOf(build, "supervisor/host-main"), JSON.stringify(settings)];
}

export function holderArguments(settings: object): string[] {
  return [...ownArguments(), holderMain, JSON.stringify(settings)];
}

/** `isAwaited`: others are worse off without it than for it, so that it starts at the usual priority. */
export function startHost(args: readonly string[], log: string, isAwaited = false): ChildProcess {
  return start(args, log, [], isAwaited);
}

export function startGateway(
  args: readonly string[],
  log: string,
  descriptor: number,
  isAwaited = false,
): ChildProcess {
  return start(args, log, [descriptor], isAwaited);
}

export function startHolder(args: readonly string[], log: string, descriptor: number): ChildProcess {
  return start(args, log, [descriptor]);
}

function start(args: readonly string[], log: string, descriptors: readonly number[], isAwaited = false): ChildProcess {
  const out = openLog(log);
  try {
    const env = { ...process.env, NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? compiledBeside(log) };
    const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", out, out, ...descriptors], env });
    // Who cannot be started says so by its end, which is watched.
    child.on("error", () => undefined);
    if (child.pid !== undefined && !isAwaited) lower(child.pid);
    child.unref();
    return child;
  } finally {
    if (typeof out === "number") closeSync(out);
  }
}

/** A log that cannot be written keeps nothing from being started, nor ends who starts it. */
function openLog(file: string): number | "ignore" {
  try {
    return openSync(file, "a", 0o600);
  } catch {
    return "ignore";
  }
}

/**
 * Where compiled code is kept for the next process: it halves what a start takes from those that serve
 * (https://nodejs.org/api/module.html#module-compile-cache). Of this run directory: what a fresh start finds there is removed.
 */
function compiledBeside(log: string): string {
  return path.join(path.dirname(log), "../compiled");
}

/** Keeps what this process has compiled so far. Takes a third of a second in the first process of a build, in later ones nothing. */
export function keepCompiled(): void {
  flushCompileCache();
}

/** Priorities are lowered only where it can be taken back: without the right to, a host would stay behind for life. */
export const mayRaise = canRaise();

/**
 * By the capability where there are such (CAP_SYS_NICE is bit 23, capabilities(7)): root has it not in every container. In a
 * user namespace of its own it is one over nobody (user_namespaces(7)): what was lowered could not be raised there.
 */
function canRaise(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(textOf("/proc/self/status"))?.[1];
  // Not Linux.
  if (effective === undefined) return process.getuid?.() === 0;
  const isInitial = /^\s*(0\s+0\s+4294967295)?\s*$/.test(textOf("/proc/self/uid_map"));
  return isInitial && ((BigInt(`0x${effective}`) >> 23n) & 1n) === 1n;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function lower(pid: number): void {
  if (!mayRaise) return;
  setPriority(pid, startingPriority);
  // It may have threads by now, and those that it makes from here on are born with it.
  for (const id of threadsOf(pid)) setPriority(id, startingPriority);
  setGroupPriority(`${pid}`, startingPriority);
}

/** The usual priority, for a process that has started: of every thread that there is by now, each of which was born with another one. */
export function raise(): void {
  if (!mayRaise) return;
  for (const id of threadsOf(process.pid)) setPriority(id, 0);
  setGroupPriority("self", 0);
}

function threadsOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [pid];
  }
}

function setPriority(id: number, priority: number): void {
  try {
    os.setPriority(id, priority);
  } catch {
    // Gone already, or not permitted in this container: it starts all the same.
  }
}

/**
 * Linux may schedule sessions against each other, and niceness only counts within one (sched(7), "The autogroup feature"):
 * each detached process is a session of its own.
 */
function setGroupPriority(process: string, priority: number): void {
  try {
    writeFileSync(`/proc/${process}/autogroup`, String(priority));
  } catch {
    // There is no such thing here.
  }
}

/** The sources run under a condition of their own. */
function ownArguments(): string[] {
  return process.execArgv.filter((argument) => !argument.startsWith("--inspect"));
}
