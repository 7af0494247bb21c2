/** Owns what a handler is told about its call. It must never grow a name that a user's `own` could collide with. */
import type { ErrorDataIn, ErrorSpecs } from "../contract/index.ts";
import type { DeclaredError } from "../errors/index.ts";
import type { Log } from "./log.ts";
import type { Principal } from "./principal.ts";

/** The third argument of every handler and guard. @since 0.1.0 */
export interface Call<P = Principal, E extends ErrorSpecs = ErrorSpecs> {
  readonly service: string;
  readonly method: string;
  /** Who the call is for; `undefined` when anonymous. */
  readonly principal: P | undefined;
  /** The service that calls, or `undefined` when the call came from outside. */
  readonly caller: string | undefined;
  /** The idempotency key of a command or action, if the caller gave one. */
  readonly key: string | undefined;
  /** The host's wall clock: the virtual one in tests, so that what a handler stores can be told in advance. */
  now(): Date;
  /** When the call must be over: milliseconds since the epoch. */
  readonly deadline: number;
  /** Milliseconds until the deadline, never negative. */
  remainingMs(): number;
  /** Aborted at the deadline, or when the caller cancels. Made at first use. */
  readonly signal: AbortSignal;
  /** 32 hexadecimal digits shared by every call of one request (W3C trace context). */
  readonly traceId: string;
  /** The id after which a reader of a stream resumes. */
  readonly resumeFrom: string | undefined;
  readonly log: Log;
  /** A declared error of this method, to be thrown. `throw call.error("OUT_OF_STOCK", { sku })` */
  error<Code extends string>(
    // Not a bound of Code: a wrong name would then be reported as a wrong number of arguments.
    code: Code extends keyof E ? Code : keyof E & string,
    ...data: Code extends keyof E
      ? ErrorDataIn<E[Code]> extends undefined
        ? [data?: undefined]
        : [data: ErrorDataIn<E[Code]>]
      : [data?: unknown]
  ): DeclaredError<Code, Code extends keyof E ? ErrorDataIn<E[Code]> : never>;
}
