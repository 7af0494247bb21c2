/**
 * Owns which build a supervisor begins with: the one that was given, or the one that rolls have led to. It must never take a
 * build for done that was not rolled out to the end.
 */
import type { Log } from "../system/index.ts";
import { type Build, directoryOf, sameBuild } from "./build.ts";
import type { State } from "./state.ts";

/** Writes nothing: whoever asks may not own the directory yet. */
export function buildToRun(given: Build, { keptBuild: kept }: State): Build {
  // Whoever names another one than before means it.
  return kept === undefined || !sameBuild(kept.basedOn, given) ? given : kept.build;
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
