/**
 * Owns which build a supervisor begins with: the one that was given, or the one that rolls have led to. It must never take a
 * build for done that was not rolled out to the end.
 */
import type { Log } from "../system/index.ts";
import { type Build, directoryOf, sameBuild } from "./build.ts";
import type { State } from "./state.ts";

/** Writes nothing: whoever asks may not own the directory yet. */
export function buildToRun(given: Build, state: State): Build {
  const { roll, keptBuild: kept } = state;
  const basedOn = kept?.basedOn ?? roll?.basedOn;
  // Whoever names another one than before means it.
  if (basedOn === undefined || !sameBuild(basedOn, given)) return given;
  if (roll === undefined || isDone(state)) return kept?.build ?? given;
  return roll.from;
}

/** Forgets what no longer counts; a roll that is not done stays known until it is taken back. */
export function settleBuild(given: Build, state: State, log: Log): void {
  const { roll, keptBuild: kept } = state;
  const basedOn = kept?.basedOn ?? roll?.basedOn;
  if (basedOn !== undefined && !sameBuild(basedOn, given)) {
    log.warn(`this build was given, so it counts before ${directoryOf((kept?.build ?? roll?.from) as Build)}`);
    state.keptBuild = undefined;
    state.roll = undefined;
    return;
  }
  if (roll === undefined) return;
  if (isDone(state)) state.roll = undefined;
  else log.warn(`a roll to ${directoryOf(roll.to)} that the last supervisor had begun is taken back`);
}

/** The last step of a roll is that its build is kept. */
function isDone({ roll, keptBuild }: State): boolean {
  return roll !== undefined && keptBuild !== undefined && sameBuild(keptBuild.build, roll.to);
}
