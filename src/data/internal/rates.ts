/**
 * Owns the rows behind shared rate limits: one token bucket each, taken from by one statement in the database's own time.
 * It must never know whose bucket it is: names are hashes.
 */
import { assert, type Clock } from "../../core/index.ts";
import type { TokenGrant, TokenRequest } from "../../system/index.ts";
import { type Engine, limitsOf, ownStatement, type Session } from "../engine.ts";

/** How long taking tokens may wait for the database. A busy one should be waited for: counting alone lets more through. */
const takeMs = 2_000;
/** A bucket that has been full for this long is forgotten: it is as good as a new one. */
const forgetUs = 60_000_000;
const sweepBatch = 1_000;
const sweepWaitMs = 1_000;

/**
 * How far a clock must have been set back before a row is believed to be of another time. A statement that waits for its
 * row has read the clock before it waited, so a little back is nothing but that.
 */
const setBackUs = 10_000_000;

/**
 * Takes as many tokens as there are, at most `request.take`. A bucket is kept as the instant at which it will be full again,
 * in microseconds. Where the clock was set back, that instant is moved to now plus a full bucket's time, so that a client
 * waits no longer than that.
 */
export async function takeTokens(engine: Engine, request: TokenRequest, clock: Clock): Promise<TokenGrant> {
  const session = await engine.begin(limitsOf(clock, takeMs));
  try {
    const grant = await takeIn(session, engine, request, clock);
    await session.commit();
    return grant;
  } catch (error) {
    await session.rollback();
    throw error;
  }
}

async function takeIn(session: Session, engine: Engine, request: TokenRequest, clock: Clock): Promise<TokenGrant> {
  const { bucket, take, tokenUs, bucketUs } = request;
  const { sql: now, parameters: nowUs } = nowOf(engine, clock);
  const [least, greatest] = engine.family === "sqlite" ? ["min", "max"] : ["least", "greatest"];
  // `excluded.seen_at` is one reading of the clock, where asking again would give another.
  const ahead = "(skein_rates.full_at - excluded.seen_at)";
  const isSetBack = `${ahead} > ${whole(bucketUs + setBackUs)}`;
  const used = `(case when ${isSetBack} then ${whole(bucketUs)} else ${greatest}(0, ${ahead}) end)`;
  const granted = `${least}(excluded.granted, ${greatest}(0, (${whole(bucketUs)} - ${used}) / ${whole(tokenUs)}))`;
  const statement = `insert into skein_rates (bucket, seen_at, full_at, granted)
    values (?, ${now}, ${now} + ${whole(take * tokenUs)}, ${whole(take)})
    on conflict (bucket) do update set seen_at = excluded.seen_at, granted = ${granted},
    full_at = excluded.seen_at + ${used} + ${granted} * ${whole(tokenUs)}
    where ${granted} >= 1 or ${isSetBack} returning granted`;
  const { rows } = await session.run(ownStatement(engine.family, statement, [bucket, ...nowUs, ...nowUs]));
  const count = Number(rows[0]?.["granted"] ?? 0);
  if (count > 0) return { granted: count, waitMs: 0 };
  const asked = `select full_at - ${now} as used_us from skein_rates where bucket = ?`;
  const found = await session.run(ownStatement(engine.family, asked, [...nowUs, bucket]));
  const usedUs = Number(found.rows[0]?.["used_us"] ?? 0);
  return { granted: 0, waitMs: Math.max(1, Math.ceil((usedUs + tokenUs - bucketUs) / 1_000)) };
}

/**
 * The database's time in microseconds. PostgreSQL asks its own clock. SQLite's processes share a machine and its clock; it
 * is read here, so after the session's turn has come.
 */
function nowOf({ family }: Engine, clock: Clock): { readonly sql: string; readonly parameters: readonly number[] } {
  if (family === "postgres")
    return { sql: "cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)", parameters: [] };
  return { sql: "cast(? as bigint)", parameters: [Math.round(clock.now() * 1_000)] };
}

/** A number of ours, written into the statement: it is one of few, so statements stay few, and its type is plain. */
function whole(value: number): string {
  assert(Number.isSafeInteger(value) && value >= 0, "a shared rate limit counts in whole microseconds");
  return `cast(${value} as bigint)`;
}

/** Forgets buckets that are full; at most 20 batches, the rest by the next sweep. Resolves to how many. */
export async function sweepRates(engine: Engine, clock: Clock): Promise<number> {
  const { sql: now, parameters: nowUs } = nowOf(engine, clock);
  const locked = engine.family === "sqlite" ? "" : " for update skip locked";
  const full = `select bucket from skein_rates where full_at < ${now} - ${forgetUs} limit ${sweepBatch}${locked}`;
  let total = 0;
  for (let batch = 0; batch < 20; batch++) {
    const session = await engine.begin(limitsOf(clock, sweepWaitMs));
    try {
      const statement = ownStatement(engine.family, `delete from skein_rates where bucket in (${full})`, nowUs);
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
