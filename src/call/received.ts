/**
 * Owns what a channel receives, as its handler sees it: each item parsed once, here. It must never let a channel go on
 * after an item that its contract refuses.
 */
import { type Schema, toIssues, validate } from "../contract/index.ts";
import { skeinError } from "../errors/index.ts";
import type { Incoming } from "./incoming.ts";
import type { CallScope } from "./scope.ts";

const over: IteratorResult<unknown> = Object.freeze({ done: true, value: undefined });

export class Received implements AsyncIterableIterator<unknown> {
  readonly #scope: CallScope;
  readonly #schema: Schema;
  /** `undefined` where the caller sends nothing. */
  readonly #incoming: Incoming | undefined;
  /** A validator may wait, and items stay in order. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(scope: CallScope, schema: Schema, incoming: Incoming | undefined) {
    this.#scope = scope;
    this.#schema = schema;
    this.#incoming = incoming;
  }

  /** Throws a `TypeError` the second time: what was read is gone. */
  [Symbol.asyncIterator](): this {
    this.#incoming?.[Symbol.asyncIterator]();
    return this;
  }

  /** Rejects with `SKEIN_INPUT_INVALID` for an item that the contract refuses, and as `Incoming` does. */
  next(): Promise<IteratorResult<unknown>> {
    const turn = this.#turn.then(() => this.#next());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #next(): Promise<IteratorResult<unknown>> {
    const item = await (this.#incoming?.next() ?? over);
    if (item.done === true) return over;
    const result = await validate(this.#schema, item.value);
    if (result.issues === undefined) return { done: false, value: result.value };
    const { endpoint, lifetime } = this.#scope;
    const issues = toIssues(result.issues);
    const [first] = issues;
    const where = first === undefined ? "" : `: ${first.path} ${first.message}`;
    const error = skeinError("SKEIN_INPUT_INVALID", `an item sent to ${endpoint.id} is not what it receives${where}`, {
      data: { issues },
      outcome: "unknown",
    });
    // Also when the handler goes on: what the sender meant next may depend on the item that was refused.
    lifetime.end(error);
    throw error;
  }

  /** The handler wants no more. */
  async return(): Promise<IteratorResult<unknown>> {
    await this.#incoming?.return();
    return over;
  }
}
