/**
 * Owns a call to a service that runs elsewhere, as its caller sees it: the same deadline, cancellation, errors and span as
 * near.
 * It must never know how the call travels; whoever finds the endpoint does.
 */
import type { BodyHead, ByteRange, Kind } from "../contract/index.ts";
import { createId } from "../core/index.ts";
import { isSkeinError, type SkeinError, skeinError } from "../errors/index.ts";
import { answeredFrom } from "./failure.ts";
import { type AbortListener, type Cancellation, Lifetime, Mortal, type Timed } from "./lifetime.ts";
import type { CallRuntime } from "./runtime.ts";
import type { Arrival, Told } from "./scope.ts";

/** One method of a service that runs elsewhere. */
export interface RemoteEndpoint {
  /** `orders.place` */
  readonly id: string;
  readonly service: string;
  readonly name: string;
  readonly kind: Kind;
  readonly isStream: boolean;
  /** A body arrives while it runs. */
  readonly isUpload: boolean;
  /** Answers bytes: `timeoutMs` is the longest pause, too. */
  readonly isDownload: boolean;
  /** Whether its total time has no limit of its own: a stream, an upload. */
  readonly mayLast: boolean;
  readonly timeoutMs: number | undefined;
  /** Counts a call from outside at `nowMs`, on the monotonic clock. False where it is held back, as its hosts refuse many. */
  mayEnter(nowMs: number): boolean;
  /** Tells once how a unary call ended, maybe at once; one from outside has been let in. Never throws. */
  send(call: RemoteCall, told: Told): void;
  /** Sends it once more where that is right: `undefined`. Else what its caller is told. Never throws. */
  again(call: RemoteCall, error: SkeinError, told: Told): SkeinError | undefined;
  /** The items of a stream. */
  stream(call: RemoteCall): AsyncIterable<unknown>;
}

/** What is sent. */
export interface RemoteCall {
  /** On the monotonic clock. */
  readonly startMs: number;
  /** When it was sent last: what is left of its time is counted from then. */
  sentMs: number;
  /** How often it was sent; of a stream that went on elsewhere, since its last item there. */
  attempts: number;
  /** What whoever sends it has to remember of it. */
  sending: unknown;
  readonly input: unknown;
  readonly principal: unknown;
  readonly caller: string | undefined;
  readonly key: string | undefined;
  readonly traceId: string;
  readonly parentSpan: number;
  readonly path: readonly string[];
  /** Moves on with the items of a stream that is begun again. */
  resumeFrom: string | undefined;
  readonly fromOutside: boolean;
  readonly incoming: AsyncIterable<unknown> | undefined;
  /** What few calls bring: what is known of a body, the part of a download that is wanted. */
  readonly extra: RemoteExtra | undefined;
  /** What it has left; `undefined` without limit. */
  readonly timeoutMs: number | undefined;
  readonly signal: Cancellation;
}

export interface RemoteExtra extends Readonly<Record<string, unknown>> {
  readonly body: BodyHead | undefined;
  readonly range: ByteRange | undefined;
}

/** Finds what runs elsewhere, at each call, so that routes may change. */
export interface RemoteRoutes {
  find(service: string, method: string): RemoteEndpoint | undefined;
}

/** How long a remote call may take, and what ends it sooner. */
export interface RemoteLife {
  readonly deadlineMs: number;
  readonly startMs: number;
  readonly above: Lifetime | undefined;
  readonly signal: Cancellation | undefined;
}

/**
 * Sends a call and answers as a near one would: a promise, the items of a stream, or nothing where `told` is given. Throws
 * only what kept it from being sent.
 */
export function callRemote(
  runtime: CallRuntime,
  endpoint: RemoteEndpoint,
  arrival: Arrival,
  path: readonly string[],
  input: unknown,
  life: RemoteLife,
  told?: Told,
): unknown {
  const journey = new Journey(runtime, endpoint, arrival, path, input, life);
  journey.assertAlive(life.above);
  if (endpoint.isStream) return journey.items();
  if (told !== undefined) return journey.begin(told);
  const answered = new Promise((resolve, reject) => journey.begin({ resolve, reject }));
  // A handler may await one call of two, or none; a call from outside is its caller's to hear.
  if (life.above !== undefined) answered.catch(ignore);
  return answered;
}

/** One call under way: what is sent, who cancels it, and who is told. One object, because there is one for each call. */
class Journey extends Mortal implements Timed, Cancellation, RemoteCall, Told {
  readonly input: unknown;
  readonly path: readonly string[];
  readonly deadlineMs: number;
  /** The callee's span is below this one. */
  readonly parentSpan: number;
  readonly key: string | undefined;
  resumeFrom: string | undefined;
  readonly #runtime: CallRuntime;
  readonly #endpoint: RemoteEndpoint;
  readonly #arrival: Arrival;
  readonly startMs: number;
  sentMs: number;
  attempts = 1;
  sending: unknown = undefined;
  /** What it lives in; without one it is watched by the wheel itself. */
  readonly #lifetime: Lifetime | undefined;
  readonly #isOwnLifetime: boolean;
  #ended: SkeinError | undefined = undefined;
  #told: Told | undefined = undefined;
  #listener: AbortListener | undefined = undefined;

  constructor(
    runtime: CallRuntime,
    endpoint: RemoteEndpoint,
    arrival: Arrival,
    path: readonly string[],
    input: unknown,
    { deadlineMs, startMs, above, signal }: RemoteLife,
  ) {
    super();
    this.input = input;
    this.path = path;
    this.deadlineMs = deadlineMs;
    this.parentSpan = runtime.recorder.nextId();
    this.#runtime = runtime;
    this.#endpoint = endpoint;
    this.#arrival = arrival;
    this.resumeFrom = arrival.resumeFrom;
    this.startMs = startMs;
    this.sentMs = startMs;
    // Made here, since only the first caller knows that none was given: what it sends again must not take effect twice.
    const isKeyed = endpoint.kind !== "command" || arrival.key !== undefined;
    this.key = isKeyed ? arrival.key : createId(runtime.random);
    // Most calls end with the one above, or at their deadline and for nothing else: they need no lifetime of their own.
    const endsWithAbove = above !== undefined && deadlineMs >= above.deadlineMs;
    this.#isOwnLifetime = signal !== undefined || (above !== undefined && !endsWithAbove);
    this.#lifetime = this.#isOwnLifetime ? new Lifetime(deadlineMs, above) : above;
    if (this.#isOwnLifetime) this.#lifetime?.start(runtime.wheel, signal);
    if (this.#lifetime !== undefined) this.#lifetime.join(this);
    else if (deadlineMs !== Number.POSITIVE_INFINITY) runtime.wheel.watch(this);
  }

  get principal(): unknown {
    return this.#arrival.principal;
  }
  get caller(): string | undefined {
    return this.#arrival.caller;
  }
  get traceId(): string {
    return this.#arrival.traceId;
  }
  get fromOutside(): boolean {
    return this.#arrival.fromOutside;
  }
  get incoming(): AsyncIterable<unknown> | undefined {
    return this.#arrival.incoming;
  }
  get extra(): RemoteExtra | undefined {
    const { body, range } = this.#arrival;
    return body === undefined && range === undefined ? undefined : { body, range };
  }
  get timeoutMs(): number | undefined {
    return this.deadlineMs === Number.POSITIVE_INFINITY ? undefined : Math.max(0, this.deadlineMs - this.sentMs);
  }

  get signal(): Cancellation {
    return this;
  }
  get aborted(): boolean {
    return this.#ended !== undefined;
  }
  get reason(): unknown {
    return this.#ended;
  }
  addEventListener(_: "abort", listener: AbortListener): void {
    this.#listener = listener;
  }
  removeEventListener(): void {
    this.#listener = undefined;
  }

  /** Of what it lives in. Told here as well: nothing may listen yet, while the way there is being made. */
  override end(error: SkeinError): void {
    this.#ended = error;
    this.chain?.remove(this);
    this.#listener?.handleEvent();
    this.reject(error);
  }

  assertAlive(above: Lifetime | undefined): void {
    const error = this.#lifetime?.error ?? above?.error;
    if (error === undefined && this.startMs < this.deadlineMs) return;
    this.#release();
    const code = error?.code === "SKEIN_CALL_CANCELED" ? "SKEIN_CALL_CANCELED" : "SKEIN_CALL_DEADLINE";
    throw skeinError(code, undefined, { outcome: "not_started" });
  }

  begin(told: Told): void {
    this.#told = told;
    this.#arrival.away?.left(this.startMs);
    this.#endpoint.send(this, this);
  }

  resolve(reply: unknown): void {
    const told = this.#told;
    if (told === undefined) return;
    const { take } = this.#arrival;
    let taken: unknown;
    try {
      taken = take === undefined ? reply : take(reply);
    } catch (error) {
      return this.reject(skeinError("SKEIN_CALL_FAILED", undefined, { cause: error }));
    }
    this.#told = undefined;
    this.#back("ok");
    told.resolve(taken);
  }

  reject(error: SkeinError): void {
    const told = this.#told;
    if (told === undefined) return;
    const final = this.#ended ?? this.#endpoint.again(this, error, this);
    if (final === undefined) return;
    this.#told = undefined;
    const failure = this.#failure(final);
    this.#back(failure.code);
    told.reject(failure);
  }

  async *items(): AsyncGenerator<unknown, void, undefined> {
    let code = "ok";
    try {
      yield* this.#endpoint.stream(this);
    } catch (error) {
      const failure = this.#failure(error);
      code = failure.code;
      throw failure;
    } finally {
      this.#over(code);
    }
  }

  #failure(error: unknown): SkeinError {
    // What ended the call here is what its caller is told, and not what that made of the connection.
    const known =
      this.#ended ?? (isSkeinError(error) ? error : skeinError("SKEIN_CALL_FAILED", undefined, { cause: error }));
    return answeredFrom(this.#endpoint.id, known);
  }

  #back(code: string): void {
    const endMs = this.#runtime.clock.monotonic();
    this.#arrival.away?.back(endMs);
    this.#over(code, endMs);
  }

  #over(code: string, endMs = this.#runtime.clock.monotonic()): void {
    this.#release();
    const { recorder } = this.#runtime;
    recorder.record({
      traceId: this.#arrival.traceId,
      id: this.parentSpan,
      parentId: this.#arrival.parentSpan,
      service: this.#endpoint.service,
      method: this.#endpoint.name,
      caller: this.#arrival.caller,
      startMs: this.startMs,
      durationMs: endMs - this.startMs,
      code,
      cached: false,
      sent: true,
      attempts: this.attempts,
    });
  }

  #release(): void {
    if (this.#lifetime === undefined) return this.chain?.remove(this);
    this.#lifetime.leave(this);
    if (this.#isOwnLifetime) this.#lifetime.release();
  }
}

function ignore(): void {}
