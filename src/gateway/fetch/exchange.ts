/**
 * Owns one `Request` as the gateway's front sees it, and the `Response` that answers it. It must never decide what an
 * answer says, nor use anything that is not in the Fetch and Streams standards.
 */
import type { Clock } from "../../core/index.ts";
import { type SkeinError, skeinError } from "../../errors/index.ts";
import { withVary } from "../encoding.ts";
import { dataPolicy, Exchange, type Headers as Answers } from "../exchange.ts";
import { bodyPiecesMax, requestTimeoutMs } from "../limits.ts";
import { requestPieces } from "./request-pieces.ts";
import { authorityOf, checkHead, targetOf } from "./request-check.ts";
import { AnswerStream } from "./answer-stream.ts";

/** What an exchange is made with. */
export interface FetchExchangeParts {
  readonly request: Request;
  readonly traceId: string;
  readonly clock: Clock;
  readonly peer: string | undefined;
  readonly keep: ((work: Promise<unknown>) => void) | undefined;
  readonly resolve: (response: Response) => void;
  /** Called once, when the answer is over; `isWhole` when nothing of it is missing. */
  readonly over: (exchange: FetchExchange, isWhole: boolean) => void;
}

/** Statuses whose `Response` may not have a body. */
const bodiless = new Set([101, 204, 205, 304]);

export class FetchExchange extends Exchange {
  readonly verb: string;
  readonly rawTarget: string;
  readonly peer: string | undefined;
  override readonly keep: ((work: Promise<unknown>) => void) | undefined;
  readonly #parts: FetchExchangeParts;
  readonly #more: [name: string, value: string][] = [];
  readonly #listeners: (() => void)[] = [];
  #status = 0;
  #isComplete: boolean;
  #isOver = false;
  #stream: AnswerStream | undefined;

  constructor(parts: FetchExchangeParts) {
    super(parts.traceId, parts.clock.monotonic());
    const { request } = parts;
    this.#parts = parts;
    this.verb = request.method;
    this.rawTarget = targetOf(request.url);
    this.peer = parts.peer;
    this.keep = parts.keep;
    this.#isComplete = request.body === null;
    request.signal.addEventListener("abort", this.#left, { once: true });
    if (request.signal.aborted) this.#finish(false);
  }

  get isEncrypted(): boolean {
    return /^https:/i.test(this.#parts.request.url);
  }
  get hasBody(): boolean {
    const { body, headers } = this.#parts.request;
    const length = headers.get("content-length");
    // A server's own request says it in its head, as ever; one that a program has made has only a body.
    return length === null ? body !== null || headers.has("transfer-encoding") : length !== "0";
  }
  get isComplete(): boolean {
    return this.#isComplete;
  }
  get isAnswered(): boolean {
    return this.#status !== 0;
  }
  get isOver(): boolean {
    return this.#isOver;
  }
  get status(): number {
    return this.#status;
  }

  checkHead(): string {
    return checkHead(this.#parts.request, this.rawTarget);
  }

  header(name: string): string | undefined {
    const { headers, url } = this.#parts.request;
    return headers.get(name) ?? (name === "host" ? authorityOf(url) : undefined);
  }

  /** The runtime's server has done so where it was needed. */
  proceed(): void {}

  readBytes(bytesMax: number): Promise<Uint8Array> {
    const { body } = this.#parts.request;
    if (body === null) return Promise.resolve(new Uint8Array());
    const { clock } = this.#parts;
    return new Promise((resolve, reject) => {
      const reader = body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
      const stop = (error: SkeinError) => {
        timer.cancel();
        reject(error);
        reader.cancel().catch(ignore);
      };
      const late = () => stop(skeinError("SKEIN_HTTP_TIMEOUT"));
      const timer = clock.after(requestTimeoutMs, late, { unref: true });
      collect(reader, bytesMax).then(
        (bytes) => {
          timer.cancel();
          this.#isComplete = true;
          resolve(bytes);
        },
        (error: SkeinError) => stop(error),
      );
    });
  }

  pieces(): AsyncIterable<Uint8Array> {
    const { body } = this.#parts.request;
    return requestPieces(body ?? new Blob([]).stream(), () => (this.#isComplete = true));
  }

  setHeader(name: string, value: string): void {
    this.#more.push([name, value]);
  }

  send(status: number, headers: Answers, body?: Uint8Array | string): void {
    if (this.isAnswered) return;
    const head = this.#headOf(headers);
    // A 304 says nothing of a length, as it has none.
    if (body !== undefined && !bodiless.has(status)) head.set("content-length", String(lengthOf(body)));
    const has = this.verb !== "HEAD" && !bodiless.has(status) && body !== undefined;
    this.#answer(status, head, has ? (body as string | Uint8Array<ArrayBuffer>) : null);
    this.#finish(true);
  }

  /** What is left of the body is given back to the runtime, whose server knows what to do with the connection. */
  refuse(status: number, headers: Answers, body: string): void {
    const given = this.#parts.request.body;
    if (given !== null && !given.locked) given.cancel().catch(ignore);
    this.send(status, headers, body);
  }

  open(status: number, headers: Answers): void {
    if (this.isAnswered) return;
    this.#stream = new AnswerStream(() => this.#finish(false));
    this.#answer(status, this.#headOf(headers), this.#stream.readable);
  }

  write(piece: Uint8Array | string): Promise<void> | undefined {
    return this.#stream?.write(piece);
  }

  end(piece?: string): void {
    this.#stream?.end(piece);
    this.#finish(true);
  }

  breakOff(piece?: string): void {
    this.#stream?.breakOff(piece);
    this.#finish(false);
  }

  onOver(listener: () => void): void {
    if (this.#isOver) listener();
    else this.#listeners.push(listener);
  }

  readonly #left = (): void => {
    this.#stream?.leave();
    this.#finish(false);
  };

  #answer(status: number, headers: Headers, body: string | Uint8Array<ArrayBuffer> | ReadableStream | null): void {
    this.#status = status;
    this.#parts.resolve(new Response(body, { status, headers }));
  }

  #finish(isWhole: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#parts.request.signal.removeEventListener("abort", this.#left);
    this.#parts.over(this, isWhole);
    for (const listener of this.#listeners) listener();
  }

  #headOf(headers: Answers): Headers {
    const head = new Headers();
    for (const [name, value] of this.#more) head.append(name, value);
    for (const [name, value] of Object.entries(headers)) {
      if (typeof value === "object") for (const one of value) head.append(name, one);
      else head.set(name, String(value));
    }
    if (this.varyBy !== undefined) head.set("vary", withVary(head.get("vary") ?? undefined, this.varyBy));
    head.set("x-content-type-options", "nosniff");
    if (!head.has("content-security-policy")) head.set("content-security-policy", dataPolicy);
    head.set("x-request-id", this.traceId);
    return head;
  }
}

/** Reads to the end. Rejects with a `SkeinError`: too much, or a sender who has left. */
async function collect(reader: ReadableStreamDefaultReader<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const next = await reader.read().catch((cause: unknown) => {
      throw skeinError("SKEIN_CALL_CANCELED", undefined, { outcome: "not_started", cause });
    });
    if (next.done) break;
    size += next.value.length;
    if (size > bytesMax || pieces.length >= bodyPiecesMax) throw skeinError("SKEIN_HTTP_BODY_TOO_LARGE");
    pieces.push(next.value);
  }
  if (pieces.length === 1) return pieces[0] as Uint8Array;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

const encoder = new TextEncoder();

function lengthOf(body: Uint8Array | string): number {
  return typeof body === "string" ? encoder.encode(body).length : body.length;
}

function ignore(): void {}
