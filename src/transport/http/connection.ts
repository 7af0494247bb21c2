/**
 * Owns calling over HTTP + JSON: requests out, replies and items in, over connections that are kept. It must never send a
 * call twice, nor say of one that may have arrived that it did not.
 */
import { once } from "node:events";
import type { Agent, ClientRequest } from "node:http";
import type { Socket } from "node:net";
import type { Told } from "../../call/index.ts";
import type { Secret } from "../../core/index.ts";
import { http } from "../../core/node-modules.ts";
import { isSkeinError, type SkeinError, skeinError } from "../../errors/index.ts";
import { callsInFlightMax, connectMs, httpHeadBytesMax, httpIdleMs, httpSocketsMax } from "../limits.ts";
import type { Connection, Outgoing } from "../port.ts";
import { openSocket, type SocketAddress } from "../sockets.ts";
import { eventsType } from "./events.ts";
import { type HeadContext, toHeaders } from "./head.ts";
import { type End, HttpRequest } from "./request.ts";
import { toBody } from "./text.ts";

export interface HttpCallOptions extends HeadContext {
  readonly system: string;
  /** Shown with every request. */
  readonly token: Secret;
}

/** Nothing is connected before the first call. Throws `SKEIN_CONFIG_INVALID` for plain HTTP to another machine. */
export function connectHttp(address: SocketAddress, options: HttpCallOptions): Connection {
  return new HttpConnection(address, options, false);
}

/**
 * The same to who answers there now, over as soon as nobody does. Rejects with `SKEIN_TRANSPORT_UNREACHABLE`, or as above.
 */
export async function reachHttp(address: SocketAddress, options: HttpCallOptions): Promise<Connection> {
  const socket = openSocket(address, options.system)();
  const timer = options.clock.after(connectMs, () => socket.destroy(new Error(`no connection within ${connectMs} ms`)));
  try {
    await once(socket, "connect");
  } catch (cause) {
    throw skeinError("SKEIN_TRANSPORT_UNREACHABLE", undefined, { cause });
  } finally {
    timer.cancel();
    socket.on("error", () => undefined).destroy();
  }
  return new HttpConnection(address, options, true);
}

class HttpConnection implements Connection {
  readonly #options: HttpCallOptions;
  readonly #agent: Agent;
  readonly #host: string;
  readonly #endsAlone: boolean;
  readonly #requests = new Set<HttpRequest>();
  /** Each request has a connection of its own or an idle one: there is no silence to hear. */
  readonly isSilent = false;
  readonly #closed = Promise.withResolvers<void>();
  #answered = 0;
  #isRetired = false;
  #isOver = false;

  /** `endsAlone`: once nobody can be reached, for whoever knows other replicas. */
  constructor(address: SocketAddress, options: HttpCallOptions, endsAlone: boolean) {
    this.#options = options;
    this.#endsAlone = endsAlone;
    this.#agent = agentOf(address, options.system);
    this.#host = "path" in address ? "localhost" : `${bracketed(address.host)}:${address.port}`;
  }

  get inFlight(): number {
    return this.#requests.size;
  }
  get answered(): number {
    return this.#answered;
  }
  get isOpen(): boolean {
    return !this.#isOver && !this.#isRetired;
  }
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  unary(call: Outgoing, told: Told): void {
    const request = this.#send(call, (error) => {
      if (error !== undefined) told.reject(error);
    });
    if (request === undefined) return;
    request.reply().then(
      (reply) => {
        this.#answered++;
        if (request.end(undefined)) told.resolve(reply);
      },
      (error: SkeinError) => request.end(error),
    );
  }

  async *stream(call: Outgoing): AsyncGenerator<unknown, void, undefined> {
    const over: { error?: SkeinError | undefined } = {};
    const request = this.#send(call, (error) => (over.error = error));
    if (request === undefined) throw over.error ?? skeinError("SKEIN_TRANSPORT_UNREACHABLE");
    try {
      yield* request.items();
    } catch (error) {
      // What ended it is what its reader is told, and not what that made of the connection.
      throw over.error ?? error;
    } finally {
      request.end(undefined);
    }
  }

  retire(): void {
    this.#isRetired = true;
    this.#endIfRetired();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const request of this.#requests)
      request.end(skeinError("SKEIN_TRANSPORT_LOST", "the connection was closed here"));
    this.#agent.destroy();
    this.#closed.resolve();
  }

  /** What keeps it from being sent goes to `ended`, at once. */
  #send(call: Outgoing, ended: End): HttpRequest | undefined {
    const { operation, head, signal } = call;
    const id = `${operation.service}.${operation.method}`;
    let body: Buffer;
    let headers: Record<string, string>;
    try {
      this.#assertSendable(call);
      body = call.sent?.bytes ?? toBody(`the input of ${id}`, call.input);
      if (call.sent !== undefined) call.sent.bytes = body;
      headers = toHeaders(head, this.#options);
    } catch (error) {
      const refused = isSkeinError(error)
        ? error
        : skeinError("SKEIN_CALL_FAILED", undefined, { cause: error, outcome: "not_started" });
      ended(refused);
      return undefined;
    }
    const cancel = { handleEvent: (): void => void request.end(skeinError("SKEIN_CALL_CANCELED")) };
    const request = new HttpRequest(call, this.#open(call, headers, body), this.#options.clock, (error) => {
      signal?.removeEventListener("abort", cancel);
      this.#requests.delete(request);
      ended(error);
      if (this.#endsAlone && error?.code === "SKEIN_TRANSPORT_UNREACHABLE") this.#isRetired = true;
      this.#endIfRetired();
    });
    this.#requests.add(request);
    signal?.addEventListener("abort", cancel, { once: true });
    return request;
  }

  #assertSendable({ signal, incoming }: Outgoing): void {
    if (signal?.aborted === true) throw skeinError("SKEIN_CALL_CANCELED", undefined, { outcome: "not_started" });
    if (!this.isOpen) throw skeinError("SKEIN_TRANSPORT_UNREACHABLE");
    if (this.#requests.size >= callsInFlightMax) throw skeinError("SKEIN_TRANSPORT_CROWDED");
    if (incoming !== undefined)
      throw skeinError("SKEIN_FEATURE_LATER", "uploads and channels do not cross over HTTP + JSON");
  }

  #open({ operation }: Outgoing, headers: Record<string, string>, body: Buffer): ClientRequest {
    const call = http.request({
      agent: this.#agent,
      method: "POST",
      path: `/${operation.service}/${operation.method}`,
      headers: {
        host: this.#host,
        authorization: `Bearer ${this.#options.token.reveal()}`,
        accept: operation.isStream ? eventsType : "application/json",
        ...headers,
        ...(body.length > 0 && { "content-type": "application/json" }),
        "content-length": body.length,
      },
      maxHeaderSize: httpHeadBytesMax,
    });
    call.end(body);
    return call;
  }

  #endIfRetired(): void {
    if (this.#isRetired && this.#requests.size === 0) this.close();
  }
}

/** Every connection is opened as hosts open them: loopback, unix, or mutual TLS. */
function agentOf(address: SocketAddress, system: string): Agent {
  const create = openSocket(address, system);
  return new (class extends http.Agent {
    override createConnection(): Socket {
      return create().setKeepAlive(true, httpIdleMs).setNoDelay(true);
    }
  })({ keepAlive: true, maxSockets: httpSocketsMax, maxFreeSockets: httpSocketsMax, timeout: httpIdleMs });
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
