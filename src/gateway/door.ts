/**
 * Owns who gets in: how many requests an address may have under way, how often a route may be asked, whom a credential
 * stands for. It must never read a body: what a refused caller sends is not read.
 */
import { processEnv } from "../core/platform.ts";
import { skeinError } from "../errors/index.ts";
import type { Host } from "../host/index.ts";
import type { Mount } from "../system/index.ts";
import { addressOf, Census, Rates } from "./admission.ts";
import { type Gate, openGate } from "./authenticate/gate.ts";
import type { Exchange } from "./exchange.ts";
import type { HandlerOptions, Settings } from "./options.ts";
import type { Route } from "./router.ts";

export class Door {
  /** Settled when callers can be told apart; rejected when the system's authenticators cannot open. */
  readonly opened: Promise<void>;
  readonly #settings: Settings;
  /** Requests in flight per forwarded address; used behind trusted proxies only. */
  readonly #forwarded = new Census();
  readonly #rates: Rates;
  #gate: Gate | undefined;
  #isOpen: boolean;

  constructor(host: Host, settings: Settings, options: HandlerOptions) {
    this.#settings = settings;
    this.#rates = new Rates(host, settings);
    this.#isOpen = host.system.identity === undefined;
    this.opened = this.#isOpen ? Promise.resolve() : this.#open(host, options);
    // Whoever starts a gateway awaits it; behind a server of one's own each request does.
    this.opened.catch((error: unknown) => settings.log.error("the system's authenticators did not open", { error }));
  }

  async #open({ system }: Host, { mode, home, env }: HandlerOptions): Promise<void> {
    const { clock, log } = this.#settings;
    const settings = { mode: mode ?? "production", home: home ?? ".skein", env: env ?? processEnv(), clock, log };
    this.#gate = await openGate(system, settings);
    this.#isOpen = true;
  }

  /** What a caller without credentials is told to bring; `undefined` in a system that asks nobody. */
  get challenge(): string | undefined {
    return this.#gate?.challenge;
  }

  /** Counts a request behind a trusted proxy. Throws `SKEIN_HTTP_CROWDED`. */
  count(exchange: Exchange): void {
    if (this.#settings.proxies === undefined) return;
    const address = addressOf(exchange, this.#settings);
    if (!this.#forwarded.enter(address)) throw skeinError("SKEIN_HTTP_CROWDED");
    exchange.onOver(() => this.#forwarded.leave(address));
  }

  /** Nothing where nobody has to be waited for. Throws, or rejects with, what keeps the request out. */
  admit(exchange: Exchange, route: Route): Promise<void> | undefined {
    const { rate } = route;
    // Before authentication: guessing tokens or passwords is what such a limit is for.
    const waiting = rate?.by === "ip" ? this.#rates.take(route, rate, exchange) : undefined;
    if (waiting !== undefined) return waiting.then(() => this.#recognise(exchange, route));
    return this.#recognise(exchange, route);
  }

  #recognise(exchange: Exchange, route: Route): Promise<void> | undefined {
    // A system without authenticators waits for nobody.
    if (this.#isOpen && this.#gate === undefined && route.rate?.by !== "principal") return undefined;
    return this.#find(exchange, route);
  }

  async #find(exchange: Exchange, route: Route): Promise<void> {
    if (!this.#isOpen) await this.opened;
    const found = this.#gate?.principalOf(exchange, exchange.traceId);
    if (found !== undefined) exchange.principal = await found;
    const { rate } = route;
    if (rate?.by === "principal") await this.#rates.take(route, rate, exchange);
  }

  /** Where anyone may come, a credential that is not this system's is the application's own. */
  async admitMounted(exchange: Exchange, { access }: Mount): Promise<void> {
    if (!this.#isOpen) await this.opened;
    const gate = this.#gate;
    const { traceId } = exchange;
    exchange.principal = await (access === "public"
      ? gate?.knownOf(exchange, traceId)
      : gate?.principalOf(exchange, traceId));
  }

  /** Closes what `opened` has opened. */
  async close(): Promise<void> {
    await this.opened.catch(() => undefined);
    await this.#gate?.close();
  }
}
