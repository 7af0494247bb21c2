/**
 * Owns the port between a call and what carries it to another host: unary calls and streams, with deadline, cancellation,
 * metadata and flow control. Every adapter runs the one conformance suite. It must never know what a call is for.
 */
import type { Cancellation, Take, Told } from "../call/index.ts";
import type { SchemaShape } from "../contract/shapes.ts";
import type { Codec } from "./codec/codec.ts";

/** One method as both ends of a connection know it. */
export interface Operation {
  readonly service: string;
  readonly method: string;
  readonly isStream: boolean;
  readonly input: Codec;
  /** Of the reply, or of one item of a stream. */
  readonly output: Codec;
  /** Of one item that the caller sends while the call runs, where the method takes any. */
  readonly incoming?: Codec;
  /** Of the data of its declared errors, by name, for what travels as plain JSON. */
  readonly errors?: ReadonlyMap<string, SchemaShape>;
}

/** What a call brings along beside its input. */
export interface CallHead {
  /**
   * Milliseconds it has left; without it only its caller ends it. A connection gives the callee less by what it has
   * measured its hop to take (p99), at most 5 %.
   */
  readonly timeoutMs?: number | undefined;
  readonly key?: string | undefined;
  readonly traceId: string;
  readonly parentSpan: number;
  readonly caller?: string | undefined;
  /** The endpoints it came through, so that a cycle is found. */
  readonly path: readonly string[];
  readonly principal?: unknown;
  readonly resumeFrom?: string | undefined;
  /** Whether it came from outside the system: what is internal stays out of reach. */
  readonly fromOutside?: boolean | undefined;
  /** What few calls bring: what is known of a body, which part of a download is wanted. Of the value set. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
}

/** A call to be sent. */
export interface Outgoing {
  readonly operation: Operation;
  readonly head: CallHead;
  readonly input: unknown;
  readonly signal?: Cancellation | undefined;
  readonly incoming?: AsyncIterable<unknown> | undefined;
  /**
   * Where it is there, gets the bytes of the input as they were sent. Given with another connection, they are sent once
   * more, whatever has become of `input`.
   */
  readonly sent?: SentInput | undefined;
}

/** An input as it was sent. */
export interface SentInput {
  bytes: Buffer | undefined;
}

/** A call that came. */
export interface Arrived {
  readonly operation: Operation;
  readonly head: CallHead;
  readonly input: unknown;
  /** Aborted when the caller gives up or its connection is lost. */
  readonly signal: Cancellation;
  readonly incoming: AsyncIterable<unknown> | undefined;
  /**
   * Puts a unary reply into the form that it is sent in, before anybody can change it; what it returns is what is told.
   * Who answers may do without, and tell the reply. Throws `ValueSetError` for what may not cross.
   */
  readonly take?: Take;
}

/** Answers calls that came. */
export interface Answer {
  /** Tells once how it ended, maybe at once. Never throws. */
  unary(call: Arrived, told: Told): void;
  /** The items; what it throws or rejects with, and what they fail with, goes to the caller. */
  stream(call: Arrived): AsyncIterable<unknown> | Promise<AsyncIterable<unknown>>;
}

/** One connection to another host. */
export interface Connection {
  /** Calls that have not ended. */
  readonly inFlight: number;
  /** Calls that were answered with a reply. */
  readonly answered: number;
  /** Whether calls may still be sent: not after a loss, and not once the other side is leaving. */
  readonly isOpen: boolean;
  /** It is over because the other side had stopped answering. */
  readonly isSilent: boolean;
  /** Resolves when it is over, however. */
  readonly closed: Promise<void>;
  /**
   * Tells once how it ended, maybe at once: the reply, the callee's error, or `SKEIN_TRANSPORT_LOST` and its like. The input
   * is read before it returns. Never throws.
   */
  unary(call: Outgoing, told: Told): void;
  /** Nothing is sent before the first `next()`. */
  stream(call: Outgoing): AsyncGenerator<unknown, void, undefined>;
  /** Takes no more calls, and ends once those under way are over. */
  retire(): void;
  /** Ends it at once; calls in flight fail. Safe to call twice. */
  close(): void;
}

/** What waits for connections. */
export interface Listener {
  /** Where others connect to, in the adapter's own form. */
  readonly address: string;
  /**
   * Tells callers to send no more, waits for what is in flight at most `drainMs`, and as long as `mayWait` says so, then closes.
   * Safe to call twice.
   */
  close(drainMs?: number, mayWait?: () => boolean): Promise<void>;
}

/** What two hosts must agree on before the first call. */
export interface Greeting {
  readonly system: string;
  /** Proves on one machine that a peer is a host of this system; made at each start that finds none of them running. */
  readonly token: string;
}
