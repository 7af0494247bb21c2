/**
 * Owns the gateway's server: listening, connections, the drain. It must never look into a request that the parser
 * accepted: the front does.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type AddressInfo, Server as NetServer, type Socket } from "node:net";
import { sleep } from "../../core/index.ts";
import { http } from "../../core/node-modules.ts";
import { skeinError } from "../../errors/index.ts";
import type { Host } from "../../host/index.ts";
import { Census } from "../admission.ts";
import { answerBrokenRequest } from "./broken-request.ts";
import { countedAddress } from "../client-address.ts";
import { Front } from "../front.ts";
import * as limits from "../limits.ts";
import type { GatewayOptions, HandlerOptions, Settings } from "../options.ts";
import { findPortOwner } from "./port-owner.ts";
import { traceIdOf } from "../trace.ts";
import { Compressor } from "./compressor.ts";
import { type NodeConnection, NodeExchange } from "./exchange.ts";
import { Heads } from "./heads.ts";
import { GatewayRequest } from "./request.ts";
import { GatewayResponse } from "./response.ts";
import { goneResponse, UpgradeExchange, wantsWebSocket } from "./upgrade.ts";
import { SlowClients } from "./slow-clients.ts";
import { type FirstAnswers, Sockets } from "./sockets.ts";
import type { Tls } from "./tls.ts";

/** A listening gateway. @since 0.1.0 */
export interface Gateway extends AsyncDisposable {
  /** `http://127.0.0.1:4000` */
  readonly url: string;
  readonly port: number;
  /** Port of the listener for plain HTTP, where `tls.redirectPort` asked for one. */
  readonly redirectPort: number | undefined;
  /** Requests being answered. */
  readonly inFlight: number;
  /**
   * Stops accepting, ends streams whose readers can go on after the last item, finishes what is in flight (at most 20 s), closes
   * the connections. The host stays as it is. Safe to call twice.
   */
  close(options?: GatewayCloseOptions): Promise<void>;
  /**
   * Before it closes where others have the same socket: for so many milliseconds a growing share of its answers closes its
   * connection, so that clients come to the others little by little. It goes on accepting. 0 ends it; where it is done already, so
   * many are left from now.
   */
  yieldConnections(withinMs: number): void;
  /** How new connections have fared so far. */
  readonly firstAnswers: FirstAnswers;
}

/** How a gateway closes. @since 0.1.0 */
export interface GatewayCloseOptions {
  /** Longest wait for uploads and downloads under way, in milliseconds; 20,000, as for other requests, unless given. */
  readonly transfersMs?: number;
}

/** A request listener for a `node:http` server of one's own. @since 0.1.0 */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * The gateway's request listener without a socket: limits of the connection (time-outs, number of headers) are then
 * those of the server it is given to. Throws `SKEIN_SYSTEM_INVALID` when two methods have one route.
 * @since 0.1.0
 */
export function createHandler(host: Host, options: HandlerOptions = {}): Handler {
  const front = new Front(host, options);
  const connection = { heads: new Heads(front.settings.clock, undefined), compressor: compressorOf(options) };
  return (request, response) => answer(front, connection, request, response, undefined, front.isLast);
}

/**
 * Listens on a port and answers with the host's endpoints, `/openapi.json`, `/docs`, `/health/live` and `/health/ready`.
 * Errors: `SKEIN_PORT_TAKEN`, naming the process that has the port where that can be found out; `SKEIN_SYSTEM_INVALID`;
 * `SKEIN_TLS_CERTIFICATE` and `SKEIN_CONFIG_INVALID` where `tls` cannot be done.
 * @since 0.1.0
 */
export async function createGateway(host: Host, options: GatewayOptions): Promise<Gateway> {
  const hostname = options.hostname ?? "127.0.0.1";
  const front = new Front(host, options);
  const sockets = new Sockets(front.settings.clock);
  let tls: Tls | undefined;
  let server: Server;
  try {
    await front.opened;
    if (options.tls !== undefined) tls = await (await import("./tls.ts")).Tls.open(options.tls, front.settings);
    server = toServer(front, sockets, tls, compressorOf(options));
    await listen(server, options, hostname);
    await tls?.listen(hostname, (server.address() as AddressInfo).port).catch((error: unknown) => {
      server.close();
      throw error;
    });
  } catch (error) {
    await tls?.close();
    await front.close();
    throw error;
  }
  // Too many open files, for one: the server goes on with what it has, and says so.
  server.on("error", (error) =>
    front.settings.log.error("the gateway's listening socket reported an error", { error }),
  );
  const { port } = server.address() as AddressInfo;
  const slow = watchSlowClients(front, sockets);
  let closing: Promise<void> | undefined;
  const end = async ({ transfersMs = limits.drainMs }: GatewayCloseOptions): Promise<void> => {
    await Promise.all([drain(server, front, sockets, tls, transfersMs), tls?.close()]);
    slow.stop();
    await front.close();
  };
  const close = (given: GatewayCloseOptions = {}) => (closing ??= end(given));
  return {
    url: `${tls === undefined ? "http" : "https"}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`,
    port,
    redirectPort: tls?.redirectPort,
    get inFlight() {
      return front.inFlight;
    },
    close,
    get firstAnswers() {
      return sockets.firstAnswers;
    },
    yieldConnections: (withinMs) => front.yieldConnections(withinMs),
    [Symbol.asyncDispose]: () => close(),
  };
}

const always = (): boolean => true;

/** One function for all connections: a closure for each would be kept as long as they are. */
function destroyed(this: Socket): void {
  this.destroy();
}

function answer(
  front: Front,
  connection: NodeConnection,
  request: IncomingMessage,
  response: ServerResponse,
  ended: (() => void) | undefined,
  isLast: () => boolean,
): void {
  const { clock, random } = front.settings;
  const given = request.headers["traceparent"];
  const traceId = traceIdOf(typeof given === "string" ? given : undefined, random);
  const exchange = new NodeExchange(request, response, traceId, clock.monotonic(), isLast, connection);
  // The one listener of its end, for everybody who has to know; it is emitted once.
  response.on("close", () => {
    front.over(exchange, response.writableFinished);
    ended?.();
  });
  front.handle(exchange);
}

/** A request that asks for a WebSocket; its connection carries nothing else from here on. */
function upgrade(
  front: Front,
  sockets: Sockets,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  connection: NodeConnection,
): void {
  if (socket.destroyed) return;
  const { clock, random } = front.settings;
  const given = request.headers["traceparent"];
  const traceId = traceIdOf(typeof given === "string" ? given : undefined, random);
  const onOpen = (): void => sockets.upgraded(socket, goneResponse);
  const { isLast } = front;
  const exchange = new UpgradeExchange(request, socket, head, traceId, clock.monotonic(), isLast, connection, onOpen);
  sockets.began(socket, exchange.response);
  exchange.onOver(() => {
    front.over(exchange, exchange.isWhole);
    sockets.ended(socket, exchange.isAnswered ? exchange.status : undefined);
  });
  front.handle(exchange);
}

function toServer(front: Front, sockets: Sockets, tls: Tls | undefined, compressor: Compressor | undefined): Server {
  const connection = { heads: new Heads(front.settings.clock, tls?.hsts), compressor };
  const options = {
    IncomingMessage: GatewayRequest,
    ServerResponse: GatewayResponse,
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    // Node's own would cut an upload that streams; slow clients are looked for instead.
    requestTimeout: 0,
    connectionsCheckingInterval: limits.timeoutCheckMs,
    keepAliveTimeout: limits.keepAliveMs,
    noDelay: true,
    // The front answers a missing Host itself, as a problem like any other.
    requireHostHeader: false,
    // Node before 24.9 does not know it, and gives every upgrade to the listener below.
    shouldUpgradeCallback: wantsWebSocket,
  };
  // An https server is an http server in all that is used of it here.
  const server = tls === undefined ? http.createServer(options) : (tls.createServer(options) as Server);
  server.maxConnections = limits.connectionsMax;
  // Node would drop what is above its own limit in silence; the front counts and refuses. The bytes are limited above.
  server.maxHeadersCount = 0;
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    if (sockets.began(socket, response) > limits.pipelinedMax) socket.destroy();
    // Node goes on handing over what one segment held, though nobody can be answered any more.
    if (socket.destroyed) return;
    const isLast = sockets.isWorn(socket) ? always : front.isLast;
    const ended = (): void => sockets.ended(socket, response.headersSent ? response.statusCode : undefined);
    answer(front, connection, request, response, ended, isLast);
  };
  server.on("request", onRequest);
  // With a listener of its own, 100 Continue is sent only when the body is wanted.
  server.on("checkContinue", onRequest);
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Of an http server it is the socket itself.
    upgrade(front, sockets, request, socket as Socket, head, connection);
  });
  const census = new Census();
  server.on("connection", (socket) => {
    // Before anything else: an error nobody listens to would end the process.
    socket.on("error", destroyed);
    if (admit(socket, census, front.settings) && tls === undefined) sockets.opened(socket);
  });
  // With TLS, requests come on another socket, which there is once the handshake is over.
  server.on("secureConnection", (socket: Socket) => {
    socket.on("error", destroyed);
    sockets.opened(socket);
  });
  server.on("clientError", (error, socket) =>
    answerBrokenRequest(error, socket as Socket, sockets.isAnswering(socket as Socket), front.settings),
  );
  return server;
}

function compressorOf({ compression }: HandlerOptions): Compressor | undefined {
  return compression === false ? undefined : new Compressor();
}

/** Whether a connection may stay: one address has a fixed number of them. Those of trusted proxies carry many clients. */
function admit(socket: Socket, census: Census, { proxies }: Settings): boolean {
  if (proxies?.includes(socket.remoteAddress) === true) return true;
  const address = countedAddress(socket.remoteAddress ?? "");
  if (!census.enter(address)) {
    socket.destroy();
    return false;
  }
  socket.on("close", () => census.leave(address));
  return true;
}

/** Cuts the connections of clients that hold them without using them, until stopped. */
function watchSlowClients(front: Front, sockets: Sockets): SlowClients {
  const { settings } = front;
  const watch = new SlowClients({
    clock: settings.clock,
    busy: () => sockets.busy(),
    onSlowBody: (socket) =>
      answerBrokenRequest(
        Object.assign(new Error("slow"), { code: "ERR_HTTP_REQUEST_TIMEOUT" }),
        socket,
        sockets.isAnswering(socket),
        settings,
      ),
    onSlowRead: (socket) => socket.destroy(),
  });
  watch.start();
  return watch;
}

function listen(server: Server, { port, fd }: GatewayOptions, hostname: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") void portTaken(port, error).then(reject);
      else reject(error);
    });
    const listening = (): void => {
      server.removeAllListeners("error");
      resolve();
    };
    if (fd === undefined) server.listen({ port, host: hostname, backlog: limits.backlogMax }, listening);
    // Beside a descriptor Node takes the backlog only as an argument of its own.
    else server.listen({ fd }, limits.backlogMax, listening);
  });
}

async function portTaken(port: number, cause: Error) {
  const owner = await findPortOwner(port);
  const by = owner === undefined ? "another process" : `process ${owner.pid} (${owner.command})`;
  return skeinError("SKEIN_PORT_TAKEN", `port ${port} is in use by ${by}`, {
    cause,
    ...(owner && { data: { port, ...owner } }),
  });
}

/**
 * A connection is closed by its next answer; one without a request, once it has been idle long enough that its client is
 * not just sending one. Closing idle ones at once, as `http.Server.close` does, would cut requests that are on their way.
 */
async function drain(
  server: Server,
  front: Front,
  sockets: Sockets,
  tls: Tls | undefined,
  transfersMs: number,
): Promise<void> {
  const { clock } = front.settings;
  let isClosed = false;
  const closed = new Promise<void>((resolve) => {
    NetServer.prototype.close.call(server, () => {
      isClosed = true;
      resolve();
    });
  });
  front.startDraining();
  const startMs = clock.monotonic();
  const wait = async (untilMs: number, isWanted: () => boolean): Promise<void> => {
    // The server may be closed a little before its last socket says so: without the flag this would never give up its turn.
    while (!isClosed && (tls ?? sockets).size > 0 && clock.monotonic() - startMs < untilMs && isWanted()) {
      sockets.closeIdle(limits.drainIdleMs);
      await Promise.race([closed, sleep(clock, drainTickMs)]);
    }
  };
  await wait(limits.drainMs - limits.lastWordMs, always);
  front.endStreams();
  await wait(limits.drainMs, always);
  if (front.transfers > 0 && transfersMs > limits.drainMs) {
    await wait(transfersMs, () => front.transfers > 0);
    await wait(clock.monotonic() - startMs + limits.lastWordMs, always);
  }
  sockets.closeAll();
  tls?.closeConnections();
  await closed;
  // Only now the http server's own close: it ends the timer that looks for slow requests.
  server.close();
}

const drainTickMs = 25;
