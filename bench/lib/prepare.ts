// Owns what must be there before a bench can run: the peers' packages and the build. Must say what it does: both take
// seconds, and neither is part of what is measured.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./child.ts";

const peers = join(root, "bench/peers");

/** Installs the peers from their lockfile unless that has been done. Install scripts stay off: no peer needs one. */
export function installPeers(say: (line: string) => void): void {
  const installed = join(peers, "node_modules/.package-lock.json");
  const wanted = packagesOf(join(peers, "package-lock.json"));
  if (existsSync(installed) && isSubset(packagesOf(installed), wanted)) return;
  say("first use: installing the peers with `npm ci --prefix bench/peers` (about 40 MB, not part of skein)");
  must("npm", ["ci", "--prefix", peers, "--ignore-scripts", "--no-audit", "--no-fund"], say);
}

/** Builds `dist/` anew: a figure of an old build would be a lie. */
export function build(say: (line: string) => void): void {
  say("building dist/ with `npm run build`");
  must(process.execPath, [join(root, "scripts/build.ts")], say);
}

function must(program: string, args: readonly string[], say: (line: string) => void): void {
  const { status, stderr, stdout } = spawnSync(program, args, { cwd: root, encoding: "utf8" });
  if (status === 0) return;
  say(`${stdout}${stderr}`);
  throw new Error(`${program} ${args.join(" ")} failed`);
}

interface Locked {
  readonly version?: string;
  readonly optional?: boolean;
}

function packagesOf(lockfile: string): Map<string, Locked> {
  const { packages } = JSON.parse(readFileSync(lockfile, "utf8")) as { packages: Record<string, Locked> };
  return new Map(Object.entries(packages).filter(([path]) => path !== ""));
}

function isSubset(installed: Map<string, Locked>, wanted: Map<string, Locked>): boolean {
  return [...wanted].every(
    ([path, { version, optional }]) => optional === true || installed.get(path)?.version === version,
  );
}
