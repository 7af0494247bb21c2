/**
 * Owns what is kept of placements: the one that moves have led to, and a move that is under way. It must never write the
 * user's own file, and never leave a move that nobody finishes or takes back.
 */
import { isSkeinError } from "../errors/index.ts";
import { type Log, type Placement, readPlacement, type System, toPlacementValue } from "../system/index.ts";
import type { State } from "./state.ts";

/** What a supervisor begins with. */
export interface ToRun {
  readonly placement: Placement;
  /** Hosts that may run and must not be taken over: those of the side of a move that has lost. */
  readonly leaving: readonly string[];
}

/**
 * The placement to run: where moves have led to, for as long as `skein start` is given the same as then; another one that
 * is given comes first. Ends a move that a dead supervisor had begun.
 */
export function placementToRun(given: Placement, system: System, state: State, log: Log): ToRun {
  const basedOn = toPlacementValue(given);
  const { move } = state;
  let leaving: readonly string[] = [];
  if (move !== undefined) {
    const isSwitched = move.phase === "switched";
    leaving = isSwitched ? move.go : move.come;
    if (isSwitched) state.keptPlacement = { basedOn: move.basedOn, placement: move.to };
    state.move = undefined;
    log.warn(`a move that the last supervisor had begun is ${isSwitched ? "finished" : "taken back"}`);
  }
  const kept = state.keptPlacement;
  if (kept === undefined) return { placement: given, leaving };
  if (JSON.stringify(kept.basedOn) === JSON.stringify(basedOn)) {
    try {
      return { placement: readPlacement(kept.placement, system), leaving };
    } catch (error) {
      if (!isSkeinError(error)) throw error;
      log.warn(`the placement that was moved to no longer fits: ${error.message}`);
    }
  }
  state.keptPlacement = undefined;
  return { placement: given, leaving };
}
