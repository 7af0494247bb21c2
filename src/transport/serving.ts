/**
 * Owns one call that a callee has in hand: its cancellation, its items in both directions, who is told how it ended. It
 * must never write a frame.
 */
import type { AbortListener, Cancellation, Told } from "../call/index.ts";
import type { SkeinError } from "../errors/index.ts";
import type { Layout } from "./codec/layout.ts";
import type { Inflow, Outflow } from "./flow.ts";
import type { Operation } from "./port.ts";

/** How the other side writes, where that is not how this side would. */
export interface Foreign {
  readonly hash: string;
  readonly layout: Layout;
}

/** One method as the caller told of it. */
export interface ServedMethod {
  readonly slot: number;
  readonly id: string;
  readonly operation: Operation | undefined;
  readonly input: Foreign | undefined;
  readonly incoming: Foreign | undefined;
  /** Whether the caller knows how this side writes its output. */
  hasTold: boolean;
}

/** Who writes what a call ends with. */
export interface Answering {
  /** Writes it, unless the call is over. Throws what says that it may not cross. */
  reply(serving: Serving, reply: unknown): void;
  failed(serving: Serving, error: unknown): void;
}

export class Serving implements Cancellation, Told {
  readonly id: number;
  readonly method: ServedMethod;
  readonly operation: Operation;
  /** When it came. */
  readonly startMs: number;
  readonly reason = undefined;
  aborted = false;
  /** Items to the caller: of a stream. */
  sending: Outflow | undefined = undefined;
  /** Items from the caller. */
  incoming: Inflow | undefined = undefined;
  readonly #to: Answering;
  #listener: AbortListener | undefined = undefined;

  constructor(id: number, method: ServedMethod, operation: Operation, startMs: number, to: Answering) {
    this.id = id;
    this.method = method;
    this.operation = operation;
    this.startMs = startMs;
    this.#to = to;
  }

  /** Writes the reply at once. */
  readonly take = (reply: unknown): void => this.#to.reply(this, reply);

  /** Nothing is left to do where the reply was taken. */
  resolve(reply: unknown): void {
    try {
      this.#to.reply(this, reply);
    } catch (error) {
      this.#to.failed(this, error);
    }
  }
  reject(error: SkeinError): void {
    this.#to.failed(this, error);
  }

  addEventListener(_: "abort", listener: AbortListener): void {
    this.#listener = listener;
  }
  removeEventListener(): void {
    this.#listener = undefined;
  }
  abort(error: SkeinError): void {
    this.aborted = true;
    this.sending?.stop();
    this.incoming?.finish(error);
    this.#listener?.handleEvent();
  }
}
