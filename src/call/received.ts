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
  /** The last item that was asked for, and how many have not been given: a validator may wait, and items stay in order. */
  #turn: Promise<IteratorResult<unknown>> | undefined;
  #asked = 0;

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
    const next = (): Promise<IteratorResult<unknown>> => this.#next();
    const turn = this.#asked++ === 0 ? this.#next() : (this.#turn as Promise<unknown>).then(next, next);
    this.#turn = turn;
    return turn;
  }

  #next(): Promise<IteratorResult<unknown>> {
    return (this.#incoming?.next() ?? Promise.resolve(over)).then(this.#given, this.#failed);
  }

  // Not one function that awaits: while nothing comes, it would be kept with all its variables.
  readonly #given = async (item: IteratorResult<unknown>): Promise<IteratorResult<unknown>> => {
    try {
      return item.done === true ? over : await this.#parse(item.value);
    } finally {
      this.#answered();
    }
  };

  readonly #failed = (error: unknown): never => {
    this.#answered();
    throw error;
  };

  /** A handler may leave a wait behind: that it fails is no reason to end the process. */
  #answered(): void {
    this.#turn?.catch(ignore);
    if (--this.#asked === 0) this.#turn = undefined;
  }

  async #parse(value: unknown): Promise<IteratorResult<unknown>> {
    const result = await validate(this.#schema, value);
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

function ignore(): void {}
