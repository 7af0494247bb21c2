/**
 * Owns the side of a connection that answers: calls that came, and their replies. It must never let a call outlive the
 * connection it came on, nor answer one twice.
 */
import type { Cancellation } from "../call/index.ts";
import { type SkeinError, skeinError, toWireError } from "../errors/index.ts";
import type { Channel } from "./channel.ts";
import { isLayout, type Layout, layoutHash } from "./codec/layout.ts";
import type { Codec } from "./codec/codec.ts";
import { WireError } from "./codec/wire-error.ts";
import { Inflow, Outflow, pump } from "./flow.ts";
import { frame } from "./frames.ts";
import { readHead } from "./head.ts";
import { callsInFlightMax, nameMax, remembered } from "./limits.ts";
import { Heard } from "./memory.ts";
import type { Answer, Operation } from "./port.ts";
import { loose, Session, type SessionOptions } from "./session.ts";

/** Finds a method of this host; `undefined` when it has none of that name. */
export type FindOperation = (service: string, method: string) => Operation | undefined;

interface Foreign {
  readonly hash: string;
  readonly layout: Layout;
}

interface Method {
  readonly slot: number;
  readonly id: string;
  readonly operation: Operation | undefined;
  readonly input: Foreign | undefined;
  readonly incoming: Foreign | undefined;
  /** Whether the caller knows how this side writes its output. */
  hasTold: boolean;
}

class Serving implements Cancellation {
  aborted = false;
  readonly reason = undefined;
  readonly sending = new Outflow();
  readonly method: Method;
  incoming: Inflow | undefined = undefined;

  constructor(method: Method) {
    this.method = method;
  }

  #listener: (() => void) | undefined;

  addEventListener(_: "abort", listener: () => void): void {
    this.#listener = listener;
  }
  removeEventListener(): void {
    this.#listener = undefined;
  }
  abort(error: SkeinError): void {
    this.aborted = true;
    this.sending.stop();
    this.incoming?.finish(error);
    this.#listener?.();
  }
}

export class Callee extends Session {
  readonly #find: FindOperation;
  readonly #answer: Answer;
  readonly #calls = new Map<number, Serving>();
  readonly #methods: Method[] = [];
  readonly #heard = new Heard();
  readonly #pause: (isPaused: boolean) => void;
  #isLeaving = false;

  constructor(channel: Channel, options: SessionOptions, find: FindOperation, answer: Answer) {
    super(channel, options, false);
    this.#find = find;
    this.#answer = answer;
    this.#pause = (isPaused) => (isPaused ? channel.pause() : channel.resume());
  }

  get inFlight(): number {
    return this.#calls.size;
  }

  /** Asks the caller to send no more; ends the connection once what is under way is over. */
  leave(): void {
    if (this.#isLeaving || this.isOver) return;
    this.#isLeaving = true;
    this.frames.bare(frame.leaving, 0);
    this.frames.flush();
    this.#endIfDone();
  }

  protected override get isWaiting(): boolean {
    return false;
  }

  /** A caller that does not read its replies is read no further: they would pile up here. */
  protected override full(isFull: boolean): void {
    this.#pause(isFull);
  }

  protected override frame(type: number, call: number): void {
    switch (type) {
      case frame.call:
        return this.#call(call);
      case frame.method:
        return this.#method(call);
      case frame.value:
        return this.#heard.set(call, freeze(loose.read(this.reader)));
      case frame.cancel:
        return this.#cancel(call);
      case frame.credit:
        return this.#calls.get(call)?.sending.grant(this.reader.varint());
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
    const { hasIncoming, ...head } = readHead(this.reader, this.#heard);
    const { operation } = method;
    if (operation === undefined) return this.#refuse(id, skeinError("SKEIN_CALL_NO_ROUTE", `no ${method.id} here`));
    if (this.#calls.size >= callsInFlightMax) return this.#refuse(id, skeinError("SKEIN_TRANSPORT_CROWDED"));
    const input = this.#value(operation.input, method.input);
    const serving = new Serving(method);
    this.#calls.set(id, serving);
    if (hasIncoming) {
      serving.incoming = new Inflow(
        (bytes) => this.#grant(id, bytes),
        () => undefined,
      );
    }
    // What this side writes is told before the first of it.
    if (!method.hasTold) this.#tell(method, operation);
    this.#serve(id, serving, operation, { operation, head, input, signal: serving, incoming: serving.incoming });
  }

  #serve(id: number, serving: Serving, operation: Operation, call: Parameters<Answer>[0]): void {
    let answer: unknown;
    try {
      answer = this.#answer(call);
    } catch (error) {
      return this.#failed(id, error);
    }
    if (operation.isStream && !(answer instanceof Promise)) {
      const items = (answer as AsyncIterable<unknown>)[Symbol.asyncIterator]();
      const send = (item: unknown) => this.#write(frame.item, id, operation.output, item);
      pump(items, serving.sending, send).then(
        () => this.#done(id, frame.end),
        (error: unknown) => this.#failed(id, error),
      );
      return;
    }
    Promise.resolve(answer).then(
      (reply) => this.#reply(id, operation, reply),
      (error: unknown) => this.#failed(id, error),
    );
  }

  #reply(id: number, operation: Operation, reply: unknown): void {
    if (!this.#calls.has(id)) return;
    try {
      this.#write(frame.reply, id, operation.output, reply);
    } catch (error) {
      return this.#failed(
        id,
        error instanceof WireError ? skeinError("SKEIN_TRANSPORT_TOO_LARGE", undefined, { outcome: "unknown" }) : error,
      );
    }
    this.#over(id);
  }

  #write(type: number, id: number, codec: Codec, value: unknown): number {
    const to = this.frames.begin(type, id);
    const { at } = to;
    try {
      codec.write(to, value);
    } catch (error) {
      this.frames.undo();
      throw error;
    }
    const bytes = to.at - at;
    this.frames.finish();
    return bytes;
  }

  #done(id: number, type: number): void {
    if (!this.#calls.has(id)) return;
    this.frames.bare(type, id);
    this.#over(id);
  }

  #failed(id: number, error: unknown): void {
    if (!this.#calls.has(id)) return;
    this.#refuse(id, error);
    this.#over(id);
  }

  #refuse(id: number, error: unknown): void {
    loose.write(this.frames.begin(frame.error, id), toWireError(error));
    this.frames.finish();
  }

  #over(id: number): void {
    this.#calls.get(id)?.sending.stop();
    this.#calls.delete(id);
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#isLeaving && this.#calls.size === 0) this.finish();
  }

  #cancel(id: number): void {
    const serving = this.#calls.get(id);
    this.#over(id);
    serving?.abort(skeinError("SKEIN_CALL_CANCELED"));
  }

  #item(id: number): void {
    const serving = this.#calls.get(id);
    // Items of a call that is over are on their way when the word of that crosses them.
    if (serving === undefined) return;
    if (serving.incoming === undefined) throw new WireError("an item of a call that takes none");
    const bytes = this.reader.end - this.reader.at;
    const { operation, incoming } = serving.method;
    serving.incoming.push(this.#value(operation?.incoming ?? loose, incoming), bytes);
  }

  #grant(id: number, bytes: number): void {
    if (!this.#calls.has(id) || this.isOver) return;
    this.frames.begin(frame.credit, id).varint(bytes);
    this.frames.finish();
  }

  #value(codec: Codec, written: Foreign | undefined): unknown {
    return written === undefined
      ? codec.read(this.reader)
      : codec.readForeign(this.reader, written.hash, written.layout);
  }

  #tell(method: Method, { output }: Operation): void {
    method.hasTold = true;
    loose.write(this.frames.begin(frame.shape, method.slot), output.layout);
    this.frames.finish();
  }

  protected override ended(error: SkeinError): void {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const serving of calls) serving.abort(error);
  }
}

function foreign(given: unknown, own: Codec | undefined): Foreign | undefined {
  if (!isLayout(given)) throw new WireError("a layout that is none");
  const hash = layoutHash(given);
  return hash === own?.hash ? undefined : { hash, layout: given };
}

function isName(name: unknown): name is string {
  return typeof name === "string" && name.length > 0 && name.length <= nameMax;
}

/** Handlers share it, call after call. */
function freeze(value: unknown): unknown {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  for (const field of Object.values(value)) freeze(field);
  return Object.freeze(value);
}
