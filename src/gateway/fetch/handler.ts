/**
 * Owns the fetch door: a system as a function from `Request` to `Response`, its host inside. It must never do anything
 * before the first request: some runtimes allow no timer, no randomness and no I/O there.
 */
import { sleep } from "../../core/index.ts";
import { processEnv } from "../../core/platform.ts";
import { hasEngines } from "../../data/index.ts";
import { type SkeinError, skeinError } from "../../errors/index.ts";
import { createHost, type Host, type HostOptions } from "../../host/index.ts";
import { ownedKind, type System } from "../../system/index.ts";
import { Front } from "../front.ts";
import { drainMs } from "../limits.ts";
import { type HandlerOptions, type Settings, toSettings } from "../options.ts";
import { problemHeaders, toError, toProblem } from "../problem.ts";
import { traceIdOf } from "../trace.ts";
import { FetchExchange } from "./exchange.ts";
import { Opening } from "./opening.ts";

/** What the runtime knows of one request beside it. @since 0.1.0 */
export interface FetchContext {
  /** Keeps the runtime from ending work with its request: `(work) => ctx.waitUntil(work)` on Cloudflare Workers. */
  readonly waitUntil?: (work: Promise<unknown>) => void;
  /** What services read their settings from, where the runtime hands it over with requests; the first request's counts. */
  readonly env?: Readonly<Record<string, unknown>>;
  /** Address of the client, for rate limits by address and for `trustProxy`: `server.requestIP(request)?.address` in Bun. */
  readonly clientAddress?: string;
}

/** How a fetch handler runs. Everything has a default. @since 0.1.0 */
export interface FetchOptions extends HandlerOptions, Pick<HostOptions, "services" | "recorder" | "timeoutMs"> {
  /**
   * Whether work may end with the request that began it, so that no request may wait for another's: true on Cloudflare
   * Workers and false elsewhere, unless given. Replies are then cached still, but flights are not shared.
   */
  readonly isolated?: boolean;
}

/** A system that answers requests. @since 0.1.0 */
export interface FetchHandler extends AsyncDisposable {
  /** The answer; it never rejects. */
  (request: Request, context?: FetchContext): Promise<Response>;
  /**
   * Opens the services now and not with the first request. Rejects with why they cannot be opened, as `createHost` does.
   */
  open(context?: FetchContext): Promise<void>;
  /** Refuses new calls, waits for those in flight (at most 20 s) and closes the services. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * A system behind a function from `Request` to `Response`, with the gateway's routes, limits, authentication and answers:
 * for Bun, Deno, Cloudflare Workers, and route handlers of web frameworks. Its services open with the first request.
 * What it needs of a runtime are the web's own standards. Throws `SKEIN_RUNTIME_UNSUPPORTED`, naming the service, when one
 * of the services has a database and this runtime or bundle has no engine for it; `SKEIN_SYSTEM_INVALID` for an unknown
 * name in `services`.
 * @since 0.1.0
 */
export function createFetchHandler(system: System, options: FetchOptions = {}): FetchHandler {
  checkServices(system, options.services);
  const door = new Door(system, options);
  const handle = (request: Request, context?: FetchContext) => door.answer(request, context);
  return Object.assign(handle, {
    open: async (context?: FetchContext) => void (await door.open(context)),
    close: () => door.close(),
    [Symbol.asyncDispose]: () => door.close(),
  });
}

interface Open {
  readonly host: Host;
  readonly front: Front;
}

class Door {
  readonly #system: System;
  readonly #options: FetchOptions;
  readonly #settings: Settings;
  readonly #isolated: boolean;
  readonly #opening: Opening<Open>;
  #isClosed = false;
  #closing: Promise<void> | undefined;

  constructor(system: System, options: FetchOptions) {
    this.#system = system;
    this.#options = options;
    this.#settings = toSettings(options, system.name);
    this.#isolated = options.isolated ?? isWorkers();
    this.#opening = new Opening({ clock: this.#settings.clock, mayBeLost: this.#isolated, close: closeBoth });
  }

  async answer(request: Request, context: FetchContext | undefined): Promise<Response> {
    const { clock, random, log } = this.#settings;
    const traceId = traceIdOf(request.headers.get("traceparent") ?? undefined, random);
    let front: Front;
    try {
      ({ front } = this.#opening.value ?? (await this.open(context)));
    } catch (thrown) {
      const error = toError(thrown);
      if (error.code !== "SKEIN_HOST_DRAINING") log.error("the system could not be opened", { error, traceId });
      return this.#refusal(error, traceId);
    }
    return new Promise((resolve) => {
      const exchange = new FetchExchange({
        request,
        traceId,
        clock,
        peer: context?.clientAddress,
        keep: context?.waitUntil && keepIn(context.waitUntil),
        resolve,
        over: (ended, isWhole) => front.over(ended, isWhole),
      });
      front.handle(exchange);
    });
  }

  open(context: FetchContext | undefined): Promise<Open> {
    if (this.#isClosed) return Promise.reject(skeinError("SKEIN_HOST_DRAINING"));
    return this.#opening.get(() => {
      const opened = this.#open(context);
      context?.waitUntil?.(opened.catch(() => undefined));
      return opened;
    });
  }

  async #open(context: FetchContext | undefined): Promise<Open> {
    const env = this.#options.env ?? textsOf(context?.env) ?? processEnv();
    const options = { ...this.#options, env };
    const keep = context?.waitUntil && keepIn(context.waitUntil);
    const host = await createHost(this.#system, { ...options, isolated: this.#isolated, ...(keep && { keep }) });
    try {
      const front = new Front(host, options);
      await front.opened;
      return { host, front };
    } catch (error) {
      await host.close();
      throw error;
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const open = this.#opening.value;
    if (open === undefined) return;
    open.front.startDraining();
    const waited = new AbortController();
    const longest = sleep(this.#settings.clock, drainMs, waited.signal).catch(() => undefined);
    await Promise.race([open.host.drain(), longest]);
    waited.abort();
    await closeBoth(open);
  }

  /** An answer of the gateway's while there is no gateway. */
  #refusal(error: SkeinError, traceId: string): Response {
    const problem = toProblem(error, traceId, this.#settings.isDevelopment);
    return new Response(JSON.stringify(problem), {
      status: problem.status,
      headers: {
        "content-type": "application/problem+json",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-request-id": traceId,
        ...Object.fromEntries(Object.entries(problemHeaders(problem)).map(([name, value]) => [name, String(value)])),
      },
    });
  }
}

/** Refuses at once what could only fail later: the module that calls this then does not load, and says why. */
function checkServices(system: System, names: readonly string[] | undefined): void {
  const known = new Set(system.services.map(({ declaration }) => declaration.name));
  for (const name of names ?? []) {
    if (!known.has(name)) throw skeinError("SKEIN_SYSTEM_INVALID", `${system.name} has no service "${name}"`);
  }
  if (hasEngines) return;
  for (const { declaration } of system.services) {
    if (names !== undefined && !names.includes(declaration.name)) continue;
    for (const owned of Object.values(declaration.has)) {
      if (ownedKind(owned) !== "database") continue;
      throw skeinError(
        "SKEIN_RUNTIME_UNSUPPORTED",
        `${declaration.name} has the database "${owned.name}", and this runtime or bundle has no database engines`,
      );
    }
  }
}

async function closeBoth({ host, front }: Open): Promise<void> {
  await front.close();
  await host.close();
}

function keepIn(waitUntil: (work: Promise<unknown>) => void): (work: Promise<unknown>) => void {
  return (work) => waitUntil(work.catch(() => undefined));
}

/** The settings among what a Worker is bound to; other bindings are objects. */
function textsOf(env: FetchContext["env"]): Record<string, string> | undefined {
  if (env === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/** https://developers.cloudflare.com/workers/runtime-apis/web-standards/#navigatoruseragent */
function isWorkers(): boolean {
  const { navigator } = globalThis as { navigator?: { userAgent?: string } };
  return navigator?.userAgent === "Cloudflare-Workers";
}
