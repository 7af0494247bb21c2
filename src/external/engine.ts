/**
 * Owns an external service while it is open: its address, its connections, and the journey of a call over HTTP. It must
 * never send a credential anywhere but to the service's own URL.
 */
import type { LookupFunction } from "node:net";
import { type AnyContract, type HttpBinding, type Method } from "../contract/index.ts";
import { createId, type Secret, sleep } from "../core/index.ts";
import { attemptsMax as attemptsDefault, backoffMs, RetryBudget } from "../core/retry.ts";
import { isSkeinError, skeinError, type SkeinCode, type SkeinError } from "../errors/index.ts";
import { type CallBinding, methodsOf, type OpenContext, type Opened } from "../system/index.ts";
import { isLoopback, isPublic } from "./addresses.ts";
import { bare, createAgent } from "./connect.ts";
import type { ExternalSettings } from "./external.ts";
import { connectionsDefault, replyBytesMax, waitingMax } from "./limits.ts";
import { declaredOf, outputOf, statusError } from "./reply.ts";
import { type Outgoing, type Plan, planOf, toRequest } from "./request.ts";
import { mayPass } from "./passing.ts";
import { Slots } from "./slots.ts";
import { type Peer, type Reply, send } from "./send.ts";

/** What a handler of an external service finds under `http`. */
export interface ExternalCaller {
  call(method: string, input: unknown): Promise<unknown>;
}

interface Engine {
  readonly context: OpenContext;
  readonly settings: ExternalSettings;
  readonly peer: Peer;
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly plans: ReadonlyMap<string, { readonly plan: Plan; readonly method: Method }>;
  readonly budget: RetryBudget;
  /** Begins every span id that leaves, so that those of two processes differ. */
  readonly spanPrefix: string;
  readonly slots: Slots;
}

/** Opens it: no connection is made before the first call. Throws `SKEIN_CONFIG_INVALID` for a URL that cannot be one. */
export function openExternal(
  contract: AnyContract,
  settings: ExternalSettings,
  context: OpenContext,
  config: unknown,
  lookup?: LookupFunction,
): Opened {
  const url = urlOf(settings, context);
  const isLocal = context.mode !== "production" && isLocalHost(url);
  const allowsPrivate = settings.allowPrivate === true;
  const agent = createAgent(url.protocol === "https:", {
    service: contract.name,
    clock: context.clock,
    connections: settings.connections ?? connectionsDefault,
    allows: (address) => allowsPrivate || isPublic(address) || (isLocal && isLoopback(address)),
    ...(lookup !== undefined && { lookup }),
  });
  const engine: Engine = {
    context,
    settings,
    peer: { service: contract.name, url, agent, replyBytesMax: settings.replyBytesMax ?? replyBytesMax },
    base: url.pathname.replace(/\/+$/, ""),
    headers: headersOf(settings, config),
    plans: new Map(
      methodsOf(contract).map(([name, method]) => [name, { plan: planOf(`${contract.name}.${name}`, method), method }]),
    ),
    budget: new RetryBudget(),
    spanPrefix: Buffer.from(context.random.bytes(4)).toString("hex"),
    slots: new Slots(settings.connections ?? connectionsDefault, waitingMax),
  };
  return {
    bind: (binding): ExternalCaller => ({ call: (method, input) => travel(engine, binding, method, input) }),
    close: () => {
      agent.destroy();
      return Promise.resolve();
    },
  };
}

async function travel(engine: Engine, binding: CallBinding, name: string, input: unknown): Promise<unknown> {
  const known = engine.plans.get(name);
  if (known === undefined) throw new TypeError(`no plan for ${name}`);
  const { plan, method } = known;
  const { settings } = engine;
  if (engine.slots.isFull)
    throw skeinError("SKEIN_EXTERNAL_CROWDED", `${waitingMax} calls wait for ${settings.name} already`);
  return attempt(engine, binding, method, plan, toRequest(plan, engine.base, input));
}

async function attempt(
  engine: Engine,
  binding: CallBinding,
  method: Method,
  plan: Plan,
  outgoing: Outgoing,
): Promise<unknown> {
  const { context, settings, budget } = engine;
  const isKeyed = (method.http as HttpBinding).keyed === true;
  const attemptsMost = method.kind === "query" || isKeyed ? (settings.attempts ?? attemptsDefault) : 1;
  const headers = headersFor(engine, binding, method.kind !== "query", isKeyed);
  const { clock, random } = context;
  budget.call(clock.monotonic());
  for (let number = 1; ; number++) {
    let reply: Reply | undefined;
    try {
      reply = await sendInTurn(engine, outgoing, headers, binding.call.signal);
      return await meaning(engine, binding, method, plan, reply, number);
    } catch (error) {
      const isLast = number >= attemptsMost || !mayPass(error);
      const askedMs = reply?.retryAfterMs ?? 0;
      if (isLast || askedMs >= binding.remainingMs() || !budget.take(clock.monotonic()))
        throw finalError(error, number);
      binding.call.log.info(`${plan.id}: attempt ${number} failed, trying again`, { code: (error as SkeinError).code });
      await sleep(clock, Math.max(backoffMs(number, random), askedMs), binding.call.signal);
    }
  }
}

async function sendInTurn(
  { slots, peer }: Engine,
  outgoing: Outgoing,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Reply> {
  await slots.take(signal);
  try {
    return await send(peer, outgoing, headers, signal);
  } finally {
    slots.give();
  }
}

async function meaning(
  engine: Engine,
  { call }: CallBinding,
  method: Method,
  plan: Plan,
  reply: Reply,
  attempts: number,
): Promise<unknown> {
  if (reply.status >= 200 && reply.status <= 299) return outputOf(plan.id, method, reply);
  const declared = await declaredOf(method, reply);
  // `Call.error` is typed for one method's names; this serves them all.
  if (declared !== undefined)
    throw (call.error as (code: string, data: unknown) => Error).call(call, declared.code, declared.data);
  throw statusError(engine.settings.name, reply.status, attempts);
}

/** Is not tried again by whoever called, also where one attempt was all that there may be: that is decided here. */
function finalError(error: unknown, attempts: number): unknown {
  if (!isSkeinError(error) || !error.code.startsWith("SKEIN_EXTERNAL_")) return error;
  const { code, message, outcome, data } = error;
  const common = { cause: error, outcome, attempts };
  if (attempts === 1) return skeinError(code as SkeinCode, message, { ...common, retry: error.retry, data });
  return skeinError(code as SkeinCode, `${message} (${attempts} attempts)`, {
    ...common,
    retry: false,
    data: { ...(data as object | undefined), attempts },
  });
}

function headersFor(
  engine: Engine,
  { call, span }: CallBinding,
  mayKey: boolean,
  isKeyed: boolean,
): Record<string, string> {
  // One trace from the browser to the other side: https://www.w3.org/TR/trace-context/
  const spanId = engine.spanPrefix + (span % 2 ** 32).toString(16).padStart(8, "0");
  const key = isKeyed ? (call.key ?? createId(engine.context.random)) : mayKey ? call.key : undefined;
  return {
    "user-agent": "skein",
    ...engine.headers,
    traceparent: `00-${call.traceId}-${spanId}-01`,
    ...(key !== undefined && isVisible(key) && { "idempotency-key": key }),
  };
}

function isVisible(key: string): boolean {
  return /^[\x21-\x7e]+$/.test(key);
}

function headersOf(settings: ExternalSettings, config: unknown): Record<string, string> {
  const headers: Record<string, string> = {};
  const given = typeof settings.headers === "function" ? settings.headers(config) : (settings.headers ?? {});
  for (const [name, value] of Object.entries(given)) headers[name.toLowerCase()] = revealed(value);
  const proof = typeof settings.authorization === "function" ? settings.authorization(config) : settings.authorization;
  if (proof !== undefined) headers["authorization"] = revealed(proof);
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) || !/^[\t\x20-\x7e]*$/.test(value))
      throw skeinError("SKEIN_CONFIG_INVALID", `${settings.name}: the header ${JSON.stringify(name)} cannot be sent`);
  }
  return headers;
}

function revealed(value: string | Secret): string {
  return typeof value === "string" ? value : value.reveal();
}

function urlOf({ name, url, variable }: ExternalSettings, { env }: OpenContext): URL {
  const text = env[variable] ?? url;
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  // A name and password in a URL end up in logs; a query or fragment has no place before a path.
  if (
    parsed === undefined ||
    !/^https?:$/.test(parsed.protocol) ||
    parsed.username !== "" ||
    parsed.password !== "" ||
    parsed.search !== "" ||
    parsed.hash !== ""
  )
    throw skeinError("SKEIN_CONFIG_INVALID", `${variable}, the URL of ${name}, is not http(s)://host[:port][/path]`);
  return parsed;
}

/** Whether whoever wrote the URL meant this machine. */
function isLocalHost({ hostname }: URL): boolean {
  const host = bare(hostname);
  return host === "localhost" || isLoopback(host);
}
