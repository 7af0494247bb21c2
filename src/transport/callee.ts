/**
 * Owns the side of a connection that answers: calls that came, and their replies. It must never let a call outlive the
 * connection it came on, nor answer one twice.
 */
import { type Clock, copyValue, frozenCopy, type Timer, ValueSetError } from "../core/index.ts";
import { type SkeinError, skeinError, toWireError } from "../errors/index.ts";
import type { Channel } from "./channel.ts";
import { layoutHash, toLayout } from "./codec/layout.ts";
import type { Codec } from "./codec/codec.ts";
import { WireError } from "./codec/wire-error.ts";
import { Inflow, Outflow, pump } from "./flow.ts";
import { frame } from "./frames.ts";
import { bringsItems, readFlags, readHead } from "./head.ts";
import { callsInFlightMax, fewCalls, leavingMs, nameMax, remembered } from "./limits.ts";
import { Heard } from "./memory.ts";
import type { Answer, Arrived, Operation } from "./port.ts";
import { type Answering, type Foreign, type ServedMethod, Serving } from "./serving.ts";
import { loose, Session, type SessionOptions, tooLarge } from "./session.ts";
import { UnderWay } from "./under-way.ts";

/** Finds a method of this host; `undefined` when it has none of that name. */
export type FindOperation = (service: string, method: string) => Operation | undefined;

export class Callee extends Session implements Answering {
  readonly #find: FindOperation;
  readonly #answer: Answer;
  readonly #calls = new UnderWay<Serving>();
  readonly #methods: ServedMethod[] = [];
  readonly #heard = new Heard();
  readonly #pause: (isPaused: boolean) => void;
  #isLeaving = false;
  /** Runs while the caller may not have heard yet that this side leaves. */
  #patience: Timer | undefined;
  readonly #clock: Clock;

  constructor(channel: Channel, options: SessionOptions, find: FindOperation, answer: Answer) {
    super(channel, options, false);
    this.#clock = options.clock;
    this.#find = find;
    this.#answer = answer;
    this.#pause = (isPaused) => (isPaused ? channel.pause() : channel.resume());
  }

  get inFlight(): number {
    return this.#calls.size;
  }

  /**
   * Asks the caller to send no more. It ends the connection once it has what it waits for, since what it sent before it
   * heard of this is still to come; after a while this side does.
   */
  leave(): void {
    if (this.#isLeaving || this.isOver) return;
    this.#isLeaving = true;
    if (!this.isGreeted) return this.finish();
    this.frames.bare(frame.leaving, 0);
    this.frames.flush();
    this.#patience = this.#clock.after(leavingMs, () => {
      this.#patience = undefined;
      this.#endIfDone();
    });
  }

  /** Throws what says that the reply may not cross; nothing is written then. */
  reply(serving: Serving, reply: unknown): void {
    if (!this.#has(serving)) return;
    try {
      const tookUs = Math.round((this.nowMs - serving.startMs) * 1000);
      // Nobody else's is to come: its caller goes on while what is left to do for the call is done here.
      const isLast = this.#calls.size === 1;
      this.write(frame.reply, serving.id, serving.operation.output, reply, tookUs, isLast);
    } catch (error) {
      // The codec knows no path; the copy that a near call makes of it does.
      if (error instanceof ValueSetError) copyValue(reply);
      if (!(error instanceof WireError)) throw error;
      throw tooLarge(`the reply of ${serving.method.id}`, error, "unknown");
    }
    this.#over(serving);
  }

  failed(serving: Serving, error: unknown): void {
    if (!this.#has(serving)) return;
    this.#refuse(serving.id, error);
    this.#over(serving);
  }

  protected override get isQuiet(): boolean {
    return this.#calls.size <= fewCalls;
  }

  protected override get isWaiting(): boolean {
    return false;
  }

  /** A caller that does not read its replies is read no further: they would pile up here. */
  protected override full(isFull: boolean): void {
    this.#pause(isFull);
  }

  protected override isUnderWay(call: number): boolean {
    return this.#calls.has(call);
  }

  protected override frame(type: number, call: number): void {
    switch (type) {
      case frame.call:
        return this.#call(call);
      case frame.method:
        return this.#method(call);
      case frame.value:
        // Handlers share it, call after call.
        return this.#heard.set(call, frozenCopy(loose.read(this.reader)));
      case frame.cancel:
        return this.#cancel(call);
      case frame.credit:
        return this.#credit(call);
      case frame.send:
        return this.#item(call);
      case frame.sendEnd:
        return this.#calls.get(call)?.incoming?.finish();
      case frame.sendFailed:
        return this.#calls.get(call)?.incoming?.finish(skeinError("SKEIN_CALL_INCOMING"));
      default:
        throw new WireError("a frame that only a callee sends");
    }
  }

  #method(slot: number): void {
    if (slot !== this.#methods.length || slot >= remembered.methodsMax) throw new WireError("an impossible number");
    const given = loose.read(this.reader) as Record<"service" | "method" | "input" | "incoming", unknown>;
    if (typeof given !== "object" || given === null) throw new WireError("a method that is none");
    const { service, method, input, incoming } = given;
    if (!isName(service) || !isName(method)) throw new WireError("a method without a name");
    const operation = this.#find(service, method);
    this.#methods.push({
      slot,
      id: `${service}.${method}`,
      operation,
      input: foreign(input, operation?.input),
      incoming: incoming === undefined ? undefined : foreign(incoming, operation?.incoming ?? loose),
      hasTold: false,
    });
  }

  #call(id: number): void {
    if (this.#calls.has(id)) throw new WireError("a call that is under way already");
    const method = this.#methods[this.reader.varint()];
    if (method === undefined) throw new WireError("a method that was never told");
    const flags = readFlags(this.reader);
    const head = readHead(this.reader, this.#heard, flags);
    const { operation } = method;
    if (operation === undefined) return this.#refuse(id, skeinError("SKEIN_CALL_NO_ROUTE", `no ${method.id} here`));
    if (this.#calls.size >= callsInFlightMax) return this.#refuse(id, skeinError("SKEIN_TRANSPORT_CROWDED"));
    const input = this.#value(operation.input, method.input);
    const serving = new Serving(id, method, operation, this.heardMs, this);
    this.#calls.add(serving);
    if (bringsItems(flags)) {
      serving.incoming = new Inflow(
        (bytes) => this.grant(id, bytes),
        () => undefined,
      );
    }
    // What this side writes is told before the first of it.
    if (!method.hasTold) this.#tell(method, operation);
    const call: Arrived = {
      operation,
      head,
      input,
      signal: serving,
      incoming: serving.incoming,
      take: serving.take,
    };
    if (operation.isStream) void this.#stream(serving, call);
    else this.#answer.unary(call, serving);
  }

  async #stream(serving: Serving, call: Arrived): Promise<void> {
    const { id } = serving;
    const flow = (serving.sending = new Outflow());
    try {
      const items = (await this.#answer.stream(call))[Symbol.asyncIterator]();
      await pump(items, flow, (item) => this.write(frame.item, id, call.operation.output, item));
      if (!this.#has(serving)) return;
      this.frames.bare(frame.end, id);
      this.#over(serving);
    } catch (error) {
      const isTooLarge = error instanceof WireError;
      this.failed(serving, isTooLarge ? tooLarge(`an item of ${serving.method.id}`, error, "unknown") : error);
    }
  }

  #refuse(id: number, error: unknown): void {
    try {
      this.write(frame.error, id, loose, toWireError(error));
    } catch {
      // Its data is more than a message may have, or nothing that may cross.
      this.write(
        frame.error,
        id,
        loose,
        toWireError(skeinError("SKEIN_TRANSPORT_TOO_LARGE", undefined, { outcome: "unknown" })),
      );
    }
  }

  /** Whether it is under way still; another one may have its number by now. */
  #has(serving: Serving): boolean {
    return this.#calls.get(serving.id) === serving;
  }

  #over(serving: Serving): void {
    serving.sending?.stop();
    this.#calls.delete(serving);
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#isLeaving && this.#patience === undefined && this.#calls.size === 0) this.finish();
  }

  #cancel(id: number): void {
    const serving = this.#calls.get(id);
    if (serving === undefined) return;
    this.#over(serving);
    serving.abort(skeinError("SKEIN_CALL_CANCELED"));
  }

  #credit(id: number): void {
    const serving = this.#calls.get(id);
    if (serving === undefined) return;
    if (serving.sending === undefined) throw new WireError("credit for a call that is no stream");
    serving.sending.grant(this.reader.varint());
  }

  #item(id: number): void {
    const serving = this.#calls.get(id);
    // Items of a call that is over are on their way when the word of that crosses them.
    if (serving === undefined) return;
    if (serving.incoming === undefined) throw new WireError("an item of a call that takes none");
    const bytes = this.reader.end - this.reader.at;
    serving.incoming.push(this.#value(serving.operation.incoming ?? loose, serving.method.incoming), bytes);
  }

  #value(codec: Codec, written: Foreign | undefined): unknown {
    return written === undefined
      ? codec.read(this.reader)
      : codec.readForeign(this.reader, written.hash, written.layout);
  }

  #tell(method: ServedMethod, { output }: Operation): void {
    method.hasTold = true;
    this.write(frame.shape, method.slot, loose, output.layout);
  }

  protected override ended(error: SkeinError): void {
    this.#patience?.cancel();
    const calls = this.#calls.all();
    for (const serving of calls) this.#calls.delete(serving);
    for (const serving of calls) serving.abort(error);
  }
}

function foreign(given: unknown, own: Codec | undefined): Foreign | undefined {
  const layout = toLayout(given);
  if (layout === undefined) throw new WireError("a layout that is none");
  const hash = layoutHash(layout);
  return hash === own?.hash ? undefined : { hash, layout };
}

function isName(name: unknown): name is string {
  return typeof name === "string" && name.length > 0 && name.length <= nameMax;
}
