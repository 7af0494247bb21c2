/**
 * The seam for "when this turn's work is done". Must never be used to wait for something: it only puts work together that
 * one turn of the event loop made.
 */

/** Runs `run` after the input that is being handled, and before the loop waits for more. Node only. @since 0.1.0 */
export function afterTurn(run: () => void): void {
  setImmediate(run);
}
