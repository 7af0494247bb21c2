/**
 * Owns the rows that make a command repeatable: claiming a key, finding what it gave, letting old ones go.
 * It must never answer a key with a reply that did not commit.
 */
import type { Clock } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import type { CommandEffect } from "../../system/index.ts";
import {
  type Engine,
  type Limits,
  limitsOf,
  ownStatement,
  type Rows,
  type Session,
  type Statement,
} from "../engine.ts";

/** How long a reply is kept for its key (LIMITS: response kept 24 h). */
export const keyRetentionMs = 86_400_000;
/** Expired keys deleted in one transaction. */
const sweepBatch = 500;
/** How long a sweep waits for the writer before it leaves the work to the next one. */
const sweepWaitMs = 1_000;
/** What a caller is told to wait when its key is in flight. */
const retryAfterMs = 1_000;

const where = "principal = ? and service = ? and method = ? and key = ?";

export type KeyedEffect = CommandEffect & { readonly key: string };

export function isKeyed(effect: CommandEffect): effect is KeyedEffect {
  return effect.key !== undefined;
}

/** The encoded reply of the same effect, if it committed; `SKEIN_KEY_REUSED` when the input was another. */
export async function findReply(
  engine: Engine,
  effect: KeyedEffect,
  clock: Clock,
  limits: Limits,
): Promise<string | undefined> {
  const statement = `select input_hash, reply from skein_keys where ${where} and created_at >= ?`;
  const parameters = [...identity(effect), clock.now() - keyRetentionMs];
  return replyOf(await engine.read(ownStatement(engine.family, statement, parameters), limits), effect);
}

/**
 * Takes the key for this transaction, or gives the reply it was used for. Waits for a transaction of another process
 * that holds it, as long as the engine lets a statement wait for a lock.
 */
export async function claimKey(
  session: Session,
  engine: Engine,
  effect: KeyedEffect,
  clock: Clock,
): Promise<string | undefined> {
  const nowMs = clock.now();
  // An expired row is taken over, whether or not the sweep has come by: the answer must not depend on it.
  const claim = `insert into skein_keys (principal, service, method, key, input_hash, reply, created_at)
    values (?, ?, ?, ?, ?, null, ?) on conflict (principal, service, method, key)
    do update set input_hash = excluded.input_hash, reply = null, created_at = excluded.created_at
    where skein_keys.created_at < ?`;
  const parameters = [...identity(effect), effect.inputHash, nowMs, nowMs - keyRetentionMs];
  const claimed = await session.run(ownStatement(engine.family, claim, parameters));
  if (claimed.affected !== 0n) return undefined;
  const found = `select input_hash, reply from skein_keys where ${where}`;
  return replyOf(await session.run(ownStatement(engine.family, found, identity(effect))), effect);
}

/** Stores it for the key, as the last thing before the commit. */
export function storing(engine: Engine, effect: KeyedEffect, encoded: string): Statement {
  const statement = `update skein_keys set reply = ? where ${where}`;
  return ownStatement(engine.family, statement, [encoded, ...identity(effect)]);
}

/** Deletes expired keys until few are left or the database is busy; resolves to how many. */
export async function sweepKeys(engine: Engine, clock: Clock): Promise<number> {
  let total = 0;
  // Bounded: at most 100 batches a sweep, the rest by the next one.
  for (let batch = 0; batch < 100; batch++) {
    const session = await engine.begin(limitsOf(clock, sweepWaitMs));
    try {
      const id = engine.family === "sqlite" ? "rowid" : "ctid";
      const locked = engine.family === "sqlite" ? "" : " for update skip locked";
      const old = `select ${id} from skein_keys where created_at < ? order by created_at limit ${sweepBatch}${locked}`;
      const match = engine.family === "sqlite" ? `${id} in (${old})` : `${id} = any (array(${old}))`;
      const statement = ownStatement(engine.family, `delete from skein_keys where ${match}`, [
        clock.now() - keyRetentionMs,
      ]);
      const { affected } = await session.run(statement);
      await session.commit();
      total += Number(affected ?? 0n);
      if ((affected ?? 0n) < sweepBatch) return total;
    } catch (error) {
      await session.rollback();
      throw error;
    }
  }
  return total;
}

export function keyInFlight(cause?: unknown) {
  return skeinError("SKEIN_KEY_IN_FLIGHT", undefined, { cause, data: { retryAfterMs } });
}

function replyOf({ rows }: Rows, effect: CommandEffect): string | undefined {
  const row = rows[0];
  if (row === undefined) return undefined;
  if (row["input_hash"] !== effect.inputHash) throw skeinError("SKEIN_KEY_REUSED");
  return row["reply"] as string;
}

function identity(effect: KeyedEffect): readonly string[] {
  return [effect.principal, effect.service, effect.method, effect.key];
}
