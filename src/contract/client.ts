/**
 * Owns the types of a client: what a caller sees of a contract. It must never decide how a call travels; the call layer
 * and the generated client both build values of these types.
 */
import type { Duration } from "../core/index.ts";
import type { DeclaredError, SkeinError } from "../errors/index.ts";
import type { BodySource, BodySpec, ByteRange, BytesOutput } from "./bytes.ts";
import type { ChannelOutput } from "./channel.ts";
import type { AnyContract, Members, MethodNames } from "./contract.ts";
import type { ErrorSpec, ErrorSpecs, InputOf, Kind, Method, ReplyOf, StreamOutput } from "./method.ts";
import type { InferIn, InferOut, Schema } from "./schema.ts";

/** Options of one call. @since 0.1.0 */
export interface CallOptions {
  /** Idempotency key, 1 to 255 characters: the same key and input have one effect. */
  readonly key?: string;
  /** Shortens the deadline for this call; it never lengthens the caller's. */
  readonly timeout?: Duration;
  /** Cancels this call, and what it calls. */
  readonly signal?: AbortSignal;
}

declare const declaredErrors: unique symbol;

/** The promise of a call, which remembers in its type the errors that the method declares. @since 0.1.0 */
export interface CallPromise<T, E extends ErrorSpecs = ErrorSpecs> extends Promise<T> {
  readonly [declaredErrors]?: E;
}

/** Options of a call that sends a body. @since 0.1.0 */
export interface BodyCallOptions {
  /** Bytes, or a stream of them, which is pulled as the callee reads and closed when the call is over. */
  readonly body: BodySource;
  /** Its content type. */
  readonly type?: string;
  /** Bytes of a stream, where they are known beforehand: a body that is too large is then refused before it is sent. */
  readonly length?: number;
}

/** Options of a call of a channel. @since 0.1.0 */
export interface ChannelCallOptions<Item> {
  /** What is sent, item by item: pulled as the callee reads, and closed when the channel is over. */
  readonly received: AsyncIterable<Item>;
}

type OptionsOf<M extends Method> = CallOptions &
  (M["output"] extends StreamOutput ? { readonly resumeFrom?: string } : unknown) &
  (M["output"] extends ChannelOutput<Schema, infer Receive> ? ChannelCallOptions<InferIn<Receive>> : unknown) &
  (M["output"] extends BytesOutput ? { readonly range?: ByteRange } : unknown) &
  (M["body"] extends BodySpec ? BodyCallOptions : unknown);

type AnswerOf<M extends Method> = M["output"] extends StreamOutput | BytesOutput
  ? ReplyOf<M>
  : CallPromise<ReplyOf<M>, M["errors"]>;

/** One method as a caller sees it; a method with a body takes it as an option that must be there. @since 0.1.0 */
export type ClientMethod<M extends Method> = M["body"] extends BodySpec
  ? (input: InputOf<M>, options: OptionsOf<M>) => AnswerOf<M>
  : M["output"] extends ChannelOutput
    ? (input: InputOf<M>, options: OptionsOf<M>) => AnswerOf<M>
    : M["output"] extends StreamOutput | BytesOutput
      ? (input: InputOf<M>, options?: OptionsOf<M>) => AnswerOf<M>
      : (input: InputOf<M>, options?: CallOptions) => CallPromise<ReplyOf<M>, M["errors"]>;

/** What stands in a client's place of a method that this kind of caller may not call; `Why` is what the compiler prints. */
export interface MayNotCall<Why extends string> {
  readonly "~why": Why;
}

type MayCall<By extends Kind, M extends Method> = By extends "query" | "command"
  ? M["kind"] extends "query"
    ? true
    : false
  : true;

/** The client of contract `C` as a method of kind `By` sees it: queries and commands may call queries only. @since 0.1.0 */
export type Client<C extends AnyContract, By extends Kind = "action"> = MemberClient<C["members"], By>;

type MemberClient<M extends Members, By extends Kind> = {
  readonly [K in MethodNames<M>]: M[K] extends Method
    ? MayCall<By, M[K]> extends true
      ? ClientMethod<M[K]>
      : // Spelled out here, since the compiler prints the name of an alias instead of what it stands for.
        MayNotCall<`a ${By} may call only queries, and '${K}' is ${M[K]["kind"] extends "action" ? "an action" : `a ${M[K]["kind"]}`}`>
    : never;
};

/** The declared errors of a method as values a caller can tell apart by `code`. @since 0.1.0 */
export type DeclaredErrorOf<E extends ErrorSpecs> = {
  [Code in keyof E & string]: DeclaredError<Code, ErrorDataOf<E[Code]>>;
}[keyof E & string];

/** The data a declared error carries to its caller. */
export type ErrorDataOf<S extends ErrorSpec> = S extends { readonly data: infer D extends Schema }
  ? InferOut<D>
  : undefined;
/** The data a handler gives when it raises the error. */
export type ErrorDataIn<S extends ErrorSpec> = S extends { readonly data: infer D extends Schema }
  ? InferIn<D>
  : undefined;

/** What `safe` answers. @since 0.1.0 */
export type Safe<T, E extends ErrorSpecs> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly declared: true; readonly error: DeclaredErrorOf<E> }
  | { readonly ok: false; readonly declared: false; readonly error: SkeinError };
