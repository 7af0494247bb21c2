/**
 * Owns carrying a request of `node:http` to a `fetch(Request)` application and its Response back, bodies in pieces at the
 * pace of whoever is slower. It must never hold a whole body.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { skeinError } from "../../errors/index.ts";
import { attachPrincipal } from "../authenticate/principal-of.ts";
import { badRequest } from "../target.ts";
import type { NodeExchange } from "./exchange.ts";

/**
 * Answers with what the application gives. Rejects with what it failed with; a body that breaks off breaks the answer off.
 */
export async function serveFetch(
  { request, response }: NodeExchange,
  ask: () => Response | Promise<Response>,
  mayAnswer: () => boolean,
): Promise<void> {
  const answer = await ask();
  if (!mayAnswer()) return void answer.body?.cancel().catch(ignore);
  // Response.error(), which means a network error.
  if (answer.status < 200) throw new Error(`the application answered with the status ${answer.status}`);
  response.statusCode = answer.status;
  if (answer.statusText !== "") response.statusMessage = answer.statusText;
  for (const [name, value] of answer.headers) if (name !== "set-cookie") response.setHeader(name, value);
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) response.setHeader("set-cookie", cookies);
  if (answer.body === null || request.method === "HEAD") {
    answer.body?.cancel().catch(ignore);
    response.end();
    return;
  }
  await sendBody(answer.body, response, mayAnswer);
}

/**
 * The request as the web has it; its signal aborts when the client leaves. Throws `SKEIN_HTTP_METHOD` for the methods that
 * the web refuses, and `SKEIN_HTTP_BAD_REQUEST` for a Host that makes no address.
 */
export function toRequest({ request, response, principal }: NodeExchange): Request {
  const method = request.method ?? "GET";
  if (/^(?:TRACK|CONNECT)$/i.test(method)) throw skeinError("SKEIN_HTTP_METHOD");
  const scheme = (request.socket as TLSSocket).encrypted === true ? "https" : "http";
  const address = `${scheme}://${request.headers.host ?? "localhost"}${request.url ?? "/"}`;
  if (!URL.canParse(address)) throw badRequest("the request has no usable Host header");
  const headers = new Headers();
  const { rawHeaders } = request;
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i] as string, rawHeaders[i + 1] as string);
  const hasBody =
    method !== "GET" &&
    method !== "HEAD" &&
    (request.headers["transfer-encoding"] !== undefined || (request.headers["content-length"] ?? "0") !== "0");
  const leaving = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) leaving.abort();
  });
  const asked = new Request(address, {
    method,
    headers,
    signal: leaving.signal,
    ...(hasBody && { body: bodyOf(request), duplex: "half" as const }),
  });
  if (principal !== undefined) attachPrincipal(asked, principal);
  return asked;
}

/** Reads on when it is asked to. Cancelling it drops the rest: destroying the request would take its answer's socket. */
function bodyOf(request: IncomingMessage): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        request.on("end", () => close(controller));
        request.on("close", () => {
          if (!request.readableEnded) fail(controller);
        });
      },
      async pull(controller) {
        const piece = (request.read() as Buffer | null) ?? (await nextOf(request));
        if (piece !== null) controller.enqueue(new Uint8Array(piece));
      },
      cancel() {
        request.resume();
      },
    },
    { highWaterMark: 0 },
  );
}

/** The next piece; `null` when there is none any more, of which `end` or `close` tells. */
function nextOf(request: IncomingMessage): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const look = () => {
      const piece = request.read() as Buffer | null;
      const isOver = request.readableEnded || request.destroyed;
      if (piece === null && !isOver) return;
      request.off("readable", look);
      request.off("end", look);
      request.off("close", look);
      resolve(piece);
    };
    request.on("readable", look);
    request.on("end", look);
    request.on("close", look);
    look();
  });
}

async function sendBody(
  body: ReadableStream<Uint8Array>,
  response: ServerResponse,
  mayAnswer: () => boolean,
): Promise<void> {
  const reader = body.getReader();
  const left = () => void reader.cancel().catch(ignore);
  response.once("close", left);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (!mayAnswer() || response.destroyed) return;
      if (done) break;
      if (!response.write(value)) await drained(response);
    }
  } finally {
    response.off("close", left);
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}

function close(controller: ReadableStreamDefaultController): void {
  try {
    controller.close();
  } catch {
    // It was cancelled.
  }
}

function fail(controller: ReadableStreamDefaultController): void {
  try {
    controller.error(new Error("the client left before the whole body had come"));
  } catch {
    // It was cancelled.
  }
}

function ignore(): void {}
