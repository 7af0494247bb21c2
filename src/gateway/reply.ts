/**
 * Owns writing answers: whole bodies with their length, the headers every answer has. It must never decide what an answer
 * says.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../core/index.ts";
import { lingerMs } from "./limits.ts";

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
}

export type Headers = Readonly<Record<string, string | number>>;

/** Answers with a body, or with none where the status or the verb forbids it. */
export function send(exchange: Exchange, status: number, headers: Headers, body?: Buffer | string): void {
  const { request, response } = exchange;
  if (response.headersSent || response.destroyed) return;
  const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : body;
  writeHead(exchange, status, bytes === undefined ? headers : { ...headers, "content-length": bytes.length });
  response.end(request.method === "HEAD" ? undefined : bytes);
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
  writeHead(exchange, status, { ...headers, "content-length": bytes.length, connection: "close" });
  if (request.method === "HEAD") response.flushHeaders();
  else response.write(bytes);
  const finish = () => {
    timer.cancel();
    response.end();
  };
  const timer = clock.after(lingerMs, finish, { unref: true });
  request.once("end", finish);
  request.once("close", finish);
  request.resume();
}

function writeHead(exchange: Exchange, status: number, headers: Headers): void {
  const common = { "x-content-type-options": "nosniff", "x-request-id": exchange.traceId };
  exchange.response.writeHead(
    status,
    exchange.isLast() ? { ...headers, ...common, connection: "close" } : { ...headers, ...common },
  );
}
