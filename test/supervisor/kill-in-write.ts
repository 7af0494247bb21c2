/**
 * Loaded before a supervisor (`--import`): ends it with SIGKILL in the middle of writing state, where TEST_KILL_AT
 * says, as in `before renaming hosts/worker-1.json 2`: the second time that it comes there. Or when that many writes are done, the
 * first of a file and what follows it, removals among them, as in `from build.json 7`. It must leave every other process alone,
 * those that a supervisor starts above all.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";

const at = process.env["TEST_KILL_AT"] ?? "";
const run = path.join(process.env["SKEIN_HOME"] ?? "", "run");
const isSupervisor = process.argv.includes("start");

if (isSupervisor && at !== "") {
  const times = new Map<string, number>();
  const descriptors = new Map<number, string>();
  const [, first, last] = /^from (\S+) (\d+)$/.exec(at) ?? [];
  let done = 0;
  const did = (file: string): void => {
    if (first === undefined || (done === 0 && path.relative(run, file) !== first)) return;
    if (++done === Number(last)) process.kill(process.pid, "SIGKILL");
  };
  const reach = (what: string, file: string): void => {
    const point = `${what} ${path.relative(run, file).replace(/\.\d+\.tmp$/, "")}`;
    const time = (times.get(point) ?? 0) + 1;
    times.set(point, time);
    if (`${point} ${time}` !== at) return;
    process.kill(process.pid, "SIGKILL");
  };
  const isAside = (file: unknown): file is string =>
    typeof file === "string" && file.startsWith(run) && file.endsWith(".tmp");
  const { openSync, fsyncSync, closeSync, renameSync, rmSync } = fs;
  fs.openSync = (file, ...rest) => {
    if (isAside(file)) reach("before making", file);
    const descriptor = openSync(file, ...rest);
    if (isAside(file)) descriptors.set(descriptor, file);
    return descriptor;
  };
  const before = (what: string, descriptor: number): void => {
    const file = descriptors.get(descriptor);
    if (file !== undefined) reach(what, file);
  };
  fs.fsyncSync = (descriptor) => {
    before("before flushing", descriptor);
    fsyncSync(descriptor);
  };
  fs.closeSync = (descriptor) => {
    before("before closing", descriptor);
    descriptors.delete(descriptor);
    closeSync(descriptor);
  };
  fs.renameSync = (from, to) => {
    if (isAside(from)) reach("before renaming", from);
    renameSync(from, to);
    if (!isAside(from)) return;
    reach("after renaming", from);
    did(String(to));
  };
  fs.rmSync = (file, options) => {
    const isState = String(file).startsWith(run) && String(file).endsWith(".json") && fs.existsSync(file);
    rmSync(file, options);
    if (isState) did(String(file));
  };
  syncBuiltinESMExports();
}
