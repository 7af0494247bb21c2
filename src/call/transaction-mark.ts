/**
 * Owns the mark that says "an open transaction is above us": a call made there is refused, because it could hold the
 * transaction open for as long as another service likes. It must never know what a transaction is.
 */
import { assert } from "../core/index.ts";
import { builtin } from "../core/platform.ts";

const hooks = builtin("node:async_hooks");
/** Where there is none, no database of ours opens either, and so no transaction. */
const mark = hooks && new hooks.AsyncLocalStorage<{ isOpen: boolean }>();

/**
 * Runs `body` with the mark; it reaches everything that `body` awaits or starts, until `body` is over: a task or a timer
 * that outlives the transaction keeps its storage, and must not be refused for ever.
 */
export async function inTransaction<T>(body: () => Promise<T>): Promise<T> {
  assert(mark !== undefined, "a transaction needs async hooks, which this runtime does not have");
  const transaction = { isOpen: true };
  try {
    return await mark.run(transaction, body);
  } finally {
    transaction.isOpen = false;
  }
}

export function isInTransaction(): boolean {
  return mark?.getStore()?.isOpen === true;
}
