/**
 * Owns the calls of one host: which endpoints it has, and how a call starts, from outside or from a handler. It must
 * never know where a call came from beyond what its arrival says.
 */
import type { BodyHead, ByteRange } from "../contract/index.ts";
import { assert, type Clock, createTraceId, frozenCopy, type Random, toMs, ValueSetError } from "../core/index.ts";
import { isSkeinError, type SkeinError, skeinError } from "../errors/index.ts";
import type { Recorder } from "../observe/index.ts";
import type { Log, Mode } from "../system/index.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Away } from "./resilience/admission.ts";
import { answeredFrom } from "./failure.ts";
import { farOptions, sendFar, streamFar } from "./far.ts";
import { dismiss } from "./incoming.ts";
import { stages, travel } from "./journey.ts";
import { callRemote, type RemoteEndpoint, type RemoteRoutes } from "./remote.ts";
import { type Cancellation, DeadlineWheel, Lifetime } from "./lifetime.ts";
import type { Invoke, InvokeOptions } from "./own.ts";
import { type Arrival, CallScope, type Take, type Told } from "./scope.ts";
import { checkRoute, pathOf } from "./stages/route.ts";
import { travelStream } from "./stream.ts";

/** What a call from outside a handler brings: from the gateway, a test or a script. */
export interface RootOptions {
  readonly principal?: unknown;
  readonly key?: string | undefined;
  /** Milliseconds; the host's default (10 s) where absent, and never longer than the method's own. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: Cancellation | undefined;
  readonly traceId?: string | undefined;
  readonly resumeFrom?: string | undefined;
  /**
   * What the caller sends beside the input, item by item: pulled at the handler's pace, each item copied, told to stop
   * (`return()`) when the call is over, however it ends.
   */
  readonly incoming?: AsyncIterable<unknown> | undefined;
  /** Called when a stream's handler was reached, after access and guard: before that a failure is a refusal. */
  readonly onOpened?: (() => void) | undefined;
  /** What is known of a body whose bytes are `incoming`. */
  readonly body?: BodyHead | undefined;
  /** The part of a download that is wanted. */
  readonly range?: ByteRange | undefined;
  /**
   * Told of work that may go on after the reply, a refresh of a cache: for runtimes that end it with the request unless
   * they know of it. The promise may reject.
   */
  readonly keep?: ((work: Promise<unknown>) => void) | undefined;
  /** True for the gateway: internal methods are refused. */
  readonly fromOutside?: boolean;
  /** Set where a call arrives from another process. */
  readonly caller?: string | undefined;
  readonly path?: readonly string[];
  readonly parentSpan?: number;
  /**
   * Only for whoever made the input itself: it shares nothing with anybody and has nothing that is outside the value set,
   * so it is handed on without a copy.
   */
  readonly isFresh?: boolean;
  /** What the caller keeps of a reply, instead of a copy. */
  readonly take?: Take | undefined;
}

export interface CallRuntimeOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly recorder: Recorder;
  readonly log: Log;
  readonly mode: Mode;
  /** Every call between services is encoded and decoded as if it crossed a process. */
  readonly far?: boolean;
  /** No call from outside waits for anything that another one has begun: not for its timer, not for its flight. */
  readonly isolated?: boolean;
  /** Deadline of a call from outside, 10 s unless given. */
  readonly timeoutMs?: number;
  /** Where services run that are not here. */
  readonly remote?: RemoteRoutes;
}

const noPath: readonly string[] = Object.freeze([]);
const noOptions: RootOptions = Object.freeze({});
const timeoutMsDefault = 10_000;

export class CallRuntime {
  readonly clock: Clock;
  readonly random: Random;
  readonly recorder: Recorder;
  readonly log: Log;
  readonly mode: Mode;
  readonly timeoutMs: number;
  readonly wheel: DeadlineWheel;
  readonly isolated: boolean;
  readonly #far: boolean;
  readonly #remote: RemoteRoutes | undefined;
  readonly #services = new Map<string, ReadonlyMap<string, Endpoint>>();

  constructor(options: CallRuntimeOptions) {
    this.clock = options.clock;
    this.random = options.random;
    this.recorder = options.recorder;
    this.log = options.log;
    this.mode = options.mode;
    this.timeoutMs = toMs(options.timeoutMs ?? timeoutMsDefault);
    this.wheel = new DeadlineWheel(options.clock);
    this.isolated = options.isolated ?? false;
    this.#far = options.far ?? false;
    this.#remote = options.remote;
  }

  add(service: string, endpoints: ReadonlyMap<string, Endpoint>): void {
    this.#services.set(service, endpoints);
  }

  /** Who watches a new lifetime below `above`. */
  wheelOf(above: Lifetime | undefined): DeadlineWheel {
    return this.isolated ? (above?.wheel ?? new DeadlineWheel(this.clock)) : this.wheel;
  }

  /** Ends the calls that still wait. Isolated ones end at their own deadlines: their timers are their requests'. */
  close(): void {
    this.wheel.close();
  }

  /** A call from outside: a promise of the reply, or an async iterable for a stream. Failures reject; it never throws. */
  root(service: string, method: string, input: unknown, options: RootOptions = noOptions): unknown {
    try {
      return this.#root(service, method, input, options);
    } catch (error) {
      dismiss(options.incoming);
      return Promise.reject(error as Error);
    }
  }

  /**
   * The same for a unary method, without a promise: exactly one of the two is called, once, maybe at once. Neither may
   * throw. It never throws. `away` is told of the calls to other hosts that it leads to.
   */
  deliver(service: string, method: string, input: unknown, options: RootOptions, told: Told, away?: Away): void {
    try {
      const answer = this.#root(service, method, input, options, told, away);
      assert(answer === undefined, "a stream has no one reply to deliver");
    } catch (error) {
      dismiss(options.incoming);
      told.reject(toSkeinError(error));
    }
  }

  #root(service: string, method: string, input: unknown, options: RootOptions, told?: Told, away?: Away): unknown {
    const endpoint = this.#find(service, method);
    const arrival: Arrival = {
      principal: ownPrincipal(options.principal),
      caller: options.caller,
      key: options.key,
      traceId: options.traceId ?? createTraceId(this.random),
      parentSpan: options.parentSpan ?? 0,
      resumeFrom: options.resumeFrom,
      fromOutside: options.fromOutside ?? false,
      path: options.path ?? noPath,
      incoming: options.incoming,
      onOpened: options.onOpened,
      body: options.body,
      range: options.range,
      keep: options.keep,
      isFresh: options.isFresh ?? false,
      take: options.take,
      away,
    };
    return this.#begin(endpoint, undefined, arrival, input, options.timeoutMs, options.signal, told);
  }

  /** A call from a handler or a guard, which acts as a method of kind `by`. */
  readonly invoke: Invoke = (scope, by, service, method, input, options) => {
    try {
      const endpoint = this.#find(service, method);
      checkRoute(scope, by, endpoint);
      if (this.#far && !("send" in endpoint)) return this.#farAway(scope, endpoint, input, options);
      const arrival: Arrival = {
        principal: scope.arrival.principal,
        caller: scope.endpoint.service,
        key: options?.key,
        traceId: scope.arrival.traceId,
        parentSpan: scope.span,
        resumeFrom: options?.resumeFrom,
        fromOutside: false,
        path: noPath,
        incoming: options?.incoming,
        onOpened: undefined,
        body: options?.body,
        range: options?.range,
        keep: scope.arrival.keep,
        isFresh: false,
        take: undefined,
        away: scope.arrival.away,
      };
      const timeoutMs = options?.timeout === undefined ? undefined : toMs(options.timeout);
      return this.#begin(endpoint, scope, arrival, input, timeoutMs, options?.signal);
    } catch (error) {
      dismiss(options?.incoming);
      // A key that is wrong, a cycle: the mistake is the calling handler's, not that of whoever called it.
      return unheard(
        Promise.reject(isSkeinError(error) ? answeredFrom(`${service}.${method}`, error) : (error as Error)),
      );
    }
  };

  /** An endpoint of this host; `undefined` for what runs elsewhere, and for what nobody has. */
  local(service: string, method: string): Endpoint | undefined {
    return this.#services.get(service)?.get(method);
  }

  /** To be asked once for each call from outside, before anything is done for it. False: its hosts elsewhere refuse many. */
  mayEnter(service: string, method: string): boolean {
    if (this.#remote === undefined || this.#services.has(service)) return true;
    return this.#remote.find(service, method)?.mayEnter(this.clock.monotonic()) ?? true;
  }

  #find(service: string, method: string): Endpoint | RemoteEndpoint {
    const endpoint = this.#services.get(service)?.get(method) ?? this.#remote?.find(service, method);
    if (endpoint === undefined) {
      throw skeinError("SKEIN_CALL_NO_ROUTE", `no host that runs ${service}.${method} can be reached from here`);
    }
    return endpoint;
  }

  #begin(
    endpoint: Endpoint | RemoteEndpoint,
    parent: CallScope | undefined,
    arrival: Arrival,
    input: unknown,
    timeoutMs: number | undefined,
    signal: Cancellation | undefined,
    told?: Told,
  ): unknown {
    const { key } = arrival;
    if (key !== undefined && !isKey(key)) {
      throw skeinError("SKEIN_KEY_INVALID", "an idempotency key has 1 to 255 characters, none of them U+0000");
    }
    const startMs = this.clock.monotonic();
    const above = parent?.lifetime;
    const deadlineMs = this.#deadlineOf(endpoint, above, startMs, timeoutMs);
    if ("send" in endpoint) {
      const path = parent === undefined ? arrival.path : pathOf(parent);
      return callRemote(this, endpoint, arrival, path, input, { deadlineMs, startMs, above, signal }, told);
    }
    // A call that ends when its caller does shares the caller's lifetime.
    const isShared =
      above !== undefined && deadlineMs === above.deadlineMs && signal === undefined && !endpoint.mayLast;
    const lifetime = isShared ? above : new Lifetime(deadlineMs, above);
    const scope = new CallScope(this, endpoint, parent, lifetime, arrival, startMs);
    if (!isShared) lifetime.start(this.wheelOf(above), signal);
    const failure = lifetime.error ?? above?.error;
    if (failure !== undefined || !(startMs < deadlineMs)) {
      if (!isShared) lifetime.release();
      const canceled = failure?.code === "SKEIN_CALL_CANCELED";
      throw skeinError(canceled ? "SKEIN_CALL_CANCELED" : "SKEIN_CALL_DEADLINE", undefined, { outcome: "not_started" });
    }
    if (endpoint.isStream) return travelStream(scope, input);
    if (endpoint.isUpload) scope.limitPauses(endpoint.timeoutMs ?? this.timeoutMs);
    if (told === undefined) return travel(scope, input);
    scope.begin(told);
    stages(scope, input);
    return undefined;
  }

  #deadlineOf(
    endpoint: Endpoint | RemoteEndpoint,
    above: Lifetime | undefined,
    startMs: number,
    timeoutMs: number | undefined,
  ): number {
    let deadlineMs = above?.deadlineMs ?? Number.POSITIVE_INFINITY;
    if (timeoutMs !== undefined) deadlineMs = Math.min(deadlineMs, startMs + timeoutMs);
    if (endpoint.timeoutMs !== undefined && !endpoint.isUpload && !endpoint.isDownload)
      deadlineMs = Math.min(deadlineMs, startMs + endpoint.timeoutMs);
    // A stream and an upload may last, since each wait has its own limit; what they call may not.
    if (deadlineMs === Number.POSITIVE_INFINITY && !endpoint.mayLast) deadlineMs = startMs + this.timeoutMs;
    return deadlineMs;
  }

  #farAway(scope: CallScope, endpoint: Endpoint, input: unknown, options: InvokeOptions | undefined): unknown {
    const there = (value: unknown, arrived: RootOptions) => this.root(endpoint.service, endpoint.name, value, arrived);
    const sent = farOptions(scope, pathOf(scope), options);
    // The signal stays on this side: across processes a cancellation is a message of its own.
    if (endpoint.isStream) return streamFar(there, endpoint.id, input, sent);
    return unheard(sendFar(there, endpoint.id, input, sent));
  }
}

function toSkeinError(error: unknown): SkeinError {
  return isSkeinError(error) ? error : skeinError("SKEIN_CALL_FAILED", undefined, { cause: error });
}

/** What a column of every engine holds as it is. */
function isKey(key: unknown): boolean {
  return typeof key === "string" && key.length >= 1 && key.length <= 255 && key.isWellFormed() && !key.includes("\0");
}

/** As it is, and no reason to end the process when the handler that was given it does not await it. */
function unheard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/**
 * A frozen copy: no handler may change who the call is for, and nobody may change it under a handler. Throws
 * `SKEIN_VALUE_SET`.
 */
export function ownPrincipal(given: unknown): unknown {
  try {
    return frozenCopy(given);
  } catch (error) {
    if (!(error instanceof ValueSetError)) throw error;
    throw skeinError("SKEIN_VALUE_SET", `the principal: ${error.path} is ${error.found}`, { cause: error });
  }
}
