/**
 * Owns giving a request of `node:http` to a mounted application: what it sees of it, how long it may take, how much it may
 * be sent, and whose answer counts when it fails. It must never change what the application answers: a header is added only
 * where it has said nothing.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import { attachPrincipal } from "../authenticate/principal-of.ts";
import { bodyPiecesMax, mountedStreamIdleMs } from "../limits.ts";
import type { Mounted } from "../exchange.ts";
import type { NodeExchange } from "./exchange.ts";
import { serveFetch, toRequest } from "./mount-fetch.ts";
import { rewriteHeaders } from "./mount-headers.ts";

/** Throws `SKEIN_MOUNT_UPGRADE` or `SKEIN_HTTP_BODY_TOO_LARGE`; from then on the application answers, or `mounted.fail`. */
export function handOver(exchange: NodeExchange, mounted: Mounted): void {
  const { request, response } = exchange;
  const { mount, needsNext } = mounted.live;
  // It asks for the request's own head back, cookies and all.
  if (request.method === "TRACE") throw skeinError("SKEIN_HTTP_METHOD");
  if (/\bwebsocket\b/i.test(request.headers.upgrade ?? "")) throw skeinError("SKEIN_MOUNT_UPGRADE");
  if (Number(request.headers["content-length"] ?? 0) > mount.bodyBytesMax)
    throw tooLarge(mount.bodyBytesMax, "not_started");
  rewriteHeaders(exchange, mounted);
  relocate(request, mounted);
  if (exchange.principal !== undefined) attachPrincipal(request, exchange.principal);
  const { listener, fetch } = mounted.live;
  // First, because a request that cannot be one of the web's is its client's mistake.
  const asked = fetch === undefined ? undefined : toRequest(exchange);
  const turn = new Turn(exchange, mounted);
  countBody(request, mount.bodyBytesMax, () => turn.exceed(tooLarge(mount.bodyBytesMax, "unknown")));
  exchange.proceed();
  try {
    const answer =
      fetch !== undefined && asked !== undefined
        ? serveFetch(exchange, () => fetch(asked), turn.mayAnswer)
        : listener?.(request, response, needsNext ? turn.next : undefined);
    if (isThenable(answer)) answer.then(undefined, turn.failed);
  } catch (thrown) {
    turn.failed(thrown);
  }
}

/** While it is the application's turn to answer. */
class Turn {
  readonly #exchange: NodeExchange;
  readonly #mounted: Mounted;
  #isOver = false;
  #isBeyond = false;

  constructor(exchange: NodeExchange, mounted: Mounted) {
    this.#exchange = exchange;
    this.#mounted = mounted;
    const { response, request } = exchange;
    const { clock } = mounted.settings;
    mounted.wasCut = () => !response.writableFinished;
    watchHead(exchange);
    const timer = watchProgress(response, clock, mounted.live.mount.timeoutMs, () =>
      this.fail(skeinError("SKEIN_CALL_DEADLINE", `${mounted.live.mount.name} did not answer in time`)),
    );
    // Nobody listens where the application does not, and an error without a listener ends the process.
    request.on("error", ignore);
    response.on("error", this.failed);
    response.on("close", () => {
      this.#isOver = true;
      timer.cancel();
      // An application that still waits for a body that was refused learns that no more will come.
      if (this.#isBeyond) request.destroy();
    });
  }

  readonly mayAnswer = (): boolean => !this.#isOver;

  /** What Express's routers and single middlewares call when they have no answer. */
  readonly next = (error?: unknown): void => {
    if (error === undefined || error === "route" || error === "router") this.fail(skeinError("SKEIN_HTTP_NOT_FOUND"));
    else this.failed(error);
  };

  readonly failed = (thrown: unknown): void => {
    if (this.#isOver) return;
    const { settings, live } = this.#mounted;
    const { traceId } = this.#exchange;
    settings.log.error("a mounted application failed", { service: live.mount.name, traceId, error: thrown });
    this.fail(skeinError("SKEIN_MOUNT_FAILED", undefined, { cause: thrown }));
  };

  /** The body is too large; after an answer, what comes is nobody's to read to its end. */
  exceed(error: Error & { readonly code: string }): void {
    this.#isBeyond = true;
    if (this.#isOver) this.#exchange.request.destroy();
    else this.fail(error);
  }

  /** Answers in the application's place where it has sent nothing, and cuts the connection where it has. */
  fail(error: Error & { readonly code: string }): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { response } = this.#exchange;
    if (response.headersSent) {
      this.#exchange.code = error.code;
      this.#exchange.breakOff();
    } else {
      for (const name of response.getHeaderNames()) if (name !== "x-request-id") response.removeHeader(name);
      // A late error of the application may destroy the connection, which must not be the next request's.
      response.shouldKeepAlive = false;
      this.#mounted.fail(error);
    }
    takeAway(response);
  }
}

/** What the head of an answer says unless the application says otherwise, and the last answer of a connection. */
function watchHead(exchange: NodeExchange): void {
  const { response, traceId } = exchange;
  response.setHeader("x-request-id", traceId);
  response.setHeader("x-content-type-options", "nosniff");
  // The one place that every way of answering comes through, implicit heads included.
  const writeHead = response.writeHead.bind(response) as (...given: unknown[]) => ServerResponse;
  response.writeHead = ((...given: unknown[]) => {
    if (exchange.isLast()) response.shouldKeepAlive = false;
    return writeHead(...given);
  }) as typeof response.writeHead;
}

/** Calls `late` when nothing was sent for too long; an answer that its client is slow to read is not the application's. */
function watchProgress(response: ServerResponse, clock: Clock, timeoutMs: number, late: () => void) {
  let sent = -1;
  let armed = clock.after(timeoutMs, look, { unref: true });
  function look(): void {
    const bytes = response.socket?.bytesWritten ?? sent;
    const isStill = !response.headersSent || (bytes === sent && !response.writableNeedDrain && !response.writableEnded);
    if (isStill) return late();
    sent = bytes;
    const isEvents = String(response.getHeader("content-type") ?? "").startsWith("text/event-stream");
    armed = clock.after(isEvents ? Math.max(timeoutMs, mountedStreamIdleMs) : timeoutMs, look, { unref: true });
  }
  return { cancel: () => armed.cancel() };
}

/**
 * Counts a body as the parser hands it over, in front of whatever the application reads it with. Beyond the limit the
 * application gets nothing more, and not the end either: it must not take a part for the whole.
 */
function countBody(request: IncomingMessage, bytesMax: number, exceed: () => void): void {
  let bytes = request.readableLength;
  let pieces = 0;
  let isBeyond = false;
  const piecesMax = bodyPiecesMax + bytesMax / 256;
  const push = request.push.bind(request);
  request.push = (piece: Uint8Array | null, encoding?: BufferEncoding): boolean => {
    if (isBeyond) return true;
    bytes += piece?.length ?? 0;
    if (bytes <= bytesMax && ++pieces <= piecesMax) return push(piece, encoding);
    isBeyond = true;
    exceed();
    return true;
  };
}

/** Paths as Express has them below `app.use(prefix, app)`; Connect, Fastify and Express itself go on from these. */
function relocate(request: IncomingMessage, { original, target, live }: Mounted): void {
  const { prefix, keepsPrefix } = live.mount;
  const located = request as IncomingMessage & { originalUrl?: string; baseUrl?: string };
  located.originalUrl = original;
  located.baseUrl = keepsPrefix ? "" : prefix;
  request.url = target;
}

/** What the application still does to an answer that is no longer its own has no effect, and throws nothing. */
function takeAway(response: ServerResponse): void {
  const itself = () => response;
  const done = (...given: readonly unknown[]) => {
    const callback = given.findLast((one) => typeof one === "function") as (() => void) | undefined;
    if (callback !== undefined) queueMicrotask(callback);
    return true;
  };
  Object.assign(response, {
    setHeader: itself,
    appendHeader: itself,
    setHeaders: itself,
    removeHeader: ignore,
    writeHead: itself,
    flushHeaders: ignore,
    addTrailers: ignore,
    writeContinue: ignore,
    writeProcessing: ignore,
    writeEarlyHints: ignore,
    write: done,
    end: (...given: readonly unknown[]) => {
      done(...given);
      return response;
    },
  });
}

function tooLarge(bytesMax: number, outcome: "not_started" | "unknown") {
  return skeinError("SKEIN_HTTP_BODY_TOO_LARGE", `the body is larger than ${bytesMax} bytes`, { outcome });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

function ignore(): void {}
