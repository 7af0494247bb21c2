/** Owns one call that a caller has under way: who is told of its end, and who listens for its cancellation. It must never write a frame. */
import type { AbortListener, Told } from "../call/index.ts";
import { skeinError } from "../errors/index.ts";
import type { Inflow, Outflow } from "./flow.ts";
import type { Operation, Outgoing } from "./port.ts";
import type { Foreign } from "./serving.ts";

/** One method as the other side was told of it. */
export interface CalledMethod {
  readonly slot: number;
  readonly operation: Operation;
  /** How the callee writes, where that is not how this side would. */
  foreign: Foreign | undefined;
}

/** Who tells the other side that nobody waits for a call any more. */
export interface Canceling {
  cancel(id: number): void;
}

/** It listens itself: a function made for each call would cost more than all of this. */
export class Pending implements AbortListener {
  readonly id: number;
  readonly method: CalledMethod;
  readonly call: Outgoing;
  readonly told: Told;
  /** Of a stream. */
  readonly items: Inflow | undefined;
  readonly sentMs: number;
  /** Items to the callee. */
  sending: Outflow | undefined = undefined;
  readonly #by: Canceling;

  constructor(
    id: number,
    method: CalledMethod,
    call: Outgoing,
    told: Told,
    items: Inflow | undefined,
    sentMs: number,
    by: Canceling,
  ) {
    this.id = id;
    this.method = method;
    this.call = call;
    this.told = told;
    this.items = items;
    this.sentMs = sentMs;
    this.#by = by;
  }

  handleEvent(): void {
    this.#by.cancel(this.id);
    this.told.reject(skeinError("SKEIN_CALL_CANCELED"));
  }
}
