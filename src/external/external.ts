/**
 * Owns the declaration of a service that somebody else runs, described by a contract whose methods have `http`. It must
 * never load what calls it: the host that opens it does.
 */
import type { AnyContract, InferOut, Schema } from "../contract/index.ts";
import { isStream } from "../contract/index.ts";
import { type Duration, type Secret, toMs } from "../core/index.ts";
import { config as declareConfig } from "../data/index.ts";
import { skeinError } from "../errors/index.ts";
import { attemptsMax } from "./limits.ts";
import {
  type AnyHandler,
  createOwned,
  type Declaration,
  methodsOf,
  type MethodPolicy,
  type OpenContext,
  type Opened,
  service,
  type ServiceEntry,
} from "../system/index.ts";

/** Headers of every request; what is secret is wrapped. */
export type ExternalHeaders = Readonly<Record<string, string | Secret>>;

/** Where an external service is and how it is called. @since 0.1.0 */
export interface ExternalSpec<C extends Schema = Schema> {
  /** `https://billing.example/v1`. `<NAME>_URL` in the environment of a host replaces it: `BILLING_URL`. */
  readonly url: string;
  /** Settings from the environment, as `config()` reads them (`BILLING_TOKEN` is `token`), for the two below. */
  readonly config?: C;
  readonly headers?: ExternalHeaders | ((config: InferOut<C>) => ExternalHeaders);
  /** The `Authorization` header: `({ token }) => new Secret(`Bearer ${token}`)`. */
  readonly authorization?: Secret | ((config: InferOut<C>) => Secret | string);
  /** Most time for one call with all its attempts; a caller's deadline may be sooner. 10 s unless given. */
  readonly timeout?: Duration;
  /** Attempts of a query, or of a method whose `http` says `keyed`: 1 to 10, 3 unless given. Others are sent once. */
  readonly attempts?: number;
  /** Allows addresses that are not public: a service in the same network. Loopback needs it in production only. */
  readonly allowPrivate?: boolean;
  /** Most connections, 64 unless given; 1,024 more calls may wait for one. */
  readonly connections?: number;
  /** Largest reply, 4 MiB unless given. */
  readonly replyBytesMax?: number;
}

/** The same, as the engine reads it. */
export interface ExternalSettings extends Omit<ExternalSpec, "headers" | "authorization" | "config"> {
  readonly name: string;
  /** `BILLING_URL` */
  readonly variable: string;
  readonly headers?: ExternalHeaders | ((config: unknown) => ExternalHeaders) | undefined;
  readonly authorization?: Secret | ((config: unknown) => Secret | string) | undefined;
}

/**
 * A service that is not ours, as an entry of a system: `uses: { billing: Billing }` calls it like any other. Its methods
 * need `http`, and are `internal`. Errors of a call: what the contract declares, by status and body; else
 * `SKEIN_EXTERNAL_*`. Throws `SKEIN_SERVICE_INVALID` for a contract or a setting that cannot work.
 * @since 0.1.0
 */
export function external<const Name extends string, C extends Schema = Schema>(
  contract: AnyContract & { readonly name: Name },
  spec: ExternalSpec<C>,
): ServiceEntry<Name> {
  assertSpec(contract, spec as object as ExternalSpec);
  const { config: schema, ...rest } = spec;
  const variable = `${contract.name.toUpperCase().replaceAll("-", "_")}_URL`;
  // C is forgotten here: the engine hands on to the two functions what the schema gave.
  const settings = { ...rest, name: contract.name, variable } as ExternalSettings;
  const http = createOwned("resource", "http", (context) => open(contract, settings, schema, context));
  const timeout = spec.timeout === undefined ? {} : { timeout: spec.timeout };
  const names = methodsOf(contract).map(([name]) => name);
  const policy = Object.fromEntries(
    names.map((name): [string, MethodPolicy] => [name, { access: "internal", ...timeout }]),
  );
  const declared = service(contract as never, { has: { http }, policy } as object);
  const implemented = declared.implement(handlersOf(names) as never);
  const declaration = Object.freeze({ ...declared, external: Object.freeze({ url: spec.url, variable }) });
  const entry = {
    declaration: declaration as unknown as Declaration<Name>,
    load: () => Promise.resolve({ ...implemented, declaration: declaration as unknown as Declaration<Name> }),
  };
  return Object.freeze(entry) as ServiceEntry<Name>;
}

/** The engine loads here: a declaration costs no HTTP client. */
async function open(
  contract: AnyContract,
  settings: ExternalSettings,
  schema: Schema | undefined,
  context: OpenContext,
): Promise<Opened> {
  const config = schema === undefined ? undefined : await declareConfig(schema).open(context);
  const { openExternal } = await import("#external-engine");
  return openExternal(contract, settings, context, config?.bind(undefined as never));
}

function handlersOf(names: readonly string[]): Record<string, AnyHandler> {
  return Object.fromEntries(
    names.map((name): [string, AnyHandler] => [
      name,
      (input: unknown, own: { http: { call(method: string, input: unknown): unknown } }) => own.http.call(name, input),
    ]),
  );
}

function assertSpec(contract: AnyContract, spec: ExternalSpec): void {
  const invalid = (detail: string) => skeinError("SKEIN_SERVICE_INVALID", `external ${contract.name}: ${detail}`);
  for (const [name, method] of methodsOf(contract)) {
    if (method.http === undefined) throw invalid(`${name} has no http, so nobody knows how to call it`);
    if (isStream(method.output)) throw invalid(`${name} is a stream, which this version does not read from others`);
    if (method.kind === "command" || method.kind === "workflow")
      throw invalid(`${name} is a ${method.kind}: declare what others run as a query or an action`);
  }
  if (typeof spec.url !== "string") throw invalid("url is a text");
  if (spec.timeout !== undefined) toMs(spec.timeout);
  const whole = (name: "attempts" | "connections" | "replyBytesMax", most: number) => {
    const value = spec[name];
    if (value !== undefined && !(Number.isInteger(value) && value >= 1 && value <= most))
      throw invalid(`${name} is a whole number from 1 to ${most}`);
  };
  whole("attempts", attemptsMax);
  whole("connections", 1_024);
  whole("replyBytesMax", 268_435_456);
}
