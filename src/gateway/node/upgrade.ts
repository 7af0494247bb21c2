/**
 * Owns a request that may become a WebSocket, on `node:http` and the library `ws`, which is loaded with the first one. It
 * must never let the library answer a request: the gateway has decided before.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { Socket } from "node:net";
import type { WebSocket, WebSocketServer } from "ws";
import { http } from "../../core/node-modules.ts";
import type { ChannelListener, ChannelSocket } from "../channel/socket.ts";
import { channelProtocol } from "../channel/head.ts";
import { channelCloseMs, channelFragmentsMax, channelMessageMax } from "../limits.ts";
import { type NodeConnection, NodeExchange } from "./exchange.ts";

/** Whether a request asks for a WebSocket; everything else that asks for an upgrade is answered as if it had not. */
export function wantsWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === "GET" && headers.upgrade?.trim().toLowerCase() === "websocket";
}

export class UpgradeExchange extends NodeExchange {
  readonly #socket: Socket;
  #head: Buffer;
  #isUpgraded = false;
  #isOver = false;
  /** Told once that the WebSocket is open. */
  #onOpen: (() => void) | undefined;
  #onOver: (() => void) | undefined;

  constructor(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    traceId: string,
    startMs: number,
    isLast: () => boolean,
    connection: NodeConnection,
    onOpen: () => void,
  ) {
    const response = new http.ServerResponse(request);
    // The parser has let go of the connection: no request can follow on it.
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.on("finish", () => socket.destroySoon());
    super(request, response, traceId, startMs, isLast, connection);
    this.#socket = socket;
    this.#head = head;
    this.#onOpen = onOpen;
    socket.on("close", () => {
      this.#isOver = true;
      this.#onOver?.();
    });
  }

  /** Nothing else is upgraded. */
  override get verb(): string {
    return "GET";
  }
  override get peer(): string | undefined {
    return this.#socket.remoteAddress;
  }
  override get canUpgrade(): boolean {
    return wantsWebSocket(this.request);
  }
  override get hasBody(): boolean {
    // What follows the head is nobody's body.
    return false;
  }
  override get isComplete(): boolean {
    return true;
  }
  override get isAnswered(): boolean {
    return this.#isUpgraded || super.isAnswered;
  }
  override get isOver(): boolean {
    return this.#isOver || super.isOver;
  }
  override get status(): number {
    return this.#isUpgraded ? 101 : super.status;
  }
  /** Whether the client got all of an answer. */
  get isWhole(): boolean {
    return this.#isUpgraded || this.response.writableFinished;
  }
  override onOver(listener: () => void): void {
    const before = this.#onOver;
    this.#onOver =
      before === undefined
        ? listener
        : () => {
            before();
            listener();
          };
  }

  override async upgrade(): Promise<ChannelSocket | undefined> {
    const server = await webSocketServer();
    if (this.isOver || this.#socket.destroyed) return undefined;
    this.response.detachSocket(this.#socket);
    this.#isUpgraded = true;
    traceIds.set(this.request, this.traceId);
    return await new Promise((resolve) => {
      const gone = () => resolve(undefined);
      this.#socket.once("close", gone);
      server.handleUpgrade(this.request, this.#socket, this.#head, (socket) => {
        this.#socket.off("close", gone);
        this.#letGo();
        resolve(new NodeChannelSocket(socket, this.#socket));
      });
      this.#head = noBytes;
    });
  }

  /**
   * An open WebSocket says nothing for hours, and its request's head, parsed headers and answer are half of what it would
   * keep in memory.
   */
  #letGo(): void {
    this.request = goneRequest;
    this.response = goneResponse;
    this.#onOpen?.();
    this.#onOpen = undefined;
  }
}

const noBytes: Buffer = Buffer.alloc(0);
/** Stand in for those of all open WebSockets: a request that has arrived, and an answer that never begins. */
const goneRequest = new http.IncomingMessage(new Socket());
goneRequest.complete = true;
export const goneResponse: ServerResponse = new http.ServerResponse(goneRequest);

const traceIds = new WeakMap<IncomingMessage, string>();
let serving: Promise<WebSocketServer> | undefined;

/** One for the process: it holds no connections, only how they are opened. */
function webSocketServer(): Promise<WebSocketServer> {
  return (serving ??= import("ws").then(({ WebSocketServer: Server }) => {
    // In a variable, since the types of the library do not know all of them.
    const options = {
      noServer: true,
      clientTracking: false,
      // Compression would cost each idle channel some hundred kilobytes, and makes small messages into big ones.
      perMessageDeflate: false,
      maxPayload: channelMessageMax,
      maxFragments: channelFragmentsMax,
      closeTimeout: channelCloseMs,
      handleProtocols: () => channelProtocol,
    };
    const server = new Server(options);
    server.on("headers", (headers, request) => {
      headers.push(`X-Request-Id: ${traceIds.get(request) ?? ""}`);
    });
    return server;
  }));
}

class NodeChannelSocket implements ChannelSocket {
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;

  constructor(webSocket: WebSocket, socket: Duplex) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    // Before anything else: an error nobody listens to would end the process. The library closes by itself.
    webSocket.on("error", noticed);
  }

  listen(listener: ChannelListener): void {
    this.#webSocket.on("message", (data, isBinary) => {
      if (isBinary) listener.binary();
      // One buffer, since the type of messages was never changed.
      else listener.message(data as Buffer);
    });
    this.#webSocket.on("pong", () => listener.pong());
    if (this.#webSocket.readyState === this.#webSocket.CLOSED) listener.closed();
    else this.#webSocket.on("close", () => listener.closed());
  }

  send(text: string): Promise<void> | undefined {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return undefined;
    this.#webSocket.send(text, noticed);
    return this.#socket.writableNeedDrain ? this.#drained() : undefined;
  }

  ping(): void {
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.ping(undefined, undefined, noticed);
  }
  pause(): void {
    this.#webSocket.pause();
  }
  resume(): void {
    this.#webSocket.resume();
  }
  close(code: number, reason: string): void {
    this.#webSocket.close(code, reason);
  }
  terminate(): void {
    this.#webSocket.terminate();
  }

  #drained(): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      const done = () => {
        socket.off("drain", done);
        socket.off("close", done);
        resolve();
      };
      socket.on("drain", done);
      socket.on("close", done);
    });
  }
}

/** That something failed is known from the connection's end. */
function noticed(): void {}
