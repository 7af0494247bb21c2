/**
 * Owns writing answers: whole bodies with their length, the headers every answer has. It must never decide what an answer
 * says.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Cancellation } from "../call/index.ts";
import type { Clock } from "../core/index.ts";
import { lingerBytesMax, lingerMs } from "./limits.ts";

/** One request and its answer, while it is served. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly traceId: string;
  /** Whether the connection closes after this answer, because the gateway does. */
  readonly isLast: () => boolean;
  /** For the request line: which endpoint, and with which error. */
  endpoint: string | undefined;
  code: string | undefined;
  /** Whom the request's credential stands for; `undefined` when it carries none. */
  principal: unknown;
  /** Told when the client leaves before its whole answer. */
  departure: Departure | undefined;
}

/**
 * Whether the client has left, as the call path takes it: an AbortController for every request, of which one in a
 * million aborts, cost more than reading the request's head.
 */
export class Departure implements Cancellation {
  #isOver = false;
  #listener: (() => void) | undefined = undefined;

  get aborted(): boolean {
    return this.#isOver;
  }
  get reason(): unknown {
    return undefined;
  }
  addEventListener(_: "abort", listener: () => void): void {
    this.#listener = listener;
  }
  removeEventListener(): void {
    this.#listener = undefined;
  }
  left(): void {
    this.#isOver = true;
    this.#listener?.();
  }
}

export type Headers = Readonly<Record<string, string | number>>;

/** Answers with a body, or with none where the status or the verb forbids it. */
export function send(exchange: Exchange, status: number, headers: Headers, body?: Buffer | string): void {
  const { request, response } = exchange;
  if (response.headersSent || response.destroyed) return;
  const length = typeof body === "string" ? Buffer.byteLength(body) : body?.length;
  writeHead(exchange, status, headers, length);
  // A text goes out with its head as one piece; bytes would be a second one, and two pieces cost the kernel twice.
  response.end(request.method === "HEAD" ? undefined : body);
}

/** Sends the head of an answer whose body follows in parts. */
export function sendHead(exchange: Exchange, status: number, headers: Headers): void {
  if (exchange.response.headersSent || exchange.response.destroyed) return;
  writeHead(exchange, status, headers);
  exchange.response.flushHeaders();
}

/**
 * Answers a request whose body is not wanted. The answer is complete at once; the connection closes after the rest of
 * the upload was dropped for a moment, because closing it under a sender would reset it before it reads the answer.
 */
export function sendAndClose(exchange: Exchange, clock: Clock, status: number, headers: Headers, body: string): void {
  const { request, response } = exchange;
  if (response.headersSent || response.destroyed) return;
  const bytes = Buffer.from(body, "utf8");
  writeHead(exchange, status, { ...headers, connection: "close" }, bytes.length);
  if (request.method === "HEAD") response.flushHeaders();
  else response.write(bytes);
  const finish = () => {
    timer.cancel();
    response.end();
  };
  const timer = clock.after(lingerMs, finish, { unref: true });
  let dropped = 0;
  request.on("data", (chunk: Buffer) => {
    // A chunk of one byte costs some hundred bytes' worth of work.
    dropped += chunk.length + 256;
    if (dropped > lingerBytesMax) finish();
  });
  request.once("end", finish);
  request.once("close", finish);
  request.resume();
}

function writeHead(exchange: Exchange, status: number, headers: Headers, length?: number): void {
  const all: Record<string, string | number> = { ...headers };
  if (length !== undefined) all["content-length"] = length;
  all["x-content-type-options"] = "nosniff";
  all["x-request-id"] = exchange.traceId;
  if (exchange.isLast()) all["connection"] = "close";
  exchange.response.writeHead(status, all);
}
