/**
 * Owns writing a transaction's events beside its rows. It must never deliver one.
 */
import { type Clock, createId, type Random } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import type { CallBinding } from "../../system/index.ts";
import { type Engine, ownStatement, type Statement } from "../engine.ts";
import { jsonText } from "./values.ts";

/** Events of one transaction at most. */
const emitsMax = 10_000;
/** Rows in one insert: both engines limit the parameters of a statement. */
const rowsPerInsert = 500;

type Row = readonly [string, string, string, number, string, string | null, string, number];

export interface Outbox {
  emit(name: string, value: unknown): Promise<void>;
  /** What writes what was emitted, in order. Nothing can be emitted any more. */
  close(): Promise<readonly Statement[]>;
}

export function createOutbox(
  engine: Engine,
  binding: CallBinding,
  seams: { readonly clock: Clock; readonly random: Random },
): Outbox {
  const emitted: Array<Promise<Row>> = [];
  let isClosed = false;
  let hasTooMany = false;
  async function emit(name: string, value: unknown): Promise<void> {
    // What is emitted from here on would be lost without a word.
    if (isClosed) throw skeinError("SKEIN_DATA_TRANSACTION", "the transaction is over");
    if (emitted.length >= emitsMax) {
      hasTooMany = true;
      throw tooMany();
    }
    const row = encode(name, value, binding, seams);
    emitted.push(row);
    await row;
  }
  return {
    emit(name, value) {
      const done = emit(name, value);
      // The transaction reports its failure; without this, one that is not awaited would end the process.
      done.catch(() => undefined);
      return done;
    },
    async close() {
      isClosed = true;
      if (hasTooMany) throw tooMany();
      // Also waits for an emit that was not awaited; its failure is the transaction's.
      const rows = await Promise.all(emitted);
      const statements: Statement[] = [];
      for (let from = 0; from < rows.length; from += rowsPerInsert) {
        const part = rows.slice(from, from + rowsPerInsert);
        const sql = `insert into skein_outbox (id, service, event, version, payload, principal, trace_id, created_at) values ${part
          .map(() => "(?, ?, ?, ?, ?, ?, ?, ?)")
          .join(", ")}`;
        statements.push(ownStatement(engine.family, sql, part.flat()));
      }
      return statements;
    },
  };
}

function tooMany() {
  return skeinError("SKEIN_DATA_TRANSACTION", `a transaction may emit ${emitsMax} events`);
}

async function encode(
  name: string,
  value: unknown,
  binding: CallBinding,
  seams: { readonly clock: Clock; readonly random: Random },
): Promise<Row> {
  const { version, payload } = await binding.encodeEvent(name, value);
  const { service, principal, traceId } = binding.call;
  const who = principal === undefined ? null : jsonText(principal);
  return [createId(seams.random), service, name, version, payload, who, traceId, seams.clock.now()];
}
