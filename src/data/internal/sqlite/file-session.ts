/**
 * Owns one transaction on a file. Its first statement begins it, and its last ones go with the commit: each way to the thread and
 * back is time in which nobody else writes. It must never run a statement outside the transaction.
 */
import type { Clock } from "../../../core/index.ts";
import { skeinError } from "../../../errors/index.ts";
import { type Limits, type Rows, type Session, type Statement, waitOf } from "../../engine.ts";
import { sqliteSpelling, toBindables } from "../values.ts";
import { fromFailure } from "./errors.ts";
import type { RawResult } from "./file.ts";
import type { Bound } from "./protocol.ts";
import { toObjects } from "./rows.ts";
import type { Sharing } from "./sharing.ts";
import { SqliteFailure } from "./thread.ts";
import { timed, untilFree } from "./waits.ts";
import type { WorkerClient } from "./worker-client.ts";

export class FileSession implements Session {
  readonly #client: WorkerClient;
  readonly #clock: Clock;
  readonly #sharing: Sharing;
  readonly #limits: Limits;
  readonly #done: () => void;
  /** The thread it began in. */
  #generation: number;
  #isBegun = false;
  /** Under way or done, or failed. */
  #beginning: Promise<unknown> | undefined;
  #state: "open" | "failed" | "over" = "open";

  /** `done` gives the turn back. */
  constructor(client: WorkerClient, clock: Clock, sharing: Sharing, limits: Limits, done: () => void) {
    this.#client = client;
    this.#clock = clock;
    this.#sharing = sharing;
    this.#limits = limits;
    this.#done = done;
    this.#generation = client.generation;
  }

  run(statement: Statement): Promise<Rows> {
    // Sent beside the first one: by then the thread may be another.
    if (this.#beginning !== undefined && !this.#isBegun) return this.#beginning.then(() => this.run(statement));
    return this.#guarded(async () => {
      const bound = [bind(statement)];
      if (this.#beginning === undefined) return toRows(await this.#begin(bound));
      return toRows(await timed(this.#clock, this.#limits, this.#client.send("write", bound)));
    });
  }

  script(sql: string): Promise<void> {
    return this.#guarded(async () => {
      if (this.#beginning === undefined) await this.begin();
      await this.#client.send("script", [{ text: sql, parameters: [] }]);
    });
  }

  /** Rejects with `SKEIN_DATA_BUSY` when the lock of the file was not free in time. */
  async begin(): Promise<void> {
    await this.#begin([]);
  }

  async commit(last: readonly Statement[] = []): Promise<void> {
    let sent = false;
    try {
      await this.#guarded(async () => {
        const bound = last.map(bind);
        if (this.#beginning === undefined) {
          const first = bound.splice(0, 1);
          if (first.length === 0) return;
          await this.#begin(first);
        }
        sent = true;
        await this.#client.send("commit", bound);
      });
      this.#end();
    } catch (error) {
      throw sent && this.#client.generation !== this.#generation
        ? skeinError("SKEIN_DATA_UNAVAILABLE", "the thread of the database ended during a commit", {
            cause: error,
            outcome: "unknown",
          })
        : error;
    }
  }

  async rollback(): Promise<void> {
    if (this.#state === "over") return;
    this.#state = "failed";
    try {
      // Its lock would be there for ever. The wait for it ends with the call.
      await this.#beginning?.catch(() => undefined);
      if (this.#isBegun && this.#client.generation === this.#generation)
        await this.#client.send("script", [{ text: "rollback", parameters: [] }]);
    } catch {
      // SQLite ends a transaction by itself after some errors, and a dead thread has none: nothing was kept.
    } finally {
      this.#end();
    }
  }

  async #begin(first: readonly Bound[]): Promise<RawResult | undefined> {
    const wait = waitOf(this.#limits, this.#clock);
    const beginning = untilFree(this.#sharing, wait, () => this.#client.begin(first));
    this.#beginning = beginning;
    const { raw, generation } = await beginning;
    this.#isBegun = true;
    this.#generation = generation;
    return raw;
  }

  async #guarded<T>(run: () => Promise<T>): Promise<T> {
    if (this.#state !== "open")
      throw skeinError("SKEIN_DATA_TRANSACTION", this.#state === "over" ? "the transaction is over" : undefined);
    // Another thread would run the statement outside any transaction.
    if (this.#isBegun && this.#client.generation !== this.#generation) {
      this.#state = "failed";
      throw skeinError("SKEIN_DATA_UNAVAILABLE", "the thread of the database ended", { outcome: "failed" });
    }
    try {
      return await run();
    } catch (error) {
      this.#state = "failed";
      throw error instanceof SqliteFailure ? fromFailure(error.failure) : error;
    }
  }

  #end(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    if (this.#isBegun) this.#sharing.ended();
    this.#done();
  }
}

export function bind({ sql, parameters }: Statement): Bound {
  return { text: sql, parameters: toBindables(parameters, sqliteSpelling) };
}

export function toRows(raw: RawResult | undefined): Rows {
  if (raw === undefined) return { rows: [], affected: undefined, insertId: undefined };
  return { rows: toObjects(raw.names, raw.rows), affected: raw.changes, insertId: raw.rowid };
}
