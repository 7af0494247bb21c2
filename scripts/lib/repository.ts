// Owns where things are in the repository and how its tools start a child process.
// Must not decide what is checked: the steps do.

import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Absolute path of the repository. */
export const root: string = join(import.meta.dirname, "../..");

/** The repository's own executables, the pinned Node first. */
const binPath = `${join(root, "node_modules/.bin")}:${process.env["PATH"] ?? ""}`;

/** What one child process left behind. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Show the output instead of returning it. */
  readonly inherit?: boolean;
  readonly timeoutMs?: number;
}

/** Runs a program to its end; never throws for a bad exit status. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Outcome {
  const child = spawnSync(program, args, {
    cwd: options.cwd ?? root,
    env: { ...process.env, PATH: binPath, ...options.env },
    stdio: options.inherit === true ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    timeout: options.timeoutMs ?? 30 * 60_000,
  });
  const problem = child.error === undefined ? "" : `${child.error.message}\n`;
  return { status: child.status ?? 1, stdout: child.stdout ?? "", stderr: problem + (child.stderr ?? "") };
}

/** Runs a program and throws with its output when it fails. */
export function mustRun(program: string, args: readonly string[], options: RunOptions = {}): Outcome {
  const outcome = run(program, args, options);
  if (outcome.status !== 0) {
    throw new Error(`${program} ${args.join(" ")} exited ${outcome.status}\n${outcome.stdout}${outcome.stderr}`);
  }
  return outcome;
}

/** Files that match, relative to the repository, sorted; never below node_modules or dist. */
export function files(...patterns: readonly string[]): readonly string[] {
  return globSync([...patterns], { cwd: root, exclude: ["**/node_modules/**", "dist/**", "**/.skein/**"] }).toSorted();
}

export function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

export interface ExportTarget {
  readonly "skein-src": string;
  readonly types: string;
  readonly default: string;
}

export interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, ExportTarget | string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export function packageJson(): PackageJson {
  return JSON.parse(read("package.json")) as PackageJson;
}

/** The entries of the exports map that are code, with their targets. */
export function entryPoints(): readonly (readonly [string, ExportTarget])[] {
  return Object.entries(packageJson().exports).filter(
    (entry): entry is [string, ExportTarget] => typeof entry[1] !== "string",
  );
}

/** Prefix for a temporary directory of the tools. */
export function temporaryPrefix(name: string): string {
  return join(tmpdir(), `skein-${name}-`);
}
