/**
 * Owns the order in which a request is handled: head, target, the gateway's own pages, route, endpoint, error. It must
 * never touch a socket's life: the gateway does.
 */
import { skeinError } from "../errors/index.ts";
import type { Host } from "../host/index.ts";
import type { Mount } from "../system/index.ts";
import { Cors } from "./cors.ts";
import { answerError } from "./answer-error.ts";
import { Channels } from "./channel/registry.ts";
import { serveChannel } from "./channel/serve.ts";
import { Door } from "./door.ts";
import type { Exchange } from "./exchange.ts";
import { Mounts } from "./mounts.ts";
import { type HandlerOptions, type Settings, toSettings } from "./options.ts";
import { type OwnPage, ownPages } from "./own-pages.ts";
import { Readers } from "./readers.ts";
import { report } from "./request-line.ts";
import { createRouter, type Match, type Router } from "./router.ts";
import { type Desk, serve } from "./serve.ts";
import { readTarget } from "./target.ts";

const statusClientLeft = 499;

interface Yielding {
  readonly sinceMs: number;
  readonly withinMs: number;
}

export class Front {
  readonly settings: Settings;
  readonly channels: Channels;
  readonly readers = new Readers();
  readonly #host: Host;
  /** What every request is served with. */
  readonly #desk: Desk;
  readonly #router: Router;
  readonly #own: ReadonlyMap<string, OwnPage>;
  readonly #mounts: Mounts | undefined;
  readonly #door: Door;
  readonly #cors: Cors | undefined;
  #inFlight = 0;
  #isDraining = false;
  #yielding: Yielding | undefined;

  constructor(host: Host, options: HandlerOptions) {
    this.settings = toSettings(options, host.system.name);
    this.channels = new Channels(this.settings.clock);
    this.#host = host;
    this.#desk = { host, settings: this.settings, readers: this.readers, fail: this.#fail };
    const { cors } = host.system.http;
    this.#cors = cors && new Cors(cors);
    this.#own = ownPages(host, this.settings, () => this.#isDraining || host.isDraining);
    this.#router = createRouter(host.system, new Set(this.#own.keys()));
    const { mounts } = host.system;
    this.#mounts = mounts.length === 0 ? undefined : new Mounts(host, this.settings, new Set(this.#own.keys()));
    this.#door = new Door(host, this.settings, options);
  }

  /** Settled when callers can be told apart; rejects when the system's authenticators cannot open. */
  get opened(): Promise<void> {
    return this.#door.opened;
  }

  /** Closes what `opened` has opened. */
  close(): Promise<void> {
    return this.#door.close();
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Uploads and downloads under way. */
  get transfers(): number {
    return this.#host.transfers;
  }

  /**
   * From now on each answer closes its connection; requests are still served. Streams and channels that can go on elsewhere
   * end.
   */
  startDraining(): void {
    this.#isDraining = true;
    this.channels.drain(false);
    this.readers.drain(false);
  }

  /** The others end too. */
  endStreams(): void {
    this.channels.drain(true);
    this.readers.drain(true);
  }

  /**
   * For so long connections are closed by a growing share of the answers, so that clients come to other gateways of this
   * port little by little; 0 ends it. Said again, so long from now is left, and the share goes on from where it is in the whole.
   */
  yieldConnections(withinMs: number): void {
    const nowMs = this.settings.clock.monotonic();
    const sinceMs = this.#yielding?.sinceMs ?? nowMs;
    this.#yielding = withinMs === 0 ? undefined : { sinceMs, withinMs: nowMs - sinceMs + withinMs };
  }

  readonly isLast = (): boolean =>
    this.#isDraining || (this.#yielding !== undefined && this.#isYielded(this.#yielding));

  /** By the square of the time: at hundreds of answers a second a share that grows evenly has closed every connection in one. */
  #isYielded({ sinceMs, withinMs }: Yielding): boolean {
    const { clock, random } = this.settings;
    return random.float() < ((clock.monotonic() - sinceMs) / withinMs) ** 2;
  }

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
    this.#door.count(exchange);
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
      if (!this.#host.mayEnter(match.route.service, match.route.name)) throw full;
      const waiting = this.#door.admit(exchange, match.route);
      return waiting === undefined
        ? this.#serve(exchange, match, query)
        : waiting.then(() => this.#serve(exchange, match, query));
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

  #serve(exchange: Exchange, match: Match, query: string): Promise<void> | void {
    if (match.route.channel === undefined) return serve(this.#desk, exchange, match, query);
    return serveChannel(this.#host, this.settings, this.channels, this.#cors, exchange, match, query);
  }

  async #serveMounted(exchange: Exchange, mount: Mount, target: string): Promise<void> {
    await this.#door.admitMounted(exchange, mount);
    this.#mounts?.serve(exchange, mount, target, (thrown) => this.#fail(exchange, thrown));
  }

  readonly #fail = (exchange: Exchange, thrown: unknown): void =>
    answerError(exchange, thrown, this.settings, this.#door.challenge);

  #report(exchange: Exchange): void {
    const { verb: method, endpoint, code, traceId } = exchange;
    const [path = ""] = exchange.rawTarget.split("?", 1);
    const status = exchange.isAnswered ? exchange.status : statusClientLeft;
    const durationMs = this.settings.clock.monotonic() - exchange.startMs;
    report(this.settings, { method, path, status, durationMs, endpoint, code, traceId });
  }
}

/** One for all requests: what is refused in an overload must cost next to nothing, and a stack says nothing of it. */
const full = skeinError("SKEIN_HOST_OVERLOADED", "the hosts that would serve this refuse many calls");

function refuseVerb(exchange: Exchange, verb: string, allowed: readonly string[]): void {
  const allow = allowed.join(", ");
  if (verb === "OPTIONS") return exchange.send(204, { allow });
  exchange.setHeader("allow", allow);
  throw skeinError("SKEIN_HTTP_METHOD");
}
