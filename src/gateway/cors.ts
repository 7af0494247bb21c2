/**
 * Owns what answers say to pages of other origins, as the system declares it. It must never repeat an origin that is not in
 * the declaration, and decides nobody's access: a browser asks, a program does not.
 */
import { toMs } from "../core/index.ts";
import type { CorsSpec } from "../system/index.ts";
import type { Exchange, Headers } from "./exchange.ts";

/** What JSON, authentication, idempotency, conditions and streams need. */
const requestHeaders = [
  "authorization",
  "content-type",
  "idempotency-key",
  "if-match",
  "if-none-match",
  "last-event-id",
  "traceparent",
  "tracestate",
  "x-api-key",
];
const answerHeaders = ["content-range", "etag", "location", "retry-after", "www-authenticate", "x-request-id"];
const maxAgeDefault = "10m";

/** Made once, when the gateway starts: what is sent are constant texts. */
export class Cors {
  /** `undefined`: any. */
  readonly #origins: ReadonlySet<string> | undefined;
  readonly #hasCredentials: boolean;
  readonly #maxAge: string;
  readonly #allowed: string;
  readonly #exposed: string;

  constructor({ origins, credentials, maxAge, headers, exposed }: CorsSpec) {
    this.#origins = origins === "*" ? undefined : new Set(origins);
    this.#hasCredentials = credentials === true;
    this.#maxAge = String(Math.floor(toMs(maxAge ?? maxAgeDefault) / 1_000));
    this.#allowed = listOf(requestHeaders, headers);
    this.#exposed = listOf(answerHeaders, exposed);
  }

  /** Adds to whatever this is answered with. */
  mark(exchange: Exchange): void {
    const origin = this.#allowedOrigin(exchange);
    if (origin === undefined) return;
    exchange.setHeader("access-control-allow-origin", origin);
    if (this.#hasCredentials) exchange.setHeader("access-control-allow-credentials", "true");
    exchange.setHeader("access-control-expose-headers", this.#exposed);
  }

  /** The headers of the answer to a browser's question; `undefined` when OPTIONS is asked for anything else. */
  preflight(exchange: Exchange, verbs: readonly string[]): Headers | undefined {
    if (exchange.header("origin") === undefined || exchange.header("access-control-request-method") === undefined) {
      return undefined;
    }
    const vary = "origin, access-control-request-method, access-control-request-headers";
    const origin = this.#allowedOrigin(exchange);
    // A page of no allowed origin learns nothing, not even which methods there are for the others.
    if (origin === undefined) return { vary };
    return {
      vary,
      "access-control-allow-origin": origin,
      ...(this.#hasCredentials && { "access-control-allow-credentials": "true" }),
      "access-control-allow-methods": verbs.join(", "),
      "access-control-allow-headers": this.#allowed,
      "access-control-max-age": this.#maxAge,
    };
  }

  /**
   * Whether a page of the request's origin may open a channel. Nobody asks before a WebSocket, and a browser sends its cookies
   * along whatever the page says: without `credentials`, such a request may carry none.
   */
  mayOpen(exchange: Exchange, origin: string): boolean {
    if (this.#origins?.has(origin) === false) return false;
    if (this.#hasCredentials) return true;
    const hasHeader = exchange.header("cookie") !== undefined || exchange.header("authorization") !== undefined;
    return !hasHeader && exchange.principal === undefined && exchange.clientCertificate() === undefined;
  }

  #allowedOrigin(exchange: Exchange): string | undefined {
    if (this.#origins === undefined) return "*";
    // Also without an origin: a cache must not give a page what was answered to a program.
    exchange.varyBy = "origin";
    const origin = exchange.header("origin");
    return origin !== undefined && this.#origins.has(origin) ? origin : undefined;
  }
}

function listOf(own: readonly string[], more: readonly string[] | undefined): string {
  return [...new Set([...own, ...(more ?? []).map((name) => name.toLowerCase())])].join(", ");
}
