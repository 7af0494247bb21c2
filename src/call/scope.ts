/**
 * Owns one call in flight: what its handler is told, its place in the tree of calls, and its end. It must never be
 * reused for another call.
 */
import { type BodyHead, type BodySpec, type ByteRange, isChannel, type Kind } from "../contract/index.ts";
import { type SkeinError, skeinError } from "../errors/index.ts";
import type { Call, CallBinding, Log } from "../system/index.ts";
import { withFields } from "../observe/index.ts";
import { checkBodyHead, InboundBody } from "./body.ts";
import type { Effect } from "./effect.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Away } from "./resilience/admission.ts";
import { encodeEvent } from "./events.ts";
import { declaredAs, errorSpecOf } from "./failure.ts";
import { IdleLimit } from "./idle-limit.ts";
import { Incoming } from "./incoming.ts";
import { Received } from "./received.ts";
import { type Lifetime, Mortal } from "./lifetime.ts";
import type { CallRuntime } from "./runtime.ts";
import { pathOf } from "./stages/route.ts";
import { inTransaction } from "./transaction-mark.ts";

/** What a call brings along, from its caller or from outside. */
export interface Arrival {
  readonly principal: unknown;
  readonly caller: string | undefined;
  readonly key: string | undefined;
  readonly traceId: string;
  readonly parentSpan: number;
  readonly resumeFrom: string | undefined;
  /** True when the call came through the gateway: what is internal stays out of reach. */
  readonly fromOutside: boolean;
  /** Endpoints above this call in another process; in this one the parent scopes say it. */
  readonly path: readonly string[];
  /** What the caller sends beside the input, item by item, while the method runs. */
  readonly incoming: AsyncIterable<unknown> | undefined;
  /** Told once a stream's handler was reached: nothing refuses the call any more. */
  readonly onOpened: (() => void) | undefined;
  /** What is known of a body whose bytes are `incoming`. */
  readonly body: BodyHead | undefined;
  /** The part of a download that is wanted. */
  readonly range: ByteRange | undefined;
  /** Told of work that may outlast the call. */
  readonly keep: ((work: Promise<unknown>) => void) | undefined;
  /** The input shares nothing with anybody and is in the value set: it needs no copy. */
  readonly isFresh: boolean;
  /** Who is told of calls to other hosts; `undefined` where nobody limits this host's calls. */
  readonly away: Away | undefined;
  /** What the caller keeps of a reply; `undefined` for a copy. */
  readonly take: Take | undefined;
}

/** Who is told how a call ended: one of the two, once. Neither may throw. */
export interface Told {
  resolve(reply: unknown): void;
  reject(error: SkeinError): void;
}

/**
 * Makes what a caller keeps of a reply, instead of a copy. It must read all it wants before it returns, share nothing with
 * the reply, change nothing in it, and throw `ValueSetError` for what is outside the value set. `undefined` stays.
 */
export type Take = (reply: unknown) => unknown;

export class CallScope extends Mortal implements Call<unknown> {
  readonly runtime: CallRuntime;
  readonly endpoint: Endpoint;
  readonly parent: CallScope | undefined;
  readonly lifetime: Lifetime;
  readonly arrival: Arrival;
  readonly span: number;
  readonly startMs: number;
  /** Calls above this one. */
  readonly depth: number;
  /** The command's one effect; `undefined` for other kinds. */
  effect: Effect | undefined = undefined;
  cached = false;
  /** Whether the handler was reached: from then on an error cannot say that nothing has happened. */
  hasStarted = false;
  #told: Told | undefined = undefined;
  #log: Log | undefined = undefined;
  #promise: Promise<unknown> | undefined = undefined;
  #incoming: Incoming | undefined = undefined;
  #received: Received | undefined = undefined;
  #pauses: IdleLimit | undefined = undefined;
  /** The body, once it may be read; `undefined` where the method takes none. */
  body: InboundBody | undefined = undefined;

  constructor(
    runtime: CallRuntime,
    endpoint: Endpoint,
    parent: CallScope | undefined,
    lifetime: Lifetime,
    arrival: Arrival,
    startMs: number,
  ) {
    super();
    this.runtime = runtime;
    this.endpoint = endpoint;
    this.parent = parent;
    this.lifetime = lifetime;
    this.arrival = arrival;
    this.span = runtime.recorder.nextId();
    this.startMs = startMs;
    this.depth = parent === undefined ? arrival.path.length : parent.depth + 1;
  }

  get service(): string {
    return this.endpoint.service;
  }
  get method(): string {
    return this.endpoint.name;
  }
  get principal(): unknown {
    return this.arrival.principal;
  }
  get caller(): string | undefined {
    return this.arrival.caller;
  }
  get key(): string | undefined {
    return this.arrival.key;
  }
  get traceId(): string {
    return this.arrival.traceId;
  }
  get resumeFrom(): string | undefined {
    return this.arrival.resumeFrom;
  }
  /** The items that its caller sends, each a copy; `undefined` where it sends none. */
  get incoming(): Incoming | undefined {
    const source = this.arrival.incoming;
    if (source === undefined) return undefined;
    return (this.#incoming ??= new Incoming(this, source));
  }
  /** The same as a channel's handler sees them: parsed. */
  get received(): Received | undefined {
    const { output } = this.endpoint.method;
    if (!isChannel(output)) return undefined;
    return (this.#received ??= new Received(this, output.receive, this.incoming));
  }
  /** Makes `body`; a raw one is received to its end. Rejects with what is wrong with it. */
  async openBody(spec: BodySpec): Promise<void> {
    const { id } = this.endpoint;
    checkBodyHead(id, spec, this.arrival.body ?? {});
    this.body = new InboundBody(id, spec, this.arrival.body, this.incoming);
    if (spec.isRaw) await this.body.receive();
  }
  /** Ends the call when nothing of what it is sent was taken for so long; from then on, and from the last piece on. */
  limitPauses(limitMs: number): void {
    this.#pauses = new IdleLimit(this.runtime.clock, limitMs, () =>
      this.lifetime.end(skeinError("SKEIN_CALL_DEADLINE")),
    );
  }
  /** A piece of what it is sent was taken. */
  moved(): void {
    this.#pauses?.touch();
  }
  /** The handler is over: whoever sends is told to stop. */
  endIncoming(): void {
    this.incoming?.end();
  }
  now(): Date {
    return new Date(this.runtime.clock.now());
  }
  get deadline(): number {
    return this.runtime.clock.now() + this.remainingMs();
  }
  get signal(): AbortSignal {
    return this.lifetime.signal;
  }
  get log(): Log {
    return (this.#log ??= withFields(this.runtime.log, {
      service: this.service,
      method: this.method,
      traceId: this.traceId,
    }));
  }

  remainingMs(): number {
    return Math.max(0, this.lifetime.deadlineMs - this.runtime.clock.monotonic());
  }

  error(code: string, data?: unknown): never {
    const spec = errorSpecOf(this.endpoint, code);
    if (spec === undefined) {
      throw skeinError(
        "SKEIN_ERROR_UNDECLARED",
        `${this.endpoint.id} raised "${code}", which its contract does not declare`,
      );
    }
    // `Call.error` returns the error for the handler to throw; `never` lets one method serve every typed signature.
    return declaredAs(spec, code, data) as never;
  }

  /** What the data layer is told about this call, which acts as a method of this kind (a guard acts as a query). */
  bindingAs(kind: Kind): CallBinding {
    return {
      kind,
      call: this as unknown as Call,
      span: this.span,
      path: () => pathOf(this),
      remainingMs: () => this.remainingMs(),
      effect: kind === "command" ? this.effect : undefined,
      inTransaction,
      encodeEvent: (name, value) => encodeEvent(this.endpoint.declaration, name, value),
    };
  }

  /** Joins its lifetime: from now on the first of a reply, a failure, the deadline and a cancellation settles the call. */
  begin(told: Told): void {
    this.#told = told;
    this.lifetime.join(this);
  }

  succeed(reply: unknown): void {
    const told = this.#told;
    if (told === undefined) return;
    this.#over("ok");
    told.resolve(reply);
  }

  fail(error: SkeinError): void {
    const told = this.#told;
    if (told === undefined) return;
    this.#over(error.code);
    told.reject(error);
    this.#promise?.catch(ignore);
  }

  /**
   * A handler may await one call of two, or none: that the other fails (both do, at the deadline) is not a reason for Node
   * to end the process, and everybody's calls with it. Costs nothing unless it fails.
   */
  mayGoUnheard(promise: Promise<unknown>): void {
    if (this.#told === undefined) promise.catch(ignore);
    else this.#promise = promise;
  }

  override end(error: SkeinError): void {
    this.fail(error);
  }

  /** Leaves a span of the call. */
  record(code: string): void {
    const { runtime, endpoint, arrival } = this;
    runtime.recorder.record({
      traceId: arrival.traceId,
      id: this.span,
      parentId: arrival.parentSpan,
      service: endpoint.service,
      method: endpoint.name,
      caller: arrival.caller,
      startMs: this.startMs,
      durationMs: runtime.clock.monotonic() - this.startMs,
      code,
      cached: this.cached,
      sent: false,
      attempts: 1,
    });
  }

  #over(code: string): void {
    this.#told = undefined;
    this.lifetime.leave(this);
    // One that was made for this call alone goes with it.
    if (this.lifetime !== this.parent?.lifetime) this.lifetime.release();
    if (this.arrival.incoming !== undefined) this.endIncoming();
    this.#pauses?.stop();
    this.record(code);
  }
}

function ignore(): void {}
