/**
 * The seam for "when this turn's work is done". Must never be used to wait for something: it only puts work together that
 * one turn of the event loop made.
 */

/** Runs `run` after the input that is being handled, and before the loop waits for more. Node only. @since 0.1.0 */
export function afterTurn(run: () => void): void {
  setImmediate(run);
}

const settled = Promise.resolve();

/**
 * Runs `run` after the promise callbacks that are in line now: what several of them write side by side is put together, and
 * nothing waits for the loop, as with {@link afterTurn}. Cheaper than `queueMicrotask` and `process.nextTick`, which make an
 * asynchronous resource each. Must not throw. Node only. @since 0.1.0
 */
export function afterStep(run: () => void): void {
  void settled.then(run);
}
