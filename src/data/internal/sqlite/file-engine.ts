/**
 * Owns SQLite in a file as an engine: one writer at a time in this process, asynchronous retry against other processes.
 * It must never block the event loop beyond the moments of `moments.ts`, and never sleep inside a lock of the file.
 */
import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { type Clock, createLock, LockFull, type Random } from "../../../core/index.ts";
import { skeinError } from "../../../errors/index.ts";
import { type Engine, type Limits, limitsOf, waitOf, writersWaitingMax } from "../../engine.ts";
import { bind, FileSession, toRows } from "./file-session.ts";
import { createSharing } from "./sharing.ts";
import type { Lane } from "./threads.ts";
import { timed, untilFree } from "./waits.ts";
import { WorkerClient } from "./worker-client.ts";

/** How long opening a file waits for another process that is opening or recovering it. */
const openMsMax = 10_000;

export function createFileEngine(
  path: string,
  seams: { readonly clock: Clock; readonly random: Random },
  lane: Lane,
): Engine {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  chmodSync(dirname(path), 0o700);
  const { clock } = seams;
  const sharing = createSharing(clock, seams.random);
  const client = new WorkerClient(path, lane, (open) => untilFree(sharing, limitsOf(clock, openMsMax), open));
  const turns = createLock();
  let writing = false;

  async function takeTurn(limits: Limits, isUrgent: boolean): Promise<() => void> {
    if (!writing) {
      writing = true;
      return turns.acquire({ limit: writersWaitingMax });
    }
    const waiting = new AbortController();
    const giveUp = (): void => waiting.abort(skeinError("SKEIN_DATA_BUSY"));
    const timer = clock.after(limits.remainingMs(), giveUp);
    const signal = limits.signal();
    const cancel = (): void => waiting.abort(signal?.reason);
    signal?.addEventListener("abort", cancel, { once: true });
    if (signal?.aborted === true) cancel();
    try {
      return await turns.acquire({ signal: waiting.signal, limit: writersWaitingMax, isUrgent });
    } catch (error) {
      throw error instanceof LockFull ? skeinError("SKEIN_DATA_BUSY", undefined, { cause: error }) : error;
    } finally {
      timer.cancel();
      signal?.removeEventListener("abort", cancel);
    }
  }

  return {
    family: "sqlite",
    async read(statement, limits) {
      const bound = [bind(statement)];
      // A reader meets a lock only while another process recovers or closes the file, and then for a moment.
      return toRows(
        await untilFree(sharing, waitOf(limits, clock), () => timed(clock, limits, client.send("read", bound))),
      );
    },
    async begin(limits, options) {
      const wait = waitOf(limits, clock);
      const release = await takeTurn(wait, options?.isApart === true);
      const done = (): void => {
        writing = turns.waiting > 0;
        release();
      };
      const session = new FileSession(client, clock, sharing, limits, done);
      try {
        // A lease gives way to nobody: it writes one row now and then, and other processes lose nothing by that.
        if (options?.isApart !== true) await sharing.giveWay(wait);
        if (options?.migration === true) await session.begin();
        return session;
      } catch (error) {
        await session.rollback();
        throw error;
      }
    },
    async ready() {
      await client.ensureOpen();
    },
    close: () => client.close(),
  };
}
