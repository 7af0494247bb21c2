// Owns the build: src/ -> dist/ (JavaScript that reads like its source, so no maps; declarations) plus what tsc does not know.
// Must leave no file of an earlier build behind, and never touch anything outside dist/.

import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");
// Built aside and renamed at the end: whoever reads dist/ meanwhile sees the old one or the new one, never half.
const fresh = join(root, `dist.${process.pid}.tmp`);

rmSync(fresh, { recursive: true, force: true });
const compiled = spawnSync(
  process.execPath,
  [join(root, "node_modules/typescript/bin/tsc"), "-p", join(root, "tsconfig.build.json"), "--outDir", fresh],
  { stdio: "inherit" },
);
if (compiled.status !== 0) {
  rmSync(fresh, { recursive: true, force: true });
  process.exit(compiled.status ?? 1);
}
cpSync(join(root, "src"), fresh, {
  recursive: true,
  filter: (path) => statSync(path).isDirectory() || !/\.(c|m)?tsx?$/.test(path),
});
const bin = join(fresh, "cli/bin.js");
if (existsSync(bin)) chmodSync(bin, 0o755);
rmSync(dist, { recursive: true, force: true });
renameSync(fresh, dist);
