/** Owns what a client is made with: options as a caller gives them, and as the rest of the client reads them. */
import { type Clock, type Duration, type Random, systemClock, systemRandom, toMs } from "../../core/index.ts";
import { RetryBudget } from "../../core/retry.ts";
import { type SkeinError, skeinError } from "../../errors/index.ts";
import { responseBytesMax, streamIdleMs, timeoutMs } from "./limits.ts";

/** A `fetch`, as far as the client uses it. @since 0.1.0 */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** How a client reaches its gateway. @since 0.1.0 */
export interface HttpClientOptions {
  /** `https://shop.example.org`, with a path in front of the routes if there is one. */
  readonly baseUrl: string | URL;
  /** Sent as `Authorization: Bearer`; a function is asked for each attempt. */
  readonly token?: string | (() => string | Promise<string>);
  /** More headers of each request; a function is asked for each attempt. */
  readonly headers?: HeadersGiven | (() => HeadersGiven | Promise<HeadersGiven>);
  /** Longest time of a call with all its attempts, 10 s unless given; of a stream, to its first byte. */
  readonly timeout?: Duration;
  /** Instead of the platform's own. */
  readonly fetch?: Fetch;
  /** Whether a browser sends cookies; its own default unless given. */
  readonly credentials?: "omit" | "same-origin" | "include";
  /** Bytes of an answer in one piece, decompressed; 4 MiB unless given (`SKEIN_CLIENT_TOO_LARGE`). */
  readonly responseBytesMax?: number;
  /** Longest wait for the next item of a stream, 310 s unless given. */
  readonly streamIdle?: Duration;
  /** How streams are asked for: server-sent events unless given, or NDJSON. */
  readonly streams?: "events" | "ndjson";
  /** The seams for time and randomness, for tests. */
  readonly clock?: Clock;
  readonly random?: Random;
}

/** Header values by name. */
export type HeadersGiven = Readonly<Record<string, string>>;

/** The options with their defaults, and what the calls of one client share. */
export interface Settings {
  readonly origin: string;
  /** The base URL without its trailing slash. */
  readonly base: string;
  readonly token: HttpClientOptions["token"];
  readonly headers: HttpClientOptions["headers"];
  readonly credentials: HttpClientOptions["credentials"];
  readonly fetch: Fetch;
  readonly timeoutMs: number;
  readonly responseBytesMax: number;
  readonly streamIdleMs: number;
  readonly streamType: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly budget: RetryBudget;
}

/** Throws `SKEIN_CLIENT_SETUP`. */
export function toSettings(options: HttpClientOptions): Settings {
  const url = toUrl(options.baseUrl);
  const clock = options.clock ?? systemClock;
  const bytes = options.responseBytesMax ?? responseBytesMax;
  if (!Number.isSafeInteger(bytes) || bytes < 1) throw setup("responseBytesMax is a whole number from 1");
  return {
    origin: url.origin,
    base: url.origin + url.pathname.replace(/\/+$/, ""),
    token: options.token,
    headers: options.headers,
    credentials: options.credentials,
    // Looked up at each call, and never as a method of ours: browsers refuse that.
    fetch: options.fetch ?? ((target, init) => fetch(target, init)),
    timeoutMs: durationOf("timeout", options.timeout ?? timeoutMs),
    responseBytesMax: bytes,
    streamIdleMs: durationOf("streamIdle", options.streamIdle ?? streamIdleMs),
    streamType: options.streams === "ndjson" ? "application/x-ndjson" : "text/event-stream",
    clock,
    random: options.random ?? systemRandom,
    budget: new RetryBudget(),
  };
}

/** Milliseconds of an option. Throws `SKEIN_CLIENT_SETUP`. */
export function durationOf(name: string, given: Duration): number {
  try {
    return toMs(given);
  } catch (error) {
    throw setup(`${name}: ${(error as Error).message}`);
  }
}

export function setup(detail: string, cause?: unknown): SkeinError {
  return skeinError("SKEIN_CLIENT_SETUP", detail, { cause });
}

function toUrl(given: string | URL): URL {
  const url = URL.parse(String(given));
  if (url === null || !/^https?:$/.test(url.protocol)) throw setup("baseUrl is an absolute http or https URL");
  if (url.username !== "" || url.password !== "") throw setup("baseUrl holds a password; give it as token or headers");
  if (url.search !== "" || url.hash !== "") throw setup("baseUrl has neither a query nor a fragment");
  return url;
}
