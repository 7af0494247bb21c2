/**
 * Owns a unary call from another process on its way in: it waits for its turn, runs, and makes room. It must never give a
 * call more time than it had left when it came.
 */
import {
  type Admission,
  type CallRuntime,
  type Endpoint,
  Entrant,
  isForWantOfRoom,
  type RootOptions,
  type Told,
} from "../call/index.ts";
import type { SkeinError } from "../errors/index.ts";

/** Whether a call comes through a gateway or from a service in another host. What a host's own code calls is not counted. */
export function isFromElsewhere({ fromOutside, caller }: RootOptions): boolean {
  return fromOutside === true || caller !== undefined;
}

export class Admitted extends Entrant implements Told {
  readonly isNested: boolean;
  readonly #runtime: CallRuntime;
  readonly #admission: Admission;
  readonly #endpoint: Endpoint;
  readonly #input: unknown;
  readonly #options: RootOptions;
  readonly #told: Told;

  constructor(
    runtime: CallRuntime,
    admission: Admission,
    endpoint: Endpoint,
    input: unknown,
    options: RootOptions,
    told: Told,
  ) {
    super();
    this.isNested = options.caller !== undefined;
    this.#runtime = runtime;
    this.#admission = admission;
    this.#endpoint = endpoint;
    this.#input = input;
    this.#options = options;
    this.#told = told;
  }

  get usual() {
    return this.#endpoint.usual;
  }
  get isGone(): boolean {
    return this.#options.signal?.aborted === true;
  }

  admitted(waitedMs: number): void {
    const { service, name } = this.#endpoint;
    const { timeoutMs = this.#runtime.timeoutMs } = this.#options;
    const options = waitedMs === 0 ? this.#options : { ...this.#options, timeoutMs: Math.max(0, timeoutMs - waitedMs) };
    this.#runtime.deliver(service, name, this.#input, options, this, this);
  }

  refused(error: SkeinError): void {
    this.#told.reject(error);
  }

  // Told before the next one begins: its caller has waited longer.
  resolve(reply: unknown): void {
    this.#told.resolve(reply);
    this.#admission.leave(this);
  }
  reject(error: SkeinError): void {
    this.#told.reject(error);
    this.#admission.leave(this, isForWantOfRoom(error));
  }
}
