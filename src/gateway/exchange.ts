/**
 * Owns the port between an HTTP engine and the gateway: one request and its answer. Adapters are `node/exchange.ts` and
 * what stands beside it. It must never know an engine's own types.
 */
import type { AbortListener, Cancellation } from "../call/index.ts";
import type { Clock } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";
import type { ChannelSocket } from "./channel/socket.ts";
import type { LiveMount } from "../host/index.ts";
import type { Settings } from "./options.ts";
import type { ClientCertificate } from "../system/index.ts";

/** What answers are compressed with. */
export type Encoding = "br" | "gzip";
/** What bodies of requests may come in. */
export type BodyEncoding = "br" | "gzip" | "deflate";

/** A request on its way to a mounted application. */
export interface Mounted {
  readonly live: LiveMount;
  readonly settings: Settings;
  /** Path and query as they came, and as the application sees them: without the prefix unless it is kept. */
  readonly original: string;
  readonly target: string;
  /** Answers in the application's place. */
  readonly fail: (thrown: unknown) => void;
  /** Whether the answer that is over was cut off; the engine that takes the request says so. */
  wasCut: () => boolean;
}

export type Headers = Readonly<Record<string, string | number | readonly string[]>>;

/**
 * `Content-Security-Policy` of every answer that has none of its own: what a service answers is data, so a browser that is
 * led to it loads nothing, runs nothing and puts it into no frame.
 */
export const dataPolicy = "default-src 'none'; frame-ancestors 'none'";

const shared = new WeakSet<Headers>();

/** Marks headers that many answers have, so that an adapter may make their text once. They cannot change any more. */
export function shareHeaders(headers: Readonly<Record<string, string>>): Headers {
  shared.add(Object.freeze(headers));
  return headers;
}

export function isShared(headers: Headers): boolean {
  return shared.has(headers);
}

/** One request and its answer, while it is served. An adapter makes one for each request and gives it to the front. */
export abstract class Exchange {
  readonly traceId: string;
  /** For the request line: which endpoint, and with which error. */
  endpoint: string | undefined = undefined;
  code: string | undefined = undefined;
  /** Whom the request's credential stands for; `undefined` when it carries none. */
  principal: unknown = undefined;
  /** Told when the client leaves before its whole answer. */
  departure: Departure | undefined = undefined;
  /** When it came, on the monotonic clock. */
  readonly startMs: number;

  /** A request header that the answer depends on, beside those that the answer names itself. */
  varyBy: string | undefined = undefined;

  constructor(traceId: string, startMs: number) {
    this.traceId = traceId;
    this.startMs = startMs;
  }

  abstract readonly verb: string;
  /** As it came, for the request line; nobody has checked it. */
  abstract readonly rawTarget: string;
  /** Address of the connection's other end, where the engine knows it. */
  abstract readonly peer: string | undefined;
  /** Whether the request came over TLS to this very engine; what a proxy in front spoke is not known. */
  abstract readonly isEncrypted: boolean;
  /** Told of work that outlasts the answer, where the engine would end it. */
  readonly keep: ((work: Promise<unknown>) => void) | undefined = undefined;
  /** Whether the request says that a body follows. */
  abstract readonly hasBody: boolean;
  /** Whether the request has arrived to its end. */
  abstract readonly isComplete: boolean;
  /** Whether some of the answer was handed over. */
  abstract readonly isAnswered: boolean;
  /** Whether the client has left, or the whole answer was sent. */
  abstract readonly isOver: boolean;
  /** Status of the answer; meaningful once `isAnswered`. */
  abstract readonly status: number;

  /**
   * The target in origin form (`/path?query`) or `*`, after the checks that a head must pass before anything believes it.
   * Throws `SKEIN_HTTP_BAD_REQUEST`, `SKEIN_HTTP_HEADERS` or `SKEIN_HTTP_TARGET`.
   */
  abstract checkHead(): string;
  /** A request header by its name in lower case; repeats are joined by ", ". */
  abstract header(name: string): string | undefined;
  /** The certificate that the client showed on its connection; none unless the engine can tell. */
  clientCertificate(): ClientCertificate | undefined {
    return undefined;
  }
  /** Tells a client that waits for it to send its body. */
  abstract proceed(): void;
  /**
   * The whole body. Rejects with `SKEIN_HTTP_BODY_TOO_LARGE` beyond `bytesMax` or `bodyPiecesMax` pieces, and with
   * `SKEIN_CALL_CANCELED` when the client leaves.
   */
  abstract readBytes(bytesMax: number): Promise<Uint8Array>;
  /**
   * The same without a promise, for the way most requests go: exactly one of the two is called, once, maybe at once.
   * Neither may throw.
   */
  readBody(bytesMax: number, take: (bytes: Uint8Array) => void, fail: (error: unknown) => void): void {
    this.readBytes(bytesMax).then(take, fail);
  }
  /**
   * The body piece by piece, once, read from the connection as fast as pieces are asked for; `proceed()` is called before
   * the first. A piece is lent: its memory may be gone once the next is asked for. They break off with an error when the
   * client leaves. `return()` stops reading, also while one is waited for.
   */
  abstract pieces(): AsyncIterable<Uint8Array>;

  /** Whether it takes bodies compressed. */
  readonly inflates: boolean = false;
  /** The whole body, decompressed; otherwise as `readBytes`. */
  readInflated(_encoding: BodyEncoding, _bytesMax: number): Promise<Uint8Array> {
    return Promise.reject(skeinError("SKEIN_HTTP_MEDIA_TYPE"));
  }
  /** Whether it compresses answers. */
  get compresses(): boolean {
    return false;
  }
  /** A text compressed, or `undefined` when that is not to be had now. */
  compress(_encoding: Encoding, _text: string): Promise<Uint8Array> | undefined {
    return undefined;
  }

  /** One more header of whatever answer is given. */
  abstract setHeader(name: string, value: string): void;
  /** Answers with a body, or with none where the status or the verb forbids it. Does nothing after an answer. */
  abstract send(status: number, headers: Headers, body?: Uint8Array | string): void;
  /** Answers at once a request whose body is not wanted (any more), and takes nothing more from its connection. */
  abstract refuse(status: number, headers: Headers, body: string, clock: Clock): void;
  /** Sends the head of an answer whose body follows in pieces. Does nothing after an answer. */
  abstract open(status: number, headers: Headers): void;
  /**
   * One piece: `undefined` when the next may follow at once, else a promise of when it may. It never rejects. Bytes are the
   * exchange's from here on.
   */
  abstract write(piece: Uint8Array | string): Promise<void> | undefined;
  /** Ends an answer that was opened. */
  abstract end(piece?: string): void;
  /** Breaks an opened answer off, so that its client cannot take it for whole. */
  abstract breakOff(piece?: string): void;
  /** Calls back once, when the answer is over, however it ended. */
  abstract onOver(listener: () => void): void;

  /** Whether the request asks for a WebSocket and the engine can open one. */
  get canUpgrade(): boolean {
    return false;
  }
  /** Opens it; `undefined` where the client has left. Only where `canUpgrade`. Nothing else is answered then. */
  upgrade(): Promise<ChannelSocket | undefined> {
    return Promise.reject(skeinError("SKEIN_HTTP_UPGRADE"));
  }

  /**
   * Gives the request to a mounted application, which answers it by itself. Throws what must be answered as an error:
   * `SKEIN_MOUNT_ENGINE` where the engine cannot.
   */
  handOver(_mounted: Mounted): void {
    throw skeinError("SKEIN_MOUNT_ENGINE");
  }
}

/**
 * Whether the client has left, as the call path takes it: an AbortController for every request, of which one in a
 * million aborts, cost more than reading the request's head.
 */
export class Departure implements Cancellation {
  #isOver = false;
  #listener: AbortListener | undefined = undefined;

  get aborted(): boolean {
    return this.#isOver;
  }
  get reason(): unknown {
    return undefined;
  }
  addEventListener(_: "abort", listener: AbortListener): void {
    this.#listener = listener;
  }
  removeEventListener(): void {
    this.#listener = undefined;
  }
  left(): void {
    this.#isOver = true;
    this.#listener?.handleEvent();
  }
}
