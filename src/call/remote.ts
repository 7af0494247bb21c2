/**
 * Owns a call to a service that runs elsewhere, as its caller sees it: the same deadline, cancellation and errors as near.
 * It must never know how the call travels; whoever finds the endpoint does.
 */
import type { BodyHead, ByteRange, Kind } from "../contract/index.ts";
import { isSkeinError, type SkeinError, skeinError } from "../errors/index.ts";
import { answeredFrom } from "./failure.ts";
import { type Cancellation, type DeadlineWheel, Lifetime, Mortal } from "./lifetime.ts";
import type { Arrival, Take, Told } from "./scope.ts";

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
  /** Tells once how a unary call ended, maybe at once. Never throws. */
  send(call: RemoteCall, told: Told): void;
  /** The items of a stream. */
  stream(call: RemoteCall): AsyncIterable<unknown>;
}

/** What is sent. */
export interface RemoteCall {
  readonly input: unknown;
  readonly principal: unknown;
  readonly caller: string | undefined;
  readonly key: string | undefined;
  readonly traceId: string;
  readonly parentSpan: number;
  readonly path: readonly string[];
  readonly resumeFrom: string | undefined;
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
  readonly wheel: DeadlineWheel;
  readonly signal: Cancellation | undefined;
}

/**
 * Sends a call and answers as a near one would: a promise, the items of a stream, or nothing where `told` is given. Throws
 * only what kept it from being sent.
 */
export function callRemote(
  endpoint: RemoteEndpoint,
  arrival: Arrival,
  path: readonly string[],
  input: unknown,
  life: RemoteLife,
  told?: Told,
): unknown {
  const journey = new Journey(endpoint, arrival, path, input, life);
  journey.assertAlive();
  if (endpoint.isStream) return journey.items();
  if (told !== undefined) return journey.begin(told);
  const answered = new Promise((resolve, reject) => journey.begin({ resolve, reject }));
  // A handler may await one call of two, or none; a call from outside is its caller's to hear.
  if (life.above !== undefined) answered.catch(ignore);
  return answered;
}

/** One call under way: what is sent, who cancels it, and who is told. One object, because there is one for each call. */
class Journey extends Mortal implements Cancellation, RemoteCall, Told {
  readonly input: unknown;
  readonly principal: unknown;
  readonly caller: string | undefined;
  readonly key: string | undefined;
  readonly traceId: string;
  readonly parentSpan: number;
  readonly path: readonly string[];
  readonly resumeFrom: string | undefined;
  readonly fromOutside: boolean;
  readonly incoming: AsyncIterable<unknown> | undefined;
  readonly extra: RemoteExtra | undefined;
  readonly #endpoint: RemoteEndpoint;
  readonly #lifetime: Lifetime;
  readonly #startMs: number;
  readonly #take: Take | undefined;
  #told: Told | undefined = undefined;
  #listener: (() => void) | undefined = undefined;

  constructor(endpoint: RemoteEndpoint, arrival: Arrival, path: readonly string[], input: unknown, life: RemoteLife) {
    super();
    const { body, range } = arrival;
    this.input = input;
    this.principal = arrival.principal;
    this.caller = arrival.caller;
    this.key = arrival.key;
    this.traceId = arrival.traceId;
    this.parentSpan = arrival.parentSpan;
    this.path = path;
    this.resumeFrom = arrival.resumeFrom;
    this.fromOutside = arrival.fromOutside;
    this.incoming = arrival.incoming;
    this.extra = body === undefined && range === undefined ? undefined : { body, range };
    this.#endpoint = endpoint;
    this.#startMs = life.startMs;
    this.#take = arrival.take;
    this.#lifetime = new Lifetime(life.deadlineMs, life.above);
    this.#lifetime.start(life.wheel, life.signal);
    this.#lifetime.join(this);
  }

  get timeoutMs(): number | undefined {
    const { deadlineMs } = this.#lifetime;
    return deadlineMs === Number.POSITIVE_INFINITY ? undefined : Math.max(0, deadlineMs - this.#startMs);
  }

  get signal(): Cancellation {
    return this;
  }
  get aborted(): boolean {
    return this.#lifetime.error !== undefined;
  }
  get reason(): unknown {
    return this.#lifetime.error;
  }
  addEventListener(_: "abort", listener: () => void): void {
    this.#listener = listener;
  }
  removeEventListener(): void {
    this.#listener = undefined;
  }

  override end(error: SkeinError): void {
    this.#listener?.();
    // Also where nothing listens yet: the way there is still being made.
    this.reject(error);
  }

  assertAlive(): void {
    const { error } = this.#lifetime;
    if (error === undefined && this.#startMs < this.#lifetime.deadlineMs) return;
    this.#release();
    const code = error?.code === "SKEIN_CALL_CANCELED" ? "SKEIN_CALL_CANCELED" : "SKEIN_CALL_DEADLINE";
    throw skeinError(code, undefined, { outcome: "not_started" });
  }

  begin(told: Told): void {
    this.#told = told;
    this.#endpoint.send(this, this);
  }

  resolve(reply: unknown): void {
    const told = this.#told;
    if (told === undefined) return;
    let taken: unknown;
    try {
      taken = this.#take === undefined ? reply : this.#take(reply);
    } catch (error) {
      return this.reject(skeinError("SKEIN_CALL_FAILED", undefined, { cause: error }));
    }
    this.#told = undefined;
    this.#release();
    told.resolve(taken);
  }

  reject(error: SkeinError): void {
    const told = this.#told;
    if (told === undefined) return;
    this.#told = undefined;
    told.reject(this.#failure(error));
  }

  async *items(): AsyncGenerator<unknown, void, undefined> {
    try {
      yield* this.#endpoint.stream(this);
    } catch (error) {
      throw this.#failure(error);
    } finally {
      this.#release();
    }
  }

  #failure(error: unknown): SkeinError {
    this.#release();
    // What ended the call here is what its caller is told, and not what that made of the connection.
    const ended = this.#lifetime.error;
    if (ended !== undefined) return answeredFrom(this.#endpoint.id, ended);
    const known = isSkeinError(error) ? error : skeinError("SKEIN_CALL_FAILED", undefined, { cause: error });
    return answeredFrom(this.#endpoint.id, known);
  }

  #release(): void {
    this.#lifetime.leave(this);
    this.#lifetime.release();
  }
}

function ignore(): void {}
