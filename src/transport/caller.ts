/**
 * Owns the side of a connection that calls: which calls are under way, and what becomes of each. It must never send a
 * call twice, nor say of one that may have arrived that it did not.
 */
import type { Told } from "../call/index.ts";
import { ValueSetError } from "../core/index.ts";
import { fromWireError, type SkeinError, skeinError, type WireError as ErrorOnWire } from "../errors/index.ts";
import type { Channel } from "./channel.ts";
import { layoutHash, toLayout } from "./codec/layout.ts";
import { WireError } from "./codec/wire-error.ts";
import type { Writer } from "./codec/writer.ts";
import { Inflow, Outflow, pump } from "./flow.ts";
import { frame } from "./frames.ts";
import { Hop } from "./hop.ts";
import { slotsOf, writeHead } from "./head.ts";
import { callsInFlightMax, fewCalls, remembered } from "./limits.ts";
import { Remembered } from "./memory.ts";
import { type CalledMethod, type Canceling, Pending } from "./pending.ts";
import type { Connection, Operation, Outgoing } from "./port.ts";
import { loose, Session, type SessionOptions, tooLarge } from "./session.ts";
import { UnderWay } from "./under-way.ts";

const idMax = 0xffff_ffff;
const once = Object.freeze({ once: true });

export class Caller extends Session implements Connection, Canceling {
  readonly #calls = new UnderWay<Pending>();
  readonly #methods = new Map<Operation, CalledMethod>();
  readonly #bySlot: CalledMethod[] = [];
  readonly #remembered: Remembered;
  readonly #hop = new Hop();
  #nextId = 1;
  #answered = 0;
  #isLeaving = false;

  constructor(channel: Channel, options: SessionOptions) {
    super(channel, options, true);
    this.#remembered = new Remembered((slot, value) => this.write(frame.value, slot, loose, value));
  }

  get inFlight(): number {
    return this.#calls.size;
  }

  get answered(): number {
    return this.#answered;
  }

  get isOpen(): boolean {
    return !this.isOver && !this.#isLeaving;
  }

  unary(call: Outgoing, told: Told): void {
    this.#send(call, told, undefined);
  }

  async *stream(call: Outgoing): AsyncGenerator<unknown, void, undefined> {
    let id = 0;
    const items = new Inflow(
      (bytes) => this.grant(id, bytes),
      () => this.cancel(id),
    );
    id = this.#send(call, { resolve: () => items.finish(), reject: (error) => items.finish(error) }, items);
    yield* items;
  }

  retire(): void {
    this.#isLeaving = true;
    this.#endIfRetired();
  }

  close(): void {
    this.fail(skeinError("SKEIN_TRANSPORT_LOST", "the connection was closed here"));
  }

  protected override get isQuiet(): boolean {
    return this.#calls.size <= fewCalls;
  }

  protected override get isWaiting(): boolean {
    return this.#calls.size > 0;
  }

  protected override isUnderWay(call: number): boolean {
    return this.#calls.has(call);
  }

  protected override full(isFull: boolean): void {
    this.#isFull = isFull;
  }
  #isFull = false;

  /** Rejects what cannot be sent; returns the call's id, 0 when it was not sent. */
  #send(call: Outgoing, told: Told, items: Inflow | undefined): number {
    const refusal = this.#refusal(call);
    if (refusal !== undefined) {
      told.reject(refusal);
      return 0;
    }
    const id = this.#takeId();
    const method = this.#methodOf(call.operation);
    let part = "principal";
    try {
      const slots = slotsOf(this.#remembered, method.slot, call.head);
      part = "input";
      const to = this.frames.begin(frame.call, id);
      const { timeoutMs } = call.head;
      const givenMs = timeoutMs === undefined ? undefined : this.#hop.shorten(timeoutMs);
      writeHead(to, slots, call.head, givenMs, call.incoming !== undefined);
      writeInput(to, call);
      this.frames.finish();
    } catch (error) {
      this.frames.undo();
      told.reject(notSent(`the ${part} of ${idOf(call)}`, error));
      return 0;
    }
    const pending = new Pending(id, method, call, told, items, this.nowMs, this);
    this.#calls.add(pending);
    call.signal?.addEventListener("abort", pending, once);
    if (call.incoming !== undefined) this.#sendItems(id, pending, call.incoming);
    return id;
  }

  #refusal(call: Outgoing): SkeinError | undefined {
    if (call.signal?.aborted === true) return skeinError("SKEIN_CALL_CANCELED", undefined, { outcome: "not_started" });
    if (!this.isOpen) return skeinError("SKEIN_TRANSPORT_UNREACHABLE");
    // A peer that takes nothing makes what waits for it grow: better to say so than to queue.
    if (this.#isFull || this.#calls.size >= callsInFlightMax) return skeinError("SKEIN_TRANSPORT_CROWDED");
    return undefined;
  }

  #takeId(): number {
    do this.#nextId = this.#nextId === idMax ? 1 : this.#nextId + 1;
    while (this.#calls.has(this.#nextId));
    return this.#nextId;
  }

  #methodOf(operation: Operation): CalledMethod {
    let method = this.#methods.get(operation);
    if (method === undefined) {
      const slot = this.#bySlot.length;
      if (slot >= remembered.methodsMax) throw new WireError("more methods than a connection may have");
      method = { slot, operation, foreign: undefined };
      this.#methods.set(operation, method);
      this.#bySlot.push(method);
      const { service, method: name, input, incoming } = operation;
      this.write(frame.method, slot, loose, {
        service,
        method: name,
        input: input.layout,
        ...(incoming !== undefined && { incoming: incoming.layout }),
      });
    }
    return method;
  }

  #sendItems(id: number, pending: Pending, source: AsyncIterable<unknown>): void {
    const flow = (pending.sending = new Outflow());
    const codec = pending.call.operation.incoming ?? loose;
    pump(source[Symbol.asyncIterator](), flow, (item) => this.write(frame.send, id, codec, item)).then(
      () => this.#calls.has(id) && this.frames.bare(frame.sendEnd, id),
      (error: unknown) => this.#sendFailed(id, pending, error),
    );
  }

  #sendFailed(id: number, { call, told }: Pending, error: unknown): void {
    if (!this.#calls.has(id)) return;
    if (!(error instanceof WireError)) return this.frames.bare(frame.sendFailed, id);
    // Its callee has begun, and cannot be given all of it.
    this.cancel(id);
    told.reject(tooLarge(`an item for ${idOf(call)}`, error, "unknown"));
  }

  /** Nobody waits for it any more. */
  cancel(id: number): void {
    const pending = this.#take(id);
    if (pending !== undefined && !this.isOver) this.frames.bare(frame.cancel, id);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#calls.get(id);
    if (pending === undefined) return undefined;
    this.#calls.delete(pending);
    pending.call.signal?.removeEventListener("abort", pending);
    pending.sending?.stop();
    this.#endIfRetired();
    return pending;
  }

  #endIfRetired(): void {
    // Once the caller has what it waited for, and not while it is being handed over.
    if (this.#isLeaving && this.#calls.size === 0) queueMicrotask(() => this.finish());
  }

  protected override frame(type: number, call: number): void {
    switch (type) {
      case frame.reply:
        return this.#reply(call);
      case frame.item:
        return this.#item(call);
      case frame.end:
        return this.#end(call);
      case frame.error:
        return this.#error(call);
      case frame.credit:
        return this.#calls.get(call)?.sending?.grant(this.reader.varint());
      case frame.shape:
        return this.#shape(call);
      case frame.leaving:
        return this.retire();
      default:
        throw new WireError("a frame that only a caller sends");
    }
  }

  #reply(id: number): void {
    // A reply to a call that was given up is on its way when the word of that crosses it.
    const pending = this.#calls.get(id);
    if (pending === undefined) return;
    if (pending.items !== undefined) throw new WireError("a reply to a call that is a stream");
    this.#hop.record(this.heardMs - pending.sentMs, this.reader.varint() / 1000);
    const value = this.#value(pending.method);
    this.#take(id);
    this.#answered++;
    pending.told.resolve(value);
  }

  #end(id: number): void {
    const pending = this.#calls.get(id);
    if (pending === undefined) return;
    if (pending.items === undefined) throw new WireError("the end of a call that is no stream");
    this.#take(id);
    pending.told.resolve(undefined);
  }

  #error(id: number): void {
    // Read before the call is given up: one that cannot be read ends the connection, and the call with it.
    const error = fromWireError(loose.read(this.reader) as ErrorOnWire);
    this.#take(id)?.told.reject(error);
  }

  #item(id: number): void {
    const pending = this.#calls.get(id);
    if (pending === undefined) return;
    if (pending.items === undefined) throw new WireError("an item of a call that is no stream");
    const bytes = this.reader.end - this.reader.at;
    pending.items.push(this.#value(pending.method), bytes);
  }

  #value({ operation, foreign }: CalledMethod): unknown {
    if (foreign === undefined) return operation.output.read(this.reader);
    return operation.output.readForeign(this.reader, foreign.hash, foreign.layout);
  }

  #shape(slot: number): void {
    const method = this.#bySlot[slot];
    if (method === undefined) throw new WireError("the shape of no method");
    const layout = toLayout(loose.read(this.reader));
    if (layout === undefined) throw new WireError("a layout that is none");
    const hash = layoutHash(layout);
    method.foreign = hash === method.operation.output.hash ? undefined : { hash, layout };
  }

  protected override ended(error: SkeinError): void {
    for (const { id } of this.#calls.all()) this.#take(id)?.told.reject(error);
  }
}

function writeInput(to: Writer, { operation, input, sent }: Outgoing): void {
  if (sent?.bytes !== undefined) return to.again(sent.bytes);
  const { at } = to;
  operation.input.write(to, input);
  // A copy of bytes: a tenth of what a copy of the value costs.
  if (sent === undefined) return;
  sent.bytes = Buffer.allocUnsafe(to.at - at);
  to.bytes.copy(sent.bytes, 0, at, to.at);
}

function idOf({ operation }: Outgoing): string {
  return `${operation.service}.${operation.method}`;
}

function notSent(what: string, error: unknown): SkeinError {
  if (error instanceof ValueSetError)
    return skeinError("SKEIN_VALUE_SET", `${what}: ${error.path} is ${error.found}`, { cause: error });
  if (error instanceof WireError) return tooLarge(what, error, "not_started");
  throw error;
}
