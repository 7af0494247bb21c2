/**
 * Owns how far a stream from another host has come, and whether it may go on at another one when its host makes room. It must
 * never let a stream go on that is no query's, or after an item without an id.
 */
import type { Kind } from "../../contract/index.ts";
import { itemId } from "../../contract/shapes.ts";
import type { Random } from "../../core/index.ts";
import { isDeclaredError, type SkeinError, skeinError } from "../../errors/index.ts";
import { final, type Sending } from "./attempts.ts";

/** Moves without an item between them. */
export const movesMax = 3;
/** Before a stream goes on, a random wait of up to this: a host that drains moves all of its streams at once. */
export const moveSpreadMs = 100;

export class Progress {
  readonly #field: string | undefined;
  readonly #sending: Sending;
  #hasId = true;
  /** Whether an item came of the attempt that is under way. */
  #hasItems = false;
  #moves = 0;
  /** That it was moved after an item, and has had none since. */
  #moved: SkeinError | undefined;

  /** `field` names the id of an item. */
  constructor(field: string | undefined, sending: Sending) {
    this.#field = field;
    this.#sending = sending;
  }

  /** Before the first item of an attempt a stream is a call like any other. */
  get hasItems(): boolean {
    return this.#hasItems;
  }

  /** An item is about to be handed on. */
  came(item: unknown): void {
    const { head } = this.#sending;
    if (!this.#hasItems) {
      this.#hasItems = true;
      if (this.#moves > 0) head.attempts = 1;
      this.#moves = 0;
      this.#moved = undefined;
    }
    if (this.#field === undefined) return;
    const id = itemId(this.#field, item);
    this.#hasId = id !== undefined;
    head.resumeFrom = id;
  }

  /** How long to wait before it goes on elsewhere; `undefined` where it does not. No budget: nothing has failed. */
  moved(kind: Kind, error: SkeinError, leftMs: number, random: Random): number | undefined {
    if (error.code !== "SKEIN_MOVED" || error.attempts !== undefined || kind !== "query") return undefined;
    const canGoOn = !this.#hasItems || (this.#field !== undefined && this.#hasId);
    if (this.#sending.sent === undefined || !canGoOn || this.#moves >= movesMax) return undefined;
    if (leftMs <= 0) return undefined;
    // Where little time is left it goes on the sooner.
    const waitMs = random.float() * Math.min(moveSpreadMs, leftMs / 2);
    this.#moves++;
    if (this.#hasItems) {
      this.#sending.tried = undefined;
      this.#moved = error;
    }
    this.#hasItems = false;
    return waitMs;
  }

  /** What its reader is told where it could not begin. One that had begun may still go on, when its reader asks for that. */
  failure(error: SkeinError, kind: Kind): SkeinError {
    const { head, unsure } = this.#sending;
    const isLost = this.#moved !== undefined && !isDeclaredError(error) && error.who === "operator";
    if (!isLost) return final(error, kind, head.attempts, unsure);
    const { data, outcome } = this.#moved as SkeinError;
    return skeinError("SKEIN_MOVED", undefined, { data, outcome, attempts: head.attempts, cause: error });
  }
}
