/**
 * Owns the declaration of a service written in another language, which speaks this system's HTTP + JSON and may call back. It
 * must never load what calls it, nor start its process: somebody else does.
 */
import {
  type AnyContract,
  type Contract,
  isBytes,
  isChannel,
  isStream,
  type Members,
  type MethodNames,
} from "../contract/index.ts";
import { Secret } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";
import {
  type AnyHandler,
  createOwned,
  type Declaration,
  type MethodPolicy,
  methodsOf,
  type OpenContext,
  service,
  type ServiceEntry,
  type System,
} from "../system/index.ts";

/** Where a service in another language is, and what it may call. @since 0.1.0 */
export interface ForeignSpec<M extends Members = Members> {
  /** `http://127.0.0.1:4200`, on this machine. `<NAME>_URL` in the environment of a host replaces it: `SCORES_URL`. */
  readonly url: string;
  /** The contracts it calls back, whole or picked; all else is refused with `SKEIN_CALL_UNDECLARED`. */
  readonly uses?: Readonly<Record<string, AnyContract>>;
  /** As of any service; a method without one is `internal`. `"guarded"` is refused. */
  readonly policy?: { readonly [K in MethodNames<M>]?: MethodPolicy };
}

/** What the engine reads. */
export interface ForeignSettings {
  readonly url: string;
  readonly variable: string;
  readonly tokenVariable: string;
}

/** Characters of a token, at least: 32 random bytes have 43 in base64. */
const tokenCharsMin = 32;

/**
 * A service in another language, as an entry of a system: `uses: { scores: Scores }` calls it like any other, and it is in
 * the graph, in spans, under deadlines. It runs where its URL says; `<NAME>_TOKEN` in the environment is the secret that it
 * and the hosts show each other. Queries and actions, and streams of them. Errors of a call: what the contract declares, Skein's
 * codes, `SKEIN_TRANSPORT_*`. Throws `SKEIN_SERVICE_INVALID` for what cannot work.
 * @since 0.1.0
 */
export function foreign<const Name extends string, M extends Members>(
  contract: Contract<Name, M>,
  spec: ForeignSpec<M>,
): ServiceEntry<Name> {
  assertSpec(contract, spec as ForeignSpec);
  const prefix = contract.name.toUpperCase().replaceAll("-", "_");
  const settings: ForeignSettings = Object.freeze({
    url: spec.url,
    variable: `${prefix}_URL`,
    tokenVariable: `${prefix}_TOKEN`,
  });
  const peer = createOwned("resource", "peer", async (context) => {
    const { openForeign } = await import("#foreign-engine");
    return openForeign(contract, settings, context);
  });
  const names = methodsOf(contract).map(([name]) => name);
  const given = (spec.policy ?? {}) as Readonly<Record<string, MethodPolicy>>;
  // A misspelt name stays, for the declaration to refuse.
  const policy = Object.fromEntries(
    [...names, ...Object.keys(given)].map((name) => [name, { access: "internal", ...given[name] }]),
  );
  const declared = service(contract as never, { uses: spec.uses ?? {}, has: { peer }, policy } as object);
  const implemented = declared.implement(handlersOf(names) as never);
  const declaration = Object.freeze({ ...declared, foreign: settings }) as unknown as Declaration<Name>;
  return Object.freeze({
    declaration,
    load: () => Promise.resolve({ ...implemented, declaration }),
  }) as ServiceEntry<Name>;
}

/** The token of a foreign service, from the environment. Throws `SKEIN_CONFIG_INVALID`. */
export function foreignToken(name: string, { tokenVariable }: ForeignSettings, env: OpenContext["env"]): Secret {
  const token = env[tokenVariable] ?? "";
  if (token.length < tokenCharsMin || !/^[\x21-\x7e]{1,512}$/.test(token))
    throw skeinError(
      "SKEIN_CONFIG_INVALID",
      `${tokenVariable}, which ${name} and the hosts show each other, has ${tokenCharsMin} to 512 visible characters`,
    );
  return new Secret(token);
}

/** The tokens of all foreign services of a system, by name. Throws `SKEIN_CONFIG_INVALID`. */
export function foreignTokens(system: System, env: OpenContext["env"]): ReadonlyMap<string, Secret> {
  const tokens = new Map<string, Secret>();
  for (const { declaration } of system.services)
    if (declaration.foreign !== undefined)
      tokens.set(declaration.name, foreignToken(declaration.name, declaration.foreign, env));
  return tokens;
}

type Own = { readonly peer: { call(method: string, input: unknown): unknown } };

function handlersOf(names: readonly string[]): Record<string, AnyHandler> {
  return Object.fromEntries(
    names.map((name): [string, AnyHandler] => [name, (input: unknown, own: Own) => own.peer.call(name, input)]),
  );
}

function assertSpec(contract: AnyContract, { url, policy }: ForeignSpec): void {
  const invalid = (detail: string) => skeinError("SKEIN_SERVICE_INVALID", `foreign ${contract.name}: ${detail}`);
  for (const [name, { kind, output, body }] of methodsOf(contract)) {
    if (kind === "command" || kind === "workflow")
      throw invalid(`${name} is a ${kind}: its effect would be ours to keep; declare it as an action`);
    if (isBytes(output) || body !== undefined || (isStream(output) && isChannel(output)))
      throw invalid(`${name} takes or answers bytes, or is a channel: those do not cross over HTTP + JSON`);
  }
  for (const [name, rules] of Object.entries((policy ?? {}) as Readonly<Record<string, MethodPolicy>>))
    if (rules.access === "guarded") throw invalid(`${name} is guarded, and a guard is code that runs here`);
  if (typeof url !== "string") throw invalid("url is a text");
}
