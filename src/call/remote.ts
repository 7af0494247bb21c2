/**
 * Owns a call to a service that runs elsewhere, as its caller sees it: the same deadline, cancellation and errors as near.
 * It must never know how the call travels; whoever finds the endpoint does.
 */
import type { BodyHead, ByteRange, Kind } from "../contract/index.ts";
import { isSkeinError, type SkeinError, skeinError } from "../errors/index.ts";
import { answeredFrom } from "./failure.ts";
import { type Cancellation, type DeadlineWheel, Lifetime, Mortal } from "./lifetime.ts";

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
  /** A promise of the reply, or the items of a stream. */
  send(call: RemoteCall): Promise<unknown> | AsyncIterable<unknown>;
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
  readonly body: BodyHead | undefined;
  readonly range: ByteRange | undefined;
  /** What it has left; `undefined` without limit. */
  readonly timeoutMs: number | undefined;
  readonly signal: Cancellation;
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

type Sent = Omit<RemoteCall, "timeoutMs" | "signal">;

/** Sends a call and answers as a near one would. Throws only what kept it from being sent. */
export function callRemote(endpoint: RemoteEndpoint, sent: Sent, life: RemoteLife): unknown {
  const journey = new Journey(endpoint, life);
  journey.assertAlive();
  const call: RemoteCall = { ...sent, timeoutMs: journey.timeoutMs, signal: journey };
  if (endpoint.isStream) return journey.items(() => endpoint.send(call) as AsyncIterable<unknown>);
  return journey.reply(endpoint.send(call) as Promise<unknown>);
}

class Journey extends Mortal implements Cancellation {
  readonly #endpoint: RemoteEndpoint;
  readonly #lifetime: Lifetime;
  readonly #startMs: number;
  #listener: (() => void) | undefined;

  constructor(endpoint: RemoteEndpoint, { deadlineMs, startMs, above, wheel, signal }: RemoteLife) {
    super();
    this.#endpoint = endpoint;
    this.#startMs = startMs;
    this.#lifetime = new Lifetime(deadlineMs, above);
    this.#lifetime.start(wheel, signal);
    this.#lifetime.join(this);
  }

  /** The hop's own share is taken off by who measures it. */
  get timeoutMs(): number | undefined {
    const { deadlineMs } = this.#lifetime;
    return deadlineMs === Number.POSITIVE_INFINITY ? undefined : Math.max(0, deadlineMs - this.#startMs);
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

  override end(): void {
    this.#listener?.();
  }

  assertAlive(): void {
    const { error } = this.#lifetime;
    if (error === undefined && this.#startMs < this.#lifetime.deadlineMs) return;
    this.#release();
    const code = error?.code === "SKEIN_CALL_CANCELED" ? "SKEIN_CALL_CANCELED" : "SKEIN_CALL_DEADLINE";
    throw skeinError(code, undefined, { outcome: "not_started" });
  }

  reply(promise: Promise<unknown>): Promise<unknown> {
    const answered = promise.then(
      (value) => {
        this.#release();
        return value;
      },
      (error: unknown) => {
        throw this.#failure(error);
      },
    );
    // A handler may await one call of two, or none.
    answered.catch(() => undefined);
    return answered;
  }

  async *items(open: () => AsyncIterable<unknown>): AsyncGenerator<unknown, void, undefined> {
    try {
      yield* open();
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
