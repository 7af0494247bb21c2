/**
 * Owns the mark that says "an open transaction is above us": a call made there is refused, because it could hold the
 * transaction open for as long as another service likes. It must never know what a transaction is.
 */
import { AsyncLocalStorage } from "node:async_hooks";

const mark = new AsyncLocalStorage<true>();

/** Runs `body` with the mark; it reaches everything that `body` awaits or starts. */
export function inTransaction<T>(body: () => Promise<T>): Promise<T> {
  return mark.run(true, body);
}

export function isInTransaction(): boolean {
  return mark.getStore() === true;
}
