/**
 * The seam for "when this turn's work is done". Must never be used to wait for something: it only puts work together that
 * one turn of the event loop made.
 */

/** Runs `run` after the input that is being handled, and before the loop waits for more. Node only. @since 0.1.0 */
export function afterTurn(run: () => void): void {
  setImmediate(run);
}

/**
 * Runs `run` once everything is done that the present callback of the loop has begun and that waits for nothing: sooner than
 * {@link afterTurn}, which hears of all callbacks of a turn. Node only. @since 0.1.0
 */
export function afterCallback(run: () => void): void {
  // What is next in line now comes before promises, and what promises put there comes after them.
  queueMicrotask(() => process.nextTick(run));
}
