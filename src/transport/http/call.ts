/**
 * Owns one request from its head to its answer. It must never answer twice, nor let a call outlive the connection it came
 * on.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AbortListener, Cancellation } from "../../call/index.ts";
import { createTraceId, readTraceParent } from "../../core/index.ts";
import { isSkeinError, type SkeinCode, skeinError } from "../../errors/index.ts";
import type { FindOperation } from "../callee.ts";
import { httpLingerBytesMax, httpLingerMs, messageBytesMax } from "../limits.ts";
import type { Answer, Arrived } from "../port.ts";
import { endEvent, errorEvent, eventsType, itemEvent } from "./events.ts";
import { checkBodyHead, type Desk, headOfCall, operationOfCall, Refusal, whoseCall } from "./gate.ts";
import { fromBody, toBody, toProblemBody } from "./text.ts";

const json = "application/json";

export class HttpCall implements Cancellation {
  readonly reason = undefined;
  aborted = false;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #desk: Desk;
  readonly #expects: boolean;
  /** One for the call and for what is said of it, given or not. */
  readonly #traceId: string;
  #listener: AbortListener | undefined;
  #isAnswered = false;

  /** `expects`: its sender waits to be told to go on before it sends the body. */
  constructor(request: IncomingMessage, response: ServerResponse, desk: Desk, expects: boolean) {
    this.#request = request;
    this.#response = response;
    this.#desk = desk;
    this.#expects = expects;
    this.#traceId = readTraceParent(textOf(request.headers["traceparent"]))?.traceId ?? createTraceId(desk.random);
    request.on("error", () => undefined);
    response.on("error", () => undefined);
  }

  addEventListener(_: "abort", listener: AbortListener): void {
    this.#listener = listener;
  }
  removeEventListener(): void {
    this.#listener = undefined;
  }

  /** Its connection ends with its answer. */
  leave(): void {
    if (!this.#response.headersSent) this.#response.setHeader("connection", "close");
  }

  /** Its connection is over, or its answer is. */
  gone(): void {
    if (this.#response.writableFinished || this.aborted) return;
    this.#isAnswered = true;
    this.aborted = true;
    this.#listener?.handleEvent();
  }

  /** With a refusal nobody is served, and only who has a token is told why. Never rejects. */
  async serve(find: FindOperation, answer: Answer, refusal: SkeinCode | undefined): Promise<void> {
    try {
      const owner = whoseCall(this.#request, this.#desk);
      if (refusal !== undefined) throw skeinError(refusal);
      const operation = operationOfCall(this.#request, find);
      const head = { ...headOfCall(this.#request, this.#desk, owner), traceId: this.#traceId };
      checkBodyHead(this.#request);
      const body = await this.#body();
      const input = fromBody(operation.input.shape, body);
      const arrived: Arrived = { operation, head, input, signal: this, incoming: undefined };
      if (operation.isStream) return await this.#stream(arrived, answer);
      answer.unary(arrived, {
        resolve: (reply) => this.#reply(reply),
        reject: (error) => this.fail(error),
      });
    } catch (error) {
      this.fail(error);
    }
  }

  /** Answers with an error; after the first item as the last event. */
  fail(thrown: unknown): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    const response = this.#response;
    const refusal = thrown instanceof Refusal ? thrown : { error: thrown, status: undefined };
    const { status: answered, body } = toProblemBody(refusal.error, this.#traceId, refusal.status);
    if (response.headersSent) return void response.end(errorEvent(body));
    response.writeHead(answered, {
      "content-type": "application/problem+json",
      "content-length": body.length,
      "cache-control": "no-store",
      ...(answered === 401 && { "www-authenticate": "Bearer" }),
      ...(answered === 405 && { allow: "POST" }),
      ...(!this.#request.complete && { connection: "close" }),
    });
    if (this.#request.complete) return void response.end(body);
    // Closed with bytes unread, the connection would be reset, and the answer with it.
    response.write(body);
    this.#linger();
  }

  async #body(): Promise<Buffer> {
    if (this.#expects) this.#response.writeContinue();
    const parts: Buffer[] = [];
    let size = 0;
    // Not an iterator: leaving one early would destroy the connection, and the answer with it.
    return new Promise((resolve, reject) => {
      const request = this.#request;
      const over = (): void => {
        request.off("data", take);
        request.pause();
      };
      const take = (part: Buffer): void => {
        size += part.length;
        if (size <= messageBytesMax) return void parts.push(part);
        over();
        reject(skeinError("SKEIN_HTTP_BODY_TOO_LARGE"));
      };
      request.on("data", take);
      request.once("end", () => resolve(Buffer.concat(parts)));
      request.once("close", () => reject(skeinError("SKEIN_CALL_CANCELED", undefined, { outcome: "not_started" })));
    });
  }

  #reply(reply: unknown): void {
    if (this.#isAnswered) return;
    let body: Buffer;
    try {
      body = bodyOf("the reply", reply);
    } catch (error) {
      return this.fail(error);
    }
    this.#isAnswered = true;
    const headers = { "content-type": json, "content-length": body.length, "cache-control": "no-store" };
    if (reply === undefined) this.#response.writeHead(204, { "cache-control": "no-store" });
    else this.#response.writeHead(200, headers);
    this.#response.end(body);
  }

  async #stream(arrived: Arrived, answer: Answer): Promise<void> {
    const items = (await answer.stream(arrived))[Symbol.asyncIterator]();
    const response = this.#response;
    const left = new Promise<undefined>((resolve) => response.once("close", () => resolve(undefined)));
    try {
      for (;;) {
        const next = await Promise.race([items.next(), left]);
        if (next === undefined) return;
        if (!response.headersSent) response.writeHead(200, { "content-type": eventsType, "cache-control": "no-store" });
        if (next.done === true) break;
        const isTaken = response.write(itemEvent(bodyOf("an item", next.value)));
        if (!isTaken) await Promise.race([new Promise((resolve) => response.once("drain", resolve)), left]);
      }
      this.#isAnswered = true;
      response.end(endEvent);
    } catch (error) {
      this.fail(error);
    } finally {
      // Not awaited: a handler that hangs in its own wait was told by its signal.
      void Promise.resolve(items.return?.()).catch(() => undefined);
    }
  }

  #linger(): void {
    const request = this.#request;
    const end = (): void => {
      timer.cancel();
      this.#response.end();
    };
    let bytes = 0;
    const timer = this.#desk.clock.after(httpLingerMs, end, { unref: true });
    request.on("data", (part: Buffer) => {
      bytes += part.length;
      if (bytes > httpLingerBytesMax) request.destroy();
    });
    request.once("end", end);
    request.once("close", () => timer.cancel());
    request.resume();
  }
}

/** The method has run: where this throws, only what it answered cannot be sent. */
function bodyOf(what: string, value: unknown): Buffer {
  try {
    return toBody(what, value);
  } catch (error) {
    const isTooLarge = isSkeinError(error) && error.code === "SKEIN_TRANSPORT_TOO_LARGE";
    if (isTooLarge) throw skeinError("SKEIN_TRANSPORT_TOO_LARGE", error.message, { outcome: "unknown" });
    throw skeinError("SKEIN_CALL_FAILED", undefined, { cause: error });
  }
}

function textOf(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
