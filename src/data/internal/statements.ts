/**
 * Owns what the body of a transaction sends: nothing once the body has returned, and nothing that the commit would overtake.
 * It must never let a statement run outside of its transaction.
 */
import { skeinError } from "../../errors/index.ts";
import type { Rows, Session, Statement } from "../engine.ts";

export type Run = (statement: Statement) => Promise<Rows>;

export interface Statements {
  readonly run: Run;
  /**
   * Waits for those that the body did not wait for; rejects as the first of them does. Nothing can be sent any more. The promise
   * that the body dropped rejects as well, which ends a process as every unhandled rejection does: it is not within reach here.
   */
  close(): Promise<void>;
}

export function createStatements(session: Session): Statements {
  const pending = new Set<Promise<Rows>>();
  let isClosed = false;
  return {
    async run(statement) {
      // Behind the commit it would be a transaction of its own.
      if (isClosed) throw skeinError("SKEIN_DATA_TRANSACTION", "the transaction is over");
      const sent = session.run(statement);
      pending.add(sent);
      try {
        return await sent;
      } finally {
        pending.delete(sent);
      }
    },
    async close() {
      isClosed = true;
      await Promise.all(pending);
    },
  };
}
