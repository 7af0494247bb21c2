/**
 * Owns the order in which a request is handled: head, target, the gateway's own pages, route, endpoint, error. It must
 * never touch a socket's life: the gateway does.
 */
import { processEnv } from "../core/platform.ts";
import { type SkeinError, skeinError } from "../errors/index.ts";
import type { Host } from "../host/index.ts";
import type { Mount } from "../system/index.ts";
import { Cors } from "./cors.ts";
import { addressOf, Census, Rates } from "./admission.ts";
import { endedCookie } from "./authenticate/ended-cookie.ts";
import { type Gate, openGate } from "./authenticate/gate.ts";
import { Channels } from "./channel/registry.ts";
import { serveChannel } from "./channel/serve.ts";
import type { Exchange } from "./exchange.ts";
import { bodyBytesMax } from "./limits.ts";
import { Mounts } from "./mounts.ts";
import { type HandlerOptions, type Settings, toSettings } from "./options.ts";
import { type OwnPage, ownPages } from "./own-pages.ts";
import { problemHeaders, toError, toProblem } from "./problem.ts";
import { report } from "./request-line.ts";
import { createRouter, type Match, type Router } from "./router.ts";
import { serve } from "./serve.ts";
import { readTarget } from "./target.ts";

const statusClientLeft = 499;

export class Front {
  readonly settings: Settings;
  readonly channels: Channels;
  readonly #host: Host;
  readonly #router: Router;
  readonly #own: ReadonlyMap<string, OwnPage>;
  readonly #mounts: Mounts | undefined;
  /** Requests in flight per forwarded address; used behind trusted proxies only. */
  readonly #forwarded = new Census();
  /** Settled when callers can be told apart; rejected when the system's authenticators cannot open. */
  readonly opened: Promise<void>;
  readonly #rates: Rates;
  readonly #cors: Cors | undefined;
  #gate: Gate | undefined;
  #isOpen: boolean;
  #inFlight = 0;
  #isDraining = false;

  constructor(host: Host, options: HandlerOptions) {
    this.settings = toSettings(options, host.system.name);
    this.channels = new Channels(this.settings.clock);
    this.#host = host;
    this.#rates = new Rates(host, this.settings);
    const { cors } = host.system.http;
    this.#cors = cors && new Cors(cors);
    this.#own = ownPages(host, this.settings, () => this.#isDraining || host.isDraining);
    this.#router = createRouter(host.system, new Set(this.#own.keys()));
    const { mounts } = host.system;
    this.#mounts = mounts.length === 0 ? undefined : new Mounts(host, this.settings, new Set(this.#own.keys()));
    this.#isOpen = host.system.identity === undefined;
    this.opened = this.#isOpen ? Promise.resolve() : this.#open(options);
    // Whoever starts a gateway awaits it; behind a server of one's own each request does.
    this.opened.catch((error: unknown) =>
      this.settings.log.error("the system's authenticators did not open", { error }),
    );
  }

  async #open({ mode, home, env }: HandlerOptions): Promise<void> {
    const { clock, log } = this.settings;
    const settings = { mode: mode ?? "production", home: home ?? ".skein", env: env ?? processEnv(), clock, log };
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

  /** From now on each answer closes its connection; requests are still served, and channels go elsewhere. */
  startDraining(): void {
    this.#isDraining = true;
    this.channels.drain();
  }

  readonly isLast = (): boolean => this.#isDraining;

  /** Answers a request. Whoever gives it calls `over` when its answer is over, however it ended. */
  handle(exchange: Exchange): void {
    this.#inFlight++;
    try {
      this.#respond(exchange)?.catch((thrown: unknown) => this.#fail(exchange, thrown));
    } catch (thrown) {
      this.#fail(exchange, thrown);
    }
  }

  /** `isWhole`: the client got all of it. */
  over(exchange: Exchange, isWhole: boolean): void {
    if (!isWhole) exchange.departure?.left();
    if (this.settings.onRequest !== undefined) this.#report(exchange);
    this.#inFlight--;
  }

  /** Throws, or rejects with, what must be answered as an error. */
  #respond(exchange: Exchange): Promise<void> | void {
    const { verb } = exchange;
    const target = exchange.checkHead();
    if (this.settings.proxies !== undefined) this.#countForwarded(exchange);
    if (target === "*") {
      if (verb !== "OPTIONS") throw skeinError("SKEIN_HTTP_BAD_REQUEST", "the target * is for OPTIONS");
      return exchange.send(204, { allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" });
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
      this.#cors?.mark(exchange);
      const { rate } = match.route;
      // Before authentication: guessing tokens or passwords is what such a limit is for.
      const waiting = rate?.by === "ip" ? this.#rates.take(match.route, rate, exchange) : undefined;
      if (waiting !== undefined) return waiting.then(() => this.#admitted(exchange, match, query));
      return this.#admitted(exchange, match, query);
    }
    // Before an application at the root, which would answer for a route that is not its own.
    const mount = this.#isPreflight(exchange, path) ? undefined : this.#mounts?.find(verb, target, path);
    if (mount !== undefined) return this.#serveMounted(exchange, mount, target);
    const allowed = this.#router.verbsOf(path);
    if (allowed.length === 0) throw skeinError("SKEIN_HTTP_NOT_FOUND");
    const preflight = verb === "OPTIONS" ? this.#cors?.preflight(exchange, allowed) : undefined;
    if (preflight !== undefined) return exchange.send(204, preflight);
    return refuseVerb(exchange, verb, allowed);
  }

  /** Whether a browser asks about a route of a contract. */
  #isPreflight(exchange: Exchange, path: string): boolean {
    if (exchange.verb !== "OPTIONS" || exchange.header("origin") === undefined) return false;
    const asked = exchange.header("access-control-request-method");
    return asked !== undefined && this.#router.find(asked === "HEAD" ? "GET" : asked, path) !== undefined;
  }

  #admitted(exchange: Exchange, match: Match, query: string): Promise<void> | void {
    // A system without authenticators waits for nobody.
    if (this.#isOpen && this.#gate === undefined && match.route.rate?.by !== "principal")
      return this.#serve(exchange, match, query);
    return this.#serveKnown(exchange, match, query);
  }

  async #serveKnown(exchange: Exchange, match: Match, query: string): Promise<void> {
    if (!this.#isOpen) await this.opened;
    // Before the body: what a refused caller sends is not read.
    const found = this.#gate?.principalOf(exchange, exchange.traceId);
    if (found !== undefined) exchange.principal = await found;
    const { rate } = match.route;
    if (rate?.by === "principal") await this.#rates.take(match.route, rate, exchange);
    return this.#serve(exchange, match, query);
  }

  #serve(exchange: Exchange, match: Match, query: string): Promise<void> | void {
    if (match.route.channel === undefined) return serve(this.#host, this.settings, exchange, match, query, this.#fail);
    return serveChannel(this.#host, this.settings, this.channels, this.#cors, exchange, match, query);
  }

  async #serveMounted(exchange: Exchange, mount: Mount, target: string): Promise<void> {
    if (!this.#isOpen) await this.opened;
    // Where anyone may come, a credential that is not this system's is the application's own.
    const gate = this.#gate;
    const { traceId } = exchange;
    exchange.principal = await (mount.access === "public"
      ? gate?.knownOf(exchange, traceId)
      : gate?.principalOf(exchange, traceId));
    this.#mounts?.serve(exchange, mount, target, (thrown) => this.#fail(exchange, thrown));
  }

  #countForwarded(exchange: Exchange): void {
    const address = addressOf(exchange, this.settings);
    if (!this.#forwarded.enter(address)) throw skeinError("SKEIN_HTTP_CROWDED");
    exchange.onOver(() => this.#forwarded.leave(address));
  }

  /** Answers with an error. Never throws. */
  readonly #fail = (exchange: Exchange, thrown: unknown): void => {
    const error = toError(thrown);
    const { log, isDevelopment, clock } = this.settings;
    exchange.code = error.code;
    // The call path has logged the failures of handlers; what is thrown here without a code is the gateway's own.
    if (error.code === "SKEIN_CALL_FAILED" && exchange.endpoint === undefined) {
      log.error("a request failed in the gateway", { traceId: exchange.traceId, error: error.cause });
    }
    const problem = toProblem(error, exchange.traceId, isDevelopment);
    const body = JSON.stringify(problem);
    const cookie = endedCookie(error, !isDevelopment || exchange.isEncrypted);
    const headers = {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...problemHeaders(problem),
      ...(problem.status === 401 && this.#gate !== undefined && { "www-authenticate": this.#gate.challenge }),
      ...(cookie !== undefined && { "set-cookie": cookie }),
    };
    if (mustClose(exchange, error)) exchange.refuse(problem.status, headers, body, clock);
    else exchange.send(problem.status, headers, body);
  };

  #report(exchange: Exchange): void {
    const { verb: method, endpoint, code, traceId } = exchange;
    const [path = ""] = exchange.rawTarget.split("?", 1);
    const status = exchange.isAnswered ? exchange.status : statusClientLeft;
    const durationMs = this.settings.clock.monotonic() - exchange.startMs;
    report(this.settings, { method, path, status, durationMs, endpoint, code, traceId });
  }
}

function refuseVerb(exchange: Exchange, verb: string, allowed: readonly string[]): void {
  const allow = allowed.join(", ");
  if (verb === "OPTIONS") return exchange.send(204, { allow });
  exchange.setHeader("allow", allow);
  throw skeinError("SKEIN_HTTP_METHOD");
}

/** Where the rest of the request may be large, endless or misread, nothing more is taken from its connection. */
function mustClose(exchange: Exchange, error: SkeinError): boolean {
  if (error.code === "SKEIN_HTTP_BAD_REQUEST" || error.code === "SKEIN_HTTP_BODY_TOO_LARGE") return true;
  if (exchange.isComplete) return false;
  return (
    exchange.header("transfer-encoding") !== undefined || Number(exchange.header("content-length") ?? 0) > bodyBytesMax
  );
}
