/**
 * Owns one open channel: its messages in both directions and every way it ends. It must never hold more of either direction
 * than its limits, and never let a message reach the handler that is not JSON within the limits of a body.
 */
import type { Clock, Timer } from "../../core/index.ts";
import { type SkeinError, skeinError } from "../../errors/index.ts";
import { itemId, parseJson, type Problem, toJson } from "../../contract/shapes.ts";
import type { Departure, Exchange } from "../exchange.ts";
import { jsonLimits } from "../body.ts";
import { channelCloseMs } from "../limits.ts";
import { toError, toProblem } from "../problem.ts";
import type { InputShape } from "../values.ts";
import { Inbox, type InboxOwner } from "./inbox.ts";
import type { Channels, Living } from "./registry.ts";
import type { ChannelListener, ChannelSocket } from "./socket.ts";

export interface ChannelOptions {
  readonly clock: Clock;
  readonly isDevelopment: boolean;
  /** Its request: it has the trace id, and is told the code that the channel ended with. */
  readonly exchange: Pick<Exchange, "traceId" | "code">;
  readonly departure: Departure;
  readonly receive: InputShape;
  /** The field of an item that is its id. */
  readonly id: string | undefined;
  readonly channels: Channels;
}

export class Channel implements ChannelListener, InboxOwner, Living {
  readonly inbox: Inbox;
  readonly openedMs: number;
  heardMs: number;
  pingedMs: number | undefined = undefined;
  readonly #options: ChannelOptions;
  #socket: ChannelSocket | undefined;
  #lastN = 0;
  #isSilent = false;
  /** From here on nothing is sent but the closing handshake. */
  #isClosing = false;
  #isClosed = false;
  #closing: Timer | undefined;
  /** The last acknowledgement, while one before it waits for the client: it stands for all between. */
  #ack = 0;
  #isAcking = false;
  /** Messages are revived one after the other. */
  #turn: Promise<void> | undefined;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.openedMs = this.heardMs = options.clock.monotonic();
    this.inbox = new Inbox(this);
  }

  /** Sends the handler's items to its end. Never rejects. */
  async run(
    socket: ChannelSocket,
    first: Promise<IteratorResult<unknown>>,
    items: AsyncIterator<unknown>,
  ): Promise<void> {
    this.#socket = socket;
    socket.listen(this);
    this.#options.channels.add(this);
    try {
      for (let next = await first; next.done !== true; next = await items.next()) {
        if (this.#isClosing) return;
        const full = this.#send(this.#message(next.value));
        if (full !== undefined) await full;
        if (this.#isClosing) return;
      }
      void this.#send({ end: true });
      this.#close(1000, "", undefined);
    } catch (thrown) {
      this.#fail(toError(thrown));
    } finally {
      // Not awaited: a handler that hangs in its own wait would hang this too; its signal has told it.
      void Promise.resolve(items.return?.()).catch(() => undefined);
    }
  }

  message(bytes: Uint8Array): void {
    this.heardMs = this.#options.clock.monotonic();
    if (this.#isClosing) return;
    // After the first message of a kind its schema is described, and nothing waits any more.
    if (this.#turn !== undefined) {
      this.#turn = this.#turn.then(() => this.#take(bytes));
      return;
    }
    const taking = this.#take(bytes);
    if (taking === undefined) return;
    const turn = taking.then(() => {
      if (this.#turn === turn) this.#turn = undefined;
    });
    this.#turn = turn;
  }

  binary(): void {
    this.#fail(wrong("a message is text"), 1003);
  }

  pong(): void {
    this.heardMs = this.#options.clock.monotonic();
  }

  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isClosing = true;
    this.#closing?.cancel();
    this.#options.channels.remove(this);
    this.#options.departure.left();
  }

  ping(): void {
    this.#socket?.ping();
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  taken(n: number): void {
    this.#acknowledge(n);
  }

  lost(): void {
    this.#options.exchange.code = "SKEIN_CALL_CANCELED";
    this.#socket?.terminate();
  }

  get goesOn(): boolean {
    return this.#options.id !== undefined;
  }

  leave(isDraining: boolean): void {
    if (this.#isClosing) return;
    if (isDraining) return this.#fail(skeinError("SKEIN_MOVED"));
    this.#close(1001, "connect again", undefined);
  }

  /** A promise only where the schema is yet to be described. Never rejects. */
  #take(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#isClosing) return undefined;
    try {
      const { n, item, end } = readMessage(bytes);
      if (this.#isSilent) throw wrong("a message came after the end");
      if (end) {
        this.#isSilent = true;
        this.inbox.end();
        return undefined;
      }
      if (this.#lastN !== 0 && n !== this.#lastN + 1) throw wrong("`n` goes up by one");
      this.#lastN = n;
      const revived = this.#options.receive.fromJson(item);
      if (!(revived instanceof Promise)) {
        this.#offer(n, revived);
        return undefined;
      }
      return revived.then(
        (value: unknown) => this.#offer(n, value),
        (thrown: unknown) => this.#fail(toError(thrown)),
      );
    } catch (thrown) {
      this.#fail(toError(thrown));
      return undefined;
    }
  }

  #offer(n: number, item: unknown): void {
    if (!this.inbox.offer(n, item)) this.#fail(wrong("more items are under way than a channel holds"));
  }

  #acknowledge(n: number): void {
    this.#ack = n;
    if (this.#isAcking) return;
    const full = this.#send({ ack: n });
    if (full === undefined) return;
    this.#isAcking = true;
    void full.then(() => {
      this.#isAcking = false;
      if (this.#ack !== n) this.#acknowledge(this.#ack);
    });
  }

  #message(item: unknown): object {
    const id = itemId(this.#options.id, item);
    const json = toJson(item);
    return id === undefined ? { item: json } : { id, item: json };
  }

  #send(message: object): Promise<void> | undefined {
    if (this.#isClosing) return undefined;
    return this.#socket?.send(JSON.stringify(message));
  }

  #fail(error: SkeinError, code?: number): void {
    if (this.#isClosing) return;
    const problem: Problem = toProblem(error, this.#options.exchange.traceId, this.#options.isDevelopment);
    void this.#send({ error: problem });
    this.#close(code ?? closeCodeOf(problem), error.code, error.code);
  }

  #close(code: number, reason: string, ended: string | undefined): void {
    this.#isClosing = true;
    this.#options.exchange.code = ended;
    // The handler learns it now, and not when the client has answered.
    this.#options.departure.left();
    this.#socket?.resume();
    this.#socket?.close(code, reason);
    if (this.#isClosed) return;
    this.#closing = this.#options.clock.after(channelCloseMs, () => this.#socket?.terminate(), { unref: true });
  }
}

/** 1012: the service restarts, and the client goes on there (https://www.iana.org/assignments/websocket/websocket.xhtml). */
function closeCodeOf({ code, status }: Problem): number {
  if (code === "SKEIN_MOVED") return 1012;
  return status >= 500 ? 1011 : 1008;
}

function readMessage(bytes: Uint8Array): { n: number; item: unknown; end: boolean } {
  let json: unknown;
  try {
    json = parseJson(bytes, jsonLimits);
  } catch (error) {
    throw wrong(toError(error).message.replace("the body", "a message"));
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw wrong("a message is an object");
  const { n, item, end } = json as { n?: unknown; item?: unknown; end?: unknown };
  if (end === true) return { n: 0, item: undefined, end: true };
  if (!Number.isSafeInteger(n) || (n as number) < 1 || !Object.hasOwn(json, "item")) {
    throw wrong('a message is {"n": 1, "item": ...} or {"end": true}');
  }
  return { n: n as number, item, end: false };
}

function wrong(detail: string): SkeinError {
  return skeinError("SKEIN_HTTP_MESSAGE", detail);
}
