/**
 * Owns the declaration of a service: what it uses, has and allows, and the typed doors to its code. It must never load
 * that code: the checker, the planner and the dashboard read declarations only.
 */
import type {
  AnyContract,
  Body,
  BodySpec,
  ChannelOutput,
  Client,
  Contract,
  Event,
  EventNames,
  InferOut,
  Kind,
  Member,
  Members,
  Method,
  MethodNames,
  ParsedInputOf,
  RawReplyOf,
  Schema,
} from "../contract/index.ts";
import { isBytes, isContract } from "../contract/index.ts";
import { type Duration, nearest, toMs } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";
import type { Call } from "./call.ts";
import { assertHedge, assertRateLimit, serviceInvalid } from "./policy-rules.ts";
import type { Owned } from "./owned.ts";
import type { Access, Principal } from "./principal.ts";

/** How replies of a query are kept by the callee's host. @since 0.1.0 */
export interface CachePolicy {
  /** How long a reply is fresh. */
  readonly ttl: Duration;
  /** How much longer a stale reply may be given while one call refreshes it. */
  readonly staleFor?: Duration;
  /** Most replies kept, 1,000 unless given; the least recently used goes first. */
  readonly entriesMax?: number;
}

/** How often one client may call a method over HTTP; more is answered 429 with `Retry-After`. @since 0.1.0 */
export interface RateLimitPolicy {
  /** Calls per second in the long run; a fraction such as 1/12 is five per minute. */
  readonly perSecond: number;
  /** Calls that may come at once after a pause: at least 1. */
  readonly burst: number;
  /** Who counts as one client. `"principal"` counts those who have none by their address. */
  readonly by: "ip" | "principal";
  /**
   * Counted once for all gateways, in the database of the service, instead of by each gateway for itself. A gateway takes
   * tokens a few at a time: each may let a tenth of the burst (at most 100) more through. Needs a database.
   */
  readonly shared?: boolean;
}

/** What the server allows and promises for one method; never part of the contract. @since 0.1.0 */
export interface MethodPolicy {
  readonly access?: Access;
  /** Shortens the deadline of every call of this method; 10 s is the default of a call from outside. */
  readonly timeout?: Duration;
  /** Queries only. */
  readonly cache?: CachePolicy;
  /**
   * Queries only, and where they run in other hosts: after this long, or after as long as 95 of 100 calls take, a second
   * attempt goes to another replica, and the first answer counts. The repeats of a group are limited, these among them.
   */
  readonly hedge?: "p95" | Duration;
  /** Methods with `http` only. By address it is counted before authentication, by principal after. */
  readonly rateLimit?: RateLimitPolicy;
}

export type Uses = Readonly<Record<string, AnyContract>>;
export type Has = Readonly<Record<string, Owned>>;
export type Policies<M extends Members> = { readonly [K in MethodNames<M>]?: MethodPolicy };

/** A subscription to an event of a contract; delivery comes in a later version and `skein check` says so. @since 0.1.0 */
export interface Subscription<E extends Event = Event> {
  readonly contract: AnyContract;
  readonly event: string;
  readonly member: E;
  /** A workflow or action of the same service that is run instead of a handler. */
  readonly run: string | undefined;
  readonly start: "now" | "beginning";
}
export type On = Readonly<Record<string, Subscription>>;

/** Listens to an event. Needs no `uses`: events are not call edges. Throws `SKEIN_SERVICE_INVALID` for an unknown event. @since 0.1.0 */
export function subscribe<M extends Members, const E extends EventNames<M>>(
  contract: Contract<string, M>,
  event: E,
  options: { readonly run?: string; readonly start?: "now" | "beginning" } = {},
): Subscription<M[E] extends Event ? M[E] : never> {
  const member = contract.full[event];
  if (member?.kind !== "event") throw serviceInvalid(`subscribe: ${contract.name} declares no event "${event}"`);
  return Object.freeze({
    contract,
    event,
    // The lookup above is the proof; the type follows from E.
    member: member as M[E] extends Event ? M[E] : never,
    run: options.run,
    start: options.start ?? "now",
  });
}

/** What a service declares. @since 0.1.0 */
export interface ServiceSpec<M extends Members, U extends Uses, H extends Has, P extends Policies<M>, O extends On> {
  /** The contracts it calls, whole or picked: the whole truth about who may call whom. */
  readonly uses?: U;
  /** What it owns: `database`, `config`, `resource`. */
  readonly has?: H;
  readonly policy?: P;
  readonly on?: O;
}

type HandleOf<D, K extends Kind> =
  D extends Owned<infer Read, infer Write, infer Free>
    ? K extends "query"
      ? Read
      : K extends "command"
        ? Write
        : Free
    : never;

/** The second argument of a handler: exactly the names in `uses` and `has`, as its kind of method may use them. */
export type Own<U extends Uses, H extends Has, K extends Kind> = { readonly [N in keyof U]: Client<U[N], K> } & {
  readonly [N in keyof H]: HandleOf<H[N], K>;
};

type Handler<M extends Method, U extends Uses, H extends Has, P> = (
  input: ParsedInputOf<M>,
  own: Own<U, H, M["kind"]>,
  call: Call<P, M["errors"]> & WithBody<M>,
) => RawReplyOf<M> | Promise<RawReplyOf<M>>;

/** `call.body` for methods that take one, `call.received` for channels. */
export type WithBody<M extends Method> = (M["body"] extends BodySpec ? { readonly body: Body } : unknown) & Received<M>;

/**
 * `call.received`, for channels: each item parsed once. One that the contract refuses ends the channel with
 * `SKEIN_INPUT_INVALID`, whatever the handler does about it. Can be read once.
 */
type Received<M extends Method> =
  M["output"] extends ChannelOutput<Schema, infer Receive>
    ? { readonly received: AsyncIterableIterator<InferOut<Receive>> }
    : unknown;

// oxlint-disable-next-line typescript/ban-types -- the empty set of errors
type NoErrors = {};

type EventHandler<S extends Subscription, U extends Uses, H extends Has, P> = (
  event: InferOut<S["member"]["schema"]>,
  own: Own<U, H, "command">,
  call: Call<P, NoErrors>,
) => void | Promise<void>;

/** One function for each method and each subscription. */
export type Handlers<M extends Members, U extends Uses, H extends Has, O extends On, P> = {
  readonly [K in MethodNames<M>]: M[K] extends Method ? Handler<M[K], U, H, P> : never;
} & { readonly [K in keyof O]: EventHandler<O[K], U, H, P> };

type GuardedNames<M extends Members, P extends Policies<M>> = {
  [K in MethodNames<M>]: P[K] extends { readonly access: "guarded" } ? K : never;
}[MethodNames<M>];

/** One guard for each method whose access is `"guarded"`; it sees `own` as a query does. */
export type Guards<M extends Members, U extends Uses, H extends Has, P extends Policies<M>, Who> = {
  readonly [K in GuardedNames<M, P>]: M[K] extends Method
    ? (
        input: ParsedInputOf<M[K]>,
        own: Own<U, H, "query">,
        call: Call<Who, M[K]["errors"]>,
      ) => boolean | Promise<boolean>
    : never;
};

/** What a service does beside answering calls. @since 0.1.0 */
export interface Hooks<U extends Uses, H extends Has, Who> {
  /**
   * Runs once in the background when its host has become ready, as an action without a principal: to finish what an
   * earlier process left. A failure is logged and changes nothing else. Its deadline is five minutes.
   */
  readonly start?: (own: Own<U, H, "action">, call: Call<Who, NoErrors>) => Promise<void> | void;
  /** Rejects while the service cannot serve; the host is not ready until every hook has resolved. */
  readonly ready?: (own: Own<U, H, "query">, call: Call<Who, NoErrors>) => Promise<void> | void;
}

/** Guards are required where a policy says `"guarded"`, and refused elsewhere. */
export type ImplementOptions<M extends Members, U extends Uses, H extends Has, P extends Policies<M>, Who> = [
  GuardedNames<M, P>,
] extends [never]
  ? [options?: Hooks<U, H, Who>]
  : [options: Hooks<U, H, Who> & { readonly guards: Guards<M, U, H, P, Who> }];

const declarationBrand: unique symbol = Symbol.for("skein.service") as never;

/** Untyped handlers, as the call layer runs them. */
// oxlint-disable-next-line typescript/no-explicit-any -- the typed door is `implement`; behind it handlers are looked up by name
export type AnyHandler = (input: any, own: any, call: any) => unknown;

/** An untyped hook. */
// oxlint-disable-next-line typescript/no-explicit-any -- as above
export type AnyHook = (own: any, call: any) => Promise<void> | void;

/** What an implementation remembers of its declaration in its type, so that `test()` can be typed by it. */
export interface Implemented<C extends AnyContract = AnyContract, U extends Uses = Uses, Who = unknown> {
  readonly contract: C;
  readonly uses: U;
  readonly principal: Who;
}

/** The code of a service together with its declaration. @since 0.1.0 */
export interface Implementation<Name extends string = string, T extends Implemented = Implemented> {
  readonly declaration: Declaration<Name>;
  /** Types only; never there at run time. */
  readonly "~types"?: T;
  readonly handlers: Readonly<Record<string, AnyHandler>>;
  readonly guards: Readonly<Record<string, AnyHandler>>;
  readonly hooks: { readonly start: AnyHook | undefined; readonly ready: AnyHook | undefined };
}

/** A declaration and the way to its code; the code is loaded by the host that runs the service, and by no other. @since 0.1.0 */
export interface ServiceEntry<Name extends string = string> {
  readonly declaration: Declaration<Name>;
  load(): Promise<Implementation<Name>>;
}

/** The declaration of a service as pure data. @since 0.1.0 */
export interface Declaration<Name extends string = string> {
  readonly [declarationBrand]: true;
  readonly name: Name;
  readonly contract: AnyContract;
  readonly uses: Uses;
  readonly has: Has;
  readonly policy: Readonly<Record<string, MethodPolicy>>;
  readonly on: On;
  /** Of a service that somebody else runs: its URL, and the environment variable that replaces it. */
  readonly external?: { readonly url: string; readonly variable: string };
  /** Of a service in another language: the same, and the variable of its token. */
  readonly foreign?: { readonly url: string; readonly variable: string; readonly tokenVariable: string };
}

/** A typed declaration. @since 0.1.0 */
export interface Service<
  Name extends string,
  M extends Members,
  U extends Uses,
  H extends Has,
  P extends Policies<M>,
  O extends On,
  Who,
> extends Declaration<Name> {
  /** Gives the code: one handler per method, and a guard per guarded method. */
  implement(
    handlers: Handlers<M, U, H, O, Who>,
    ...options: ImplementOptions<M, U, H, P, Who>
  ): Implementation<Name, Implemented<Contract<Name, M>, U, Who>>;
  /** Names the module whose default export is the implementation, without loading it. */
  from(load: () => Promise<{ readonly default: Implementation<Name> }>): ServiceEntry<Name>;
}

/**
 * Declares a service of `contract`: pure data. Throws `SKEIN_SERVICE_INVALID` for what can never work: the same name in
 * `uses` and `has`, a policy for a method that is not there, a cache on anything but a query.
 * @since 0.1.0
 */
export function service<
  const Name extends string,
  M extends Members,
  // oxlint-disable-next-line typescript/ban-types -- nothing used, nothing owned
  const U extends Uses = {},
  // oxlint-disable-next-line typescript/ban-types -- as above
  const H extends Has = {},
  // oxlint-disable-next-line typescript/ban-types -- as above
  const P extends Policies<M> = {},
  // oxlint-disable-next-line typescript/ban-types -- as above
  const O extends On = {},
  Who = Principal,
>(contract: Contract<Name, M>, spec: ServiceSpec<M, U, H, P, O> = {}): Service<Name, M, U, H, P, O, Who> {
  const declaration: Declaration<Name> = {
    [declarationBrand]: true,
    name: contract.name,
    contract,
    uses: Object.freeze({ ...spec.uses }),
    has: Object.freeze({ ...spec.has }),
    policy: Object.freeze({ ...(spec.policy as Record<string, MethodPolicy> | undefined) }),
    on: Object.freeze({ ...spec.on }),
  };
  assertDeclaration(declaration);
  const typed: Service<Name, M, U, H, P, O, Who> = {
    ...declaration,
    // What the implementation remembers in its type is this declaration's own.
    implement: (handlers, ...options) =>
      implementation(typed, handlers, options[0]) as Implementation<Name, Implemented<Contract<Name, M>, U, Who>>,
    from: (load) => Object.freeze({ declaration: typed, load: () => loadFrom(typed, load) }),
  };
  return Object.freeze(typed);
}

export function isDeclaration(value: unknown): value is Declaration {
  return typeof value === "object" && value !== null && declarationBrand in value;
}

/** The methods of a contract that a service of it implements, by name. */
export function methodsOf(contract: AnyContract): Array<[string, Method]> {
  return Object.entries(contract.full as Record<string, Member>).filter(
    (entry): entry is [string, Method] => entry[1].kind !== "event",
  );
}

function implementation<Name extends string>(
  declaration: Declaration<Name>,
  handlers: object,
  options: { readonly guards?: object; readonly start?: AnyHook; readonly ready?: AnyHook } | undefined,
): Implementation<Name> {
  const given = { ...handlers } as Record<string, AnyHandler>;
  const expected = [...methodsOf(declaration.contract).map(([name]) => name), ...Object.keys(declaration.on)];
  // First what is there and unknown: a handler that is missing is often one that is misspelt.
  for (const name of Object.keys(given)) {
    if (expected.includes(name)) continue;
    const near = nearest(name, expected);
    const hint = near === undefined ? "" : `; did you mean "${near}"?`;
    throw serviceInvalid(`${declaration.name}.implement: "${name}" is not a method of its contract${hint}`);
  }
  for (const name of expected) {
    if (typeof given[name] !== "function")
      throw serviceInvalid(`${declaration.name}.implement: no handler for "${name}"`);
  }
  const guards = { ...options?.guards } as Record<string, AnyHandler>;
  for (const [name, policy] of Object.entries(declaration.policy)) {
    if (policy.access === "guarded" && typeof guards[name] !== "function") {
      throw serviceInvalid(`${declaration.name}.implement: "${name}" is guarded and has no guard`);
    }
  }
  const hooks = Object.freeze({ start: options?.start, ready: options?.ready });
  return Object.freeze({ declaration, handlers: Object.freeze(given), guards: Object.freeze(guards), hooks });
}

async function loadFrom<Name extends string>(
  declaration: Declaration<Name>,
  load: () => Promise<{ readonly default: Implementation<Name> }>,
): Promise<Implementation<Name>> {
  const module = await load();
  // A user's module may be anything Node can import, so its shape is checked before it is believed.
  const found: Partial<Implementation<Name>> | undefined = module?.default;
  if (found?.declaration?.name !== declaration.name || found.handlers === undefined) {
    throw skeinError(
      "SKEIN_SYSTEM_LOAD",
      `the module given to ${declaration.name}.from() has no default export made by ${declaration.name}.implement()`,
    );
  }
  return found as Implementation<Name>;
}

function assertDeclaration(declaration: Declaration): void {
  const { name, uses, has, policy, on } = declaration;
  for (const [key, used] of Object.entries(uses)) {
    if (!isContract(used)) throw serviceInvalid(`${name} uses "${key}", which is not a contract`);
    if (key in has) throw serviceInvalid(`${name} has the name "${key}" in both uses and has`);
  }
  const methods = new Map(methodsOf(declaration.contract));
  for (const key of Object.keys(on)) {
    if (methods.has(key)) throw serviceInvalid(`${name} has the name "${key}" both as a method and in on`);
  }
  for (const [key, rules] of Object.entries(policy)) {
    const method = methods.get(key);
    if (method === undefined)
      throw serviceInvalid(`${name} has a policy for "${key}", which its contract does not declare`);
    if (rules.access !== undefined && !isAccess(rules.access)) {
      throw serviceInvalid(
        `${name}.${key} has the access ${JSON.stringify(rules.access)}: it is "public", "internal", "guarded" or role("...")`,
      );
    }
    if (rules.timeout !== undefined) toMs(rules.timeout);
    if (rules.hedge !== undefined) assertHedge(`${name}.${key}`, rules.hedge, method);
    if (rules.rateLimit !== undefined) assertRateLimit(`${name}.${key}`, rules.rateLimit, method);
    if (rules.cache === undefined) continue;
    if (method.kind !== "query") throw serviceInvalid(`${name}.${key} is a ${method.kind}: only a query can be cached`);
    if (isBytes(method.output)) throw serviceInvalid(`${name}.${key} is a download: a download is never cached`);
    if ("stream" in method.output) throw serviceInvalid(`${name}.${key} is a stream: a stream is never cached`);
    toMs(rules.cache.ttl);
    if (rules.cache.staleFor !== undefined) toMs(rules.cache.staleFor);
  }
}

/** Plain JavaScript gets past the types, and a misspelt access would answer every call with 401. */
function isAccess(access: unknown): boolean {
  if (typeof access === "string") return access === "public" || access === "internal" || access === "guarded";
  return typeof access === "object" && access !== null && typeof (access as { role?: unknown }).role === "string";
}
