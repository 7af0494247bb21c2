/**
 * Owns the object a handler finds as its database: Kysely, bound to one call and to what its kind may do.
 * It must never let a query reach the writer, or a handle outlive the limits of its call.
 */
import {
  type CompiledQuery,
  type ConnectionProvider,
  type DatabaseConnection,
  DummyDriver,
  Kysely,
  type KyselyProps,
  type QueryResult,
  Transaction,
} from "kysely";
import { skeinError } from "../../errors/index.ts";
import type { CallBinding, CommandEffect } from "../../system/index.ts";
import type { Limits } from "../engine.ts";
import { compilerOf, dialectOf } from "./dialect.ts";
import type { Outbox } from "./outbox.ts";
import type { Run } from "./statements.ts";
import { runTransaction, type TransactionPort } from "./transaction.ts";

/** Makes the handle of one call; cheap, since compiler and dialect are shared. */
export type HandleFactory = (binding: CallBinding) => unknown;

/** Effects whose transaction has begun, whichever database it was; goes with the call. */
const begun = new WeakSet<CommandEffect>();

export function createHandleFactory(port: TransactionPort): HandleFactory {
  const { family } = port.engine;
  const executor = compilerOf(family).getExecutor();
  const shared = { config: { dialect: dialectOf(family) }, dialect: dialectOf(family), driver: new DummyDriver() };
  const props = (run: Run): KyselyProps => ({ ...shared, executor: executor.withConnectionProvider(provider(run)) });

  return (binding) => {
    const limits = limitsOfCall(binding);
    const handle = new Kysely<never>(props((statement) => port.engine.read(statement, limits)));
    // Where a write cannot be, the handle says so in Skein's words before the engine does in its own.
    seal(handle, {
      transaction: async (callback: unknown) => {
        if (binding.kind === "query")
          throw skeinError("SKEIN_DATA_READ_ONLY", "a query opens no transaction; its db only reads");
        if (typeof callback !== "function")
          throw skeinError("SKEIN_DATA_TRANSACTION", "write db.transaction(async (tx) => ...)");
        if (binding.effect !== undefined) {
          if (begun.has(binding.effect)) throw skeinError("SKEIN_COMMAND_SECOND_TRANSACTION");
          begun.add(binding.effect);
        }
        return runTransaction(port, binding, limits, (run, outbox) =>
          Promise.resolve((callback as (tx: unknown) => unknown)(transactionHandle(props(run), outbox))),
        );
      },
    });
    return handle;
  };
}

function transactionHandle(props: KyselyProps, outbox: Outbox): unknown {
  const tx = new Transaction<never>(props);
  seal(tx, { emit: (name: string, value: unknown) => outbox.emit(name, value) });
  return tx;
}

function refuse(name: string) {
  return () => {
    throw skeinError(
      "SKEIN_DATA_TRANSACTION",
      `db.${name} is not available: Skein opens and closes connections and transactions`,
    );
  };
}

/** What would step around the call's one transaction is replaced on the object itself. */
function seal(handle: object, own: Record<string, unknown>): void {
  const members = {
    connection: refuse("connection"),
    startTransaction: refuse("startTransaction"),
    destroy: refuse("destroy"),
    ...own,
  };
  for (const [name, value] of Object.entries(members)) Object.defineProperty(handle, name, { value });
}

function limitsOfCall(binding: CallBinding): Limits {
  return { remainingMs: () => binding.remainingMs(), signal: () => binding.call.signal };
}

function provider(run: Run): ConnectionProvider {
  const connection = new CallConnection(run);
  return { provideConnection: (consumer) => consumer(connection) };
}

class CallConnection implements DatabaseConnection {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, affected, insertId } = await this.#run(query);
    return {
      rows: rows as R[],
      ...(affected !== undefined && { numAffectedRows: affected }),
      ...(insertId !== undefined && { insertId }),
    };
  }

  /** In pieces for Kysely's sake; the engine has read all rows by then. */
  async *streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    const { rows } = await this.#run(query);
    for (let from = 0; from < rows.length; from += chunkSize) yield { rows: rows.slice(from, from + chunkSize) as R[] };
  }
}
