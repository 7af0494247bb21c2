/**
 * Owns the listener for plain HTTP beside an HTTPS gateway: it leads readers to HTTPS and refuses everybody else. It must
 * never read a body, and never hand a request to a service.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createTraceId } from "../../core/index.ts";
import { http } from "../../core/node-modules.ts";
import { skeinError } from "../../errors/index.ts";
import { Census } from "../admission.ts";
import { answerBrokenRequest } from "./broken-request.ts";
import { countedAddress } from "../client-address.ts";
import * as limits from "../limits.ts";
import type { Settings } from "../options.ts";
import { rawProblem } from "../problem.ts";

export interface Redirect {
  readonly port: number;
  close(): Promise<void>;
}

export interface RedirectOptions {
  readonly hostname: string;
  readonly port: number;
  /** Port of HTTPS. */
  readonly to: number;
  readonly settings: Settings;
}

/** Rejects with `SKEIN_PORT_TAKEN` or what the system says. */
export async function startRedirect({ hostname, port, to, settings }: RedirectOptions): Promise<Redirect> {
  const server = http.createServer(
    {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: limits.timeoutCheckMs,
      requireHostHeader: false,
    },
    (request, response) => answer(request, response, to, settings),
  );
  server.maxConnections = limits.connectionsMax;
  const census = new Census();
  server.on("connection", (socket) => {
    socket.on("error", () => socket.destroy());
    const address = countedAddress(socket.remoteAddress ?? "");
    if (census.enter(address)) socket.once("close", () => census.leave(address));
    else socket.destroy();
  });
  server.on("clientError", (error, socket) => answerBrokenRequest(error, socket as never, false, settings));
  await listen(server, port, hostname);
  server.on("error", (error) => settings.log.error("the redirect's listening socket reported an error", { error }));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A redirect of anything but a reader would hide that it was sent for everybody to see. */
function answer(request: IncomingMessage, response: ServerResponse, to: number, settings: Settings): void {
  const location = locationOf(request, to);
  const isReader = request.method === "GET" || request.method === "HEAD";
  if (isReader && location !== undefined) {
    response.writeHead(308, { location, "content-length": 0, "cache-control": "no-store", connection: "close" });
    response.end();
    return;
  }
  const { socket } = request;
  const error = isReader
    ? skeinError("SKEIN_HTTP_BAD_REQUEST", "the request has no usable Host header or target")
    : skeinError("SKEIN_HTTP_TLS_REQUIRED");
  // By hand, like all answers to what no part of a system may see.
  socket.end(rawProblem(error, createTraceId(settings.random)), () => socket.destroy());
}

function locationOf(request: IncomingMessage, to: number): string | undefined {
  const hosts = request.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === "host");
  const name = /^([A-Za-z0-9.\-_]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.exec(request.headers.host ?? "")?.[1];
  const { url = "" } = request;
  if (hosts.length !== 1 || name === undefined || !url.startsWith("/") || url.length > limits.targetMax)
    return undefined;
  return `https://${name}${to === 443 ? "" : `:${to}`}${url}`;
}

function listen(server: Server, port: number, hostname: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === "EADDRINUSE";
      reject(isTaken ? skeinError("SKEIN_PORT_TAKEN", `port ${port} is in use`, { cause: error }) : error);
    });
    server.listen({ port, host: hostname }, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}
