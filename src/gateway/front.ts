/**
 * Owns the order in which a request is handled: head, target, the gateway's own pages, route, endpoint, error. It must
 * never touch a socket's life: the gateway does.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type SkeinError, skeinError } from "../errors/index.ts";
import type { Host } from "../host/index.ts";
import { addressOf, Census } from "./admission.ts";
import { type Gate, openGate } from "./authenticate/gate.ts";
import { checkHead } from "./request-check.ts";
import { bodyBytesMax } from "./limits.ts";
import { type HandlerOptions, type Settings, toSettings } from "./options.ts";
import { type OwnPage, ownPages } from "./own-pages.ts";
import { problemHeaders, toError, toProblem } from "./problem.ts";
import { type Exchange, send, sendAndClose } from "./reply.ts";
import { report } from "./request-line.ts";
import { createRouter, type Match, type Router } from "./router.ts";
import { serve } from "./serve.ts";
import { readTarget } from "./target.ts";
import { traceIdOf } from "./trace.ts";

const statusClientLeft = 499;

export class Front {
  readonly settings: Settings;
  readonly #host: Host;
  readonly #router: Router;
  readonly #own: ReadonlyMap<string, OwnPage>;
  /** Requests in flight per forwarded address; used behind trusted proxies only. */
  readonly #forwarded = new Census();
  /** Settled when callers can be told apart; rejected when the system's authenticators cannot open. */
  readonly opened: Promise<void>;
  #gate: Gate | undefined;
  #isOpen: boolean;
  #inFlight = 0;
  #isDraining = false;

  constructor(host: Host, options: HandlerOptions) {
    this.settings = toSettings(options, host.system.name);
    this.#host = host;
    this.#own = ownPages(host, this.settings, () => this.#isDraining || host.isDraining);
    this.#router = createRouter(host.system, new Set(this.#own.keys()));
    this.#isOpen = host.system.identity === undefined;
    this.opened = this.#isOpen ? Promise.resolve() : this.#open(options);
    // Whoever starts a gateway awaits it; behind a server of one's own each request does.
    this.opened.catch((error: unknown) =>
      this.settings.log.error("the system's authenticators did not open", { error }),
    );
  }

  async #open({ mode, home, env }: HandlerOptions): Promise<void> {
    const { clock, log } = this.settings;
    const settings = { mode: mode ?? "production", home: home ?? ".skein", env: env ?? process.env, clock, log };
    this.#gate = await openGate(this.#host.system, settings);
    this.#isOpen = true;
  }

  /** Closes what `opened` has opened. */
  async close(): Promise<void> {
    await this.opened.catch(() => undefined);
    await this.#gate?.close();
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** From now on each answer closes its connection; requests are still served. */
  startDraining(): void {
    this.#isDraining = true;
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    this.handleThen(request, response, undefined);
  };

  /** The same, and `ended` is called when the answer is over, however it ended. */
  handleThen(request: IncomingMessage, response: ServerResponse, ended: (() => void) | undefined): void {
    const { clock, random } = this.settings;
    const startMs = clock.monotonic();
    const exchange: Exchange = {
      request,
      response,
      traceId: traceIdOf(request, random),
      isLast: this.#isLast,
      endpoint: undefined,
      code: undefined,
      principal: undefined,
      departure: undefined,
    };
    this.#inFlight++;
    // The one listener of its end, for everybody who has to know; it is emitted once.
    response.on("close", () => {
      if (!response.writableFinished) exchange.departure?.left();
      if (this.settings.onRequest !== undefined) this.#report(exchange, clock.monotonic() - startMs);
      this.#inFlight--;
      ended?.();
    });
    try {
      this.#respond(exchange)?.catch((thrown: unknown) => this.#fail(exchange, toError(thrown)));
    } catch (thrown) {
      this.#fail(exchange, toError(thrown));
    }
  }

  readonly #isLast = (): boolean => this.#isDraining;

  /** Throws, or rejects with, what must be answered as an error. */
  #respond(exchange: Exchange): Promise<void> | void {
    const { request } = exchange;
    const verb = request.method ?? "";
    const target = checkHead(request);
    if (this.settings.proxies !== undefined) this.#countForwarded(exchange);
    if (target === "*") {
      if (verb !== "OPTIONS") throw skeinError("SKEIN_HTTP_BAD_REQUEST", "the target * is for OPTIONS");
      return send(exchange, 204, { allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" });
    }
    const { path, query } = readTarget(target);
    const own = this.#own.get(path);
    if (own !== undefined) {
      if (verb === "GET" || verb === "HEAD") return own(exchange);
      return refuseVerb(exchange, verb, ["GET", "HEAD", "OPTIONS"]);
    }
    const match = this.#router.find(verb === "HEAD" ? "GET" : verb, path);
    if (match !== undefined) {
      exchange.endpoint = match.route.id;
      // A system without authenticators waits for nobody.
      if (this.#isOpen && this.#gate === undefined) return serve(this.#host, this.settings, exchange, match, query);
      return this.#serveKnown(exchange, match, query);
    }
    const allowed = this.#router.verbsOf(path);
    if (allowed.length === 0) throw skeinError("SKEIN_HTTP_NOT_FOUND");
    return refuseVerb(exchange, verb, allowed);
  }

  async #serveKnown(exchange: Exchange, match: Match, query: string): Promise<void> {
    if (!this.#isOpen) await this.opened;
    // Before the body: what a refused caller sends is not read.
    const found = this.#gate?.principalOf(exchange.request, exchange.traceId);
    if (found !== undefined) exchange.principal = await found;
    return serve(this.#host, this.settings, exchange, match, query);
  }

  #countForwarded({ request, response }: Exchange): void {
    const address = addressOf(request, this.settings);
    if (!this.#forwarded.enter(address)) throw skeinError("SKEIN_HTTP_CROWDED");
    response.once("close", () => this.#forwarded.leave(address));
  }

  #fail(exchange: Exchange, error: SkeinError): void {
    const { log, isDevelopment, clock } = this.settings;
    exchange.code = error.code;
    // The call path has logged the failures of handlers; what is thrown here without a code is the gateway's own.
    if (error.code === "SKEIN_CALL_FAILED" && exchange.endpoint === undefined) {
      log.error("a request failed in the gateway", { traceId: exchange.traceId, error: error.cause });
    }
    const problem = toProblem(error, exchange.traceId, isDevelopment);
    const body = JSON.stringify(problem);
    const headers = {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...problemHeaders(problem),
      ...(problem.status === 401 && this.#gate !== undefined && { "www-authenticate": this.#gate.challenge }),
    };
    if (mustClose(exchange.request, error)) sendAndClose(exchange, clock, problem.status, headers, body);
    else send(exchange, problem.status, headers, body);
  }

  #report({ request, response, endpoint, code, traceId }: Exchange, durationMs: number): void {
    const [path = ""] = (request.url ?? "").split("?", 1);
    const status = response.headersSent ? response.statusCode : statusClientLeft;
    report(this.settings, { method: request.method ?? "", path, status, durationMs, endpoint, code, traceId });
  }
}

function refuseVerb(exchange: Exchange, verb: string, allowed: readonly string[]): void {
  const allow = allowed.join(", ");
  if (verb === "OPTIONS") return send(exchange, 204, { allow });
  exchange.response.setHeader("allow", allow);
  throw skeinError("SKEIN_HTTP_METHOD");
}

/** Where the rest of the request may be large, endless or misread, nothing more is taken from its connection. */
function mustClose(request: IncomingMessage, error: SkeinError): boolean {
  if (error.code === "SKEIN_HTTP_BAD_REQUEST" || error.code === "SKEIN_HTTP_BODY_TOO_LARGE") return true;
  if (request.complete) return false;
  return (
    request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > bodyBytesMax
  );
}
