/**
 * Owns one call on its way over HTTP, until its reply is read, its items are, or something ends it. It must never say of one
 * that may have arrived that it did not.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "../../core/index.ts";
import { isSkeinError, type SkeinError, skeinError } from "../../errors/index.ts";
import { connectMs, messageBytesMax } from "../limits.ts";
import type { Outgoing } from "../port.ts";
import { eventsType, readEvents } from "./events.ts";
import { fromBody, fromProblemBody, isJsonType } from "./text.ts";

/** What ends it, once. */
export type End = (error: SkeinError | undefined) => void;

export class HttpRequest {
  readonly #call: Outgoing;
  readonly #request: ClientRequest;
  readonly #ended: End;
  readonly #response: Promise<IncomingMessage>;
  #head: IncomingMessage | undefined;
  #isSent = false;
  #isOver = false;

  constructor(call: Outgoing, request: ClientRequest, clock: Clock, ended: End) {
    this.#call = call;
    this.#request = request;
    this.#ended = ended;
    this.#response = new Promise((resolve, reject) => {
      request.on("error", (cause: Error) => reject(this.#lost(cause)));
      request.once("response", (response) => resolve((this.#head = response)));
    });
    this.#response.catch(() => undefined);
    request.once("socket", (socket: Socket) => this.#watch(socket, clock));
  }

  /** Ends it, with an error for whoever waits. False when it is over already. */
  end(error: SkeinError | undefined): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    // A reply that was read has left its connection to the next one.
    if (error !== undefined || this.#head?.complete !== true) this.#request.destroy();
    this.#ended(error);
    return true;
  }

  async reply(): Promise<unknown> {
    const response = await this.#response;
    const body = await this.#read(response);
    const status = response.statusCode ?? 0;
    if (status === 204) return undefined;
    const type = response.headers["content-type"] ?? "";
    if (status !== 200) throw this.#failure(status, type, body);
    if (!isJsonType(type)) throw broken(`${status} with ${type.slice(0, 80)} instead of JSON`);
    return valueOf(this.#call.operation, body);
  }

  async *items(): AsyncGenerator<unknown, void, undefined> {
    const { operation } = this.#call;
    const response = await this.#response;
    const status = response.statusCode ?? 0;
    const type = response.headers["content-type"] ?? "";
    if (status !== 200) throw this.#failure(status, type, await this.#read(response));
    if (!type.startsWith(eventsType)) throw broken(`${status} with ${type.slice(0, 80)} instead of events`);
    try {
      for await (const event of readEvents(response as AsyncIterable<Buffer>)) {
        if (event.is === "end") return;
        if (event.is === "error") throw fromProblemBody(operation, undefined, "application/json", event.data);
        yield valueOf(operation, event.data);
      }
    } catch (error) {
      throw isSkeinError(error) ? error : this.#lost(error);
    }
    throw this.#lost(undefined);
  }

  #watch(socket: Socket, clock: Clock): void {
    if (!socket.connecting) {
      this.#isSent = true;
      return;
    }
    const timer = clock.after(connectMs, () => socket.destroy(new Error(`no connection within ${connectMs} ms`)), {
      unref: true,
    });
    socket.once("secureConnect", () => (this.#isSent = true));
    socket.once("connect", () => {
      timer.cancel();
      this.#isSent ||= !("encrypted" in socket);
    });
    socket.once("close", () => timer.cancel());
  }

  async #read(response: IncomingMessage): Promise<Buffer> {
    const parts: Buffer[] = [];
    let size = 0;
    try {
      for await (const part of response as AsyncIterable<Buffer>) {
        size += part.length;
        if (size > messageBytesMax)
          throw skeinError("SKEIN_TRANSPORT_TOO_LARGE", "the reply is too large", { outcome: "unknown" });
        parts.push(part);
      }
    } catch (error) {
      throw isSkeinError(error) ? error : this.#lost(error);
    }
    return Buffer.concat(parts);
  }

  #failure(status: number, type: string, body: Buffer): SkeinError {
    if (status >= 400) return fromProblemBody(this.#call.operation, status, type, body);
    return broken(`an answer of ${status}`);
  }

  #lost(cause: unknown): SkeinError {
    if (isSkeinError(cause)) return cause;
    return skeinError(this.#isSent ? "SKEIN_TRANSPORT_LOST" : "SKEIN_TRANSPORT_UNREACHABLE", undefined, { cause });
  }
}

function valueOf({ output }: Outgoing["operation"], body: Buffer): unknown {
  try {
    return fromBody(output.shape, body);
  } catch (error) {
    if (!isSkeinError(error)) throw skeinError("SKEIN_CALL_FAILED", undefined, { cause: error });
    throw broken(`a reply that cannot be read: ${error.message}`);
  }
}

function broken(what: string): SkeinError {
  return skeinError("SKEIN_TRANSPORT_PROTOCOL", `the other side sent ${what}`);
}
