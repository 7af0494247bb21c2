/**
 * Owns which build a supervisor begins with: the one that was given, or the one that rolls have led to. It must never take a
 * build for done that was not rolled out to the end.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { skeinError } from "../errors/index.ts";
import type { Log } from "../system/index.ts";
import { type Build, directoryOf, sameBuild } from "./build.ts";
import type { State } from "./state.ts";

/** Writes nothing: whoever asks may not own the directory yet. */
export function buildToRun(given: Build, { keptBuild: kept }: State): Build {
  // Whoever names another one than before means it.
  return kept === undefined || !sameBuild(kept.basedOn, given) ? given : kept.build;
}

/**
 * Throws `SKEIN_SYSTEM_LOAD` where rolls have led to a build that is gone. The one that is given is not taken instead: its
 * code may be older than the databases, which only a person can judge.
 */
export function assertKeptIsThere(given: Build, build: Build, { home }: State): void {
  if (sameBuild(given, build) || existsSync(build.file)) return;
  const kept = path.join(home, "run", "build.json");
  const message = `there is no ${build.file}, to which the system was rolled from ${given.file} (${kept})`;
  const fix = `restore it; or start a third build on the same state: SKEIN_HOME=${home} skein start <its system file>; or, to go back to the one that you named, remove ${kept} and start with SKEIN_SCHEMA=may-be-ahead, if its code can live with the databases as they are`;
  throw Object.assign(skeinError("SKEIN_SYSTEM_LOAD", message), { fix });
}

/** Forgets what no longer counts; a roll that is not done stays known until it is taken back. */
export function settleBuild(given: Build, state: State, log: Log): void {
  const { roll, keptBuild: kept } = state;
  if (kept !== undefined && !sameBuild(kept.basedOn, given)) {
    log.warn(`this build was given, so it counts before ${directoryOf(kept.build)}`);
    state.keptBuild = undefined;
    state.roll = undefined;
  } else if (roll !== undefined) {
    // The last step of a roll is that its build is kept.
    if (kept !== undefined && sameBuild(kept.build, roll.to)) state.roll = undefined;
    else log.warn(`a roll to ${directoryOf(roll.to)} that the last supervisor had begun is taken back`);
  }
}
