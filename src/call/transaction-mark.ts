/**
 * Owns the mark that says "an open transaction is above us": a call made there is refused, because it could hold the
 * transaction open for as long as another service likes. It must never know what a transaction is.
 */
import { AsyncLocalStorage } from "node:async_hooks";

const mark = new AsyncLocalStorage<{ isOpen: boolean }>();

/**
 * Runs `body` with the mark; it reaches everything that `body` awaits or starts, until `body` is over: a task or a timer
 * that outlives the transaction keeps its storage, and must not be refused for ever.
 */
export async function inTransaction<T>(body: () => Promise<T>): Promise<T> {
  const transaction = { isOpen: true };
  try {
    return await mark.run(transaction, body);
  } finally {
    transaction.isOpen = false;
  }
}

export function isInTransaction(): boolean {
  return mark.getStore()?.isOpen === true;
}
