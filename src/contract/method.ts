/**
 * Owns the four kinds of method, events and streams as plain data. It must never hold server policy (access, timeouts,
 * caches): a contract is published to callers and browsers.
 */
import type { CanonicalCode } from "../errors/index.ts";
import type { BodySpec, BytesOutput, Download, DownloadSource, RawBody } from "./bytes.ts";
import { contractInvalid } from "./invalid.ts";
import type { HttpReply } from "./reply-binding.ts";
import { type InferIn, type InferOut, type Nothing, nothing, type Schema } from "./schema.ts";

/** What the runtime may do with a method; see the guide "Kinds of method". @since 0.1.0 */
export type Kind = "query" | "command" | "workflow" | "action";

export type HttpVerb = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** `"GET /orders/:id"`: verb, one space, an absolute path whose `:names` are fields of the input. */
export type HttpRoute = `${HttpVerb} /${string}`;

/** How a method answers over HTTP. @since 0.1.0 */
export interface HttpBinding {
  readonly route: HttpRoute;
  /** Status of a success, 200 to 299; 200 unless given. 301, 302, 303, 307 and 308 where the reply has a `location`. */
  readonly status?: number;
  /** Header name (lower case) to input field: `{ "if-match": "etag" }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Cookie of the request to input field: `{ sid: "token" }`. */
  readonly cookies?: Readonly<Record<string, string>>;
  /** Fields of the output that become the reply's status, headers and cookies. */
  readonly reply?: HttpReply;
  /** Fields that come from the query where the rest comes from a body: `["notify"]`. */
  readonly query?: readonly string[];
  /** The field that is the whole JSON body, where a body is no object or has a name that the path has too. */
  readonly bodyField?: string;
  /**
   * The server keeps `Idempotency-Key`: the same key and input have one effect, so that a client may send the request
   * again. Of a command that is always so.
   */
  readonly keyed?: boolean;
}

/** One declared error of a method: its data, and how it looks over HTTP (422 unless given). @since 0.1.0 */
export interface ErrorSpec {
  readonly data?: Schema;
  readonly status?: number;
  readonly canonical?: CanonicalCode;
  /** The text a caller sees; never filled from input. */
  readonly message?: string;
  /** Whether a caller may send the same call (with the same key) again; not unless given. */
  readonly retry?: boolean;
}

export type ErrorSpecs = Readonly<Record<string, ErrorSpec>>;

/** The output of a method that answers item by item. @since 0.1.0 */
export interface StreamOutput<Item extends Schema = Schema> {
  readonly stream: true;
  readonly item: Item;
  /** Names the field of an item that a reader sends back to resume after it. */
  readonly id: string | undefined;
}

/** What a method may answer: a value, items one by one, or bytes. */
export type Output = Schema | StreamOutput | BytesOutput;

/** One method of a contract. @since 0.1.0 */
export interface Method<
  K extends Kind = Kind,
  In extends Schema = Schema,
  Out extends Output = Output,
  E extends ErrorSpecs = ErrorSpecs,
  B extends BodySpec | undefined = BodySpec | undefined,
> {
  readonly kind: K;
  readonly input: In;
  readonly output: Out;
  readonly errors: E;
  /** The bytes it takes beside its input, if it takes any. */
  readonly body: B;
  readonly http: HttpBinding | undefined;
  readonly summary: string | undefined;
}

/** A fact a service publishes. Delivery needs no `uses`, so cycles of events are legal. @since 0.1.0 */
export interface Event<S extends Schema = Schema> {
  readonly kind: "event";
  readonly schema: S;
  readonly version: number;
}

export type Member = Method | Event;

/** What one method declares. @since 0.1.0 */
export interface MethodSpec<In extends Schema, Out extends Output, E extends ErrorSpecs> {
  /** Schema of the one argument; without it the method takes none. */
  readonly input?: In;
  /** Schema of the reply, `stream(Item)`, or `bytes()` for a download; without it the method answers nothing. */
  readonly output?: Out;
  /** Route over HTTP; without it the method is reachable by other services only. */
  readonly http?: HttpRoute | HttpBinding;
  /** Errors a caller may tell apart, by name in UPPER_SNAKE. */
  readonly errors?: E;
  /** One line for OpenAPI and the documentation page. */
  readonly summary?: string;
}

// oxlint-disable-next-line typescript/ban-types -- the empty set of errors
type NoErrors = {};

// NoInfer in the results: inside `contract({...})` TypeScript would otherwise infer an absent input from the bound of
// `contract` ("any schema") instead of taking the default (none).

/** Reads, and calls other queries: may be retried, hedged, cached and shared. @since 0.1.0 */
export function query<In extends Schema = Nothing, Out extends Output = Nothing, const E extends ErrorSpecs = NoErrors>(
  spec: MethodSpec<In, Out, E> = {},
): Method<"query", NoInfer<In>, NoInfer<Out>, NoInfer<E>, undefined> {
  return method("query", spec);
}

/**
 * Calls queries, then one transaction of its own database: retried with its idempotency key. `body: raw({ max })` gives it
 * the exact bytes of a request.
 * @since 0.1.0
 */
export function command<
  In extends Schema = Nothing,
  Out extends Schema = Nothing,
  const E extends ErrorSpecs = NoErrors,
  const B extends RawBody | undefined = undefined,
>(
  spec: MethodSpec<In, Out, E> & { readonly body?: B } = {},
): Method<"command", NoInfer<In>, NoInfer<Out>, NoInfer<E>, NoInfer<B>> {
  return method("command", spec);
}

/** Durable steps, resumed anywhere. Declared today, run by a later version (`skein check` says so). @since 0.1.0 */
export function workflow<
  In extends Schema = Nothing,
  Out extends Schema = Nothing,
  const E extends ErrorSpecs = NoErrors,
>(spec: MethodSpec<In, Out, E> = {}): Method<"workflow", NoInfer<In>, NoInfer<Out>, NoInfer<E>, undefined> {
  return method("workflow", spec);
}

/**
 * Calls anything, once: never retried by the runtime, so its outcome may be `unknown`. `body: bytes({ max })` streams an
 * upload into it, `raw({ max })` gives it the bytes at once.
 * @since 0.1.0
 */
export function action<
  In extends Schema = Nothing,
  Out extends Output = Nothing,
  const E extends ErrorSpecs = NoErrors,
  const B extends BodySpec | undefined = undefined,
>(
  spec: MethodSpec<In, Out, E> & { readonly body?: B } = {},
): Method<"action", NoInfer<In>, NoInfer<Out>, NoInfer<E>, NoInfer<B>> {
  return method("action", spec);
}

/** An output that arrives item by item; each item is parsed on its own. For queries and actions. @since 0.1.0 */
export function stream<Item extends Schema>(item: Item, options: { readonly id?: string } = {}): StreamOutput<Item> {
  return Object.freeze({ stream: true, item, id: options.id });
}

/** A fact with a schema and a version (a positive whole number, 1 unless given). @since 0.1.0 */
export function event<S extends Schema>(schema: S, options: { readonly version?: number } = {}): Event<S> {
  const version = options.version ?? 1;
  if (!Number.isSafeInteger(version) || version < 1) {
    throw contractInvalid(`an event's version is a whole number from 1, not ${String(version)}`);
  }
  return Object.freeze({ kind: "event", schema, version });
}

export function isStream(output: Output): output is StreamOutput {
  return "stream" in output && output.stream;
}

/** For `query`, `command` and their like; nobody else makes methods. */
export function method<
  K extends Kind,
  In extends Schema,
  Out extends Output,
  E extends ErrorSpecs,
  B extends BodySpec | undefined,
>(kind: K, spec: MethodSpec<In, Out, E> & { readonly body?: B }): Method<K, In, Out, E, B> {
  // The casts say what the defaults of the type parameters say: absent input is Nothing, absent errors are none.
  return Object.freeze({
    kind,
    input: (spec.input ?? nothing) as In,
    output: (spec.output ?? nothing) as Out,
    errors: Object.freeze({ ...spec.errors }) as E,
    body: spec.body as B,
    http: typeof spec.http === "string" ? Object.freeze({ route: spec.http }) : spec.http,
    summary: spec.summary,
  });
}

/** What a caller gives to method `M`. */
export type InputOf<M extends Method> = InferIn<M["input"]>;
/** What the handler of `M` receives. */
export type ParsedInputOf<M extends Method> = InferOut<M["input"]>;
/** What a caller of `M` gets: a value, the items of a stream, or a download. */
export type ReplyOf<M extends Method> =
  M["output"] extends StreamOutput<infer Item>
    ? AsyncIterable<InferOut<Item>>
    : M["output"] extends BytesOutput
      ? Download
      : M["output"] extends Schema
        ? InferOut<M["output"]>
        : never;
/** What the handler of `M` returns, before its output is parsed. */
export type RawReplyOf<M extends Method> =
  M["output"] extends StreamOutput<infer Item>
    ? AsyncIterable<InferIn<Item>>
    : M["output"] extends BytesOutput
      ? Uint8Array | DownloadSource
      : M["output"] extends Schema
        ? InferIn<M["output"]>
        : never;
