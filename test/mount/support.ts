// Owns what must be there before an application can be mounted, and running its own tests.
// Must say what it does: an install takes seconds.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "../../scripts/lib/repository.ts";

export const apps = join(import.meta.dirname, "apps");

/** Installs the applications from their lockfile unless that has been done, and compiles the Nest one. */
export function prepare(say: (line: string) => void): void {
  const installed = join(apps, "node_modules/.package-lock.json");
  const isThere = existsSync(installed) && isSubset(installed, join(apps, "package-lock.json"));
  if (!isThere) {
    say("first use: installing test/mount/apps with npm ci (not part of skein)");
    must("npm", ["ci", "--prefix", apps, "--ignore-scripts", "--no-audit", "--no-fund"]);
  }
  must(process.execPath, [join(apps, "node_modules/typescript/bin/tsc"), "-p", join(apps, "nest/tsconfig.json")]);
}

function must(program: string, args: readonly string[]): void {
  const { status, stderr, stdout } = spawnSync(program, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed:\n${stdout}${stderr}`);
}

function isSubset(installed: string, wanted: string): boolean {
  const packagesOf = (file: string) =>
    (JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, { version?: string; optional?: boolean }> })
      .packages;
  const there = packagesOf(installed);
  return Object.entries(packagesOf(wanted)).every(
    ([path, { version, optional }]) => path === "" || optional === true || there[path]?.version === version,
  );
}

export interface Run {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  readonly output: string;
}

/** Runs a program, without holding this process: it may be the one that is asked. */
export function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  // What this test runner sets would make the child report to it.
  const { NODE_TEST_CONTEXT: _, ...rest } = process.env;
  const child = spawn(process.execPath, args, { cwd: root, env: { ...rest, ...env } });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}

/** An application's own tests: the names of those that passed and failed. */
export async function runOwnTests(file: string, env: Readonly<Record<string, string>>): Promise<Run> {
  const { stdout, stderr } = await run(["--test", "--test-reporter=tap", join(apps, file)], env);
  const named = (pattern: RegExp) => [...stdout.matchAll(pattern)].map((match) => match[1] as string);
  return {
    passed: named(/^ *ok \d+ - (.+)$/gm),
    failed: named(/^ *not ok \d+ - (.+)$/gm),
    output: stdout + stderr,
  };
}

/** Lines that one file has and the other has not, both ways, as git counts them. */
export function changedLines(before: string, after: string): number {
  const { stdout } = spawnSync("git", ["diff", "--no-index", "--numstat", before, after], {
    cwd: root,
    encoding: "utf8",
  });
  const [added = "0", removed = "0"] = stdout.trim().split(/\s+/);
  return Number(added) + Number(removed);
}

/** A path as the repository writes it. */
export function shown(path: string): string {
  return relative(root, path);
}
