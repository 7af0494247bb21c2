/**
 * Owns a client's end of a channel over any WebSocket: resuming after what was read, sending again what nobody acknowledged,
 * and back-pressure that a browser's WebSocket does not have. It must never hand on an item twice, nor hold more than its
 * limits.
 */
import { type Clock, type Random, systemClock, systemRandom } from "../../core/index.ts";
import { type SkeinError, skeinError } from "../../errors/index.ts";
import {
  channelAttemptsMax,
  channelBackoffFirstMs,
  channelBackoffMaxMs,
  channelHeldMax,
  channelWindow,
} from "./limits.ts";
import { fromProblem } from "./problem.ts";

/** As much of a WebSocket as is used of it: the platform's own, or that of a library. @since 0.1.0 */
export interface ChannelWebSocket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

/** How a channel is connected. @since 0.1.0 */
export interface ConnectChannelOptions {
  /** Id of the last item that was received before; the channel goes on after it. */
  readonly resumeFrom?: string;
  /** Connections in a row that do not open before the channel fails: a whole number from 1, 5 unless given. */
  readonly attempts?: number;
  /** Ends the channel. */
  readonly signal?: AbortSignal;
  /** Opens a socket, for headers or another library than the platform's; asked for each connection. */
  readonly open?: (url: string, protocol: string) => ChannelWebSocket;
  /** Called when the connection broke and is opened again. */
  readonly onReconnect?: (attempt: number) => void;
  /** The seams for time and randomness, for tests. */
  readonly clock?: Clock;
  readonly random?: Random;
}

/**
 * An open channel: iterate what comes, `send` what goes. Values are as JSON says them (an instant is text). Leaving the loop
 * closes the channel.
 * @since 0.1.0
 */
export interface ChannelConnection<Got = unknown, Sent = unknown> extends AsyncIterable<Got> {
  /**
   * Sends one item. Resolves at once while fewer than 64 items wait to be acknowledged, else when they are fewer: await it,
   * and the handler's pace is yours. Rejects when the channel is over.
   */
  send(item: Sent): Promise<void>;
  /** Nothing more is sent; the handler's items still come. */
  end(): void;
  /** Leaves. Safe to call twice. */
  close(): void;
  /** Id of the last item that was read: what `resumeFrom` takes after a restart. */
  readonly lastId: string | undefined;
  /** Items that were sent and not acknowledged: after a break they are sent again, so that the handler may see them twice. */
  readonly unacknowledged: number;
}

/**
 * Connects to a channel: `connectChannel<Got, Sent>("wss://shop.example.org/rooms/7/chat")`. Connects again by itself, with
 * growing pauses, until `attempts` connections in a row did not open; one that has opened begins the count again. The iteration,
 * and `send` where it waits, fail with the channel's own error; with `SKEIN_CLIENT_NETWORK` when no connection can be had (a
 * browser does not say why one was refused), whose outcome is `not_started` if there never was one; with `SKEIN_CALL_CANCELED` when the signal aborts, or
 * when it breaks after an item without an id. Throws `SKEIN_CLIENT_SETUP` for `attempts` that are no such number.
 * @since 0.1.0
 */
export function connectChannel<Got = unknown, Sent = unknown>(
  url: string,
  options: ConnectChannelOptions = {},
): ChannelConnection<Got, Sent> {
  return new Connection(url, options) as unknown as ChannelConnection<Got, Sent>;
}

const protocol = "skein.channel.1";
/** Closes after which the same would happen again. */
const final: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1009, 1010, 1011]);

interface Held {
  readonly id: string | undefined;
  readonly item: unknown;
}
interface Reader {
  readonly resolve: (result: IteratorResult<unknown>) => void;
  readonly reject: (error: SkeinError) => void;
}

class Connection implements ChannelConnection, AsyncIterator<unknown> {
  readonly #url: string;
  readonly #options: ConnectChannelOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  #socket: ChannelWebSocket | undefined;
  #isOpen = false;
  /** Whether a connection has ever been open: something may have been handled then. */
  #wasOpen = false;
  readonly #attemptsMax: number;
  /** Connections in a row that did not open. */
  #unopened = 0;
  #attempt = 0;
  /** What came and was not read yet; beyond its limit the connection is closed until the reader has caught up. */
  readonly #held: Held[] = [];
  #isFull = false;
  #reader: Reader | undefined;
  /** Id of the last item that came, and of the last that was read. */
  #cameId: string | undefined;
  #readId: string | undefined;
  #hasIds = true;
  /** Sent, or to be sent, and not acknowledged. */
  readonly #unacknowledged: Array<{ readonly n: number; readonly text: string }> = [];
  readonly #senders: Array<{ readonly resolve: () => void; readonly reject: (error: SkeinError) => void }> = [];
  #n = 0;
  #isEnded = false;
  #over: { readonly error: SkeinError | undefined } | undefined;

  constructor(url: string, options: ConnectChannelOptions) {
    const { attempts = channelAttemptsMax } = options;
    if (!Number.isSafeInteger(attempts) || attempts < 1) {
      throw skeinError("SKEIN_CLIENT_SETUP", "attempts is not a whole number from 1");
    }
    this.#attemptsMax = attempts;
    this.#url = url;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#cameId = this.#readId = options.resumeFrom;
    options.signal?.addEventListener("abort", this.#aborted, { once: true });
    if (options.signal?.aborted === true) this.#aborted();
    else this.#connect();
  }

  get lastId(): string | undefined {
    return this.#readId;
  }
  get unacknowledged(): number {
    return this.#unacknowledged.length;
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this;
  }

  next(): Promise<IteratorResult<unknown>> {
    const held = this.#held.shift();
    if (held !== undefined) {
      this.#readId = held.id;
      if (this.#isFull && this.#held.length <= channelHeldMax / 2) {
        this.#isFull = false;
        this.#connect();
      }
      return Promise.resolve({ done: false, value: held.item });
    }
    if (this.#over !== undefined) {
      const { error } = this.#over;
      // Told once; whoever asks again finds the end.
      this.#over = { error: undefined };
      return error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error);
    }
    return new Promise((resolve, reject) => (this.#reader = { resolve, reject }));
  }

  return(): Promise<IteratorResult<unknown>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  send(item: unknown): Promise<void> {
    if (this.#over !== undefined || this.#isEnded) return Promise.reject(skeinError("SKEIN_CALL_CANCELED"));
    const entry = { n: ++this.#n, text: JSON.stringify({ n: this.#n, item }) };
    this.#unacknowledged.push(entry);
    if (this.#isOpen) this.#socket?.send(entry.text);
    if (this.#unacknowledged.length < channelWindow) return Promise.resolve();
    return new Promise((resolve, reject) => this.#senders.push({ resolve, reject }));
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (this.#isOpen) this.#socket?.send('{"end":true}');
  }

  close(): void {
    this.#held.length = 0;
    this.#finish(undefined);
  }

  readonly #aborted = (): void => this.#finish(skeinError("SKEIN_CALL_CANCELED"));

  #connect(): void {
    const open = this.#options.open ?? ((to: string, name: string) => new WebSocket(to, name) as ChannelWebSocket);
    let url = this.#url.replace(/^http/i, "ws");
    if (this.#cameId !== undefined) url += `${url.includes("?") ? "&" : "?"}resume=${encodeURIComponent(this.#cameId)}`;
    const socket = open(url, protocol);
    this.#socket = socket;
    const isCurrent = () => this.#socket === socket && this.#over === undefined;
    socket.onopen = () => {
      if (!isCurrent()) return socket.close();
      this.#isOpen = this.#wasOpen = true;
      this.#attempt = this.#unopened = 0;
      for (const { text } of this.#unacknowledged) socket.send(text);
      if (this.#isEnded) socket.send('{"end":true}');
    };
    socket.onmessage = (event: { readonly data: unknown }) => {
      if (isCurrent()) this.#take(socket, event.data);
    };
    socket.onerror = () => undefined;
    socket.onclose = (event: { readonly code: number }) => {
      if (!isCurrent()) return;
      if (!this.#isOpen) this.#unopened++;
      this.#isOpen = false;
      this.#socket = undefined;
      if (!this.#isFull) this.#again(event.code);
    };
  }

  #take(socket: ChannelWebSocket, data: unknown): void {
    let message: { ack?: unknown; id?: unknown; item?: unknown; error?: unknown; end?: unknown };
    try {
      message = Object(JSON.parse(String(data)));
    } catch {
      return this.#finish(skeinError("SKEIN_CLIENT_ANSWER", "a message of the channel is not JSON"));
    }
    if (message.end === true) return this.#finish(undefined);
    if (typeof message.ack === "number") return this.#acknowledged(message.ack);
    if (message.error !== undefined) {
      const error = fromProblem(message.error, { kind: "action" } as never);
      // A host that makes room says that another one answers.
      if (error?.code === "SKEIN_MOVED") return;
      return this.#finish(error ?? skeinError("SKEIN_CLIENT_ANSWER", "the channel's error is no problem"));
    }
    if (!Object.hasOwn(message, "item")) return;
    const id = typeof message.id === "string" ? message.id : undefined;
    if (id === undefined) this.#hasIds = false;
    this.#cameId = id;
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      this.#readId = id;
      return reader.resolve({ done: false, value: message.item });
    }
    this.#held.push({ id, item: message.item });
    if (this.#held.length < channelHeldMax || !this.#hasIds) return;
    // A WebSocket cannot be slowed down, but what was not read can be had again: it goes on after the last one that came.
    this.#isFull = true;
    this.#isOpen = false;
    this.#socket = undefined;
    socket.close(1000);
  }

  #acknowledged(n: number): void {
    while (this.#unacknowledged.length > 0 && (this.#unacknowledged[0] as { n: number }).n <= n) {
      this.#unacknowledged.shift();
      // One in for one out: as many may be under way as before.
      this.#senders.shift()?.resolve();
    }
  }

  #again(code: number): void {
    if (final.has(code)) {
      return this.#finish(skeinError("SKEIN_CLIENT_ANSWER", `the channel was closed with ${code}`));
    }
    if (!this.#hasIds) {
      const detail = "the connection broke after an item without an id to go on after";
      return this.#finish(skeinError("SKEIN_CALL_CANCELED", detail));
    }
    if (this.#unopened >= this.#attemptsMax) {
      const detail = `the channel cannot be connected: ${this.#unopened} attempts in a row did not open`;
      const outcome = this.#wasOpen ? "unknown" : "not_started";
      return this.#finish(skeinError("SKEIN_CLIENT_NETWORK", detail, { outcome }));
    }
    this.#options.onReconnect?.(++this.#attempt);
    const waitMs =
      this.#random.float() * Math.min(channelBackoffMaxMs, channelBackoffFirstMs * 2 ** (this.#attempt - 1));
    this.#clock.after(waitMs, () => {
      if (this.#over === undefined && this.#socket === undefined) this.#connect();
    });
  }

  #finish(error: SkeinError | undefined): void {
    if (this.#over !== undefined) return;
    this.#over = { error };
    this.#options.signal?.removeEventListener("abort", this.#aborted);
    this.#isOpen = false;
    this.#socket?.close(1000);
    this.#socket = undefined;
    const canceled = error ?? skeinError("SKEIN_CALL_CANCELED");
    for (const { reject } of this.#senders.splice(0)) reject(canceled);
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) return;
    this.#over = { error: undefined };
    if (error === undefined) reader.resolve({ done: true, value: undefined });
    else reader.reject(error);
  }
}
