/**
 * Owns one `db.transaction` of a call: its turn, its key, its events, its commit. It must never commit after the call is
 * over, nor an effect without its key, nor for a leader that is none any more.
 */
import type { Clock, Random } from "../../core/index.ts";
import { isSkeinError, skeinError } from "../../errors/index.ts";
import type { CallBinding, CommandEffect, Fence } from "../../system/index.ts";
import { earlyMsMax, type Engine, type Limits, type Session, type Statement } from "../engine.ts";
import type { InFlight } from "./in-flight.ts";
import { claimKey, findReply, isKeyed, type KeyedEffect, keyInFlight, storing } from "./keys.ts";
import { standBehind } from "./lease-rows.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { createStatements, type Run } from "./statements.ts";

/** What all transactions of one open database share. */
export interface TransactionPort {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
  readonly inFlight: InFlight;
  /** What must be held for a commit, where only one host of a group may lead. */
  readonly fence?: Fence | undefined;
  /** Runs a body so that the engine knows whose reads they are. */
  runInside<T>(session: Session, body: () => Promise<T>): Promise<T>;
}

export type Body = (run: Run, outbox: Outbox) => Promise<unknown>;

/** Leaves a handler whose effect was found committed; the call path ignores it, as it ignores what the handler returns. */
class Replayed extends Error {
  static {
    this.prototype.name = "Replayed";
  }
}

/** Runs `body` as the one transaction of a command, or one of the many of an action. */
export async function runTransaction(
  port: TransactionPort,
  binding: CallBinding,
  limits: Limits,
  body: Body,
): Promise<unknown> {
  const { effect } = binding;
  if (effect === undefined || !isKeyed(effect)) return attempt(port, binding, limits, body);
  const leave = await port.inFlight.enter(effect, limits);
  try {
    for (;;) {
      try {
        return await attempt(port, binding, limits, body);
      } catch (error) {
        // Another process holds the key: the engine gave up waiting for its row, the call has not.
        if (!(error instanceof KeyHeld)) throw error;
        if (limits.remainingMs() <= earlyMsMax) throw keyInFlight(error.cause);
      }
    }
  } finally {
    leave();
  }
}

/** The claim did not get its row lock in time. */
class KeyHeld extends Error {}

async function attempt(port: TransactionPort, binding: CallBinding, limits: Limits, body: Body): Promise<unknown> {
  const { effect } = binding;
  assertRunning(limits);
  const { fence } = port;
  fence?.epoch();
  const keyed = effect !== undefined && isKeyed(effect) ? effect : undefined;
  const session = await port.engine.begin(limits);
  try {
    if (keyed !== undefined) await claim(port, session, keyed);
    const { reply, last } = await untilOver(limits, run(port, binding, session, body));
    if (fence !== undefined) await standBehind(fence, session, port.engine);
    assertRunning(limits);
    await session.commit(last);
    effect?.committed();
    return reply;
  } catch (error) {
    await session.rollback();
    throw error;
  }
}

interface Ran {
  readonly reply: unknown;
  /** What is left to be written. */
  readonly last: readonly Statement[];
}

/** All that is in the transaction but its key and its end. */
async function run(port: TransactionPort, binding: CallBinding, session: Session, body: Body): Promise<Ran> {
  const { effect } = binding;
  const { engine } = port;
  const outbox = createOutbox(engine, binding, port);
  const statements = createStatements(session);
  const returned = await binding.inTransaction(() => port.runInside(session, () => body(statements.run, outbox)));
  await statements.close();
  const events = await outbox.close();
  if (effect === undefined) return { reply: returned, last: events };
  const { reply, encoded } = await effect.prepare(returned);
  return { reply, last: isKeyed(effect) ? [...events, storing(engine, effect, encoded)] : events };
}

/** A body that never ends must not keep the writer, or a connection, when its call is over. */
function untilOver<T>(limits: Limits, work: Promise<T>): Promise<T> {
  const signal = limits.signal();
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      try {
        assertRunning(limits);
      } catch (error) {
        reject(error as Error);
      }
    };
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    const done = (): void => signal.removeEventListener("abort", onAbort);
    work.finally(done).then(resolve, reject);
  });
}

async function claim(port: TransactionPort, session: Session, effect: KeyedEffect): Promise<void> {
  let encoded: string | undefined;
  try {
    encoded = await claimKey(session, port.engine, effect, port.clock);
  } catch (error) {
    // Not in SQLite, where whoever has the key has the whole file: that is no more than busy.
    if (port.engine.family === "postgres" && isSkeinError(error) && error.code === "SKEIN_DATA_BUSY")
      throw new KeyHeld("", { cause: error });
    throw error;
  }
  if (encoded === undefined) return;
  effect.replay(encoded);
  throw new Replayed("the effect of this key has committed before");
}

/** Nothing may commit for a caller that has been told otherwise. */
function assertRunning(limits: Limits): void {
  const signal = limits.signal();
  if (signal?.aborted === true) {
    if (isSkeinError(signal.reason)) throw signal.reason;
    throw skeinError("SKEIN_CALL_CANCELED", undefined, { cause: signal.reason, outcome: "failed" });
  }
  if (limits.remainingMs() <= 0) throw skeinError("SKEIN_CALL_DEADLINE", undefined, { outcome: "failed" });
}

/** Replays the effect when its reply is there. */
export async function recallEffect(port: TransactionPort, effect: CommandEffect, limits: Limits): Promise<void> {
  if (!isKeyed(effect)) return;
  const encoded = await findReply(port.engine, effect, port.clock, limits);
  if (encoded !== undefined) effect.replay(encoded);
}
