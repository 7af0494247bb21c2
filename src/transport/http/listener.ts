/**
 * Owns answering calls over HTTP + JSON: `POST /service/method`. It must never read a body before it knows whose it is, nor
 * answer a browser.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { sleep } from "../../core/index.ts";
import { http, loadHttps } from "../../core/node-modules.ts";
import type { FindOperation } from "../callee.ts";
import * as limits from "../limits.ts";
import type { Answer, Listener } from "../port.ts";
import { addressOf, assertSafe, bind, contextOf, type SocketAddress } from "../sockets.ts";
import { strangerProblem } from "../tls/identity.ts";
import { type Bearers, loopbackAuthorities, whoseOf } from "./whose.ts";
import { HttpCall } from "./call.ts";
import type { HeadContext } from "./head.ts";

export interface HttpListenOptions extends HeadContext {
  readonly system: string;
  readonly bearers: Bearers;
}

/** Rejects with `SKEIN_CONFIG_INVALID` for plain HTTP to other machines, and with what binding fails with. */
export async function listenHttp(
  address: SocketAddress,
  options: HttpListenOptions,
  find: FindOperation,
  answer: Answer,
): Promise<Listener> {
  assertSafe(address);
  const calls = new Set<HttpCall>();
  const desk = {
    ...options,
    whose: whoseOf(options.bearers),
    authorities: undefined as ReadonlySet<string> | undefined,
  };
  let isLeaving = false;
  const take = (request: IncomingMessage, response: ServerResponse, expects: boolean): void => {
    const call = new HttpCall(request, response, desk, expects);
    const isFull = calls.size >= limits.callsInFlightMax;
    calls.add(call);
    response.once("close", () => {
      calls.delete(call);
      call.gone();
    });
    if (isLeaving) call.leave();
    const refusal = isLeaving ? "SKEIN_HOST_DRAINING" : isFull ? "SKEIN_TRANSPORT_CROWDED" : undefined;
    void call.serve(find, answer, refusal);
  };
  const server = serverOf(address, options.system);
  server.on("request", (request, response) => take(request, response, false));
  // Whoever asks before sending a body is told no before it does.
  server.on("checkContinue", (request, response) => take(request, response, true));
  await bind(server, address);
  const bound = "path" in address ? address.path : addressOf(server);
  if (!("path" in address) && address.tls === undefined) desk.authorities = loopbackAuthorities(portOf(bound));
  const close = async (waitMs: number): Promise<void> => {
    isLeaving = true;
    for (const call of calls) call.leave();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const enough = new AbortController();
    const waited = sleep(options.clock, waitMs, enough.signal).catch(() => undefined);
    await Promise.race([closed, waited]);
    enough.abort();
    server.closeAllConnections();
    await closed;
  };
  let closing: Promise<void> | undefined;
  return { address: bound, close: (waitMs = limits.drainMs) => (closing ??= close(waitMs)) };
}

function serverOf(address: SocketAddress, system: string): Server {
  const rules = {
    maxHeaderSize: limits.httpHeadBytesMax,
    headersTimeout: limits.httpHeadersMs,
    requestTimeout: limits.httpRequestMs,
    connectionsCheckingInterval: limits.httpTimeoutCheckMs,
    keepAliveTimeout: limits.httpKeepAliveMs,
    insecureHTTPParser: false,
  };
  let server: Server;
  if ("path" in address || address.tls === undefined) server = http.createServer(rules);
  else {
    const { tls } = address;
    const handshake = { requestCert: true, rejectUnauthorized: true, handshakeTimeout: limits.handshakeMs };
    const secure = loadHttps().createServer({ ...rules, ...contextOf(tls.pair), ...handshake });
    // Before the parser has it.
    secure.prependListener("secureConnection", (socket: TLSSocket) => {
      if (strangerProblem(socket.getPeerX509Certificate()?.subjectAltName, system) !== undefined) socket.destroy();
    });
    secure.on(
      "close",
      tls.follow((pair) => secure.setSecureContext(contextOf(pair))),
    );
    server = secure;
  }
  server.maxConnections = limits.httpConnectionsMax;
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const line = brokenLines[error.code ?? ""] ?? "400 Bad Request";
    if (!socket.writable) return void socket.destroy();
    socket.end(`HTTP/1.1 ${line}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  });
  return server;
}

/** Of what the parser gave up; all else is a bad request. */
const brokenLines: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
};

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
